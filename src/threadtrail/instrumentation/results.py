"""What came back decides what is noted of it: a model, a page, a stream, a manager, a raw response.

The kinds are told apart by the names of the SDK's own classes, so that nothing of the SDK is imported
and subclasses count as what they are. Whatever the result, the user gets that very object; only a
coroutine is replaced, by one that awaits it.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from threadtrail.instrumentation.copies import body_of, changed, copy_model
from threadtrail.instrumentation.glances import raw_identity
from threadtrail.instrumentation.managers import watch_manager
from threadtrail.instrumentation.streams import tap
from threadtrail.recording.observation import Returned

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call

KINDS = (
    # The first name found among a class and its bases says what it is.
    ("AssistantStreamManager", "manager"),
    ("AsyncAssistantStreamManager", "manager"),
    ("Stream", "stream"),
    ("AsyncStream", "stream"),
    ("LegacyAPIResponse", "raw"),
    ("BaseAPIResponse", "unread"),
    ("AsyncPaginator", "paginator"),
    ("BasePage", "page"),
    ("BaseModel", "model"),
)

paginators: WeakKeyDictionary[Any, tuple[Sink, Call]] = WeakKeyDictionary()
"""Calls of async ``list`` methods, whose request is made when their paginator is awaited."""


@lru_cache(maxsize=512)
def kind_of(cls: type) -> str | None:
    """What an SDK class is to us, or ``None``."""
    names = {
        base.__name__ for base in cls.__mro__ if base.__module__.partition(".")[0] in {"openai", "pydantic"}
    }
    return next((kind for name, kind in KINDS if name in names), None)


def note_result(sink: Sink, call: Call, result: Any) -> None:
    """Note what a call returned."""
    note = NOTES.get(kind_of(type(result)) or "")  # type: ignore[arg-type]  # a class is hashable
    if note is not None:
        note(sink, call, result)
    # A response that lives on in a queue costs the app's thread: its memory is not there to be used again.
    call.response = None


def _note_model(sink: Sink, call: Call, model: Any) -> None:
    if changed(model, sink.glances):
        sink.put(Returned(call, time.time_ns(), body_of(call) or copy_model(model)))
    else:
        sink.put(Returned(call, time.time_ns(), None, model.id))


def _note_page(sink: Sink, call: Call, page: Any) -> None:
    news = [item for item in page.data or () if changed(item, sink.glances)]
    if news:
        sink.put(Returned(call, time.time_ns(), body_of(call) or [copy_model(item) for item in news]))


def _note_paginator(sink: Sink, call: Call, paginator: Any) -> None:
    paginators[paginator] = (sink, call)


def _note_raw(sink: Sink, call: Call, response: Any) -> None:
    """A raw response has its body already: the recorder reads it, so that nobody parses it twice here."""
    call.retry_count = max(call.retry_count, getattr(response, "retries_taken", 0) or 0)
    if not response.http_response.is_closed:
        _note_unread(sink, call, response)
        return
    body: bytes = response.http_response.content
    run_id = call.arguments.get("run_id")
    if (
        call.operation == "threads.runs.retrieve"
        and run_id
        and sink.glances.unchanged(raw_identity(run_id), hash(body))
    ):
        sink.put(Returned(call, time.time_ns(), None, run_id))
    else:
        sink.put(Returned(call, time.time_ns(), body))


def _note_unread(sink: Sink, call: Call, response: Any) -> None:
    """A body that nobody has read is the user's to read: look at what he parses, when he does.

    ``post_parser`` is the SDK's own hook for that (openai 1.21 to 3.54); what stood there goes first.
    """
    options = response._options  # noqa: SLF001 - the SDK's hook is kept there
    before: Callable[[Any], Any] | None = options.post_parser if callable(options.post_parser) else None

    def look(parsed: Any) -> Any:
        result = parsed if before is None else before(parsed)
        sink.guard.call("noting a parsed response", note_result, sink, call, result)
        return result

    options.post_parser = look


NOTES: dict[str, Callable[[Sink, Call, Any], None]] = {
    "stream": lambda sink, call, stream: tap(stream, sink, call),
    "manager": lambda sink, call, manager: watch_manager(manager, sink, call),
    "raw": _note_raw,
    "unread": _note_unread,
    "paginator": _note_paginator,
    "page": _note_page,
    "model": _note_model,
}
