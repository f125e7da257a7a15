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
        self._deltas: dict[str, list[tuple[Any, Any]]] = {}
        self._output = False
        self._closed = False

    def event(self, event: Any) -> None:
        """An event passed. It is copied now: the SDK's own handler goes on to change these objects."""
        if self._closed:
            return
        name = getattr(event, "event", None)
        data: Any = getattr(event, "data", None)
        if name == "thread.message.delta":
            # Nearly all events are this one, so it takes the shortest way.
            if not self._output:
                self._first_output()
            known = self._deltas.get(data.id)
            if known is None:
                known = self._deltas[data.id] = []
            known.append(_text_of(data) or (name, copy_model(data)))
            return
        if name is None:
            name, data = _nameless_error(event)
        if name == "thread.run.step.delta":
            self._first_output()
            self._deltas.setdefault(data.id, []).append((name, copy_model(data)))
        elif name is not None:
            copy = copy_model(data) if hasattr(data, "__pydantic_serializer__") else data
            if name in COMPLETIONS:
                self._deltas.pop(getattr(data, "id", ""), None)
            self._sink.put(StreamEvent(self._call, time.time_ns(), name, copy))

    def _first_output(self) -> None:
        if not self._output:
            self._output = True
            self._sink.put(FirstOutput(self._call, time.time_ns()))

    def closed(self, error: BaseException | None = None, *, finaliser: bool = False) -> None:
        """The stream ended; only the first word on that counts."""
        if self._closed:
            return
        self._closed = True
        failure: Failure | None = None if error is None else failure_of(error)
        kept = list(self._deltas.items())
        left = [_whole(identity, delta) for identity, deltas in kept for delta in deltas]
        self._deltas.clear()
        note = StreamClosed(self._call, time.time_ns(), failure, left)
        (self._sink.put_from_finaliser if finaliser else self._sink.put)(note)


def _nameless_error(event: Any) -> tuple[str | None, Any]:
    """Read an ``error`` event as the SDK's helpers yield it (openai 1.109 to 3.54).

    It comes as some other event, without name and data, but with the error's own fields.
    """
    fields = getattr(event, "model_extra", None) or {}
    return ("error", dict(fields)) if "message" in fields else (None, None)


def _text_of(data: Any) -> tuple[int, str] | None:
    """Index and text of an ordinary delta, one piece of text; ``None`` if it is anything else."""
    content = data.delta.content
    if content is None or len(content) != 1:
        return None
    block = content[0]
    if block.type != "text" or block.text is None or block.text.annotations:
        return None
    return block.index, block.text.value


def _whole(identity: str, delta: tuple[Any, Any]) -> tuple[str, Any]:
    """A delta as it came, from what was kept of it."""
    index, value = delta
    if not isinstance(index, int):
        return delta
    piece = {"index": index, "type": "text", "text": {"value": value}}
    return "thread.message.delta", {"id": identity, "delta": {"content": [piece]}}


class _Tap:
    """What both kinds of tapped iterator share."""

    def __init__(self, inner: Any, sink: Sink, call: Call) -> None:
        self._inner = inner
        self._guard = sink.guard
        self.notes = StreamNotes(sink, call)
        self._note = self.notes.event

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
        self._guard.call("noting a stream event", self._note, event)
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
        self._guard.call("noting a stream event", self._note, event)
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
