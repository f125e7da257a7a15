"""The guard: the only place that catches errors of every kind, so that none of threadtrail's reaches the app.

There are two uses. While an app is recorded, all code that may raise and is not the app's own call runs in a
``Guard``, which counts the errors, and logs them at most once per 20 seconds and cause. A command that
imports or calls foreign code uses ``attempt``, which returns the error.

Exceptions that end or interrupt the app's thread (``KeyboardInterrupt``, a timeout of gevent) are not
contained there, whoever raises them. In threads of threadtrail everything is contained.
"""

from __future__ import annotations

import logging
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from threadtrail._late import Late, reentrant_lock
from threadtrail._own_work import is_own_thread
from threadtrail._text import escaped, without_logins

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_log = logging.getLogger("threadtrail")

LOG_INTERVAL_SECONDS = 20.0
_ERRORS_KEPT = 100
_DESCRIPTION_LENGTH = 300

_INTERRUPTS = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""Exceptions that end or interrupt the app's thread."""

_INTERRUPTS_OF_LIBRARIES = (
    ("greenlet", "GreenletExit"),
    ("gevent.timeout", "Timeout"),
    ("eventlet.timeout", "Timeout"),
    ("billiard.exceptions", "SoftTimeLimitExceeded"),
    ("rq.timeouts", "BaseTimeoutException"),
)
"""The same by libraries that may be loaded: some raise it at any point in the app's thread."""


class Guard:
    """Contains, counts and logs errors, by the operation that raised them.

    ``strict`` is for tests: the first hundred contained errors are then kept in ``errors``, and the test
    raises them at its end. ``clock`` returns seconds that never decrease.
    """

    # Reentrant: a signal handler of the app may call what the interrupted code calls.
    _lock = Late(reentrant_lock)

    def __init__(
        self, *, interval_seconds: float = LOG_INTERVAL_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.strict = False
        self.errors: list[BaseException] = []
        self._interval = interval_seconds
        self._clock = clock
        self._counts: dict[str, int] = {}
        self._logged_at: dict[str, float] = {}

    @property
    def counts(self) -> dict[str, int]:
        """Return how often errors were contained or reported so far, by operation (a copy)."""
        if not self._counts:
            return {}
        with self._lock:
            return dict(self._counts)

    def call(
        self, what: str, function: Callable[..., Any], *args: Any, default: Any = None, **kwargs: Any
    ) -> Any:
        """Return ``function(*args, **kwargs)``, or ``default`` if it raised.

        Exceptions that end or interrupt the app's thread are not contained there.
        """
        try:
            return function(*args, **kwargs)
        except BaseException as error:
            if not self.contain(what, error):
                raise
            return default

    @contextmanager
    def contained(self, what: str) -> Iterator[None]:
        """Contain the errors of the block. ``call`` is faster, where speed matters."""
        try:
            yield
        except BaseException as error:
            if not self.contain(what, error):
                raise

    def contain(self, what: str, error: BaseException) -> bool:
        """Report what an ``except BaseException`` has caught; return False if it is the app's, to be raised.

        For the few places that every call, or every event of a stream, passes: ``call`` takes a third of the
        time there.
        """
        if _is_for_the_app(error):
            return False
        self.report(what, error=error)
        return True

    def catch(
        self,
        function: Callable[..., Any],
        *args: Any,
        contain: type[BaseException] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, BaseException | None]:
        """Return ``(result, None)`` or ``(None, error)``. The error is neither counted nor logged.

        ``contain`` is the class of errors to contain; by default the same as in ``call``.
        """
        try:
            return function(*args, **kwargs), None
        except BaseException as error:
            if _is_for_the_app(error) if contain is None else not isinstance(error, contain):
                raise
            return None, error

    def report(
        self,
        what: str,
        consequence: str = "failed; the app is not affected",
        *,
        error: BaseException | None = None,
        always: bool = False,
    ) -> bool:
        """Count ``what``, and log ``what: consequence`` unless it was logged recently. Never raises.

        ``always``: log it in any case. Return whether it was logged.
        """
        try:
            with self._lock:
                times = self._counts[what] = self._counts.get(what, 0) + 1
                if self.strict and error is not None and len(self.errors) < _ERRORS_KEPT:
                    self.errors.append(error)
                now = self._clock()
                last = self._logged_at.get(what)
                if not always and last is not None and now - last < self._interval:
                    return False
                self._logged_at[what] = now
            _write(what, consequence, times, error)
        except BaseException as failure:
            # A failing log handler must not affect the app.
            if _is_for_the_app(failure):
                raise
            return False
        return True

    def after_fork_in_child(self) -> None:
        """Reset the counts, and the lock, which another thread of the parent may have held."""
        Guard._lock.forget(self)
        self._counts = {}
        self._logged_at = {}
        self.errors = []


def _is_for_the_app(error: BaseException) -> bool:
    """Return whether the error ends or interrupts a thread, and this thread is the app's."""
    if is_own_thread():
        return False
    return isinstance(error, _INTERRUPTS) or any(
        isinstance(kind, type) and isinstance(error, kind) for kind in _loaded_interrupts()
    )


def _loaded_interrupts() -> Iterator[object]:
    for module, name in _INTERRUPTS_OF_LIBRARIES:
        yield getattr(sys.modules.get(module), name, None)


def _write(what: str, consequence: str, times: int, error: BaseException | None) -> None:
    cause = "" if error is None else f" ({describe(error)})"
    repeated = "" if times == 1 else f" [{times} times so far]"
    # A traceback is many lines, so it is logged only at the level DEBUG.
    with_traceback = error if _log.isEnabledFor(logging.DEBUG) else None
    _log.warning("%s: %s%s%s", what, consequence, cause, repeated, exc_info=with_traceback)


def describe(error: BaseException) -> str:
    """Return ``error`` as one short line, even if its ``__str__`` raises.

    Control characters, which may come from a backend, are shown as escapes; addresses lose their logins.
    """
    try:
        text = escaped(without_logins(str(error)))
    except BaseException as failure:
        # A foreign __str__ may raise anything.
        if _is_for_the_app(failure):
            raise
        text = ""
    name = type(error).__name__
    return f"{name}: {text}"[:_DESCRIPTION_LENGTH] if text else name


guard = Guard()
"""The guard of this process."""


class ExitedError(Exception):
    """Foreign code raised ``SystemExit`` or another such error when it was imported or called."""


def attempt(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Exception | None]:
    """Return ``(result, None)`` or ``(None, error)``; ``SystemExit`` becomes an ``ExitedError``.

    ``KeyboardInterrupt`` is not contained.
    """
    result, error = guard.catch(_without_exit, function, *args, **kwargs)
    if error is None or isinstance(error, Exception):
        return result, error
    unusual = ExitedError(f"it raises {describe(error)}")
    unusual.__cause__ = error
    return None, unusual


def _without_exit(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    try:
        return function(*args, **kwargs)
    except SystemExit as error:
        raise ExitedError(f"it exits with {error.code!r}") from error
