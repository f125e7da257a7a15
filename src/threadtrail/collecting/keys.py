"""The keys of events that are exported together: a run, a turn, a tool call, a trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.events import (
    Event,
    RequestFailed,
    RunCreated,
    RunEnded,
    ToolCallRequested,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.merging.stories import server_of
from threadtrail.values import ToolResultPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.values import Caller, Run

Key = tuple[object, ...]
"""Identifies a run, a call or a trace among those of all processes."""

Name = tuple[str, str]
"""A run or a call: its server, as text, and its id."""


def keys_of(event: Event) -> Iterator[Key]:
    """Yield the keys that an event belongs to; none if it stands alone."""
    server = server_of(event)
    for run_id in _runs(event):
        yield "run", server, run_id
    for call_id in (*asked_by(event), *brought_by(event)):
        yield "call", server, call_id
    for trace_id in (event.trace_id, getattr(event, "parent_trace_id", None)):
        if trace_id is not None:
            yield "trace", trace_id


def run_key(event: Event, run_id: str) -> Key:
    """Return the key of a run at the event's server."""
    return "run", server_of(event), run_id


def story_key(event: Event) -> Key | None:
    """Return the key of the run whose story an event is a part of."""
    run_id: str | None = getattr(event, "run_id", None)
    return None if run_id is None or isinstance(event, RequestFailed) else run_key(event, run_id)


def names_of(keys: Iterable[Key]) -> Iterator[Name]:
    """Yield the names of runs and calls."""
    for _, server, own_id in keys:
        yield _shown(server), str(own_id)


def turns_of(event: Event) -> Iterator[Name]:
    """Yield the turns that an event names."""
    named = event.run if isinstance(event, RunEnded) else event
    turn_id = event.turn.id if isinstance(event, TurnEnded) else getattr(named, "turn_id", None)
    if turn_id is not None:
        yield _shown(server_of(event)), turn_id


def _shown(server: Any) -> str:
    source, address, port = server
    return f"{source} {address}:{port}"


def mark_key(event: Event) -> Key | None:
    """Return the key under which a place marks what an event is a part of: a run, a turn or a trace."""
    if isinstance(event, TurnEnded):
        return "turn", server_of(event), event.turn.id
    if isinstance(event, (TraceStarted, TraceEnded)):
        return "trace", event.trace_id
    return story_key(event)


def asked_by(event: Event) -> tuple[str, ...]:
    """Return the calls in an event that the app, or a person, has to answer."""
    if isinstance(event, ToolCallRequested):
        return () if event.tool_call.hosted else (event.tool_call.id,)
    if isinstance(event, RunEnded):
        return tuple(call.id for call in event.run.tool_calls if not call.hosted)
    return ()


def brought_by(event: Event) -> tuple[str, ...]:
    """Return the calls whose outputs are in a run's input."""
    if not isinstance(event, RunEnded) or not event.run.one_generation:
        return ()
    parts = (part for message in event.run.input for part in message.parts)
    return tuple(part.id for part in parts if isinstance(part, ToolResultPart) and part.id is not None)


def _runs(event: Event) -> Iterator[str]:
    run_id: str | None = getattr(event, "run_id", None)
    if run_id is not None:
        yield run_id
    if isinstance(event, RunCreated):
        yield from _around(event.turn_id, event.called_by)
    elif isinstance(event, RunEnded):
        run: Run = event.run
        yield from _around(run.turn_id, run.called_by)
        yield from run.answers
    elif isinstance(event, TurnEnded):
        yield event.turn.id
        yield from event.turn.run_ids


def _around(turn_id: str | None, caller: Caller | None) -> Iterator[str]:
    if turn_id is not None:
        yield turn_id
    if caller is not None and caller.turn_id is not None:
        yield caller.turn_id
