"""How often the SDK retried a request, which its parsed answers do not say.

``_process_response`` of the base clients has been called with ``retries_taken`` since openai 1.40; before
that, and where the method is gone, retries simply go uncounted.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.observation import Call

_current: ContextVar[Call | None] = ContextVar("threadtrail_call", default=None)


@contextmanager
def counting(call: Call) -> Iterator[None]:
    """Count the retries of the request that is made within this block."""
    token = _current.set(call)
    try:
        yield
    finally:
        with suppress(ValueError):  # closed from another context, which never had it
            _current.reset(token)


def note_retries(wrapped: Any, _instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Wrapper of ``_process_response``: reads one keyword argument, and only if it is not zero."""
    retries = kwargs.get("retries_taken")
    if retries:
        call = _current.get()
        if call is not None:
            call.retry_count = retries
    return wrapped(*args, **kwargs)
