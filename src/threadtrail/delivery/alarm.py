"""Call a function in the main thread until a deadline, where no thread can be started to wait for it.

From Python 3.12 on no thread can be started while the interpreter exits; in 3.12.0 and 3.12.1 that begins
when the main thread has ended, while other threads of the app still run.
"""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

from threadtrail._waiting import seconds_until

if TYPE_CHECKING:
    from collections.abc import Callable

_REPEAT_SECONDS = 0.05
"""The time between further interrupts after the deadline, in seconds."""

_SOON = 1e-6
"""The delay, in seconds, of a timer of the app that was due in the meantime."""


class OutOfTimeError(BaseException):
    """The deadline is over. Not an ``Exception``, so that a loop of retries does not catch it."""


class _Alarm:
    """The handler of the signal; ``active`` while it may raise."""

    active = True

    def __call__(self, _signal: int, _frame: object) -> None:
        if self.active:
            raise OutOfTimeError("the time for the exit of the process is over")


def available() -> bool:
    """Return whether a function called here can be interrupted: in the main thread, not on Windows."""
    return (
        threading.current_thread() is threading.main_thread()
        and hasattr(signal, "setitimer")
        and signal.getsignal(signal.SIGALRM)
        is not None  # a handler that was not set by Python cannot be restored
    )


def call_until(deadline: float, function: Callable[[], Any]) -> None:
    """Call ``function``; interrupt it at ``deadline`` (a time of ``time.monotonic()``).

    The handler and the timer of the app are restored.

    Raises:
        OutOfTimeError: the deadline came, and ``function`` did not contain this error.
    """
    alarm, began = _Alarm(), time.monotonic()
    former_handler = signal.signal(signal.SIGALRM, alarm)
    former_timer = signal.setitimer(signal.ITIMER_REAL, max(seconds_until(deadline), _SOON), _REPEAT_SECONDS)
    try:
        function()
    finally:
        alarm.active = False  # first, and without a call: a signal is handled between two calls
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former_handler)
        left, interval = former_timer
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - began), _SOON), interval)
