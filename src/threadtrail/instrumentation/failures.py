"""Notes an exception of the SDK as a ``Failure``, without keeping the exception alive."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from threadtrail._frozen import clean_text
from threadtrail.instrumentation.exchanges import note_request, take_exchange
from threadtrail.recording.observation import Call, Raised
from threadtrail.values import Failure

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink

RETRY_HEADER = "x-stainless-retry-count"


def failure_of(error: BaseException) -> Failure:
    """Return the failure, named by the API's error code or, without one, by the exception's class."""
    code = getattr(error, "code", None)
    kind = code if isinstance(code, str) and code else type(error).__qualname__
    return Failure(type=clean_text(kind), message=clean_text(str(error)) or None)


def note_failure(sink: Sink, call: Call, error: BaseException, outer: object = None) -> None:
    """Note that a call raised; ``outer`` is the call within which it was made, if there is one.

    A polling helper is noted only if it raised by itself, such as for an answer that cannot be parsed. A
    coroutine that is discarded unfinished has not failed, nor has a polling helper that is cancelled.
    """
    if isinstance(error, GeneratorExit):
        return
    if call.operation.polls and (call.failed_within or not isinstance(error, Exception)):
        return
    if isinstance(outer, Call):
        outer.failed_within = True
    sink.guard.call("noting an error", _note, sink, call, error)


def _note(sink: Sink, call: Call, error: BaseException) -> None:
    """Note the error, and the body of the response if one came nevertheless."""
    response = call.response
    observation = raised(call, error)
    if response is not None and response.is_success and response.is_closed and not call.is_stream:
        call.response = response
        take_exchange(call)
        observation.answer = response.content
    sink.recorder.put(observation)


def raised(call: Call, error: BaseException) -> Raised:
    """Return the observation of a call that raised."""
    request = getattr(error, "__dict__", {}).get("request")
    if request is not None and _is_own(call, request):
        call.retry_count = max(call.retry_count, _retries(request))
        note_request(call, request)
    if call.given is not None:
        call.url = None  # it may be that of another request within this call
    call.response = None
    call.forget_arguments()
    status = getattr(error, "status_code", None)
    request_id = getattr(error, "request_id", None)
    return Raised(
        call,
        time.time_ns(),
        failure_of(error),
        status_code=status if isinstance(status, int) else None,
        request_id=request_id if isinstance(request_id, str) else None,
    )


def _is_own(call: Call, request: Any) -> bool:
    """Return whether the request is the call's own, not another one that was made within it and failed."""
    path = getattr(getattr(request, "url", None), "path", None)
    return isinstance(path, str) and call.operation.asks_for(path)


def _retries(request: Any) -> int:
    """Return how often the SDK had retried, by the header of its request; 0 if it has no such header."""
    count = request.headers.get(RETRY_HEADER, "0")
    return int(count) if str(count).isdigit() else 0
