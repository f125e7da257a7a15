"""Notes what a call returned, by its kind: a model, a page, a stream, a raw response.

The kinds are recognised by the names of the SDK's own classes, so that nothing of the SDK is imported and
subclasses are recognised too. The app gets the very object that the SDK returned; only a coroutine is
replaced, by one that awaits it.
"""

from __future__ import annotations

from functools import lru_cache
from time import time_ns
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.copies import copy_model
from threadtrail.instrumentation.exchanges import take_exchange
from threadtrail.instrumentation.streams import tap
from threadtrail.instrumentation.unread import Reading, watch_body
from threadtrail.recording.observation import OBSERVATION_BYTES, Returned

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call

KINDS = (
    # The kind of a class is that of the first of these names among it and its bases.
    ("Stream", "stream"),
    ("AsyncStream", "stream"),
    ("LegacyAPIResponse", "raw"),
    ("BaseAPIResponse", "unread"),
    ("AsyncPaginator", "paginator"),
    ("BasePage", "page"),
    ("BaseModel", "model"),
)

PAGINATOR_CALL = "_threadtrail_call"
"""The attribute in which the paginator of an async ``list`` keeps its call until it is awaited."""


@lru_cache(maxsize=512)
def kind_of(cls: type) -> str | None:
    """Return the kind of an SDK class, or ``None``."""
    names = {
        base.__name__ for base in cls.__mro__ if base.__module__.partition(".")[0] in {"openai", "pydantic"}
    }
    return next((kind for name, kind in KINDS if name in names), None)


def page_class_of(result: Any) -> type:
    """Return the class of the pages in what a ``list`` method returned: a page, or a paginator of pages."""
    cls = type(result)
    page_class = getattr(result, "__dict__", {}).get("_page_cls", cls)  # where AsyncPaginator keeps it
    return page_class if isinstance(page_class, type) else cls


def note_result(sink: Sink, call: Call, result: Any) -> None:
    """Note what a call returned: the body of the response, unless that is still to be read.

    The body is at hand and nobody can change it; the parsed object would have to be copied.
    """
    response = call.response
    if response is None or call.is_stream or not response.is_closed:
        # Other instrumentations put proxies around streams, with the `__class__` of the stream inside.
        kind = kind_of(type(result)) or kind_of(result.__class__)  # type: ignore[arg-type]  # a class is hashable
        note = NOTES.get(kind or "")
        if note is not None:
            note(sink, call, result)
        return
    take_exchange(call, result)
    body = response.content
    sink.recorder.put(Returned(call, time_ns(), body), OBSERVATION_BYTES + len(body) + len(call.request))
    run_id = call.first_look_at
    if run_id is None and call.operation.creates_run:
        run_id = getattr(result, "id", None)
    if isinstance(run_id, str) and run_id not in sink.known_runs:
        sink.know(run_id)


def _note_stream(sink: Sink, call: Call, stream: Any) -> None:
    tap(stream, sink, call)


def _note_model(sink: Sink, call: Call, model: Any) -> None:
    """Note an object whose body is not at hand: parsed later by the app, or returned by a helper.

    The result of a polling helper is left out if each of its requests was noted.
    """
    if not call.operation.polls or not sink.knows(getattr(model, "id", None)):
        take_exchange(call)
        sink.recorder.put(Returned(call, time_ns(), copy_model(model)))


def _note_page(sink: Sink, call: Call, page: Any) -> None:
    take_exchange(call)
    items = page.data if isinstance(page.data, list) else ()
    copies = [copy_model(item) for item in items if hasattr(item, "__pydantic_serializer__")]
    sink.recorder.put(Returned(call, time_ns(), copies))


def _note_paginator(sink: Sink, call: Call, paginator: Any) -> None:
    setattr(paginator, PAGINATOR_CALL, (sink, call))


def _note_raw(sink: Sink, call: Call, response: Any) -> None:
    """Note the body of a raw response, or watch the body if it was not read yet."""
    if not response.http_response.is_closed:
        _note_unread(sink, call, response)
        return
    take_exchange(call)
    http_response = response.http_response
    if not _note_read_stream(sink, call, http_response):
        sink.recorder.put(Returned(call, time_ns(), http_response.content))


def _note_read_stream(sink: Sink, call: Call, http_response: Any) -> bool:
    """Note an event stream that was read before the SDK got it, by a hook of the app's HTTP client or a mock.

    Return whether it is one. What the SDK parses of it afterwards brings nothing new.
    """
    reading = Reading(sink, call, http_response)
    return reading.is_events and reading.take_read(http_response.content)


def _note_unread(sink: Sink, call: Call, response: Any) -> None:
    """Watch a body that nobody has read, and note what the app reads or parses of it, when it does.

    ``post_parser`` is the SDK's own hook for that (openai 1.21 to 3.57); one that is set already runs first.
    """
    take_exchange(call)
    http_response = response.http_response  # keeping `response` itself would make a reference cycle
    if http_response.is_closed and _note_read_stream(sink, call, http_response):
        return
    reading = watch_body(sink, call, http_response)
    if reading.watches_events:
        return
    options = response._options  # noqa: SLF001 - the SDK's hook is kept there
    before: Callable[[Any], Any] | None = options.post_parser if callable(options.post_parser) else None

    def look(parsed: Any) -> Any:
        result = parsed if before is None else before(parsed)
        if not reading.taken:
            reading.taken = True
            call.response = http_response  # read by now, unless it is a stream
            sink.guard.call("noting a parsed response", note_result, sink, call, result)
        return result

    options.post_parser = look
    # The SDK does not parse again what another instrumentation has parsed already.
    for parsed in list(response._parsed_by_type.values()):  # noqa: SLF001 - the SDK's own cache of it
        note_result(sink, call, parsed)


NOTES: dict[str, Callable[[Sink, Call, Any], None]] = {
    "stream": _note_stream,
    "raw": _note_raw,
    "unread": _note_unread,
    "paginator": _note_paginator,
    "page": _note_page,
    "model": _note_model,
}
