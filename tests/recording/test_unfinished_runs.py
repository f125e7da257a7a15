"""Runs that were given up: who publishes them, and what happens if they finish after all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driving import new_assistant, new_thread, outputs_for, poll, resolved
from recording.stage import CREATE, LIST, SECOND, SUBMIT, Stage
from threadtrail.events import (
    Event,
    RunCreated,
    RunEnded,
    StepCompleted,
    ToolCallCompleted,
    ToolCallRequested,
)
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, Hangs, Message, RunScript, ToolCalls

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer

CALL = {"id": "call_1", "type": "function", "function": {"name": "approve", "arguments": "{}"}}
WAITS: dict[str, Any] = {"required_action": {"submit_tool_outputs": {"tool_calls": [CALL]}}}
OUTPUTS = [{"tool_call_id": "call_1", "output": "approved"}]
USAGE: dict[str, Any] = {"usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}}


def of(stage: Stage, *kinds: type[Event]) -> list[Any]:
    return [event for event in stage.events if isinstance(event, kinds)]


def published(stage: Stage) -> list[tuple[str | None, bool, bool]]:
    return [(event.run.status, event.run.finished, event.supersedes) for event in of(stage, RunEnded)]


# -- a run that finishes after it was given up ----------------------------------------------------------


def test_it_is_published_once_more() -> None:
    stage = Stage(run_timeout_seconds=10.0, settle_seconds=0.0)
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.answer("requires_action", asked=2, answered=2, **WAITS)
    stage.interpreter.tick(100.0)
    assert published(stage) == [("requires_action", False, False)]
    # A person has approved after an hour.
    stage.answer("queued", asked=3_600, answered=3_601, operation=SUBMIT, request={"tool_outputs": OUTPUTS})
    stage.answer("completed", asked=3_605, answered=3_605, **USAGE)
    stage.interpreter.tick(3_700.0)
    assert published(stage) == [("requires_action", False, False), ("completed", True, True)]
    final = of(stage, RunEnded)[-1].run
    assert [change.status for change in final.status_history] == [
        "queued",
        "requires_action",
        "queued",
        "completed",
    ]
    (call,) = final.tool_calls
    assert (call.name, call.output, call.error) == ("approve", "approved", None)
    assert final.usage.total_tokens == 7
    assert final.ended_at == 3_605 * SECOND
    assert len(of(stage, RunCreated)) == 1
    assert len(of(stage, ToolCallRequested)) == len(of(stage, ToolCallCompleted)) == 1


def test_what_it_was_given_up_with_is_published_once() -> None:
    stage = Stage(run_timeout_seconds=10.0)
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    for second in (2, 200, 400):
        stage.answer("in_progress", asked=second, answered=second)
        stage.interpreter.tick(second + 100.0)
    assert published(stage) == [("in_progress", False, False)]
    stage.answer("failed", asked=600, answered=600, last_error={"code": "server_error"})
    stage.interpreter.tick(700.0)
    stage.answer("failed", asked=800, answered=800, last_error={"code": "server_error"})
    stage.interpreter.tick(900.0)
    assert published(stage) == [("in_progress", False, False), ("failed", True, True)]


def test_steps_are_published_once_and_right_in_the_end() -> None:
    stage = Stage(run_timeout_seconds=10.0)
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.see_step("in_progress", at=2)
    stage.interpreter.tick(100.0)
    stage.answer("in_progress", asked=200, answered=200)
    stage.see_step("completed", at=201)
    stage.answer("completed", asked=202, answered=202)
    stage.interpreter.tick(400.0)
    first, final = (event.run for event in of(stage, RunEnded))
    assert (first.steps[0].status, final.steps[0].status) == ("in_progress", "completed")
    assert [event.type for event in of(stage, StepCompleted)] == ["thread.run.step.unfinished"]


def test_a_trace_does_not_wait_for_it_for_ever(server: AssistantsServer, client: Any, strict: None) -> None:
    import threadtrail

    server.script(RunScript("never", end=Hangs()))
    with capture(max_open_runs=1) as captured, threadtrail.trace("two"):
        for _ in range(2):
            client.beta.threads.create_and_run(assistant_id=client.beta.assistants.create(model="m").id)
    assert [event.event for event in captured.events][-1] == "TraceEnded"


# -- who publishes --------------------------------------------------------------------------------------


def test_a_process_that_only_looked_publishes_no_unfinished_run() -> None:
    stage = Stage(run_timeout_seconds=10.0)
    stage.answer("in_progress", asked=1, answered=1)
    stage.interpreter.tick(100.0)
    assert published(stage) == []
    stage.answer("completed", asked=200, answered=200)
    stage.interpreter.end_all(300 * SECOND)
    assert published(stage) == [("completed", True, False)]


@pytest.mark.parametrize(
    ("publish_runs", "runs"),
    [
        ("all", [("completed", True), ("queued", False)]),
        ("finished", [("completed", True)]),
        ("none", []),
    ],
)
def test_the_setting(publish_runs: str, runs: list[tuple[str, bool]]) -> None:
    stage = Stage(publish_runs=publish_runs)
    for run in ("run_1", "run_2"):
        stage.answer("queued", asked=1, answered=1, run=run, operation=CREATE)
    stage.answer("completed", asked=2, answered=2, run="run_1")
    stage.interpreter.end_all(9 * SECOND)
    assert sorted((status, finished) for status, finished, _ in published(stage)) == sorted(runs)
    assert len(of(stage, RunCreated)) == 2


# -- a run that is over when it is first seen -----------------------------------------------------------

NOW = 10_000


@pytest.mark.parametrize(
    ("ended_at", "operation", "count"),
    [(NOW - 60, None, 1), (NOW - 5_000, None, 0), (None, None, 1), (NOW - 60, LIST, 0)],
    ids=["lately", "long ago", "nobody knows when", "in a list"],
)
def test_it_is_history_if_it_ended_long_ago(ended_at: int | None, operation: str | None, count: int) -> None:
    stage = Stage(run_timeout_seconds=900.0)
    given = {} if operation is None else {"operation": operation}
    stage.answer("completed", asked=NOW, answered=NOW, completed_at=ended_at, **given)
    stage.interpreter.end_all((NOW + 1) * SECOND)
    assert len(published(stage)) == len(of(stage, RunCreated)) == count


# -- outputs that a process submits which has not seen the run before -------------------------------------


async def test_outputs_are_recorded_where_submitting_is_the_first_look(
    any_client: Any, server: AssistantsServer, strict: None
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("approve", {"id": 1})), Message("done")))
    runs = any_client.beta.threads.runs
    thread_id, assistant_id = await new_thread(any_client), await new_assistant(any_client)
    run = await poll(any_client, await resolved(runs.create(thread_id, assistant_id=assistant_id)))
    with capture() as captured:  # another process, which got the ids from a queue
        submitted = runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs_for(run))
        await poll(any_client, await resolved(submitted))
        await resolved(runs.steps.list(run.id, thread_id=thread_id))
    (call,) = captured.run().tool_calls
    assert (call.name, call.output) == ("approve", "output of approve")
    assert not captured.run().observed_from_start
