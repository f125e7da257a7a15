"""The stream of a response, from its beginning or from where another one ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.plan import STREAM_ENDS, Event
from threadtrail.testing.server.sse import EventSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.testing.server.faults import StreamError
    from threadtrail.testing.server.gate import Gate
    from threadtrail.testing.server.responses.player import ResponsePlayer
    from threadtrail.testing.server.script import RunScript


class ResponseEvents(EventSource):
    """The events of a response from a sequence number on."""

    last_words = b""

    def __init__(self, player: ResponsePlayer, first: int = 0) -> None:
        """Create the stream.

        Args:
            player: the response.
            first: the sequence number of the first event.
        """
        self._player = player
        self._first = self._next = first
        self._open = True
        player.streams += 1

    @property
    def script(self) -> RunScript:
        """The response's script."""
        return self._player.script

    @property
    def intervened(self) -> Gate:
        """Open when the response was ended from outside."""
        return self._player.intervened

    def next(self) -> Event | None:
        """Return the next event."""
        event = self._player.event(self._next)
        if event is not None and event is not STREAM_ENDS:
            self._next += 1
        return event

    def error(self, fault: StreamError, sent: int) -> Mapping[str, Any]:
        """Return the data of an `error` event."""
        error: dict[str, Any] = {"code": fault.code, "message": fault.message, "param": None}
        start = {"type": "error", "sequence_number": self._first + sent}
        return {**start, "error": {"type": "server_error", **error}} if fault.wrapped else {**start, **error}

    def left(self) -> None:
        """Let polls advance the response from now on."""
        if self._open:
            self._open = False
            self._player.streams -= 1
