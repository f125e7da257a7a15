"""The HTTP exchange of a call: what was sent, what came back, how often the request was repeated.

Every response passes ``_process_response`` of the base clients (openai 1.21 to 3.57) before it is parsed.
Its body and that of its request are bytes that nobody can change, and they hold what was really sent: they
are noted instead of copies of arguments and objects. Where that method is gone, arguments and objects are
copied.

Before each further attempt the base clients call ``_sleep_for_retry`` (``_retry_request`` in older versions
of openai 1); where neither is left, retries go uncounted.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.copies import copy_arguments
from threadtrail.instrumentation.elsewhere import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.observation import Call

current_call: ContextVar[Call | None] = ContextVar("threadtrail_call", default=None)


def reset(token: Token[Call | None]) -> None:
    """Undo ``current_call.set(call)``: what is requested from now on is not the call's."""
    try:  # noqa: SIM105 - on the hot path, where suppress() costs as much as the rest of this
        current_call.reset(token)
    except ValueError:
        pass  # closed from another context, where it was never set


@contextmanager
def requests_of(call: Call) -> Iterator[None]:
    """Let the request that is made within this block be this call's; off the hot path."""
    token = current_call.set(call)
    try:
        yield
    finally:
        reset(token)


def note_retry(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Wrap what the SDK calls before it tries again: costs nothing where it does not."""
    call = current_call.get()
    if call is not None:
        call.retry_count += 1
    return wrapped(*args, **kwargs)


def watch_response(original: Any) -> Any:
    """Wrap what the SDK calls with each response, sync or async.

    A plain function, since ``wrapt`` takes as long as all else that is done for it, and private: no app asks
    what kind of function this is.
    """

    @functools.wraps(original)
    def _process_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = current_call.get()
        if call is not None:
            call.response = kwargs.get("response")
            call.is_stream = bool(kwargs.get("stream"))
        elif not elsewhere.answered:
            elsewhere.note_answer()
        return original(self, *args, **kwargs)

    return _process_response


def take_exchange(call: Call) -> Any:
    """Note what was sent, and return the response; ``None`` if the SDK does not let it be seen.

    Nothing of the exchange stays on the call but bytes, and once per run the headers, which take longer to
    search: a response that lives on in a queue costs the app's thread, since its memory is not there to be
    used again.
    """
    response = call.response
    if response is not None:
        note_request(call, response.request)
        if call.operation.creates_run:
            call.headers = response.headers
    elif call.given:
        call.request = copy_arguments(call.given)
    call.response = call.given = None
    return response


def note_request(call: Call, request: Any) -> None:
    """Note the body of a request, or its query if it has none; that of a look at one run says nothing."""
    try:
        call.request = body = request.content
    except RuntimeError:  # an upload that was streamed: nothing keeps what it held
        return
    if not body and not call.operation.looks_at_run:
        call.query = request.url.query
