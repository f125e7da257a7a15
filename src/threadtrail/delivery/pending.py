"""A flush or a shutdown under way: a message to a lane's worker, and the callers' wait for the answer."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


def seconds_until(deadline: float) -> float:
    """Seconds until ``deadline`` (a time of ``time.monotonic()``), never negative."""
    return max(0.0, deadline - time.monotonic())


class Pending:
    """One request to a worker, to be answered by ``deadline`` (a time of ``time.monotonic()``, seconds).

    ``give_up`` is called by a caller whose deadline passed.
    """

    def __init__(
        self, kind: Literal["flush", "shutdown"], deadline: float, give_up: Callable[[Pending], None]
    ) -> None:
        self.kind = kind
        self.deadline = deadline
        self._give_up = give_up
        self._answered = threading.Event()
        self._result = False

    @property
    def result(self) -> bool | None:
        """The answer; None while there is none."""
        return self._result if self._answered.is_set() else None

    def settle(self, *, result: bool) -> Pending:
        """Answer the request, unless it is answered, and wake who waits for it."""
        if not self._answered.is_set():
            self._result = result
            self._answered.set()
        return self

    def wait(self, deadline: float | None = None) -> bool:
        """Wait for the answer until ``deadline`` (its own, if not given); False if none came in time."""
        left = seconds_until(self.deadline if deadline is None else deadline)
        if not self._answered.wait(min(left, threading.TIMEOUT_MAX)):
            self._give_up(self)
        return self._result
