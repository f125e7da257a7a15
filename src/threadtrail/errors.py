"""The errors of threadtrail: a wrong configuration, and a backend that a check finds wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self


class ConfigurationError(ValueError):
    """The configuration is wrong; raised at start-up, before anything is patched or started.

    ``problems`` holds one text each, naming the setting, its value, where it came from, what is allowed
    and how to mend it. ``str()`` tells all of them.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong, one text each."""
        return self.args

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        lines = [f"{len(self.problems)} problems with the configuration:"]
        return "\n  - ".join([*lines, *self.problems])


class CheckError(Exception):
    """A backend is not there, or does not take what it is sent; raised by the hook ``check``.

    ``problem`` says what is wrong and ``advice`` what to do about it, a sentence or two each.
    """

    def __init__(self, problem: str, advice: str = "") -> None:
        super().__init__(problem, advice)

    @property
    def problem(self) -> str:
        """What is wrong."""
        return str(self.args[0])

    @property
    def advice(self) -> str:
        """What to do about it; may be empty."""
        return str(self.args[1])

    def __str__(self) -> str:
        return f"{self.problem} {self.advice}".strip()


class Problems:
    """Collects what is wrong, so that a user learns all of it at once and not one per attempt.

    True if there is any problem.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._causes: list[Exception] = []

    def add(self, *texts: str, cause: Exception | None = None) -> None:
        """Note what is wrong and, if an exception told of it, that exception."""
        self._texts += texts
        if cause is not None:
            self._causes.append(cause)

    def during(
        self, what: str, hide: tuple[str, ...] = (), reword: Callable[[str], str] | None = None
    ) -> _During:
        """Return a context manager that notes any ``Exception`` of its block as a problem of ``what``.

        The block is left there; ``as attempt`` then says ``attempt.failed``. Each text in ``hide`` (a
        password, say) is cut from the exception's words. ``reword`` is given each problem of a
        ``ConfigurationError``, and returns how to say it.
        """
        return _During(self, what, hide, reword)

    def __bool__(self) -> bool:
        return bool(self._texts)

    def extend(self, others: Problems) -> None:
        """Take over what others have collected."""
        self._texts += others._texts
        self._causes += others._causes

    @property
    def texts(self) -> tuple[str, ...]:
        """What is wrong, one text each."""
        return tuple(self._texts)

    def raise_if_any(self) -> None:
        """Raise all problems as one error, chained to the exceptions that told of them.

        Raises:
            ConfigurationError: if there is any problem.
        """
        if not self._texts:
            return
        error = ConfigurationError(*self._texts)
        if len(self._causes) > 1:
            raise error from ExceptionGroup("the causes, in the order of the problems", self._causes)
        raise error from (self._causes[0] if self._causes else None)


class _During:
    def __init__(
        self,
        problems: Problems,
        what: str,
        hide: tuple[str, ...],
        reword: Callable[[str], str] | None,
    ) -> None:
        self._problems = problems
        self._what = what
        self._hide = hide
        self._reword = reword
        self.failed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):  # KeyboardInterrupt and SystemExit are not ours to explain
            return False
        self.failed = True
        if isinstance(error, ConfigurationError):
            texts = [self._worded(problem) for problem in error.problems]
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else None
        else:
            texts = [f"{self._what}: {type(error).__name__}: {error}"]
            cause = error
        self._problems.add(*map(self._cleaned, texts), cause=cause)
        return True

    def _worded(self, problem: str) -> str:
        if problem.startswith(f"{self._what}: "):  # its author has said so already
            return problem
        return f"{self._what}: {problem if self._reword is None else self._reword(problem)}"

    def _cleaned(self, text: str) -> str:
        for secret in self._hide:
            text = text.replace(secret, "(hidden)")
        return text
