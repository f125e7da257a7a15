"""The contents of a recording as the list shows them: turns with their runs, and what stands alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail import prices
from threadtrail.commands.view.timing import Timing, timing_of
from threadtrail.events import RequestFailed, RunCreated, RunEnded, RunStatusChanged
from threadtrail.prices import Cost
from threadtrail.recordings.contents import server_of
from threadtrail.shape import turn_id_of
from threadtrail.turn import Turn, turn_of
from threadtrail.values import Run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.events import Event
    from threadtrail.recordings.contents import Contents, Name
    from threadtrail.values import ToolCall


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
    """What is one line of the list, and the runs below it: a turn of several runs, or one run alone."""

    handle: str
    turn: Turn | None
    entries: tuple[Entry, ...]

    @property
    def in_progress(self) -> bool:
        """Whether a run of it has no end in the recording."""
        return any(entry.in_progress for entry in self.entries)


def groups_of(contents: Contents) -> tuple[tuple[Group, ...], tuple[RequestFailed, ...]]:
    """Return the turns and runs in the order in which they began, and failed requests that no run had."""
    traces = {event.trace_id: event.name for event in contents.traces}
    turns = {(server_of(event), event.turn.id): event.turn for event in contents.turns}
    failed = _by_run(contents.failed_requests)
    seen: dict[Name, list[tuple[RunEnded, bool]]] = {}
    for event, in_progress in _all_runs(contents):
        seen.setdefault((server_of(event), turn_id_of(event.run)), []).append((event, in_progress))
    taken: dict[str, int] = {}
    priced = prices.installed()
    groups = []
    for name, events in sorted(seen.items(), key=lambda item: _began(item[1][0][0].run)):
        turn = turns.get(name)
        calls = turn.tool_calls if turn is not None else ()
        entries = tuple(
            Entry(
                handle=_free(event.run.key, taken),
                run=(run := _with_outputs(event.run, calls)),
                timing=timing_of(run),
                provider=event.provider,
                server=event.server_address,
                trace=traces.get(event.trace_id) if event.trace_id is not None else None,
                in_progress=in_progress,
                failed_requests=tuple(failed.pop((server_of(event), run.id), ())),
                cost=prices.cost(event) if priced else None,
            )
            for event, in_progress in events
        )
        groups.append(_group(name[1], turn, entries, taken))
    alone = [event for events in failed.values() for event in events]
    return tuple(groups), tuple(sorted(alone, key=lambda event: event.started_at))


def _group(turn_id: str, turn: Turn | None, entries: tuple[Entry, ...], taken: dict[str, int]) -> Group:
    if len(entries) == 1:
        return Group(handle=entries[0].handle, turn=None, entries=entries)
    runs = [entry.run for entry in entries]
    whole = turn if turn is not None else turn_of(runs, finished=False)
    return Group(handle=_free(f"turn:{turn_id}", taken), turn=whole, entries=entries)


def _all_runs(contents: Contents) -> Iterator[tuple[RunEnded, bool]]:
    """Yield the end of each run in order; of one in progress, what its end would be if it were given up."""
    ends = [(event, False) for event in contents.runs]
    ends += [(so_far, True) for events in contents.open_runs.values() if (so_far := _so_far(events))]
    yield from sorted(ends, key=lambda item: _began(item[0].run))


def _began(run: Run) -> int:
    return run.created_at or run.started_at or run.ended_at or 0


def _so_far(events: Iterable[Event]) -> RunEnded | None:
    """Return a run that has no end yet, as far as its first event and its statuses say."""
    created: RunCreated | None = None
    status: str | None = None
    last = 0
    for event in events:
        last = max(last, event.time)
        if isinstance(event, RunCreated):
            created = event
        elif isinstance(event, RunStatusChanged):
            status = event.status
    if created is None:
        return None
    run = Run(
        id=created.run_id,
        thread_id=created.thread_id,
        assistant=created.assistant,
        request=created.request,
        turn_id=created.turn_id,
        called_by=created.called_by,
        created_at=created.time,
        ended_at=last,
        status=status,
        source=created.source,
        attributes=created.attributes,
    )
    return RunEnded(
        run=run,
        time=last,
        source=created.source,
        provider=created.provider,
        server_address=created.server_address,
        server_port=created.server_port,
        attributes=created.attributes,
        trace_id=created.trace_id,
    )


def _with_outputs(run: Run, calls: tuple[ToolCall, ...]) -> Run:
    """Return the run with the outputs of its calls that came after it was published."""
    late = {call.id: call for call in calls if call.answered}
    if not any(call.id in late and not call.answered for call in run.tool_calls):
        return run
    steps = tuple(
        replace(step, tool_calls=tuple(late.get(call.id, call) for call in step.tool_calls))
        for step in run.steps
    )
    return replace(run, steps=steps)


def _by_run(events: Iterable[RequestFailed]) -> dict[Name, list[RequestFailed]]:
    """Sort failed requests by the run that they were about; each without a run stands alone."""
    found: dict[Name, list[RequestFailed]] = {}
    for number, event in enumerate(events):
        found.setdefault((server_of(event), event.run_id or f" {number}"), []).append(event)
    return found


def _free(handle: str, taken: dict[str, int]) -> str:
    """Return the handle, with a number behind it if another server's run has the same id."""
    taken[handle] = taken.get(handle, 0) + 1
    return handle if taken[handle] == 1 else f"{handle}~{taken[handle]}"
