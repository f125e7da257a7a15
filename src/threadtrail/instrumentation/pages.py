"""Lists that go on: page two and later of an auto-paged list, and async lists from their first page.

Neither passes the ``list`` method that began them. What tells an assistant from a file is the
``object`` field of a page's items.
"""

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.coroutines import Inner, watch_coroutine
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.requests import counting, current_call, restore
from threadtrail.instrumentation.results import note_result, paginators
from threadtrail.instrumentation.sink import Sink, active
from threadtrail.recording.observation import Call

if TYPE_CHECKING:
    from collections.abc import Generator


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
        return watch_coroutine(result, _await_page, sink, call)
    sink.guard.call("noting a page", note_result, sink, call, result)
    return result


def watch_paginator(wrapped: Any, instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Wrapper of ``AsyncPaginator.__await__``: the first page of an async list."""
    noted = paginators.get(instance)
    waiting = wrapped(*args, **kwargs)
    return waiting if noted is None else _await_first(*noted, waiting)


def _await_first(sink: Sink, call: Call, waiting: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
    if sink.wants_loop:
        call.loop = sink.guard.call("noting the event loop", sink.loop)
    token = current_call.set(call)
    try:
        page = yield from waiting
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    finally:
        restore(token)
    sink.guard.call("noting a page", note_result, sink, call, page)
    return page


async def _await_page(sink: Sink, call: Call, inner: Inner) -> Any:
    if sink.wants_loop:
        call.loop = sink.guard.call("noting the event loop", sink.loop)
    token = current_call.set(call)
    try:
        page = await inner.coroutine
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    finally:
        restore(token)
    sink.guard.call("noting a page", note_result, sink, call, page)
    return page


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
