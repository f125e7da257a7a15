"""Keeps out of the log what a backend's SDK says of a failure that threadtrail tells itself, once."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

__all__ = ["kept_from_log"]


@contextmanager
def kept_from_log(logger: logging.Logger, said: list[str]) -> Iterator[None]:
    """Collect what is logged in this thread: whoever sends tells it, once."""
    thread = threading.get_ident()

    def keep(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        said.append(record.getMessage())
        return False

    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
