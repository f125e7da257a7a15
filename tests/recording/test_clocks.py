"""Clocks that are set back, stand still or are minutes off: no interval is negative, and none is absurd."""

from __future__ import annotations

import dataclasses
import time
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import new_assistant, outputs_for, poll, resolved
from recording.invariants import check_story
from recording.stage import CREATE, OPERATIONS, SECOND, Stage
from threadtrail.context import Scope
from threadtrail.events import Event, RunEnded, TraceEnded
from threadtrail.instrumentation import results, watching
from threadtrail.recording.observation import Call, FirstOutput
from threadtrail.shape import shape
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import AssistantsServer

MINUTE = 60


def intervals(value: Any) -> Iterator[tuple[int, int]]:
    """Every pair of a beginning and an end in an event, however deep."""
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from intervals(item)
    elif dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        begins = fields.get("started_at") or fields.get("created_at")
        ends = fields.get("ended_at") or fields.get("completed_at")
        if isinstance(value, Event):
            ends = value.time
        if begins is not None and ends is not None:
            yield begins, ends
        for item in fields.values():
            yield from intervals(item)


class SetBack:
    """A clock that goes back by ten minutes each time that it is read after `from_now_on`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._real = time.time_ns
        self._back = 0
        self._jumps = False
        monkeypatch.setattr(time, "time_ns", self)
        for module in (watching, results):
            monkeypatch.setattr(module, "time_ns", self)

    def from_now_on(self) -> None:
        self._jumps = True

    def __call__(self) -> int:
        self._back += 10 * MINUTE * SECOND if self._jumps else 0
        return self._real() - self._back


async def test_a_clock_that_is_set_back_while_things_happen(
    any_client: Any, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f")), Message("done")))
    clock = SetBack(monkeypatch)
    clock.from_now_on()
    threads = any_client.beta.threads
    with capture() as captured, threadtrail.trace("all"):
        thread = await resolved(threads.create(messages=[{"role": "user", "content": "q"}]))
        run = await resolved(threads.runs.create(thread.id, assistant_id=await new_assistant(any_client)))
        run = await poll(any_client, run)
        outputs = outputs_for(run)
        submitted = threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs)
        await poll(any_client, await resolved(submitted))
        await resolved(threads.runs.steps.list(run.id, thread_id=thread.id))
        await resolved(threads.messages.list(thread.id))
    assert [pair for event in captured.events for pair in intervals(event) if pair[1] < pair[0]] == []
    for span in shape(captured.run()).walk():
        assert span.start <= span.end
    (trace,) = captured.of(TraceEnded)
    assert trace.started_at <= trace.time


def lived(stage: Stage) -> tuple[int, int]:
    """When the one run was created and when it ended."""
    (run,) = (event.run for event in stage.events if isinstance(event, RunEnded))
    return run.created_at or 0, run.ended_at or 0


@pytest.mark.parametrize("minutes", [5, 60])
def test_the_clock_of_a_server_that_is_ahead(minutes: int) -> None:
    stage, ahead = Stage(settle_seconds=0.0), minutes * MINUTE
    stage.answer("in_progress", asked=1_000, answered=1_000, created_at=998 + ahead, started_at=999 + ahead)
    stage.answer("completed", asked=1_005, answered=1_005, created_at=998 + ahead, completed_at=1_004 + ahead)
    stage.interpreter.tick(1_100.0)
    created_at, ended_at = lived(stage)
    assert 0 <= ended_at - created_at <= 10 * SECOND
    assert abs(created_at - 1_000 * SECOND) <= 10 * SECOND


@pytest.mark.parametrize("off", [-60 * MINUTE, 60 * MINUTE])
def test_the_clock_of_a_server_that_is_off_for_a_run_of_this_process(off: int) -> None:
    stage = Stage(settle_seconds=0.0)
    stage.answer("queued", asked=1_000, answered=1_000, operation=CREATE, created_at=1_000 + off)
    stage.answer("completed", asked=1_005, answered=1_005, created_at=1_000 + off, completed_at=1_004 + off)
    stage.interpreter.tick(1_100.0)
    created_at, ended_at = lived(stage)
    assert ended_at - created_at == 5 * SECOND


def test_output_that_reaches_the_app_after_the_end_was_seen_is_not_later_than_that() -> None:
    stage = Stage()
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.answer("completed", asked=3, answered=3, completed_at=3)
    # A slow reader of the run's stream, which another thread polls.
    reads = Call(OPERATIONS[CREATE], SECOND, {"run_id": "run_1"}, None, Scope())
    stage.interpreter.handle(FirstOutput(reads, 5 * SECOND), 5.0)
    stage.interpreter.end_all(6 * SECOND)
    (run,) = [event.run for event in stage.events if isinstance(event, RunEnded)]
    assert run.first_output_at == run.ended_at == 3 * SECOND


def test_a_clock_that_is_set_back_while_a_run_is_followed() -> None:
    stage = Stage()
    stage.answer("queued", asked=100, answered=101, operation=CREATE)
    stage.answer("in_progress", asked=102, answered=103)
    stage.answer("requires_action", asked=10, answered=11)
    stage.see_step("completed", at=12)
    stage.answer("cancelled", asked=13, answered=14)
    stage.interpreter.end_all(15 * SECOND)
    check_story(stage.events)
    (run,) = [event.run for event in stage.events if isinstance(event, RunEnded)]
    assert [change.time // SECOND for change in run.status_history] == [101, 103, 103, 103]
    assert (run.status, run.ended_at) == ("cancelled", 103 * SECOND)
