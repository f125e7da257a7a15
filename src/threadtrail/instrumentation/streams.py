"""Taps a stream without changing its type, its laziness, its errors or who drives it.

``Stream`` and ``AsyncStream`` of the SDK keep the iterator that all consumption goes through in
``_iterator`` (openai 1.21 to 3.54). It is replaced by one that passes everything on, so that the stream,
its manager and the user's event handler stay the objects they were. Nothing is held across a ``yield``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.copies import copy_model
from threadtrail.instrumentation.failures import failure_of
from threadtrail.recording.observation import FirstOutput, StreamClosed, StreamEvent, StreamOpened

if TYPE_CHECKING:
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call
    from threadtrail.values import Failure

DELTAS = {"thread.message.delta", "thread.run.step.delta"}
COMPLETIONS = {
    *("thread.message.completed", "thread.message.incomplete"),
    *("thread.run.step.completed", "thread.run.step.failed"),
    *("thread.run.step.cancelled", "thread.run.step.expired"),
}


class StreamNotes:
    """Notes what passes through one stream, and once how it ended."""

    def __init__(self, sink: Sink, call: Call) -> None:
        self._sink = sink
        self._call = call
        self._deltas: dict[str, list[tuple[str, Any]]] = {}
        self._output = False
        self._closed = False

    def event(self, event: Any) -> None:
        """An event passed. It is copied now: the SDK's own handler goes on to change these objects."""
        if self._closed:
            return
        data = getattr(event, "data", None)
        name = getattr(event, "event", None)
        if name is None:
            name, data = _nameless_error(event)
        if name in DELTAS:
            self._delta(name, data)
        elif name is not None:
            copy = copy_model(data) if hasattr(data, "model_dump") else data
            if name in COMPLETIONS:
                self._deltas.pop(data.id, None)
            self._sink.put(StreamEvent(self._call, time.time_ns(), name, copy))

    def _delta(self, name: str, data: Any) -> None:
        """Deltas are kept only until their object is complete, in case it never will be."""
        if not self._output:
            self._output = True
            self._sink.put(FirstOutput(self._call, time.time_ns()))
        self._deltas.setdefault(data.id, []).append((name, _copy_delta(name, data)))

    def closed(self, error: BaseException | None = None, *, finaliser: bool = False) -> None:
        """The stream ended; only the first word on that counts."""
        if self._closed:
            return
        self._closed = True
        failure: Failure | None = None if error is None else failure_of(error)
        left = [delta for deltas in list(self._deltas.values()) for delta in deltas]
        self._deltas.clear()
        note = StreamClosed(self._call, time.time_ns(), failure, left)
        (self._sink.put_from_finaliser if finaliser else self._sink.put)(note)


def _nameless_error(event: Any) -> tuple[str | None, Any]:
    """An ``error`` event as the SDK's helpers yield it: as any other event, without name and data, but
    with the error's own fields (openai 1.109 to 3.54).
    """
    fields = getattr(event, "model_extra", None) or {}
    return ("error", dict(fields)) if "message" in fields else (None, None)


def _copy_delta(name: str, data: Any) -> dict[str, Any]:
    """A copy of a delta; the ordinary one, a piece of text, in a tenth of the time."""
    if name == "thread.message.delta":
        content = data.delta.content
        text = (
            content[0].text
            if content is not None and len(content) == 1 and content[0].type == "text"
            else None
        )
        if text is not None and not text.annotations:
            piece = {"index": content[0].index, "type": "text", "text": {"value": text.value}}
            return {"id": data.id, "delta": {"content": [piece]}}
    copied: dict[str, Any] = copy_model(data)
    return copied


class _Tap:
    """What both kinds of tapped iterator share."""

    def __init__(self, inner: Any, sink: Sink, call: Call) -> None:
        self._inner = inner
        self._guard = sink.guard
        self.notes = StreamNotes(sink, call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __del__(self) -> None:
        # Dropped without close: garbage collection is the only one to tell.
        self._guard.call("noting the end of a stream", self.notes.closed, finaliser=True)

    def note_closed(self, error: BaseException | None = None) -> None:
        """The stream was exhausted or closed, or it failed."""
        self._guard.call("noting the end of a stream", self.notes.closed, error)


class TappedIterator(_Tap):
    """The iterator of a ``Stream``, passing everything on."""

    def __iter__(self) -> TappedIterator:
        return self

    def __next__(self) -> Any:
        try:
            event = next(self._inner)
        except StopIteration:
            self.note_closed()
            raise
        except BaseException as error:
            self.note_closed(error)
            raise
        self._guard.call("noting a stream event", self.notes.event, event)
        return event


class TappedAsyncIterator(_Tap):
    """The iterator of an ``AsyncStream``, passing everything on."""

    def __aiter__(self) -> TappedAsyncIterator:
        return self

    async def __anext__(self) -> Any:
        try:
            event = await self._inner.__anext__()
        except StopAsyncIteration:
            self.note_closed()
            raise
        except BaseException as error:
            self.note_closed(error)
            raise
        self._guard.call("noting a stream event", self.notes.event, event)
        return event


def tap(stream: Any, sink: Sink, call: Call) -> None:
    """Tap a stream that was just opened, and note that it was."""
    inner = stream._iterator  # noqa: SLF001 - the one seam that all consumption passes
    if isinstance(inner, _Tap):
        return
    tapped = TappedAsyncIterator if hasattr(inner, "__anext__") else TappedIterator
    stream._iterator = tapped(inner, sink, call)  # noqa: SLF001 - as above
    sink.put(StreamOpened(call, time.time_ns(), stream._iterator.notes))  # noqa: SLF001 - as above


def note_close(stream: Any) -> None:
    """``close()`` was called on a stream: after ``break`` its iterator learns of it only when collected."""
    iterator = getattr(stream, "_iterator", None)
    if isinstance(iterator, _Tap):
        iterator.note_closed()
