"""How long a step lasts, by its own times and those of its calls."""

from __future__ import annotations

from threadtrail.recording.step_times import covering
from threadtrail.values import Step, ToolCall

STEP = Step(id="step_1", kind="tool_calls", started_at=7, ended_at=9)


def test_a_step_begins_before_the_answer_to_a_call_that_nobody_saw_asked_for() -> None:
    answered = ToolCall(id="call_1", kind="function", name="f", ended_at=5)
    step = covering(STEP, (answered,))
    assert (step.started_at, step.ended_at, step.tool_calls) == (5, 9, (answered,))


def test_a_step_lasts_as_long_as_a_call_that_was_seen_live() -> None:
    live = ToolCall(id="call_1", kind="function", name="f", started_at=6, ended_at=10, seen_live=True)
    step = covering(STEP, (live,))
    assert (step.started_at, step.ended_at) == (6, 10)
