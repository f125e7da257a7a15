"""Reads the stream of a run in the app's thread: keeps the texts of its events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from threadtrail.sources.delta_stream import DeltaStream

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

BEGIN = frozenset({"thread.message.created", "thread.run.step.created"})
"""Events that hold the beginning of an object, whose deltas follow."""

WHOLE = frozenset(
    {
        "thread.message.completed",
        "thread.message.incomplete",
        "thread.run.step.completed",
        "thread.run.step.failed",
        "thread.run.step.cancelled",
        "thread.run.step.expired",
    }
)
"""Events that hold a whole object, so that its deltas can be forgotten."""

DELTAS = frozenset({"thread.message.delta", "thread.run.step.delta"})
"""Pieces of an object; the first one in a stream is the first output that the app sees."""

DONE = "done"
"""The last event of a stream; it holds nothing."""


class AssistantStream(DeltaStream):
    """Reads the events of one stream (API reference, "Assistant stream events"), as they were sent."""

    KEPT: ClassVar[AbstractSet[str]] = DELTAS

    def text(self, name: str, data: Any) -> None:
        """Look at an event by name and text."""
        if name == DONE:
            return
        if name in DELTAS:
            self._see_output()
            self._keep(name, data)
            return
        if name in BEGIN:
            self._begin()
        elif name in WHOLE:
            self._end()
            if self._deltas:
                # Some deltas are of other objects, still open. This event shows later which ones are not.
                self._keep(name, data)
        self._notes.note(name, data)
