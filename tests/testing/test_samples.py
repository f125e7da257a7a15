"""The samples are what they promise: every class, JSON round trips, stories that could have happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from threadtrail.events import (
    EVENT_CLASSES,
    Event,
    RunCreated,
    RunEnded,
    ToolCallCompleted,
    ToolCallRequested,
)
from threadtrail.shape.usage import add_usages
from threadtrail.testing.samples import events_of, sample_events, sample_runs

if TYPE_CHECKING:
    from threadtrail.values import Run, Step, ToolCall

RUNS = sample_runs()
EACH_RUN = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)


def test_every_event_class_is_there() -> None:
    assert {type(event) for event in sample_events()} == set(EVENT_CLASSES)


def test_samples_are_the_same_each_time() -> None:
    assert sample_events() == sample_events()


def test_every_event_survives_json() -> None:
    for event in [*sample_events(), *(event for run in RUNS.values() for event in events_of(run))]:
        assert Event.from_json(event.to_json()) == event


@EACH_RUN
def test_a_story_runs_from_created_to_ended(run: Run) -> None:
    story = events_of(run, trace_id="t")
    assert isinstance(story[0], RunCreated)
    assert isinstance(story[-1], RunEnded)
    assert [event.time for event in story] == sorted(event.time for event in story)
    assert {(event.trace_id, event.attributes) for event in story} == {("t", run.attributes)}
    for kind in (ToolCallRequested, ToolCallCompleted):
        calls = [event.tool_call.id for event in story if isinstance(event, kind)]
        assert sorted(calls) == sorted(call.id for call in run.tool_calls)


@EACH_RUN
def test_the_parts_fit_the_whole(run: Run) -> None:
    assert RUNS[run.id.removeprefix("run_")] is run
    assert run.created_at is not None
    assert run.ended_at is not None
    parts: tuple[Step | ToolCall, ...] = (*run.steps, *run.tool_calls)
    for part in parts:
        for time in (part.started_at, part.ended_at):
            assert time is None or run.created_at <= time <= run.ended_at
    usages = [step.usage for step in run.steps]
    if run.usage is not None and all(usages) and usages:
        total = add_usages(usages)
        assert total is not None
        assert total.total_tokens == run.usage.total_tokens
    made = {step.message_id for step in run.steps if step.message_id}
    assert made <= {message.id for message in run.output}
