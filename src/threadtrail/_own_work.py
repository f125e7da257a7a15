"""Marks the work of threadtrail and its exporters, in their threads and in hooks that the app's thread calls.

Calls of the SDK that are made there are not recorded, or an exporter that uses the API would record itself
without end. Errors in threads of threadtrail are never the app's.

The marks are context variables: an asyncio task that a hook starts has them, a new thread does not.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_own_work: ContextVar[bool] = ContextVar("threadtrail_own_work", default=False)
_own_thread: ContextVar[bool] = ContextVar("threadtrail_own_thread", default=False)

is_own_work = _own_work.get
"""Whether the running code belongs to threadtrail or an exporter, so that its calls are not recorded."""

is_own_thread = _own_thread.get
"""Whether this thread belongs to threadtrail."""


def call_as_own(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return ``function(*args, **kwargs)``; its calls of the SDK are not recorded."""
    token = _own_work.set(True)
    try:
        return function(*args, **kwargs)
    finally:
        _own_work.reset(token)


@contextmanager
def own_work() -> Iterator[None]:
    """Do the same for a block."""
    token = _own_work.set(True)
    try:
        yield
    finally:
        _own_work.reset(token)


def start_thread(work: Callable[[], object], name: str) -> threading.Thread:
    """Start a daemon thread of threadtrail.

    Raises:
        RuntimeError: no thread can be started, as while the interpreter exits (Python 3.12 and later).
    """
    thread = threading.Thread(target=run_as_own_thread, args=(work,), name=name, daemon=True)
    thread.start()
    return thread


def run_as_own_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Return ``function(*args)``; meanwhile this thread is threadtrail's, as the main one is at exit."""
    tokens = _own_work.set(True), _own_thread.set(True)
    try:
        return function(*args)
    finally:
        _own_work.reset(tokens[0])
        _own_thread.reset(tokens[1])
