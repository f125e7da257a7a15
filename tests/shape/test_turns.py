"""A turn as one tree, made part by part: its root, the spans of each run, calls that are answered late."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shape.random_runs import any_runs
from shape.test_one_generation import any_responses
from threadtrail import trace_shape
from threadtrail.shape import unfinished_span_id
from threadtrail.testing.samples import sample_runs
from threadtrail.trace_shape import (
    Span,
    in_turn,
    late_tool_span,
    shape,
    span_id_for,
    spans_in_turn,
    turn_span,
    turn_span_id,
)
from threadtrail.turn import Turn, turn_of
from threadtrail.values import Assistant, Failure, Run

RUNS = sample_runs()
ASKING, ANSWERING, OPEN = RUNS["answered_calls"], RUNS["answering_response"], RUNS["open_call"]


def all_spans(run: Run) -> list[Span]:
    return [span for root in spans_in_turn(run) for span in root.walk()]


def test_the_runs_of_a_turn() -> None:
    assert {name for name, run in RUNS.items() if in_turn(run)} == {
        "answered_calls",
        "answering_response",
        "open_call",
    }


def test_a_run_of_an_assistant_is_a_turn_by_itself() -> None:
    assert not any(in_turn(run) for run in any_runs())
    assert not in_turn(replace(RUNS["parallel_function_calls"], turn_id="run_before"))


def test_in_a_recording_without_turns_a_run_that_asked_is_in_its_own() -> None:
    assert in_turn(replace(ASKING, turn_id=None))
    assert not in_turn(replace(ANSWERING, turn_id=None))


def test_generation_and_calls_stand_side_by_side() -> None:
    generation, *tools = spans_in_turn(ASKING)
    assert (generation.kind, generation.name, generation.span_id) == (
        "generation",
        "gpt-5.2-2025-12-11",
        span_id_for(ASKING.id),
    )
    assert (generation.start, generation.end) == (ASKING.created_at, ASKING.answered_at)
    assert generation.usage == ASKING.usage
    assert generation.requested_tool_calls == ASKING.tool_calls
    assert [tool.tool_call for tool in tools] == list(ASKING.tool_calls)
    _, *before = shape(ASKING).children
    assert tools == before, "the same spans as in a tree of its own"


def test_a_run_that_only_answers_is_its_generation() -> None:
    (generation,) = spans_in_turn(ANSWERING)
    assert generation == replace(shape(ANSWERING), name="gpt-5.2-2025-12-11")


def test_a_call_that_is_still_open_has_no_span() -> None:
    assert [span.kind for span in spans_in_turn(OPEN)] == ["generation"]


@pytest.mark.slow
def test_any_response_has_the_spans_that_it_has_in_a_tree_of_its_own() -> None:
    for run in any_responses():
        spans, tree = all_spans(run), [span for span in shape(run).walk() if span.kind != "agent"]
        assert [(span.kind, span.start, span.end, span.tool_call) for span in spans] == [
            (span.kind, span.start, span.end, span.tool_call) for span in tree
        ]
        assert len({span.span_id for span in spans}) == len(spans)
        assert spans[0].span_id == (span_id_for(run.id) if run.finished else unfinished_span_id(run.id))


def test_an_unfinished_run_has_ids_of_its_own_unless_the_backend_overwrites() -> None:
    run = replace(OPEN, finished=False)
    assert spans_in_turn(run)[0].span_id == unfinished_span_id(run.id)
    assert spans_in_turn(run, overwrites=True)[0].span_id == span_id_for(run.id)


# -- the root -----------------------------------------------------------------------------------------


def test_the_root_is_an_agent_around_all_of_it() -> None:
    turn = turn_of([ASKING, ANSWERING], finished=True)
    root = turn_span(turn)
    assert (root.kind, root.name, root.span_id) == (
        "agent",
        "gpt-5.2-2025-12-11",
        span_id_for(ASKING.id, "turn"),
    )
    assert root.span_id == turn_span_id(ASKING.id)
    assert (root.start, root.end) == (ASKING.created_at, ANSWERING.ended_at)
    assert (root.input, root.output) == (ASKING.input, ANSWERING.output)
    assert (root.status, root.error, root.usage, root.children) == ("completed", None, None, ())
    for span in (*all_spans(ASKING), *all_spans(ANSWERING)):
        assert root.start <= span.start <= span.end <= root.end
        assert span.span_id != root.span_id


def test_the_root_has_the_error_of_the_last_run() -> None:
    error = Failure(type="server_error")
    root = turn_span(turn_of([ASKING, replace(ANSWERING, status="failed", error=error)], finished=True))
    assert (root.status, root.error) == ("failed", error)


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        (Turn(id="t", model="gpt-5.2", assistant=Assistant(id="pmpt_1", name="Tutor")), "Tutor"),
        (Turn(id="t", model="gpt-5.2", assistant=Assistant(id="pmpt_1")), "pmpt_1"),
        (Turn(id="t", model="gpt-5.2"), "gpt-5.2"),
        (Turn(id="t"), "turn"),
    ],
)
def test_a_turn_is_called_by_its_prompt_or_its_model(turn: Turn, name: str) -> None:
    assert turn_span(turn).name == name


def test_a_turn_of_which_no_time_is_known_has_no_negative_one() -> None:
    assert (turn_span(Turn(id="t")).start, turn_span(Turn(id="t")).end) == (0, 0)
    assert turn_span(Turn(id="t", ended_at=7)).start == 7
    assert turn_span(Turn(id="t", started_at=7, ended_at=3)).end == 7


# -- late calls ---------------------------------------------------------------------------------------


def test_a_late_call_has_the_span_that_it_would_have_had() -> None:
    (call,) = OPEN.tool_calls
    answered = replace(call, output="9 °C", ended_at=(OPEN.ended_at or 0) + 5)
    late = late_tool_span(OPEN, answered)
    in_time = replace(
        OPEN,
        steps=(replace(OPEN.steps[0], tool_calls=(answered,)),),
        ended_at=answered.ended_at,
        awaits_outputs=False,
    )
    _, expected = spans_in_turn(in_time)
    assert replace(late, step=None) == replace(expected, step=None)
    assert late.step == OPEN.steps[0]
    assert (late.span_id, late.name, late.kind) == (
        span_id_for(OPEN.id, "tool", call.id),
        "get_weather",
        "tool",
    )


def test_the_times_of_a_late_call_that_are_not_known_are_those_of_its_run() -> None:
    (call,) = OPEN.tool_calls
    late = late_tool_span(OPEN, replace(call, started_at=None, output="9 °C"))
    assert (late.start, late.end) == (OPEN.answered_at, OPEN.answered_at)
    unknown = replace(OPEN, answered_at=None)
    assert late_tool_span(unknown, replace(call, started_at=None)).start == OPEN.ended_at
    before = replace(call, ended_at=(call.started_at or 0) - 9)
    assert late_tool_span(OPEN, before).end == call.started_at


def test_a_late_call_of_an_unknown_step_is_taken() -> None:
    (call,) = OPEN.tool_calls
    assert late_tool_span(replace(OPEN, steps=()), call).step is None


def test_a_reused_id_gives_other_ids() -> None:
    again = replace(OPEN, id_reused=True)
    assert late_tool_span(again, OPEN.tool_calls[0]).span_id == span_id_for(
        again.key, "tool", "call_open_call"
    )


def test_the_public_names() -> None:
    assert all(getattr(trace_shape, name) is not None for name in trace_shape.__all__)
