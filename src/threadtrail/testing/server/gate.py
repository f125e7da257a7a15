"""A gate that a test opens: the server waits at it, so no test has to sleep."""

from __future__ import annotations

import asyncio
import math
import threading
from collections import deque


class Gate:
    """Holds a stream or a request until the test lets it pass. Safe to use from any thread."""

    def __init__(self, permits: int = 0) -> None:
        """Create the gate.

        Args:
            permits: how many may pass before the gate holds.
        """
        self._permits: float = permits
        self._waiters: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._changed = threading.Condition()

    def release(self, count: int = 1) -> None:
        """Let `count` more pass."""
        self._add(count)

    def open(self) -> None:
        """Let everything pass, now and later."""
        self._add(math.inf)

    @property
    def waiting(self) -> int:
        """The number of those that wait at the gate."""
        with self._changed:
            return len(self._waiters)

    def wait_for_waiters(self, count: int = 1, timeout: float = 120.0) -> None:
        """Block until `count` wait at the gate.

        Raises:
            TimeoutError: fewer did within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._waiters) >= count, timeout):
                raise TimeoutError(f"{len(self._waiters)} of {count} reached the gate in {timeout} s")

    async def passed(self) -> None:
        """Return when the gate lets the caller pass; used by the server."""
        loop = asyncio.get_running_loop()
        with self._changed:
            if self._permits >= 1:
                self._permits -= 1
                return
            waiter = (loop, loop.create_future())
            self._waiters.append(waiter)
            self._changed.notify_all()
        try:
            await waiter[1]
        finally:
            with self._changed:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
                self._changed.notify_all()

    def _add(self, permits: float) -> None:
        with self._changed:
            self._permits += permits
            while self._waiters and self._permits >= 1:
                self._permits -= 1
                loop, future = self._waiters.popleft()
                loop.call_soon_threadsafe(_resolve, future)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
