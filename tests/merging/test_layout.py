"""The usual layout: one process creates a run, another polls it, a third brings outputs, a fourth is told."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from recording.invariants import check_story, check_turns
from recording.stage import CREATE, SECOND, SUBMIT, Stage
from threadtrail.delivery.processors import build_processors
from threadtrail.events import RunEnded, TurnEnded
from threadtrail.merging.merge import run_so_far
from threadtrail.testing import samples

if TYPE_CHECKING:
    from threadtrail.events import Event
    from threadtrail.values import Run

CALL = {"id": "call_1", "type": "function", "function": {"name": "approve", "arguments": '{"x": 1}'}}
ASKS: dict[str, Any] = {"required_action": {"submit_tool_outputs": {"tool_calls": [CALL]}}}
OUTPUTS = {"tool_outputs": [{"tool_call_id": "call_1", "output": "approved"}]}
USAGE: dict[str, Any] = {"usage": {"prompt_tokens": 190, "completion_tokens": 10, "total_tokens": 200}}


def layout() -> list[list[Event]]:
    """The events of the web process, of two workers, and of one that submits the outputs, as they leave."""
    web, worker, submitter, late = (Stage() for _ in range(4))
    web.answer(
        "queued",
        asked=1,
        answered=1,
        operation=CREATE,
        request={"additional_messages": [{"role": "user", "content": "May I?"}]},
    )
    worker.answer("in_progress", asked=3, answered=3, started_at=2)
    worker.answer("requires_action", asked=5, answered=5, started_at=2, **ASKS)
    submitter.answer("queued", asked=7, answered=8, operation=SUBMIT, request=OUTPUTS, started_at=2)
    submitter.answer("in_progress", asked=9, answered=9, started_at=2)
    submitter.answer("completed", asked=11, answered=11, started_at=2, completed_at=10, **USAGE)
    late.answer("completed", asked=15, answered=15, started_at=2, completed_at=10, **USAGE)
    stages = web, worker, submitter, late
    for stage in stages:
        stage.interpreter.end_all(20 * SECOND)
    return [stage.events for stage in stages]


def ends(events: tuple[Event, ...]) -> list[Run]:
    return [event.run for event in events if isinstance(event, RunEnded)]


def test_it_is_one_run_with_all_that_was_seen() -> None:
    parts = layout()
    assert [len(ends(tuple(part))) for part in parts] == [1, 0, 1, 1]
    merged = threadtrail.merge(event for part in parts for event in part)
    (run,) = ends(merged)
    assert (run.status, run.finished, run.observed_from_start) == ("completed", True, True)
    assert [message.text for message in run.input] == ["May I?"]
    assert [(change.status, change.time // SECOND) for change in run.status_history] == [
        ("queued", 1),
        ("in_progress", 3),
        ("requires_action", 5),
        ("queued", 8),
        ("in_progress", 9),
        ("completed", 11),
    ]
    (call,) = run.tool_calls
    assert (call.name, call.arguments, call.output, call.error) == ("approve", '{"x": 1}', "approved", None)
    assert (call.started_at, call.ended_at) == (5 * SECOND, 7 * SECOND)
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.total_tokens) == (190, 200)
    assert (run.created_at, run.started_at, run.ended_at) == (1 * SECOND, 3 * SECOND, 11 * SECOND)
    (turn,) = [event.turn for event in merged if isinstance(event, TurnEnded)]
    assert (turn.run_ids, turn.usage, turn.finished) == (("run_1",), run.usage, True)
    check_story(merged)
    check_turns(merged)


@pytest.mark.parametrize("seed", range(5))
def test_order_and_repeats_do_not_matter(seed: int) -> None:
    events = [event for part in layout() for event in part]
    merged = threadtrail.merge(events)
    shuffled = [*events, *Random(seed).sample(events, 10)]  # noqa: S311
    Random(seed).shuffle(shuffled)  # noqa: S311
    assert threadtrail.merge(shuffled) == merged
    assert threadtrail.merge(merged) == merged


def test_a_run_without_an_end_keeps_its_details_and_is_known_so_far() -> None:
    worker = layout()[1]
    merged = threadtrail.merge(worker)
    assert set(merged) == set(worker)
    run = run_so_far(merged)
    assert (run.status, run.finished, run.awaits_outputs, run.ended_at) == (
        "requires_action",
        False,
        True,
        None,
    )
    (call,) = run.tool_calls
    assert (call.name, call.output) == ("approve", None)


def test_calls_that_were_answered_without_their_content_being_recorded_are_no_open_calls() -> None:
    asking, answering = (samples.sample_runs()[name] for name in ("answered_calls", "answering_response"))
    (without,) = build_processors(capture_content=False)
    events = [without(event) for event in samples.events_of_turn(asking, answering)]
    recorded = [event for event in events if event is not None]
    calls = [call for run in ends(tuple(recorded)) for call in run.tool_calls if not call.hosted]
    assert calls
    assert {(call.output, call.results) for call in calls} == {(None, ())}
    merged = threadtrail.merge(recorded)
    assert sorted(map(repr, merged)) == sorted(map(repr, recorded))
    assert [event.turn.finished for event in merged if isinstance(event, TurnEnded)] == [True]
