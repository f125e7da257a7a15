"""Let a thread wait for another one; safe for signal handlers.

A signal handler runs between two steps of the app's main thread. ``threading.Event`` takes a lock in ``set``
and in ``wait``: a handler that interrupts one of them and needs that lock too waits forever. The classes here
hold no lock while any other step runs.
"""

from __future__ import annotations

import contextlib
import threading
import time


class Latch:
    """A result that is set once, and waited for by any number of threads."""

    def __init__(self) -> None:
        self._closed = threading.Lock()
        self._closed.acquire()
        self._results: dict[str, bool] = {}

    @property
    def result(self) -> bool | None:
        """The result; None while there is none."""
        return self._results.get("result")

    def set(self, *, result: bool = True) -> None:
        """Set the result, unless there is one, and wake the threads that wait."""
        self._results.setdefault("result", result)
        _open(self._closed)

    def wait(self, timeout: float) -> bool:
        """Wait for ``timeout`` seconds at most; return whether there is a result."""
        if self.result is None and _acquired(self._closed, timeout):
            _open(self._closed)  # for the others that wait
        return self.result is not None


class Bell:
    """Wakes one thread. If it rings while no thread waits, the next wait returns at once."""

    def __init__(self) -> None:
        self._silent = threading.Lock()
        self._silent.acquire()

    def ring(self) -> None:
        """Wake the thread that waits, or the next one."""
        _open(self._silent)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it rings, for ``timeout`` seconds at most; return whether it did."""
        return self._silent.acquire() if timeout is None else _acquired(self._silent, timeout)


def seconds_until(deadline: float) -> float:
    """Return the seconds until ``deadline`` (a time of ``time.monotonic()``), never negative."""
    return max(0.0, deadline - time.monotonic())


def _acquired(lock: threading.Lock, timeout: float) -> bool:
    return lock.acquire(timeout=max(0.0, min(timeout, threading.TIMEOUT_MAX)))


def _open(lock: threading.Lock) -> None:
    with contextlib.suppress(RuntimeError):  # it is open
        lock.release()
