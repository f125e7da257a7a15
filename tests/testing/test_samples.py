"""The samples have every class, survive JSON, and are stories that could have happened."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.events import (
    EVENT_CLASSES,
    Event,
    RunCreated,
    RunEnded,
    ToolCallCompleted,
    ToolCallRequested,
)
from threadtrail.shape import add_usages
from threadtrail.testing.samples import events_of, is_open, sample_events, sample_runs

if TYPE_CHECKING:
    from threadtrail.values import Run, Step, ToolCall

RUNS = sample_runs()

OF_RESPONSES = [
    *(f"Usage.{name}" for name in ("cache_write_input_tokens", "cached_input_tokens", "reasoning_tokens")),
    *("Failure.param", "Message.phase", "Message.tool_call_id", "Assistant.kind", "Assistant.version"),
    *("Step.index", "Step.parts", "Step.phase"),
    *(
        f"ToolCall.{name}"
        for name in (
            *("status", "item_id", "executed_by", "server_label", "namespace", "caller_id", "approved"),
            "error",
        )
    ),
    *(
        f"RunRequest.{name}"
        for name in (
            *("previous_response_id", "background", "completion_window", "store", "include", "stream"),
            *("max_tool_calls", "service_tier", "reasoning_summary", "verbosity", "context_management"),
            *("prompt_variables", "max_output_tokens", "reasoning_effort", "tools", "tool_names"),
        )
    ),
    *(
        f"Run.{name}"
        for name in (
            *("source", "background", "stored", "answered_at", "resumed", "service_tier", "tool_usage"),
            *("request_id", "deleted", "previous_run_id", "answers", "turn_id", "session_key"),
            *("input_repeated", "one_generation", "incomplete_reason", "thread_id", "awaits_outputs"),
        )
    ),
    *(
        "ReasoningPart.text",
        "ReasoningPart.encrypted_bytes",
        "ToolCallPart.arguments",
        "ToolResultPart.output",
    ),
]
"""As ``class.field``."""

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
    assert {event.source for event in story} == {run.source}
    requested = [event.tool_call.id for event in story if isinstance(event, ToolCallRequested)]
    assert sorted(requested) == sorted(call.id for call in run.tool_calls)
    completed = [event.tool_call.id for event in story if isinstance(event, ToolCallCompleted)]
    assert sorted(completed) == sorted(call.id for call in run.tool_calls if not is_open(run, call))


@EACH_RUN
def test_the_parts_fit_the_whole(run: Run) -> None:
    assert RUNS[run.id.partition("_")[2]] is run
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


def kept(value: object) -> dict[str, Any]:
    """The fields of a dataclass, by its class and their names, that hold something."""
    found: dict[str, Any] = {}
    for field in fields(value):  # type: ignore[arg-type]  # a dataclass
        held = getattr(value, field.name)
        default = field.default if field.default is not MISSING else None
        if held != default:
            found[f"{type(value).__name__}.{field.name}"] = held
        for inner in held if isinstance(held, tuple) else (held,):
            if is_dataclass(inner):
                found.update(kept(inner))
    return found


def test_every_field_that_only_responses_have_is_in_one_of_them() -> None:
    found: dict[str, Any] = {}
    for run in RUNS.values():
        if run.one_generation:
            found.update(kept(run))
    assert [name for name in OF_RESPONSES if name not in found] == []
