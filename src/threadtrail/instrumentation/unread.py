"""Watches bodies that the app reads itself: ``with_streaming_response`` with its ``json()``, ``read()``, ….

A body is never read for the app. What the app reads comes from the byte stream inside the HTTP response
(``stream._stream`` in httpx and httpx2), which is watched: an event stream event by event, any other body
when it was read to the end. If there is no such byte stream, nothing is noted.
"""

from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.streams import StreamNotes
from threadtrail.recording.observation import Returned, StreamOpened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call

MAX_BYTES = 16 * 1024 * 1024
"""The maximum size of a body that is kept while the app reads it, in bytes."""

ZLIB = {"gzip", "deflate"}
EITHER_HEADER = 47
"""Makes zlib recognise both of them."""


class Reading:
    """Notes one body while the app reads it.

    ``taken`` is set when the body was noted, here or by others, or given up. ``watches_events`` says that it
    is an event stream whose bytes are watched, so that its events are noted even if the app does not parse
    them.
    """

    def __init__(self, sink: Sink, call: Call, http_response: Any) -> None:
        self._sink = sink
        self._call = call
        self._encoding = http_response.headers.get("content-encoding", "")
        self.is_events: bool = "text/event-stream" in http_response.headers.get("content-type", "")
        self._notes: StreamNotes | None = None
        self._rest = bytearray()
        self._line_end = b""
        self._chunks: list[bytes] = []
        self._size = 0
        self.taken: bool = False
        self.watches_events: bool = False

    def chunk(self, data: bytes) -> None:
        """See a piece of the body."""
        if self.taken:
            return
        if self.is_events:
            self._take_events(data)
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > MAX_BYTES:
            self._chunks = []
            self._give_up()

    def exhausted(self) -> None:
        """See that the body was read to the end."""
        if self.taken or self.is_events:
            return
        self.taken, body, self._chunks = True, b"".join(self._chunks), []
        if self._encoding in ZLIB:
            body = zlib.decompress(body, EITHER_HEADER)
        elif self._encoding not in {"", "identity"}:
            return
        self._sink.recorder.put(Returned(self._call, time.time_ns(), body))

    def closed(self, error: BaseException | None = None) -> None:
        """See that the body was closed, whether or not it was read."""
        if self._notes is not None:
            self._notes.closed(error)

    def _take_events(self, data: bytes) -> None:
        # What came before has no end of an event, so the search begins at its last byte.
        begin = max(len(self._rest) - 1, 0)
        data = self._line_end + data
        self._line_end = b"\r" if data.endswith(b"\r") else b""
        self._rest += data.removesuffix(b"\r").replace(b"\r\n", b"\n")
        while (end := self._rest.find(b"\n\n", begin)) >= 0:
            self._take_event(bytes(self._rest[:end]))
            del self._rest[: end + 2]
            begin = 0
        if len(self._rest) > MAX_BYTES:
            self._rest.clear()
            self._give_up()

    def _take_event(self, event: bytes) -> None:
        name, text = _read(event)
        if text is not None:
            self._opened().text(name, text.encode())

    def _give_up(self) -> None:
        """Stop keeping this body, which is too large; the app goes on reading it."""
        self.taken = True
        self._sink.recorder.count_unkept("bodies that the app reads itself")

    def _opened(self) -> StreamNotes:
        if self._notes is None:
            self._notes = StreamNotes(self._sink, self._call)
            self._sink.recorder.put(StreamOpened(self._call, time.time_ns(), self._notes))
        return self._notes


def _read(event: bytes) -> tuple[str, str | None]:
    """Return name (perhaps empty) and data of a server-sent event (WHATWG HTML, "Server-sent events")."""
    name, lines = "", []
    for line in event.decode(errors="replace").split("\n"):
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            lines.append(value)
    return name, "\n".join(lines) if lines else None


class _Watched:
    """Passes everything on from the byte stream of a response."""

    def __init__(self, inner: Any, reading: Reading, sink: Sink) -> None:
        self._inner = inner
        self._reading = reading
        self._guard = sink.guard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._inner:
                self._guard.call("noting a body", self._reading.chunk, chunk)
                yield chunk
        except BaseException as error:
            self._failed(error)
            raise
        self._guard.call("noting a body", self._reading.exhausted)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._inner:
                self._guard.call("noting a body", self._reading.chunk, chunk)
                yield chunk
        except BaseException as error:
            self._failed(error)
            raise
        self._guard.call("noting a body", self._reading.exhausted)

    def close(self) -> None:
        self._guard.call("noting a body", self._reading.closed)
        self._inner.close()

    async def aclose(self) -> None:
        self._guard.call("noting a body", self._reading.closed)
        await self._inner.aclose()

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, GeneratorExit):  # the app stopped reading
            self._guard.call("noting a body", self._reading.closed, error)


def watch_body(sink: Sink, call: Call, http_response: Any) -> Reading:
    """Watch the body of a response that nobody has read; return the object that notes it."""
    reading = Reading(sink, call, http_response)
    stream: Any = getattr(http_response, "stream", None)
    inner = getattr(stream, "_stream", None)
    if inner is not None:
        stream._stream = _Watched(inner, reading, sink)  # noqa: SLF001 - the one attribute that all reads go through
        reading.watches_events = reading.is_events
    return reading
