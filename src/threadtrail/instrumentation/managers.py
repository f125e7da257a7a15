"""Watches a stream manager (``runs.stream()`` and its kin): its request is made only on entering it.

``AssistantStreamManager`` and its async twin keep the request to make as ``__api_request`` (openai 1.21
to 3.54): a callable, or a coroutine. It is replaced by one that makes it and taps the stream, before
the SDK hands that to the user's own event handler.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.coroutines import Inner, watch_coroutine
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.requests import counting
from threadtrail.instrumentation.streams import tap

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call

REQUESTS = ("_AssistantStreamManager__api_request", "_AsyncAssistantStreamManager__api_request")


def manager_of(result: Any) -> str | None:
    """The attribute that holds a manager's request, or ``None`` if this is no stream manager."""
    fields = getattr(result, "__dict__", None) or {}
    return next((name for name in REQUESTS if name in fields), None)


def watch_manager(manager: Any, sink: Sink, call: Call) -> None:
    """Tap the stream that the manager will open when it is entered."""
    attribute = manager_of(manager)
    if attribute is None:
        return
    request = manager.__dict__[attribute]
    if callable(request):
        setattr(manager, attribute, _watch_sync(request, sink, call))
    else:
        setattr(manager, attribute, watch_coroutine(request, _await_stream, sink, call))


def _watch_sync(request: Any, sink: Sink, call: Call) -> Any:
    def make_request() -> Any:
        _entered(sink, call)
        try:
            with counting(call):
                stream = request()
        except BaseException as error:
            note_failure(sink, call, error)
            raise
        sink.guard.call("tapping a stream", tap, stream, sink, call)
        return stream

    return make_request


async def _await_stream(sink: Sink, call: Call, inner: Inner) -> Any:
    _entered(sink, call)
    try:
        if sink.wants_loop:
            call.loop = sink.guard.call("noting the event loop", sink.loop)
        with counting(call):
            stream = await inner.coroutine
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    sink.guard.call("tapping a stream", tap, stream, sink, call)
    return stream


def _entered(sink: Sink, call: Call) -> None:
    """The run begins here, not where the manager was made: here its surroundings are taken."""
    call.started_at = time.time_ns()
    call.scope = sink.guard.call("noting a stream", sink.scope, begins=True, default=call.scope)
