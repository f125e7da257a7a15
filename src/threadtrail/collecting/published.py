"""The runs that were exported recently, so that late events do not export them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail.collecting.keys import mark_key, run_key, story_key
from threadtrail.collecting.sessions import Sessions
from threadtrail.events import (
    AssistantCreated,
    AssistantUpdated,
    RunCreated,
    RunEnded,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.place import Marks
    from threadtrail.events import Event

RUNS = 100_000
"""The maximum number of runs, and of turns and traces, whose late events are recognised."""

RECENT = 20_000
"""The maximum number of them that are in memory where the place remembers the others."""

ASSISTANTS = 1_000
"""The maximum number of assistants that are kept for later runs, which need their names."""

FINISHED, UNFINISHED = "finished", "unfinished"


@dataclass(frozen=True, slots=True)
class _Run:
    """What is known of an exported run: whether it had finished, and its calls without an output."""

    finished: bool
    open_calls: frozenset[str] = frozenset()


ENDED, OPEN = _Run(finished=True), _Run(finished=False)
"""Most runs are equal to one of these."""


class Published:
    """Remembers the runs, turns and traces that were exported; for later runs, assistants and sessions too.

    ``marks`` are those of the place, if it has any: they outlast the collector.
    """

    def __init__(self, marks: Marks | None = None) -> None:
        self._marks = marks
        limit = RUNS if marks is None else RECENT
        self._runs: Bounded[Key, _Run] = Bounded(limit)
        self._turns: Bounded[Key, bool] = Bounded(limit)
        self._traces: Bounded[Key, int] = Bounded(limit)
        self._assistants: Bounded[Key, Event] = Bounded(ASSISTANTS)
        self._sessions: Sessions = Sessions(limit)

    def is_late(self, event: Event) -> bool:
        """Return whether an event adds nothing to what was exported: its process saw the same, or less."""
        key = mark_key(event)
        if key is None:
            return False
        if isinstance(event, TurnEnded):
            return self._turns.get(key) is not None
        if isinstance(event, (TraceStarted, TraceEnded)):
            return event.time <= (self._traces.get(key) or -1)
        run = self._runs.get(key)
        return run is not None and self._adds_nothing(event, run)

    @staticmethod
    def _adds_nothing(event: Event, run: _Run) -> bool:
        if not run.finished:
            return isinstance(event, RunEnded) and not event.run.finished
        if isinstance(event, ToolCallCompleted) and event.tool_call.id in run.open_calls:
            return not event.tool_call.answered
        return True

    def anew(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield the merged events to export; the end of a run exported as unfinished supersedes that."""
        for event in map(self._sessions.follow, events):
            key = story_key(event)
            run = self._runs.get(key) if key is not None else None
            if run is None:
                yield event
            elif isinstance(event, RunEnded):
                yield replace(event, supersedes=True)
            elif not isinstance(event, RunCreated):
                yield event

    def recall(self, keys: Iterable[Key]) -> None:
        """Ask the place for the marks of runs, turns and traces that have not ended for this collector.

        Another one may have exported them in the meantime.

        Raises:
            OSError: the place is away.
        """
        if self._marks is None:
            return
        names = {_name(key): key for key in keys if not self._is_over(key)}
        for name, mark in self._marks.get(list(names)).items() if names else ():
            self._keep(names[name], mark)

    def note(self, events: Iterable[Event]) -> None:
        """Remember events that were exported."""
        events = list(events)
        marks: dict[Key, str] = {}
        for event in events:
            key = mark_key(event)
            if isinstance(event, (AssistantCreated, AssistantUpdated)):
                self._assistants.put(run_key(event, event.assistant.id), event)
            elif key is not None and isinstance(event, RunEnded):
                marks[key] = FINISHED if event.run.finished else UNFINISHED
            elif key is not None and isinstance(event, TurnEnded):
                marks[key] = FINISHED
            elif key is not None and isinstance(event, TraceEnded):
                marks[key] = str(event.time)
        for key, mark in marks.items():
            self._keep(key, mark)
        for event in events:
            if isinstance(event, RunEnded):
                calls = frozenset(call.id for call in event.run.tool_calls if call.ended_at is None)
                known = ENDED if event.run.finished else OPEN
                self._runs.put(
                    run_key(event, event.run.id), replace(known, open_calls=calls) if calls else known
                )
                self._sessions.note(event)
        if self._marks is not None and marks:
            self._marks.put({_name(key): mark for key, mark in marks.items()})

    def _is_over(self, key: Key) -> bool:
        if key[0] == "turn":
            return key in self._turns
        if key[0] == "trace":
            return key in self._traces
        run = self._runs.peek(key)
        return run is not None and run.finished

    def _keep(self, key: Key, mark: str) -> None:
        if key[0] == "turn":
            self._turns.put(key, value=True)
        elif key[0] == "trace":
            self._traces.put(key, int(mark))
        else:
            self._runs.put(key, ENDED if mark == FINISHED else OPEN)

    @property
    def assistants(self) -> Sequence[Event]:
        """The newest event of each assistant."""
        return self._assistants.values()


def _name(key: Key) -> str:
    kind, *rest = key
    parts = [part for each in rest for part in (each if isinstance(each, tuple) else (each,))]
    return " ".join(map(str, parts if kind == "run" else (kind, *parts)))
