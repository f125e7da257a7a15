"""The shape of a turn: one tree around the runs of a tool loop, each of which is one generation.

    agent               the turn, from its first question to its last answer
    ├─ generation       a run, until the model had answered, with its usage
    │  └─ tool          each call that the server ran
    ├─ tool             each call of that run for the app, or for a person, that is answered
    └─ generation       the next run, which brought the outputs

Its runs are known one after the other, and their spans are complete before the turn is over. So each part is
made by itself: ``spans_in_turn`` of a run, ``late_tool_span`` of a call that is answered after its run was
published, ``turn_span`` of the turn. The ids of all of them derive from the ids of turn, run and call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.shape.one_generation import OneGeneration
from threadtrail.shape.shaper import Shaper
from threadtrail.shape.spans import Span, span_id_for
from threadtrail.shape.times import Interval

if TYPE_CHECKING:
    from threadtrail.turn import Turn
    from threadtrail.values import Run, Step, ToolCall

__all__ = ["in_turn", "late_tool_span", "spans_in_turn", "turn_id_of", "turn_span", "turn_span_id"]


def in_turn(run: Run) -> bool:
    """Return whether a run is a part of a turn, and has no root of its own.

    That is a run with ``one_generation`` that asked the app, or a person, for something, or that follows
    such a run. A run of an assistant waits for its calls itself: it is a whole turn.
    """
    return run.one_generation and run.shares_turn


def turn_id_of(run: Run) -> str:
    """Return the id of the run's turn, which is its own id in recordings of versions without turns."""
    return run.turn_id or run.id


def spans_in_turn(run: Run, *, overwrites: bool = False) -> tuple[Span, ...]:
    """Return the spans of a run that is ``in_turn``, all at one level below the turn's root.

    The generation comes first, with the server's tools below it; then the calls for the app, or for a
    person, that are answered. Pure, and ``overwrites`` is as in ``shape``.
    """
    apart = not run.finished and not overwrites
    return OneGeneration(run, apart=apart).parts()


def turn_span_id(turn_id: str) -> str:
    """Return the id of the root span of a turn."""
    return span_id_for(turn_id, "turn")


def turn_span(turn: Turn) -> Span:
    """Return the root of a turn, without children. Usage is on the generations alone."""
    start = next((time for time in (turn.started_at, turn.ended_at) if time is not None), 0)
    assistant = turn.assistant
    known = (assistant and (assistant.name or assistant.id)) or turn.model
    return Span(
        kind="agent",
        name=known or "turn",
        span_id=turn_span_id(turn.id),
        start=start,
        end=max(start, turn.ended_at or start),
        status=turn.status,
        error=turn.error,
        model=turn.model,
        input=turn.input,
        output=turn.output,
    )


def late_tool_span(run: Run, call: ToolCall) -> Span:
    """Return the span of a call that was completed after its run was published without its output.

    Args:
        run: the run that asked for it, as it was published.
        call: the call, as ``ToolCallCompleted`` has it.
    """
    shaper = Shaper(run, apart=False)
    started = call.started_at if call.started_at is not None else run.answered_at
    start = started if started is not None else shaper.within.end
    end = call.ended_at if call.ended_at is not None else start
    return shaper.tool(call, _step_of(run, call), Interval(start, max(start, end)))


def _step_of(run: Run, call: ToolCall) -> Step | None:
    return next((step for step in run.steps if any(each.id == call.id for each in step.tool_calls)), None)
