"""The events of one run, and what merging adds to it from the runs of other processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail.events import Event, RunCreated, RunEnded
from threadtrail.merging.stories import server_of
from threadtrail.values import ToolResultPart

if TYPE_CHECKING:
    from threadtrail.merging.stories import Server


@dataclass(slots=True)
class Linked:
    """The events of one run, and what other runs add to it; ``answered`` are its calls with an answer."""

    events: list[Event]
    answered: set[str] = field(default_factory=set)
    created: RunCreated | None = None
    end: RunEnded | None = None
    turn_id: str | None = None
    session_key: str | None = None
    answers: tuple[str, ...] = ()
    outputs: dict[str, tuple[ToolResultPart, int]] = field(default_factory=dict)
    inherited: dict[str, Any] = field(default_factory=dict)
    is_merged: bool = False

    @property
    def server(self) -> Server:
        """The server whose ids these are."""
        return server_of(self.events[0])

    @property
    def run_id(self) -> str:
        """The run's id."""
        event: Any = self.events[0]
        return str(event.run_id)

    @property
    def previous(self) -> tuple[Server, str]:
        """The run before it in a chain; a name that no run has, if it follows none."""
        return self.server, (self.end.run.previous_run_id if self.end is not None else None) or ""

    @property
    def began_at(self) -> int:
        """When it was created, if that is known."""
        if self.end is not None and self.end.run.created_at is not None:
            return self.end.run.created_at
        return self.created.time if self.created is not None else min(event.time for event in self.events)

    @property
    def answered_at(self) -> int:
        """The latest time at which it may have asked for its calls."""
        if self.end is not None:
            run = self.end.run
            return run.answered_at or run.ended_at or self.end.time
        return max(event.time for event in self.events)
