"""The stream of a run of the Assistants API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.deltas import without_search_content
from threadtrail.testing.server.sse import EventSource, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.testing.server.faults import StreamError
    from threadtrail.testing.server.gate import Gate
    from threadtrail.testing.server.plan import Event
    from threadtrail.testing.server.runs import RunPlayer
    from threadtrail.testing.server.script import RunScript


class RunEvents(EventSource):
    """One leg of a run."""

    last_words: bytes = encode("done", "[DONE]")

    def __init__(self, player: RunPlayer, before: tuple[Event, ...], *, search_content: bool) -> None:
        """Create the stream.

        Args:
            player: the run.
            before: events that come before the run's own.
            search_content: whether steps carry the text of file search results.
        """
        self._player = player
        self._leg = player.leg
        self._before = before
        self._search_content = search_content

    @property
    def script(self) -> RunScript:
        """The run's script."""
        return self._player.script

    @property
    def intervened(self) -> Gate:
        """Passed once for each cancellation or expiry from outside."""
        return self._player.intervened

    def before(self) -> tuple[Event, ...]:
        """Return the events that come before the run's own."""
        return self._before

    def next(self) -> Event | None:
        """Return the run's next event."""
        return self._player.next_event(self._leg)

    def shown(self, event: Event) -> Mapping[str, Any]:
        """Return the data of an event, without search content that was not requested."""
        if "step_details" in event.data and not self._search_content:
            return without_search_content(event.data)
        return event.data

    def error(self, fault: StreamError, sent: int) -> Mapping[str, Any]:  # noqa: ARG002 - not numbered here
        """Return the data of an `error` event."""
        error = {"message": fault.message, "type": "server_error", "param": None, "code": fault.code}
        return {"error": error} if fault.wrapped else error

    def left(self) -> None:
        """Let polls advance the run from now on."""
        self._player.stream_ended(self._leg)
