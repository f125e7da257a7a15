"""The end of each turn, once: a turn may have runs of several processes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail.events import TurnEnded
from threadtrail.merging.calls import is_answered
from threadtrail.merging.fields import Tie
from threadtrail.merging.stories import server_of
from threadtrail.turn import turn_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from threadtrail.events import RunEnded
    from threadtrail.merging.stories import Server
    from threadtrail.values import Run, ToolCall

Name = tuple["Server", str]
"""A run, or a turn, with its server."""


def turns_ended(
    turns: Iterable[TurnEnded], ends: Sequence[RunEnded], changed: Collection[Name]
) -> Iterator[TurnEnded]:
    """Yield the one end of each turn.

    ``ends`` are those of all runs, each once; ``changed`` are the runs that several processes saw.
    """
    of_run = {(server_of(end), end.run.id): end.run.turn_id or end.run.id for end in ends}
    ended: dict[Name, list[TurnEnded]] = {}
    for event in turns:
        server = server_of(event)
        ended.setdefault((server, of_run.get((server, event.turn.id), event.turn.id)), []).append(event)
    runs: dict[Name, list[RunEnded]] = {}
    for end in ends:
        runs.setdefault((server_of(end), end.run.turn_id or end.run.id), []).append(end)
    for name, known in ended.items():
        of_turn = runs.pop(name, [])
        yield _in_session(_one(known, of_turn, changed=_any(of_turn, changed)), of_turn)
    for of_turn in runs.values():
        # One process saw its calls and published no run; another published the run without its calls.
        if _any(of_turn, changed) and _is_over([end.run for end in of_turn]):
            yield _made_of(of_turn, [])


def _any(ends: Iterable[RunEnded], changed: Collection[Name]) -> bool:
    return any((server_of(end), end.run.id) in changed for end in ends)


def _one(ended: Sequence[TurnEnded], of_turn: Sequence[RunEnded], *, changed: bool) -> TurnEnded:
    """Return the end of a turn, merged if several processes published one."""
    fullest = max(
        ended, key=lambda event: (len(event.turn.run_ids), event.turn.finished, event.time, Tie(event))
    )
    here = {end.run.id for end in of_turn}
    are_all_here = here.issuperset(run_id for event in ended for run_id in event.turn.run_ids)
    if are_all_here and (changed or len(ended) > 1 or here != set(fullest.turn.run_ids)):
        return _made_of(of_turn, ended)
    return fullest


def _in_session(ended: TurnEnded, of_turn: Sequence[RunEnded]) -> TurnEnded:
    """Return the end of a turn with the session of its first run, which may be that of another process."""
    turn = ended.turn
    session_key = next((end.run.session_key for end in of_turn if end.run.id in turn.run_ids[:1]), None)
    if session_key in {None, turn.session_key}:
        return ended
    return replace(ended, turn=replace(turn, session_key=session_key))


def _made_of(of_turn: Sequence[RunEnded], ended: Sequence[TurnEnded]) -> TurnEnded:
    ordered = sorted(of_turn, key=lambda end: (end.run.created_at or 0, end.run.id))
    runs = [_with_calls(end.run, ended) for end in ordered]
    turn = turn_of(runs, finished=runs[-1].finished and not _open_calls(runs))
    first = ordered[0]
    return TurnEnded(
        time=max([turn.ended_at or 0, *(event.time for event in (*ended, *of_turn))]),
        turn=turn,
        source=first.source,
        provider=first.provider,
        server_address=first.server_address,
        server_port=first.server_port,
        attributes=first.attributes,
        trace_id=first.trace_id,
        carried=first.carried,
    )


def _with_calls(run: Run, ended: Sequence[TurnEnded]) -> Run:
    """Return the run with the calls that were answered after it was published, as in the end of the turn."""
    if all(call.ended_at is not None for call in run.tool_calls):
        return run
    known = [call for event in ended if run.id in event.turn.run_ids for call in event.turn.tool_calls]
    late = {call.id: call for call in known if call.ended_at is not None}

    def latest(call: ToolCall) -> ToolCall:
        return call if call.ended_at is not None else late.get(call.id, call)

    steps = (replace(step, tool_calls=tuple(map(latest, step.tool_calls))) for step in run.steps)
    return replace(run, steps=tuple(steps))


def _is_over(runs: Sequence[Run]) -> bool:
    return any(run.asks_app for run in runs) and all(run.finished for run in runs) and not _open_calls(runs)


def _open_calls(runs: Sequence[Run]) -> bool:
    """Return whether calls are left without outputs; the calls of an assistant's run end with it."""
    calls = (call for run in runs if run.one_generation for call in run.tool_calls)
    return any(not call.hosted and not is_answered(call) and call.error is None for call in calls)
