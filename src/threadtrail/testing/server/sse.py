"""Send a run or a response as server-sent events."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.faults import DropStream, EditBody, EndStream, Fault, StreamError
from threadtrail.testing.server.plan import STREAM_ENDS, Event

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadtrail.testing.server.gate import Gate
    from threadtrail.testing.server.script import RunScript

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


class EventSource(ABC):
    """An answer that is a stream of events, without the sending."""

    last_words: bytes
    """What is sent after the last event."""

    @property
    @abstractmethod
    def script(self) -> RunScript:
        """How long the stream waits before each event."""

    @property
    @abstractmethod
    def intervened(self) -> Gate:
        """Passed when something happens from outside, while there was nothing to send."""

    def before(self) -> tuple[Event, ...]:
        """Return events that come at once, before the script's own."""
        return ()

    @abstractmethod
    def next(self) -> Event | None:
        """Return the next event, or `None`: nothing until somebody intervenes; called with the lock held."""

    def shown(self, event: Event) -> Mapping[str, Any]:
        """Return the data of an event as this stream sends it."""
        return event.data

    @abstractmethod
    def error(self, fault: StreamError, sent: int) -> Mapping[str, Any]:
        """Return the data of an `error` event of a stream that has sent so many others."""

    @abstractmethod
    def left(self) -> None:
        """Note that the stream has ended, by its end or because either side dropped it."""


class EventStream:
    """One stream on its way to a client."""

    def __init__(
        self, source: EventSource, lock: AbstractContextManager[object], fault: Fault | None
    ) -> None:
        self._source = source
        self._lock = lock
        self._fault = fault
        self._sent = 0
        self._cut_properly = False

    async def send(self, connection: Connection) -> bool:
        """Send the events; return whether the stream was sent to its proper end."""
        try:
            for event in self._source.before():
                if not await self._write(connection, self._encoded(event)):
                    return self._cut_properly
            return await self._play(connection) or self._cut_properly
        finally:
            with self._lock:
                self._source.left()

    async def _play(self, connection: Connection) -> bool:
        script = self._source.script
        while True:
            if script.gate and not await wait_unless_closed(script.gate.passed(), connection.closed):
                return False
            if script.event_delay and not await wait_unless_closed(
                asyncio.sleep(script.event_delay), connection.closed
            ):
                return False
            with self._lock:
                event = self._source.next()
                if event is STREAM_ENDS:
                    self._source.left()
                # The stream sends the current state of the object, so it is encoded under the lock.
                chunk = self._encoded(event) if event is not None else b""
            if event is None:
                if not await wait_unless_closed(self._source.intervened.passed(), connection.closed):
                    return False
            elif not await self._write(connection, chunk):
                return False
            elif event is STREAM_ENDS:
                return True

    def _encoded(self, event: Event) -> bytes:
        if event is STREAM_ENDS:
            return self._source.last_words
        data = self._source.shown(event)
        if isinstance(self._fault, EditBody):
            data = self._fault.edit(json.loads(json.dumps(data)))
        return encode(event.name, data)

    async def _write(self, connection: Connection, chunk: bytes) -> bool:
        fault = self._fault
        if isinstance(fault, DropStream | EndStream | StreamError) and self._sent == fault.after_events:
            self._cut_properly = not isinstance(fault, DropStream)
            if isinstance(fault, StreamError):
                await connection.write(
                    encode("error", self._source.error(fault, self._sent)) + self._source.last_words
                )
            return False
        if chunk:
            await connection.write(chunk)
        self._sent += 1
        # Writing to a socket that has room does not yield, but other requests must be served too.
        await asyncio.sleep(0)
        return not connection.closed.done()


async def wait_unless_closed(what: Awaitable[None], closed: asyncio.Future[Any]) -> bool:
    """Wait for something, or for the client to leave; return whether the client is still there."""
    task = asyncio.ensure_future(what)
    await asyncio.wait({task, closed}, return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    return not closed.done()
