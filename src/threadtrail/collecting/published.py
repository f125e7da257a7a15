"""The runs that were exported recently, so that late events do not export them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail.collecting.keys import run_key
from threadtrail.events import (
    AssistantCreated,
    AssistantUpdated,
    RequestFailed,
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
"""The maximum number of runs, and of turns, that are recognised when more of them comes."""

ASSISTANTS = 1_000
"""The maximum number of assistants whose names later runs may need."""

FINISHED = "finished"

AROUND_RUNS = TurnEnded, TraceStarted, TraceEnded


@dataclass(frozen=True, slots=True)
class _Run:
    finished: bool
    open_calls: frozenset[str]


class Published:
    """Remembers runs that were exported, and the assistants that later runs may be of.

    ``marks`` are those of the place, which outlast the collector, if it keeps some.
    """

    def __init__(self, marks: Marks | None = None) -> None:
        self._marks = marks
        self._runs: Bounded[Key, _Run] = Bounded(RUNS)
        self._turns: Bounded[Key, bool] = Bounded(RUNS)
        self._assistants: Bounded[Key, Event] = Bounded(ASSISTANTS)

    def is_late(self, event: Event) -> bool:
        """Whether an event adds nothing to what was exported: another process saw less, or the same."""
        if isinstance(event, TurnEnded):
            return self._turns.get(run_key(event, event.turn.id)) is not None
        run_id = _run_of(event)
        run = self._runs.get(run_key(event, run_id)) if run_id is not None else None
        if run is None:
            return False
        if not run.finished:
            return isinstance(event, RunEnded) and not event.run.finished
        if isinstance(event, ToolCallCompleted) and event.tool_call.id in run.open_calls:
            return not event.tool_call.answered
        return True

    def without_late(self, events: Sequence[Event]) -> list[Event]:
        """Return what is not late of events that belong together.

        If all runs of them were exported, their turn and their trace were as well: a collector died before it
        could acknowledge them.
        """
        of_runs = [event for event in events if _run_of(event) is not None]
        kept = [event for event in events if not self.is_late(event)]
        if of_runs and not any(_run_of(event) is not None for event in kept):
            return [event for event in kept if not isinstance(event, AROUND_RUNS)]
        return kept

    def anew(self, events: Iterable[Event]) -> Iterator[Event]:
        """Yield what is exported of merged events: a run that was exported as unfinished is superseded."""
        for event in events:
            run_id = _run_of(event)
            run = self._runs.get(run_key(event, run_id)) if run_id is not None else None
            if run is None:
                yield event
            elif isinstance(event, RunEnded):
                yield replace(event, supersedes=True)
            elif not isinstance(event, RunCreated):
                yield event

    def recall(self, keys: Iterable[Key]) -> None:
        """Ask the place for those of these runs that this collector does not know.

        Raises:
            OSError: the place is away.
        """
        if self._marks is None:
            return
        names = {_name(key): key for key in keys if key not in self._runs}
        for name, mark in self._marks.get(list(names)).items() if names else ():
            self._runs.put(names[name], _Run(mark == FINISHED, frozenset()))

    def note(self, events: Iterable[Event]) -> None:
        """Remember events that were exported."""
        events = list(events)
        self._keep(events)
        ends = [event for event in events if isinstance(event, RunEnded)]
        if self._marks is not None and ends:
            marks = {
                _name(run_key(end, end.run.id)): FINISHED if end.run.finished else "unfinished"
                for end in ends
            }
            self._marks.put(marks)

    def _keep(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, RunEnded):
                calls = frozenset(call.id for call in event.run.tool_calls if call.ended_at is None)
                self._runs.put(run_key(event, event.run.id), _Run(event.run.finished, calls))
            elif isinstance(event, TurnEnded):
                self._turns.put(run_key(event, event.turn.id), value=True)
            elif isinstance(event, (AssistantCreated, AssistantUpdated)):
                self._assistants.put(run_key(event, event.assistant.id), event)

    @property
    def assistants(self) -> Sequence[Event]:
        """The newest event of each assistant."""
        return self._assistants.values()


def _run_of(event: Event) -> str | None:
    """Return the run whose story an event is a part of."""
    return None if isinstance(event, RequestFailed) else getattr(event, "run_id", None)


def _name(key: Key) -> str:
    return " ".join(str(part) for part in (*key[1], key[2]))  # type: ignore[misc]  # a server, which is a tuple
