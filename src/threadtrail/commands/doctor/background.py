"""Runs calls that may hang in threads of their own, and collects what exporters log."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from threadtrail._guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOGGER = logging.getLogger("threadtrail")

Outcome = tuple[Any, Exception | None]


def begin(name: str, function: Callable[..., Any], *args: Any) -> Future[Outcome]:
    """Call the function in a thread; the future gets what it returned, or the error that it raised.

    The thread does not keep the process alive, so a call that hangs can be abandoned.
    """
    future: Future[Outcome] = Future()
    thread = threading.Thread(
        target=lambda: future.set_result(attempt(function, *args)), name=name, daemon=True
    )
    thread.start()
    return future


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def logged() -> Iterator[list[logging.LogRecord]]:
    """Collect what the logger ``threadtrail`` and those below it log in the block, from INFO on."""
    keeper = _Keeper()
    level, propagated = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(keeper)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    try:
        yield keeper.records
    finally:
        LOGGER.removeHandler(keeper)
        LOGGER.setLevel(level)
        LOGGER.propagate = propagated
