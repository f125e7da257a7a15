"""Problems of the configuration, as values. They become text once, where they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail._text import (
    CONCEALED,
    assigned,
    closest,
    did_you_mean,
    escaped,
    is_secret,
    listed,
    sentences,
)
from threadtrail.errors import ABSENT, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of the configuration.

    None of its texts shows a value whose ``key`` is the name of a secret, or a control character.
    """

    key: str = ""
    """The setting, the variable or the file; with an ``exporter``, the name of its option."""
    value: object = field(default=ABSENT, repr=False)
    """What it is set to."""
    origin: str = ""
    """Where that was set."""
    says: str = ""
    """What is wrong with it, and what is allowed."""
    advice: str = ""
    """How to correct it; may be empty."""
    exporter: str = ""
    """The name of the exporter that it belongs to; empty if it belongs to none."""
    package: str = ""
    """Where that exporter is imported from."""

    @property
    def message(self) -> str:
        """What is wrong, without the exporter's name and without advice."""
        return escaped(self._message)

    @property
    def _message(self) -> str:
        if not self.key:
            return self.says
        kind = "option " if self.exporter else ""
        what = self.key if self.value is ABSENT else assigned(self.key, self.value)
        origin = f" ({self.origin})" if self.origin else ""
        return f"{kind}{what}{origin}: {self.says}"

    def __str__(self) -> str:
        package = f" ({self.package})" if self.package else ""
        whose = f"exporter {self.exporter!r}{package}: " if self.exporter else ""
        return escaped(sentences(f"{whose}{self._message}", self.advice))


def unknown_name(noun: str, name: str, value: object, origin: str, known: Collection[str]) -> Problem:
    """Return the problem that there is no such setting or option (the ``noun``)."""
    match = closest(name, known)
    return Problem(
        name,
        unless_secret(value, match),
        origin,
        says=f"there is no such {noun}.",
        advice=sentences(did_you_mean(match), f"{noun.capitalize()}s: {listed(known)}."),
    )


def unless_secret(value: object, meant: str | None) -> object:
    """Return the value of an unknown name, or ``CONCEALED`` if it may be a misspelt secret.

    Text is shown only if the name that was ``meant`` is known, and is not that of a secret.
    """
    risky = is_secret(meant) if meant else not isinstance(value, (bool, int, float))
    return CONCEALED if risky else value


def error_of(*problems: Problem | str) -> ConfigurationError:
    """Return the problems as one error, which carries them as values beside their texts."""
    error = ConfigurationError(*map(str, problems))
    error.details = problems
    return error


def problems_of(error: ConfigurationError) -> tuple[Problem, ...]:
    """Return the problems of an error as values; the text of an exporter's author becomes ``says``."""
    return tuple(
        found if isinstance(found, Problem) else Problem(error.option or "", error.value, says=str(found))
        for found in error.details
    )


def cause_of(error: BaseException) -> Exception | None:
    """Return the exception behind an error: a ``ConfigurationError`` only explains another one."""
    cause = error.__cause__ if isinstance(error, ConfigurationError) else error
    return cause if isinstance(cause, Exception) else None


class Problems:
    """Collects problems, so that users see all of them at once and not one per attempt.

    True if there is any problem. The exporter's author may add texts.
    """

    def __init__(self) -> None:
        self._found: list[Problem | str] = []
        self._causes: list[Exception] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def __iter__(self) -> Iterator[Problem]:
        for found in self._found:
            yield found if isinstance(found, Problem) else Problem(says=found)

    def add(self, *problems: Problem | str, cause: Exception | None = None) -> None:
        """Add problems, and the exception behind them, if there is one."""
        self._found += problems
        if cause is not None:
            self._causes.append(cause)

    def add_error(self, error: ConfigurationError) -> None:
        """Add the problems of an error, and the exception behind it."""
        self.add(*problems_of(error), cause=cause_of(error))

    def raise_if_any(self) -> None:
        """Raise all problems as one error, chained to the exceptions behind them.

        Raises:
            ConfigurationError: there is a problem.
        """
        if not self._found:
            return
        error = error_of(*self._found)
        if len(self._causes) > 1:
            raise error from ExceptionGroup("the causes, in the order of the problems", self._causes)
        raise error from (self._causes[0] if self._causes else None)
