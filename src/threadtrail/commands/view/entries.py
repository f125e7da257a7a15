"""The contents of a recording as the list shows them: turns with their runs, and what stands alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail import prices
from threadtrail.commands.view.timing import Timing, timing_of
from threadtrail.events import Event, RequestFailed, RunEnded
from threadtrail.merging.merge import run_so_far
from threadtrail.prices import Cost
from threadtrail.recordings.contents import server_of, turn_name
from threadtrail.recordings.tools import with_outputs
from threadtrail.recordings.turns import leaves_calls, turn_so_far
from threadtrail.turn import Turn
from threadtrail.values import Run, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from threadtrail.recordings.contents import Contents, Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A run as the page shows it: with its ``handle``, which names it in links."""

    handle: str
    run: Run
    timing: Timing
    provider: str = "openai"
    server: str | None = None
    trace: str | None = None
    in_progress: bool = False
    failed_requests: tuple[RequestFailed, ...] = ()
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One line of the list, and the runs below it.

    ``turn`` is ``None`` for a turn of a single run, unless that run left it unfinished.
    """

    handle: str
    turn: Turn | None
    entries: tuple[Entry, ...]

    @property
    def in_progress(self) -> bool:
        """Whether one of its runs has no end in the recording."""
        return any(entry.in_progress for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """The events of one run of a group: its ``RunEnded``, or all of its events while it is in progress."""

    handle: str
    events: tuple[Event, ...]
    trace: str | None
    failed_requests: tuple[RequestFailed, ...]
    late: tuple[ToolCall, ...]
    """The calls that were answered after the run had been published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a group is built from; the group is rebuilt only if one of these events has changed."""

    handle: str
    turn: Turn | None
    members: tuple[Member, ...]

    @property
    def identity(self) -> tuple[object, ...]:
        """A value that is equal for equal material, as long as that material is alive."""
        values = (
            (member.handle, member.trace, *map(id, (*member.events, *member.failed_requests, *member.late)))
            for member in self.members
        )
        return (self.handle, id(self.turn), *values)

    def group(self) -> Group:
        """Return the group."""
        entries = tuple(map(_entry, self.members))
        runs = [entry.run for entry in entries]
        turn = self.turn
        if turn is None and (len(runs) > 1 or leaves_calls(runs[-1])):
            turn = turn_so_far(runs)
        is_left_open = turn is not None and runs[-1].finished and not turn.finished
        return Group(
            handle=self.handle, turn=turn if len(runs) > 1 or is_left_open else None, entries=entries
        )


def materials(
    contents: Contents, late: Mapping[Name, list[ToolCall]]
) -> tuple[list[Material], list[RequestFailed]]:
    """Return turns and runs in the order in which they began, and the failed requests that belong to no run.

    Args:
        contents: the contents of the recording.
        late: for each run, the calls that ended after it was published.
    """
    traces = {event.trace_id: event.name for event in contents.traces}
    turns = {(server_of(event), event.turn.id): event.turn for event in contents.turns}
    failed = _by_run(contents.failed_requests)
    taken: dict[str, int] = {}
    found: dict[Name, list[Member]] = {}
    for turn, run_id, key, events in sorted(_all_runs(contents), key=lambda each: _began(each[3])):
        name = (turn[0], run_id)
        calls = (*late.get(name, ()), *(turns[turn].tool_calls if turn in turns else ()))
        member = Member(
            handle=_free(key, taken),
            events=events,
            trace=traces.get(events[-1].trace_id) if events[-1].trace_id is not None else None,
            failed_requests=tuple(failed.pop(name, ())),
            late=calls,
        )
        found.setdefault(turn, []).append(member)
    made = [
        Material(handle=_free(f"turn:{turn[1]}", taken), turn=turns.get(turn), members=tuple(members))
        for turn, members in found.items()
    ]
    alone = [event for events in failed.values() for event in events]
    return made, sorted(alone, key=lambda event: event.started_at)


def _all_runs(contents: Contents) -> Iterator[tuple[Name, str, str, tuple[Event, ...]]]:
    """Yield the turn, the id and the key of each run, and its events: its end alone, if it has one."""
    for event in contents.runs:
        yield turn_name(event), event.run.id, event.run.key, (event,)
    for (server, run_id), events in contents.open_runs.items():
        turn_ids = (getattr(event, "turn_id", None) for event in events)
        turn_id = next((each for each in turn_ids if each is not None), run_id)
        yield (server, turn_id), run_id, run_id, events


def _began(events: tuple[Event, ...]) -> int:
    first = events[0]
    run = first.run if isinstance(first, RunEnded) else None
    return (run.created_at if run is not None else None) or first.time


def _entry(member: Member) -> Entry:
    end = member.events[-1]
    in_progress = not isinstance(end, RunEnded)
    run = _so_far(member.events) if not isinstance(end, RunEnded) else with_outputs(end.run, member.late)
    return Entry(
        handle=member.handle,
        run=run,
        timing=timing_of(run),
        provider=end.provider,
        server=end.server_address,
        trace=member.trace,
        in_progress=in_progress,
        failed_requests=member.failed_requests,
        cost=prices.cost(end) if isinstance(end, RunEnded) and prices.installed() else None,
    )


def _so_far(events: tuple[Event, ...]) -> Run:
    """Return a run in progress, which has lasted until its last event."""
    return replace(run_so_far(events), ended_at=max(event.time for event in events))


def _by_run(events: Iterable[RequestFailed]) -> dict[Name, list[RequestFailed]]:
    """Return failed requests by the run that they belong to; each one without a run has a key of its own."""
    found: dict[Name, list[RequestFailed]] = {}
    for number, event in enumerate(events):
        found.setdefault((server_of(event), event.run_id or f" {number}"), []).append(event)
    return found


def _free(handle: str, taken: dict[str, int]) -> str:
    """Return the handle, with a number appended if another server's run has the same id."""
    taken[handle] = taken.get(handle, 0) + 1
    return handle if taken[handle] == 1 else f"{handle}~{taken[handle]}"
