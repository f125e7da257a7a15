"""The order of merged events: by their times, and as the contract of events requires.

A run's first event is ``RunCreated``, its last ``RunEnded``, except for calls that were answered later. The
end of a turn comes after those of its runs. All events of a ``trace()`` are between its start and its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.events import (
    Event,
    MessageCompleted,
    MessageCreated,
    RequestFailed,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    StepCompleted,
    StepCreated,
    ToolCallCompleted,
    ToolCallRequested,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.merging.fields import Tie
from threadtrail.merging.statuses import ENDED
from threadtrail.merging.stories import server_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

RANKS: dict[type[Event], int] = {
    event_class: rank
    for rank, event_class in enumerate(
        (
            TraceStarted,
            Event,
            RunCreated,
            RunStatusChanged,
            StepCreated,
            MessageCreated,
            ToolCallRequested,
            ToolCallCompleted,
            StepCompleted,
            MessageCompleted,
            RequestFailed,
            RunEnded,
            TurnEnded,
            TraceEnded,
        )
    )
}
"""The order of events of the same time; ``Event`` stands for all other classes."""


class Order:
    """Puts events in order, run by run, then the events around them."""

    def __init__(self) -> None:
        self._placed: list[tuple[tuple[Any, ...], Event]] = []
        self._turn_ends: dict[tuple[object, str], int] = {}
        self._traces: dict[str, tuple[int, int]] = {}

    def add_run(self, events: Sequence[Event]) -> None:
        """Add the events of one run."""
        created = next((event.time for event in events if isinstance(event, RunCreated)), 0)
        end = next((event for event in events if isinstance(event, RunEnded)), None)
        late = set() if end is None else _late_calls(events, end)
        latest = created
        for index, change in enumerate(_changes_in_order(events)):
            latest = max(latest, change.time)
            self._place(change, latest, index)
        for event in events:
            if event is not end and id(event) not in late and not isinstance(event, RunStatusChanged):
                latest = max(latest, event.time)
                self._place(event, max(created, event.time))
        if end is not None:
            latest = max(latest, end.time)
            self._place(end, latest)
            for event in events:
                if id(event) in late:
                    latest = max(latest, event.time)
                    self._place(event, latest, rank=RANKS[RunEnded] + 0.5)
            name = (server_of(end), end.run.turn_id or end.run.id)
            self._turn_ends[name] = max(latest, self._turn_ends.get(name, 0))
        for event in events[:1]:
            self._within(event.trace_id, created or event.time, latest)

    def add_turn(self, event: TurnEnded) -> None:
        """Add the end of a turn, after its runs."""
        time = max(event.time, self._turn_ends.get((server_of(event), event.turn.id), 0))
        self._place(event, time)
        self._within(event.trace_id, time, time)

    def add_traces(self, events: Iterable[TraceStarted | TraceEnded]) -> None:
        """Add starts and ends of traces, after all events in them."""
        events = list(events)
        parents = {str(event.trace_id): event.parent_trace_id for event in events}
        depths = {trace_id: _depth(trace_id, parents) for trace_id in parents}
        for event in sorted(events, key=lambda event: -depths[str(event.trace_id)]):
            trace_id, depth = str(event.trace_id), depths[str(event.trace_id)]
            first, last = self._traces.get(trace_id, (event.time, event.time))
            if isinstance(event, TraceStarted):
                time = min(first, event.time)
                self._place(event, time, depth)
            else:
                time = max(last, event.time)
                self._place(event, time, -depth)
            self._within(event.parent_trace_id, time, time)

    def add(self, event: Event) -> None:
        """Add an event that belongs to no run."""
        self._place(event, event.time)

    def all(self) -> tuple[Event, ...]:
        """Return all events in order."""
        self._placed.sort()
        return tuple(event for _, event in self._placed)

    def _place(self, event: Event, time: int, index: int = 0, rank: float | None = None) -> None:
        own = RANKS.get(type(event), RANKS[Event]) if rank is None else rank
        self._placed.append(((time, own, getattr(event, "run_id", None) or "", index, Tie(event)), event))

    def _within(self, trace_id: str | None, first: int, last: int) -> None:
        if trace_id is not None:
            known = self._traces.get(trace_id, (first, last))
            self._traces[trace_id] = (min(first, known[0]), max(last, known[1]))


def _late_calls(events: Sequence[Event], end: RunEnded) -> set[int]:
    """Return the ends of calls (as ``id()``) that were open when their run was published."""
    waiting = {call.id for call in end.run.tool_calls if call.ended_at is None}
    calls = (event for event in events if isinstance(event, ToolCallCompleted))
    return {id(event) for event in calls if event.tool_call.id in waiting}


def _changes_in_order(events: Sequence[Event]) -> list[RunStatusChanged]:
    """Return the changes of status by time; those of the same time follow from each other."""
    waiting = sorted(
        (event for event in events if isinstance(event, RunStatusChanged)),
        key=lambda event: (event.time, event.stage == ENDED, event.previous or "", event.status),
    )
    ordered: list[RunStatusChanged] = []
    while waiting:
        same = (event for event in waiting if event.time == waiting[0].time)
        status = ordered[-1].status if ordered else None
        chosen = next((event for event in same if event.previous == status), waiting[0])
        waiting.remove(chosen)
        ordered.append(chosen)
    return ordered


def _depth(trace_id: str, parents: dict[str, str | None]) -> int:
    depth, parent, passed = 0, parents.get(trace_id), {trace_id}
    while parent is not None and parent not in passed:
        passed.add(parent)
        depth, parent = depth + 1, parents.get(parent)
    return depth
