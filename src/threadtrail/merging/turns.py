"""The end of each turn, once: a turn may have runs of several processes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from threadtrail.events import RunEnded, TurnEnded
from threadtrail.turn import turn_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.values import Run, ToolCall


def turns_ended(
    turns: Iterable[TurnEnded], ends: Iterable[RunEnded], merged: frozenset[int]
) -> Iterator[TurnEnded]:
    """Yield the one end of each turn.

    ``ends`` are those of all runs, each once; ``merged`` are the ids (``id()``) of those that were made out
    of what several processes saw.
    """
    known: dict[tuple[object, str], list[TurnEnded]] = {}
    for event in turns:
        known.setdefault((_server(event), event.turn.id), []).append(event)
    runs: dict[tuple[object, str], list[RunEnded]] = {}
    for end in ends:
        runs.setdefault((_server(end), end.run.turn_id or end.run.id), []).append(end)
    for name, ended in known.items():
        yield _one(ended, runs.pop(name, []), merged)
    for of_turn in runs.values():
        # Who saw its calls published no run, and who published the run did not see its calls.
        if any(id(end) in merged for end in of_turn) and _is_over([end.run for end in of_turn]):
            yield _made_of(of_turn, [])


def _one(ended: list[TurnEnded], of_turn: list[RunEnded], merged: frozenset[int]) -> TurnEnded:
    fullest = max(
        ended, key=lambda event: (len(event.turn.run_ids), event.turn.finished, event.time, repr(event))
    )
    here = {end.run.id for end in of_turn}
    are_all_here = here.issuperset(run_id for event in ended for run_id in event.turn.run_ids)
    changed = len(ended) > 1 or any(id(end) in merged for end in of_turn) or here != set(fullest.turn.run_ids)
    if not (are_all_here and changed):
        return fullest
    return _made_of(of_turn, ended)


def _made_of(of_turn: Sequence[RunEnded], ended: Sequence[TurnEnded]) -> TurnEnded:
    ordered = sorted(of_turn, key=lambda end: (end.run.created_at or 0, end.run.id))
    runs = [_with_calls(end.run, ended) for end in ordered]
    turn = turn_of(runs, finished=runs[-1].finished and not _open_calls(runs))
    first = ordered[0]
    time = max([turn.ended_at or 0, *(event.time for event in ended), *(end.time for end in of_turn)])
    return TurnEnded(
        time=time,
        turn=turn,
        source=first.source,
        provider=first.provider,
        server_address=first.server_address,
        server_port=first.server_port,
        attributes=first.attributes,
        trace_id=first.trace_id,
    )


def _with_calls(run: Run, ended: Sequence[TurnEnded]) -> Run:
    """Return the run with the calls that were answered after it was published, as the turn's end has them."""
    late = {
        call.id: call
        for event in ended
        if run.id in event.turn.run_ids
        for call in event.turn.tool_calls
        if call.ended_at is not None
    }
    if all(call.ended_at is not None for call in run.tool_calls):
        return run

    def known(call: ToolCall) -> ToolCall:
        return call if call.ended_at is not None else late.get(call.id, call)

    steps = (replace(step, tool_calls=tuple(map(known, step.tool_calls))) for step in run.steps)
    return replace(run, steps=tuple(steps))


def _is_over(runs: Sequence[Run]) -> bool:
    return any(run.asks_app for run in runs) and all(run.finished for run in runs) and not _open_calls(runs)


def _open_calls(runs: Sequence[Run]) -> bool:
    """Whether calls are left whose outputs nobody brought; an assistant's run ends with its calls."""
    calls = (call for run in runs if run.one_generation for call in run.tool_calls)
    return any(not call.hosted and not _is_answered(call) for call in calls)


def _is_answered(call: ToolCall) -> bool:
    return (
        call.output is not None or call.approved is not None or bool(call.results) or call.error is not None
    )


def _server(event: RunEnded | TurnEnded) -> tuple[str, str | None, int | None]:
    return event.source, event.server_address, event.server_port
