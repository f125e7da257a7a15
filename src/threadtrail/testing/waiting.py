"""Waiting for a condition: no test sleeps for a time that somebody guessed."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["wait_until"]


def wait_until(condition: Callable[[], object], *, timeout: float = 120.0, interval: float = 0.01) -> None:
    """Return once ``condition()`` is true; it is called every ``interval`` seconds.

    Raises:
        TimeoutError: it was not true within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {timeout} s: {condition}")
        pause.wait(interval)
