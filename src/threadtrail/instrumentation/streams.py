"""Taps a stream without changing its type, its laziness, its errors or who drives it.

``Stream`` and ``AsyncStream`` of the SDK keep the iterator that all consumption goes through in
``_iterator``, which takes the events as they were sent from ``_iter_events()`` (openai 1.21 to 3.57). Each of
the two is replaced by one that passes everything on: the first shows how the stream ends, the second what it
brings. So the stream, its manager and the app's event handler stay the same objects. No context is held
across a ``yield``.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.exchanges import take_exchange
from threadtrail.instrumentation.failures import failure_of
from threadtrail.recording.observation import (
    OBSERVATION_BYTES,
    FirstOutput,
    StreamClosed,
    StreamEvent,
    StreamOpened,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail._guard import Guard
    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call
    from threadtrail.sources.source import StreamReader
    from threadtrail.values import Failure


KEPT_ITERATOR = "_threadtrail_iterator"
"""The attribute in which a tapped stream keeps its original iterator."""

KEPT_STREAM = "_raw_stream"
"""The attribute in which the SDK's wrappers of streams keep the stream."""

EVENTS = "_iter_events"
"""The method from which a stream takes the events as they were sent."""

NOTING = "noting a stream event"
"""The name under which the guard counts our own errors at an event."""


class StreamNotes:
    """Notes what the source's reader finds in one stream, and once, how the stream ended."""

    def __init__(self, sink: Sink, call: Call) -> None:
        self._recorder = sink.recorder
        self._guard = sink.guard
        self._call = call
        # They refer to each other until the stream was closed.
        self._reader: StreamReader | None = sink.stream_reader(call.operation.source, self)

    def look(self, event: Any) -> Any:
        """Have the source look at an event of the SDK as it was sent; return it."""
        reader = self._reader
        if reader is not None:
            try:
                reader.event(event)
            except BaseException as error:
                if not self._guard.contain(NOTING, error):
                    raise
        return event

    def text(self, name: str, data: bytes) -> None:
        """Have it look at an event where the app reads the stream itself; it may have no name."""
        if self._reader is not None:
            self._reader.text(name, data)

    def note(self, name: str, data: Any) -> None:
        """Note one event of the stream."""
        event = StreamEvent(self._call, time_ns(), name, data)
        self._recorder.put(event, OBSERVATION_BYTES + len(data))

    def first_output(self) -> None:
        """Note that the app saw output for the first time."""
        self._recorder.put(FirstOutput(self._call, time_ns()))

    def unkept(self) -> None:
        """Count a piece that is not kept for lack of room."""
        self._recorder.count_unkept("pieces of streams")

    def closed(self, error: BaseException | None = None, *, finaliser: bool = False) -> None:
        """Note that the stream ended; only the first call counts, and events after it do not."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        failure: Failure | None = None if error is None else failure_of(error)
        closed = StreamClosed(self._call, time_ns(), failure, reader.pieces())
        (self._recorder.put_from_finaliser if finaliser else self._recorder.put)(closed)


class _Tap:
    """What both kinds of tapped iterator share."""

    def __init__(self, inner: Any, notes: StreamNotes, guard: Guard) -> None:
        # Nothing here may raise: `__del__` runs even for a half-made object.
        self._inner = inner
        self._guard = guard
        self._notes = notes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __del__(self) -> None:
        # A stream that is dropped without `close` only ends here.
        self._guard.call("noting the end of a stream", self._notes.closed, finaliser=True)

    def note_closed(self, error: BaseException | None = None) -> None:
        """Note that the stream was exhausted or closed, or that it failed."""
        self._guard.call("noting the end of a stream", self._notes.closed, error)


class TappedIterator(_Tap):
    """Passes everything on from the iterator of a ``Stream``."""

    def __iter__(self) -> TappedIterator:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._inner)
        except StopIteration:
            self.note_closed()
            raise
        except BaseException as error:
            self.note_closed(error)
            raise


class TappedAsyncIterator(_Tap):
    """Passes everything on from the iterator of an ``AsyncStream``."""

    def __aiter__(self) -> TappedAsyncIterator:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._inner.__anext__()
        except StopAsyncIteration:
            self.note_closed()
            raise
        except BaseException as error:
            self.note_closed(error)
            raise


class TappedEvents:
    """The events of an ``AsyncStream`` as they were sent, passing everything on."""

    __slots__ = ("_events", "_look")

    def __init__(self, events: Any, notes: StreamNotes) -> None:
        self._events = events
        self._look = notes.look

    def __aiter__(self) -> TappedEvents:
        return self

    async def __anext__(self) -> Any:
        return self._look(await self._events.__anext__())


def tap(stream: Any, sink: Sink, call: Call) -> None:
    """Tap a stream that was just opened, and note that it was."""
    inner = stream._iterator  # noqa: SLF001 - the one seam that all consumption passes
    if isinstance(inner, _Tap):
        return
    take_exchange(call)
    notes = StreamNotes(sink, call)
    is_async = hasattr(inner, "__anext__")
    _tap_events(stream, notes, is_async=is_async)
    # A stream and its iterator refer to each other, so both go at a garbage collection. If the stream knew
    # the SDK's own iterator through ours alone, that collection would close its parts in another order, and
    # asyncio would log that some are still running.
    setattr(stream, KEPT_ITERATOR, inner)
    tapped = TappedAsyncIterator if is_async else TappedIterator
    stream._iterator = tapped(inner, notes, sink.guard)  # noqa: SLF001 - as above
    sink.recorder.put(StreamOpened(call, time_ns(), notes))


def _tap_events(stream: Any, notes: StreamNotes, *, is_async: bool) -> None:
    """Have the events pass ``notes`` when the stream begins to take them."""
    make_events: Any = getattr(stream, EVENTS, None)
    if make_events is None:
        return

    def make_tapped() -> TappedEvents | Iterator[Any]:
        # Taken out again: a stream that holds itself is not freed before a garbage collection.
        stream.__dict__.pop(EVENTS, None)
        events = make_events()
        return TappedEvents(events, notes) if is_async else map(notes.look, events)

    setattr(stream, EVENTS, make_tapped)


def note_close(stream: Any) -> None:
    """Note a call of ``close()``: after a ``break``, the iterator itself ends only when it is freed."""
    tapped = _tap_of(getattr(stream, KEPT_STREAM, stream))
    if tapped is not None:
        tapped.note_closed()


def _tap_of(stream: Any) -> _Tap | None:
    """Return what was put into a stream."""
    tapped = getattr(stream, "_iterator", None)
    return tapped if isinstance(tapped, _Tap) else None
