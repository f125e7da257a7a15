"""Send a run as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.deltas import without_search_content
from threadtrail.testing.server.faults import DropStream, EditBody, Fault, StreamError
from threadtrail.testing.server.plan import STREAM_ENDS, Event

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadtrail.testing.server.routes import PlayAsStream

Write = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Connection:
    """What a stream needs from the connection that carries it.

    Attributes:
        write: send bytes.
        closed: done when the client has left.
    """

    write: Write
    closed: asyncio.Future[Any]


def encode(name: str, data: Mapping[str, Any] | str) -> bytes:
    """Return one event as the API writes it; lone surrogates become JSON escapes."""
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n".encode()


class EventStream:
    """One stream of one run."""

    def __init__(
        self, stream: PlayAsStream, lock: AbstractContextManager[object], fault: Fault | None
    ) -> None:
        self._stream = stream
        self._player = stream.player
        self._leg = stream.player.leg
        self._lock = lock
        self._fault = fault
        self._sent = 0
        self._ended_by_error = False

    async def send(self, connection: Connection) -> bool:
        """Send the events; return whether the stream was sent to its proper end."""
        try:
            for name, data in self._stream.before:
                if not await self._write(connection, encode(name, self._edited(data))):
                    return self._ended_by_error
            return await self._play(connection) or self._ended_by_error
        finally:
            # The run goes on after the stream was dropped by either side; polls move it from now on.
            self._player.stream_ended(self._leg)

    async def _play(self, connection: Connection) -> bool:
        script = self._player.script
        while True:
            if script.gate and not await wait_unless_closed(script.gate.passed(), connection.closed):
                return False
            if script.event_delay and not await wait_unless_closed(
                asyncio.sleep(script.event_delay), connection.closed
            ):
                return False
            with self._lock:
                event = self._player.next_event(self._leg)
                if event is STREAM_ENDS:
                    self._player.stream_ended(self._leg)
                # What is sent is the object as it is now, so it is written down under the lock.
                chunk = self._encoded(event) if event is not None else b""
            if event is None:
                if not await wait_unless_closed(self._player.intervened.passed(), connection.closed):
                    return False
            elif not await self._write(connection, chunk):
                return False
            elif event is STREAM_ENDS:
                return True

    def _encoded(self, event: Event) -> bytes:
        if event is STREAM_ENDS:
            return encode("done", "[DONE]")
        data = event.data
        if "step_details" in data and not self._stream.search_content:
            data = without_search_content(data)
        return encode(event.name, self._edited(data))

    def _edited(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        if isinstance(self._fault, EditBody):
            edited: Mapping[str, Any] = self._fault.edit(json.loads(json.dumps(data)))
            return edited
        return data

    async def _write(self, connection: Connection, chunk: bytes) -> bool:
        fault = self._fault
        if isinstance(fault, DropStream) and self._sent == fault.after_events:
            return False
        if isinstance(fault, StreamError) and self._sent == fault.after_events:
            await connection.write(_error(fault))
            await connection.write(encode("done", "[DONE]"))
            self._ended_by_error = True
            return False
        await connection.write(chunk)
        self._sent += 1
        # Writing to a socket that has room does not yield, but other requests must be served too.
        await asyncio.sleep(0)
        return not connection.closed.done()


def _error(fault: StreamError) -> bytes:
    error = {"message": fault.message, "type": "server_error", "param": None, "code": fault.code}
    return encode("error", {"error": error} if fault.wrapped else error)


async def wait_unless_closed(what: Awaitable[None], closed: asyncio.Future[Any]) -> bool:
    """Wait for something, or for the client to leave; return whether the client is still there."""
    task = asyncio.ensure_future(what)
    await asyncio.wait({task, closed}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    return not closed.done()
