"""Reads the stream of a response in the app's thread, and keeps the text of the few events that matter."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from threadtrail.sources.delta_stream import DeltaStream

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

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


class ResponseStream(DeltaStream):
    """Reads the events of one stream (API reference, "Streaming events"), as they were sent."""

    KEPT: ClassVar[AbstractSet[str]] = TEXT_DELTAS

    def text(self, name: str, data: Any) -> None:
        """Look at an event by name and text; some servers put the real name only into the text."""
        if not name.startswith(OF_RESPONSES):
            name = _name_in(data)
        if name in OUTPUT_DELTAS:
            self._see_output()
            if name in TEXT_DELTAS:
                self._keep(name, data)
        elif name in NOTED:
            self._count_items(name)
            self._notes.note(name, data)

    def _count_items(self, name: str) -> None:
        """Count the items that are begun and not yet whole; forget the deltas when there are none left."""
        if name == "response.output_item.added":
            self._begin()
        elif name == "response.output_item.done":
            self._end()
        elif name in ENDS:
            self._forget()


def _name_in(data: Any) -> str:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    return str(event.get("type", "")) if isinstance(event, dict) else ""
