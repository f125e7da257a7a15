"""The status of a run that nobody saw end: the one that the server was last seen to give it."""

from __future__ import annotations

import threadtrail
from recording.stage import CANCEL, CREATE, OPERATIONS, SECOND, SUBMIT, Stage, merged
from threadtrail.context import Scope
from threadtrail.events import RunEnded
from threadtrail.recording.observation import Call, Raised
from threadtrail.values import Failure, Run

FUNCTION = {"name": "f", "arguments": "{}"}
CALLS = {"tool_calls": [{"id": "call_1", "type": "function", "function": FUNCTION}]}
REQUIRED = {"type": "submit_tool_outputs", "submit_tool_outputs": CALLS}
OUTPUTS = {"tool_outputs": [{"tool_call_id": "call_1", "output": "1"}]}


def submit_and_time_out(stage: Stage, *, at: int) -> None:
    """Submit the outputs of the run at this second; no answer comes."""
    ids = {"run_id": "run_1", "thread_id": "thread_run_1"}
    call = Call(OPERATIONS[SUBMIT], at * SECOND, ids, None, Scope(), request=OUTPUTS)
    stage.interpreter.handle(Raised(call, (at + 1) * SECOND, Failure(type="APITimeoutError")), at + 1.0)


def asked_for_outputs() -> tuple[Stage, Stage]:
    """Return a process that creates a run, and a worker that sees it ask for outputs."""
    creator, worker = Stage(), Stage()
    creator.answer("queued", asked=1, answered=2, operation=CREATE)
    worker.answer("requires_action", asked=3, answered=4, required_action=REQUIRED)
    return creator, worker


def unfinished(*stages: Stage, end: int) -> Run:
    """Return the run that these processes saw, which nobody saw end."""
    (run,) = [event.run for event in merged(*stages, end=end) if isinstance(event, RunEnded)]
    assert run.finished is False
    return run


def test_a_submission_that_timed_out_changes_nothing() -> None:
    creator, worker = asked_for_outputs()
    submit_and_time_out(creator, at=5)
    run = unfinished(creator, worker, end=9)
    assert (run.status, run.awaits_outputs) == ("requires_action", True)


def test_what_is_seen_after_it_counts() -> None:
    creator, worker = asked_for_outputs()
    submit_and_time_out(creator, at=5)
    worker.answer("queued", asked=7, answered=8)
    run = unfinished(creator, worker, end=9)
    assert (run.status, run.awaits_outputs) == ("queued", False)


def test_a_status_that_came_back_is_missing_if_who_sees_it_again_saw_no_other() -> None:
    creator, worker = asked_for_outputs()
    submit_and_time_out(worker, at=5)
    creator.answer("queued", asked=7, answered=8)
    run = unfinished(creator, worker, end=9)
    assert [change.status for change in run.status_history] == ["queued", "requires_action"]
    assert (run.status, run.awaits_outputs) == ("requires_action", True)


def test_a_run_that_another_process_cancels_awaits_nothing() -> None:
    creator, canceller = Stage(), Stage()
    creator.answer("requires_action", asked=1, answered=2, operation=CREATE, required_action=REQUIRED)
    canceller.answer("cancelling", asked=3, answered=4, operation=CANCEL)
    run = unfinished(creator, canceller, end=5)
    assert (run.status, run.awaits_outputs) == ("cancelling", False)


def test_a_run_that_was_published_as_unfinished_and_is_seen_again() -> None:
    creator = Stage(max_open_runs=1)
    creator.answer("queued", asked=1, answered=2, operation=CREATE)
    creator.answer("queued", asked=1, answered=3, operation=CREATE, run="run_2")  # takes its place
    creator.answer("in_progress", asked=4, answered=5)
    creator.interpreter.end_all(6 * SECOND)
    own = [event.run.status for event in creator.events if isinstance(event, RunEnded)]
    runs = [event.run for event in threadtrail.merge(creator.events) if isinstance(event, RunEnded)]
    assert own == ["queued", "queued"]
    assert {run.id: run.status for run in runs} == {"run_1": "in_progress", "run_2": "queued"}
