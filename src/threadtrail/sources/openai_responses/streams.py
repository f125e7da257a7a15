"""Reads the stream of a response in the app's thread, and keeps the text of the few events that matter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threadtrail.sources.source import StreamNotes

NOTED = frozenset(
    {
        "response.created",
        "response.queued",
        "response.in_progress",
        "response.completed",
        "response.failed",
        "response.incomplete",
        "response.output_item.added",
        "response.output_item.done",
        "error",
    }
)
"""Events that hold a whole response, a whole output item, or an error."""

OF_RESPONSES = ("response.", "error")
"""The prefixes of the names of events."""

ENDS = frozenset({"response.completed", "response.failed", "response.incomplete"})

TEXT_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
"""Pieces of a message, which are kept until it is whole, in case the stream breaks."""

OUTPUT_DELTAS = TEXT_DELTAS | {
    "response.audio.delta",
    "response.audio.transcript.delta",
    "response.code_interpreter_call_code.delta",
    "response.custom_tool_call_input.delta",
    "response.function_call_arguments.delta",
    "response.mcp_call_arguments.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
}
"""The first of these is the first output that the app sees."""

MAX_PIECES = 200_000
"""The maximum number of deltas that are kept of one stream."""

MAX_BYTES = 16_777_216
"""The maximum length of their texts, in characters."""


class ResponseStream:
    """Reads the events of one stream (API reference, "Streaming events"), as they were sent."""

    reads_text = True

    def __init__(self, notes: StreamNotes) -> None:
        self._notes = notes
        self._deltas: list[tuple[str, Any]] = []
        self._length = 0
        self._open_items = 0
        self._output = False

    def event(self, event: Any) -> None:
        """Look at a server-sent event: its name and its text, which nobody changes."""
        name: str | None = event.event
        if name in TEXT_DELTAS and self._output:
            # Nearly all events are of this kind, so it is handled first and fast.
            self._keep(name, event.data)
            return
        self.text(name or "", event.data)

    def text(self, name: str, data: Any) -> None:
        """Look at an event by name and text. Some servers put the real name only into the text."""
        if self._notes.is_closed:
            return
        if not name.startswith(OF_RESPONSES):
            name = _name_in(data)
        if name in OUTPUT_DELTAS:
            if not self._output:
                self._output = True
                self._notes.first_output()
            if name in TEXT_DELTAS:
                self._keep(name, data)
        elif name in NOTED:
            self._count_items(name)
            self._notes.note(name, data)

    def pieces(self) -> list[tuple[str, Any]]:
        """Return and forget the deltas of messages that were never completed, perhaps with some that were."""
        kept = self._deltas
        self._forget()
        return kept

    def _keep(self, name: str, data: Any) -> None:
        """Keep a delta if there is room, else count it as not kept."""
        self._length += len(data)
        if self._length <= MAX_BYTES and len(self._deltas) < MAX_PIECES:
            self._deltas.append((name, data))
        else:
            self._notes.unkept()

    def _forget(self) -> None:
        self._deltas, self._length = [], 0

    def _count_items(self, name: str) -> None:
        """Count the items that are begun and not yet whole; forget the deltas when there are none left."""
        if name == "response.output_item.added":
            self._open_items += 1
        elif name == "response.output_item.done":
            self._open_items -= 1
        if name in ENDS or (name == "response.output_item.done" and self._open_items <= 0):
            self._forget()


def _name_in(data: Any) -> str:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    return str(event.get("type", "")) if isinstance(event, dict) else ""
