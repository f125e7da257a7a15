"""Watches stream managers (of ``runs.stream()`` and others), which make their request when they are entered.

A manager keeps the request that it will make in an attribute, which its source names: a callable or a
coroutine. That is replaced by one that makes the request and taps the stream, before the SDK passes the
stream to the app's own event handler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.awaiting import Inner, enter, watch_coroutine
from threadtrail.instrumentation.exchanges import requests_of
from threadtrail.instrumentation.failures import note_failure
from threadtrail.instrumentation.streams import tap

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call


def watch_manager(sink: Sink, call: Call, manager: Any) -> None:
    """Tap the stream that a manager opens when it is entered; do nothing if it is not a manager."""
    fields = getattr(manager, "__dict__", None) or {}
    attribute = next((name for name in sink.stream_managers if name in fields), None)
    if attribute is None:
        return
    request = fields[attribute]
    if callable(request):
        setattr(manager, attribute, _watch_sync(request, sink, call))
    else:
        setattr(manager, attribute, watch_coroutine(request, _await_stream, sink, call))


def _watch_sync(request: Any, sink: Sink, call: Call) -> Any:
    def make_request() -> Any:
        sink.guard.call("noting a stream", enter, sink, call)
        try:
            with requests_of(call):
                stream = request()
        except BaseException as error:
            note_failure(sink, call, error)
            raise
        sink.guard.call("tapping a stream", tap, stream, sink, call)
        return stream

    return make_request


async def _await_stream(sink: Sink, call: Call, inner: Inner) -> Any:
    sink.guard.call("noting a stream", enter, sink, call)
    try:
        if sink.wants_loop:
            call.loop = sink.guard.call("noting the event loop", sink.loop)
        with requests_of(call):
            stream = await inner.coroutine
    except BaseException as error:
        note_failure(sink, call, error)
        raise
    sink.guard.call("tapping a stream", tap, stream, sink, call)
    return stream
