"""A unit is what is exported as a whole: the runs of a turn or a trace, with all of their events."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail.collecting.keys import (
    Key,
    Name,
    asked_by,
    brought_by,
    names_of,
    run_key,
    story_key,
    turns_of,
)
from threadtrail.collecting.place import Entry
from threadtrail.events import (
    RunEnded,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.events import Event

ENTRY_BYTES = 500
"""The memory that an entry takes, apart from its text."""

UNIT_BYTES = 1_500
"""The memory that a unit takes, apart from its entries."""


@dataclass(slots=True, eq=False)
class Unit:
    """Entries that belong together, and the progress of the runs, turns and traces in them.

    Attributes:
        entries: its entries, in the order in which they were read.
        keys: the keys of these entries.
        began: when the first entry was read, and ``touched`` the last one (seconds of a monotonic clock).
        runs: the runs, and whether the end of each was seen.
        asked: the calls that the app has to answer, each with the run that asked for it.
        answered: the calls that were answered.
        turns_ended: the turns whose end was seen.
        traces: the traces that began, and whether the end of each was seen.
        trace_ids: the traces that its events name; ``turns`` are the turns that they name.
        brought: the calls whose outputs are in the input of its runs.
        number: an id that no other unit has.
        queued_for: when it may be due; ``put_off_until`` is the earliest time for that.
        refused: how often exporters refused it alone.
        tries: how often they did while other units could be delivered.
        delivered_before: how many deliveries there had been when it was last refused.
    """

    number: int
    began: float
    touched: float
    entries: list[Entry] = field(default_factory=list)
    keys: set[Key] = field(default_factory=set)
    size: int = UNIT_BYTES
    runs: dict[Key, bool] = field(default_factory=dict)
    asked: dict[Key, Key] = field(default_factory=dict)
    answered: set[Key] = field(default_factory=set)
    turns_ended: set[Key] = field(default_factory=set)
    traces: dict[str, bool] = field(default_factory=dict)
    trace_ids: frozenset[str] = frozenset()
    turns: frozenset[Name] = frozenset()
    brought: frozenset[Name] = frozenset()
    queued_for: float = math.inf
    put_off_until: float = 0.0
    refused: int = 0
    tries: int = 0
    delivered_before: int = -1

    def add(self, entry: Entry, event: Event, now: float) -> None:
        """Add an event and its entry."""
        self.entries.append(entry)
        self.size += len(entry.line) + ENTRY_BYTES
        self.touched = max(self.touched, now)
        run = story_key(event)
        if run is not None:
            self.runs.setdefault(run, False)
            for call_id in asked_by(event):
                self.asked.setdefault(("call", run[1], call_id), run)
        if event.trace_id is not None:
            self.trace_ids |= {event.trace_id}
        self.turns = self.turns.union(turns_of(event))
        server = run_key(event, "")[1]
        brought = [("call", server, call_id) for call_id in brought_by(event)]
        self.answered.update(brought)
        self.brought = self.brought.union(names_of(brought))
        if isinstance(event, RunEnded):
            self._see_end(event)
        elif isinstance(event, ToolCallCompleted):
            if event.tool_call.output is not None or event.tool_call.results:
                self.answered.add(("call", server, event.tool_call.id))
        elif isinstance(event, TurnEnded):
            self.turns_ended.update(run_key(event, run_id) for run_id in event.turn.run_ids)
        elif isinstance(event, TraceStarted):
            self.traces.setdefault(str(event.trace_id), False)
        elif isinstance(event, TraceEnded):
            self.traces[str(event.trace_id)] = True

    def _see_end(self, event: RunEnded) -> None:
        key = run_key(event, event.run.id)
        self.runs[key] = self.runs.get(key, False) or event.run.finished
        if event.run.finished and not event.run.one_generation:
            self.turns_ended.add(key)  # an Assistants run is a turn by itself, and ends with all its calls
        server = key[1]
        known = (call for call in event.run.tool_calls if call.output is not None or call.results)
        self.answered.update(("call", server, call.id) for call in known)

    def take(self, other: Unit) -> None:
        """Add all of another unit that belongs to this one."""
        self.entries += other.entries
        self.keys |= other.keys
        self.size += other.size - UNIT_BYTES
        self.began, self.touched = min(self.began, other.began), max(self.touched, other.touched)
        for key, ended in other.runs.items():
            self.runs[key] = self.runs.get(key, False) or ended
        self.asked = {**other.asked, **self.asked}
        self.answered |= other.answered
        self.trace_ids |= other.trace_ids
        self.turns |= other.turns
        self.brought |= other.brought
        self.turns_ended |= other.turns_ended
        for trace_id, ended in other.traces.items():
            self.traces[trace_id] = self.traces.get(trace_id, False) or ended
        self.refused = max(self.refused, other.refused)
        self.tries = max(self.tries, other.tries)

    def published_as(self) -> Iterator[Key]:
        """Yield the keys of its runs, turns and traces, as ``mark_key`` returns them."""
        yield from self.runs
        yield from (("turn", *key[1:]) for key in self.turns_ended)
        yield from (("trace", trace_id) for trace_id in self.traces)

    @property
    def open_runs(self) -> int:
        """The number of runs whose end was not seen; any thread may ask."""
        return sum(not ended for ended in list(self.runs.values()))

    @property
    def has_ended(self) -> bool:
        """Whether all its runs have ended."""
        return all(self.runs.values())

    @property
    def is_overdue(self) -> bool:
        """Whether it was due after its last event, and could not be delivered."""
        return self.put_off_until > self.touched

    @property
    def is_whole(self) -> bool:
        """Whether all its runs, turns and traces have ended, so that nothing more need be waited for."""
        if not self.has_ended or not all(self.traces.values()):
            return False
        return all(call in self.answered or run in self.turns_ended for call, run in self.asked.items())
