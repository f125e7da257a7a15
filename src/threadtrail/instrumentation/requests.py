"""What the SDK's parsed answers do not say: how often a request was retried, and what its body was.

Before each further attempt the base clients call ``_sleep_for_retry`` (``_retry_request`` in older versions
of openai 1); where neither is left, retries simply go uncounted. Every response passes
``_process_response`` (openai 1.21 to 3.54) before it is parsed; where that is gone, objects are copied.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.observation import Call

current_call: ContextVar[Call | None] = ContextVar("threadtrail_call", default=None)


def restore(token: Token[Call | None]) -> None:
    """Forget the call of ``current_call.set(call)``: what is retried from now on is not its."""
    try:  # noqa: SIM105 - on the hot path, where suppress() costs as much as the rest of this
        current_call.reset(token)
    except ValueError:
        pass  # closed from another context, which never had it


@contextmanager
def counting(call: Call) -> Iterator[None]:
    """Let the request that is made within this block be this call's; off the hot path."""
    token = current_call.set(call)
    try:
        yield
    finally:
        restore(token)


def note_retry(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Wrapper of what the SDK calls before it tries again: costs nothing where it does not."""
    call = current_call.get()
    if call is not None:
        call.retry_count += 1
    return wrapped(*args, **kwargs)


def watch_response(original: Any) -> Any:
    """Wrap what the SDK calls with each response, sync or async: its body is the cheapest copy of the object.

    A plain function, since ``wrapt`` takes as long as all else that is done for it, and private: no app asks
    what kind of function this is.
    """

    @functools.wraps(original)
    def _process_response(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = current_call.get()
        if call is not None and not kwargs.get("stream"):
            call.response = kwargs.get("response")
        return original(self, *args, **kwargs)

    return _process_response
