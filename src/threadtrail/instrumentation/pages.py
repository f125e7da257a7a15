"""Lists that go on: page two and later of an auto-paged list, and async lists from their first page.

Neither passes the ``list`` method that began them. What tells an assistant from a file is the
``object`` field of a page's items.
"""

from __future__ import annotations

import functools
import inspect
import time
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.awaiting import await_and_note, yield_and_note
from threadtrail.instrumentation.coroutines import watch_coroutine
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.requests import counting
from threadtrail.instrumentation.results import PAGINATOR_CALL, note_result
from threadtrail.instrumentation.sink import active
from threadtrail.recording.observation import Call

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink

OPERATIONS = {
    "assistant": "assistants.list",
    "thread.message": "threads.messages.list",
    "thread.run": "threads.runs.list",
    "thread.run.step": "threads.runs.steps.list",
}


def watch_next_page(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Wrapper of ``get_next_page`` of sync and async pages."""
    sink = active.sink
    call = None if sink is None else sink.guard.call("noting a page", _begin, sink, instance)
    if sink is None or call is None:
        return wrapped(*args, **kwargs)
    try:
        with counting(call):
            result = wrapped(*args, **kwargs)
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    if inspect.iscoroutine(result):
        return watch_coroutine(result, await_and_note, sink, call)
    sink.guard.call("noting a page", note_result, sink, call, result)
    return result


def watch_paginator(original: Any) -> Any:
    """Wrap ``AsyncPaginator.__await__``: the first page of an async list."""

    @functools.wraps(original)
    def __await__(self: Any) -> Any:  # noqa: N807 - the name that the SDK's method has
        noted: tuple[Sink, Call] | None = getattr(self, PAGINATOR_CALL, None)
        waiting = original(self)
        return waiting if noted is None else yield_and_note(*noted, waiting)

    return __await__


def _begin(sink: Sink, page: Any) -> Call | None:
    """A call for the next page, or ``None`` if the list is none of ours."""
    objects = list(getattr(page, "data", None) or ())
    first = next(iter(objects), None)
    operation = OPERATIONS.get(getattr(first, "object", ""))
    if operation is None:
        return None
    arguments = {
        name: value
        for name in ("thread_id", "run_id")
        if operation != "threads.messages.list" or name == "thread_id"
        if isinstance(value := getattr(first, name, None), str)
    }
    arguments["after"] = str(getattr(objects[-1], "id", ""))
    if _ascending(objects):
        arguments["order"] = "asc"
    client = page._client  # noqa: SLF001 - a page keeps its client there
    return Call(operation, time.time_ns(), arguments, client, sink.scope(begins=False), operation)


def _ascending(objects: list[Any]) -> bool:
    stamps = [getattr(item, "created_at", None) or 0 for item in (objects[0], objects[-1])]
    return bool(stamps[0] < stamps[1])
