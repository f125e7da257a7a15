"""Watches pages that the ``list`` method does not return: later ones, and the first one of an async list."""

from __future__ import annotations

import functools
import inspect
import time
from typing import TYPE_CHECKING, Any

from threadtrail._own_work import is_own_work
from threadtrail.context import here, in_force
from threadtrail.instrumentation.awaiting import await_and_note, watch_coroutine, yield_and_note
from threadtrail.instrumentation.exchanges import requests_of
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.results import PAGINATOR_CALL, note_result
from threadtrail.recording.observation import Call

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink


def watch_next_page(wrapped: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Note the next page; wraps ``get_next_page`` of sync and async pages."""
    sink: Sink | None = in_force.sink
    call = None if sink is None or not args else sink.guard.call("noting a page", _begin, sink, args[0])
    if sink is None or call is None:
        return wrapped(*args, **kwargs)
    if call.operation.reads_details:
        sink.guard.call("noting a page", sink.recorder.put, call)
    try:
        with requests_of(call):
            result = wrapped(*args, **kwargs)
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    if inspect.iscoroutine(result):
        return watch_coroutine(result, await_and_note, sink, call)
    sink.guard.call("noting a page", note_result, sink, call, result)
    return result


def watch_paginator(original: Any) -> Any:
    """Wrap ``AsyncPaginator.__await__``, which requests the first page of an async list."""

    @functools.wraps(original)
    def __await__(self: Any) -> Any:  # noqa: N807 - the name that the SDK's method has
        noted: tuple[Sink, Call] | None = getattr(self, PAGINATOR_CALL, None)
        waiting = original(self)
        return waiting if noted is None else yield_and_note(*noted, waiting)

    return __await__


def _begin(sink: Sink, page: Any) -> Call | None:
    """Return a call for the next page; ``None`` if no source has such a list, or if an exporter reads it."""
    if is_own_work():
        return None
    found = sink.next_page(page)
    if found is None:
        return None
    client = page._client  # noqa: SLF001 - a page keeps its client there
    return Call(found.operation, time.time_ns(), found.ids, client, here(), given=found.given)
