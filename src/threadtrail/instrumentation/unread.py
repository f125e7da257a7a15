"""Watches bodies that the app reads itself: ``with_streaming_response`` with its ``json()``, ``read()``, ….

A body is never read for the app. What the app reads comes from the byte stream inside the HTTP response
(``stream._stream`` in httpx and httpx2), which is watched: an event stream event by event, any other body
when it was read to the end, both decoded once more as the app's httpx decodes them. If there is no such byte
stream, nothing is noted.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from threadtrail.instrumentation.encodings import HEADER, Decoding
from threadtrail.instrumentation.streams import StreamNotes
from threadtrail.recording.observation import Returned, StreamOpened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from threadtrail.instrumentation.sink import Sink
    from threadtrail.recording.observation import Call

MAX_BYTES = 16 * 1024 * 1024
"""The maximum size, in bytes, of a body that is kept while the app reads it; of what one piece decodes to."""

READ_BYTES = 64 * 1024
"""How much of an event stream that was read before is looked at at once."""


class Reading:
    """Notes one body while the app reads it.

    ``taken`` is set when the body was noted, here or by others, or given up; ``failed`` when it cannot be
    decoded here: the SDK may still parse it. ``watches_events`` says that it is an event stream whose bytes
    are watched, so that its events are noted even if the app does not parse them.
    """

    def __init__(self, sink: Sink, call: Call, http_response: Any) -> None:
        self._sink = sink
        self._call = call
        self.is_events: bool = _is_events(call, http_response.headers.get("content-type", ""))
        self._decoding: Decoding | None = None
        self.failed: bool = False
        self._notes: StreamNotes | None = None
        self._rest = bytearray()
        self._line_end = b""
        self._chunks: list[bytes] = []
        self._size = 0
        self.taken: bool = False
        self.watches_events: bool = False

    def find_decoder(self, http_response: Any) -> None:
        """Prepare for a body that was not decoded yet."""
        if http_response.headers.get(HEADER, "").strip().lower() not in {"", "identity"}:
            self._decoding = self._sink.guard.call("finding the decoder of a body", Decoding, http_response)
            self.failed = self._decoding is None

    def chunk(self, data: bytes) -> None:
        """See a piece of the body, as it came."""
        if not (self.taken or self.failed):
            self._take_all((data,) if self._decoding is None else self._decoding.decode(data))

    def exhausted(self) -> None:
        """See that the body was read to the end."""
        if not (self.taken or self.failed) and self._decoding is not None:
            self._take_all(self._decoding.flush())
        if self.taken or self.failed:
            return
        if self.is_events:
            if self._decoding is not None and not self._decoding.knows_all and self._notes is None:
                self._report_unknown()
            self.taken = True
            return
        body, self._chunks = b"".join(self._chunks), []
        if self._decoding is not None and not _looks_whole(body):
            self._report_unknown()
            return
        self.taken = True
        self._sink.recorder.put(Returned(self._call, time.time_ns(), body))

    def take_read(self, body: bytes) -> bool:
        """Note an event stream that was read, and so decoded, before; return whether it has any event."""
        for begin in range(0, len(body), READ_BYTES):
            if not self.taken:
                self._take_events(body[begin : begin + READ_BYTES])
        self.taken = True
        self.closed()
        return self._notes is not None

    def closed(self, error: BaseException | None = None) -> None:
        """See that the body was closed, whether or not it was read."""
        if self._notes is not None:
            self._notes.closed(error)

    def _take_all(self, pieces: Iterable[bytes]) -> None:
        """Take what one piece of the body decodes to."""
        size = 0
        for piece in self._decoded(pieces):
            size += len(piece)
            if size > MAX_BYTES and self._decoding is not None:
                self._give_up()
            elif self.is_events:
                self._take_events(piece)
            else:
                self._keep(piece)
            if self.taken:
                break

    def _decoded(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Pass the pieces on; if one cannot be decoded, none after it is."""
        self.failed = True
        for piece in pieces:
            self.failed = False
            yield piece
            self.failed = True
        self.failed = False

    def _keep(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > MAX_BYTES:
            self._give_up()

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
            self._give_up()

    def _take_event(self, event: bytes) -> None:
        name, text = _read(event)
        if text is not None:
            self._opened().text(name, text.encode())

    def _give_up(self) -> None:
        """Stop keeping this body, which is too large; the app goes on reading it."""
        self.taken, self._chunks = True, []
        self._rest.clear()
        self._sink.recorder.count_unkept("bodies that the app reads itself")

    def _report_unknown(self) -> None:
        self.failed = True
        self._sink.guard.report(
            "decoding a body", "gave nothing to record; only what the SDK parses of it is"
        )

    def _opened(self) -> StreamNotes:
        if self._notes is None:
            self._notes = StreamNotes(self._sink, self._call)
            self._sink.recorder.put(StreamOpened(self._call, time.time_ns(), self._notes))
        return self._notes


def _is_events(call: Call, content_type: str) -> bool:
    """Return whether it is an event stream; servers and mocks may leave out what it is."""
    return "text/event-stream" in content_type or (call.is_stream and "json" not in content_type)


def _looks_whole(body: bytes) -> bool:
    """Return whether it may be JSON; to parse it here would cost the app's thread too much."""
    body = body.strip()
    return body[:1] + body[-1:] in {b"{}", b"[]"}


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
        reading.find_decoder(http_response)
        stream._stream = _Watched(inner, reading, sink)  # noqa: SLF001 - the one attribute that all reads go through
        reading.watches_events = reading.is_events and not reading.failed
    return reading
