"""Awaits what the SDK returned where the user awaits it, and notes what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.requests import current_call, restore
from threadtrail.instrumentation.results import note_result

if TYPE_CHECKING:
    from collections.abc import Generator

    from threadtrail.instrumentation.coroutines import Inner
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call


async def await_and_note(sink: Sink, call: Call, inner: Inner) -> Any:
    """Await the coroutine of a call."""
    if sink.wants_loop:
        call.loop = sink.guard.call("noting the event loop", sink.loop)
    token = current_call.set(call)
    try:
        result = await inner.coroutine
    except BaseException as error:
        note_failure(sink, call, error, token.old_value)
        raise
    finally:
        restore(token)
    sink.guard.call("noting a result", note_result, sink, call, result)
    return result


def yield_and_note(sink: Sink, call: Call, waiting: Generator[Any, None, Any]) -> Generator[Any, None, Any]:
    """The same for what an ``__await__`` method returned."""
    if sink.wants_loop:
        call.loop = sink.guard.call("noting the event loop", sink.loop)
    token = current_call.set(call)
    try:
        result = yield from waiting
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    finally:
        restore(token)
    sink.guard.call("noting a result", note_result, sink, call, result)
    return result
