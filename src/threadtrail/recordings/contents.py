"""The contents of a recording: runs, turns, traces, requests that failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.events import Event, RequestFailed, RunEnded, TraceEnded, TraceStarted, TurnEnded

if TYPE_CHECKING:
    from collections.abc import Iterable

Server = tuple[str, str | None, int | None]
"""Source, host and port: two servers may use the same ids."""

Name = tuple[Server, str]
"""A run, a turn or a trace of any recording: its server, and its key or id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The contents of a recording: each run, turn and trace once, by its last event.

    ``runs``, ``turns`` and ``traces`` are in the order in which they began. ``open_runs`` holds the events of
    runs without an end in the recording; the key of a ``Name`` is then the run's id.
    """

    runs: tuple[RunEnded, ...] = ()
    turns: tuple[TurnEnded, ...] = ()
    traces: tuple[TraceStarted | TraceEnded, ...] = ()
    failed_requests: tuple[RequestFailed, ...] = ()
    open_runs: Mapping[Name, tuple[Event, ...]]


def server_of(event: Event) -> Server:
    """Return the server of the ids in an event."""
    return event.source, event.server_address, event.server_port


def turn_name(end: RunEnded) -> Name:
    """Return the name of a run's turn, which may be the run alone, also if another run had its id."""
    run = end.run
    return server_of(end), run.key if run.turn_id in {None, run.id} else run.turn_id or run.id


def contents_of(events: Iterable[Event]) -> Contents:
    """Sort events by their subject; of a run that was published twice, the last ``RunEnded`` counts."""
    runs: dict[Name, RunEnded] = {}
    turns: dict[Name, TurnEnded] = {}
    traces: dict[str | None, TraceStarted | TraceEnded] = {}
    failed: list[RequestFailed] = []
    by_id: dict[Name, list[Event]] = {}
    ended: set[Name] = set()
    for event in events:
        server = server_of(event)
        match event:
            case RunEnded():
                ended.add((server, event.run.id))
                name = (server, event.run.key)
                if name not in runs or event.run.finished or not runs[name].run.finished:
                    runs[name] = event
            case TurnEnded():
                turns[server, event.turn.id] = event
            case TraceStarted():
                traces.setdefault(event.trace_id, event)
            case TraceEnded():
                traces[event.trace_id] = event
            case RequestFailed():
                failed.append(event)
            case _:
                run_id = getattr(event, "run_id", None)
                if run_id is not None:
                    by_id.setdefault((server, run_id), []).append(event)
    return Contents(
        runs=tuple(sorted(runs.values(), key=lambda end: end.run.created_at or end.time)),
        turns=tuple(sorted(turns.values(), key=lambda end: end.turn.started_at or end.time)),
        traces=tuple(sorted(traces.values(), key=_began)),
        failed_requests=tuple(failed),
        open_runs={name: tuple(events) for name, events in by_id.items() if name not in ended},
    )


def _began(event: TraceStarted | TraceEnded) -> int:
    return event.started_at if isinstance(event, TraceEnded) else event.time
