"""Processes whose clocks differ, or that all differ from the server's: what they saw is merged in order."""

from __future__ import annotations

import threadtrail
from recording.invariants import check_story
from recording.stage import CREATE, LIST, SECOND, SUBMIT, Stage, merged
from threadtrail.events import RunEnded, RunStatusChanged, ToolCallCompleted


def test_a_run_that_nobody_saw_created_began_when_one_of_them_first_saw_it() -> None:
    lister, worker = Stage(), Stage()
    ahead = 20
    lister.answer("queued", asked=10, answered=10, operation=LIST, created_at=ahead)
    worker.answer("in_progress", asked=11, answered=11, created_at=ahead)
    worker.answer("requires_action", asked=12, answered=12, created_at=ahead)
    worker.answer("cancelled", asked=13, answered=13, created_at=ahead)
    events = merged(lister, worker, end=14)
    (run,) = [event.run for event in events if isinstance(event, RunEnded)]
    assert (run.created_at, run.ended_at) == (10 * SECOND, 13 * SECOND)


def test_what_a_process_saw_before_the_run_was_created_is_in_order() -> None:
    creator, behind = Stage(), Stage()
    creator.answer("queued", asked=100, answered=101, operation=CREATE)
    creator.answer("requires_action", asked=102, answered=103)
    for second, status in enumerate(["queued", "requires_action", "queued", "requires_action"], start=10):
        operation = SUBMIT if second == 12 else LIST
        behind.answer(status, asked=second, answered=second, operation=operation)
    events = merged(creator, behind, end=104)
    changes = [event for event in events if isinstance(event, RunStatusChanged)]
    assert [change.status for change in changes] == ["queued", "requires_action"] * 2
    assert [change.time // SECOND for change in changes] == [100, 100, 101, 103]


def test_a_call_that_was_answered_before_another_process_saw_it() -> None:
    ahead, behind = Stage(), Stage()
    function = {"name": "f", "arguments": "{}"}
    calls = {"tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    required = {"type": "submit_tool_outputs", "submit_tool_outputs": calls}
    ahead.answer("requires_action", asked=100, answered=100, required_action=required)
    outputs = {"tool_outputs": [{"tool_call_id": "call_1", "output": "1"}]}
    behind.answer("in_progress", asked=5, answered=6, operation=SUBMIT, request=outputs)
    events = merged(ahead, behind, end=101)
    (completed,) = [event.tool_call for event in events if isinstance(event, ToolCallCompleted)]
    assert (completed.name, completed.output) == ("f", "1")


def test_a_call_that_nobody_saw_asked_for_is_requested_before_it_is_completed() -> None:
    creator, submitter = Stage(), Stage()  # the creator is killed
    ahead = 20
    creator.answer("queued", asked=1, answered=2, operation=CREATE, created_at=ahead)
    outputs = {"tool_outputs": [{"tool_call_id": "call_1", "output": "1"}]}
    submitter.answer("queued", asked=5, answered=6, operation=SUBMIT, request=outputs, created_at=ahead)
    submitter.interpreter.end_all(7 * SECOND)
    events = threadtrail.merge([*creator.events, *submitter.events])
    check_story(events)
    (completed,) = [event.tool_call for event in events if isinstance(event, ToolCallCompleted)]
    assert (completed.id, completed.output, completed.ended_at) == ("call_1", "1", 5 * SECOND)
