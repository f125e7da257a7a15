"""Responses at AgentOps: a model turn as the root of its trace, no agent and no session around it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agentops_shown import shown
from threadtrail.delivery.processors import build_processors
from threadtrail.events import Event, RequestFailed, RunEnded, TraceEnded, TraceStarted
from threadtrail.shape import unfinished_span_id
from threadtrail.testing.samples import events_of, sample_runs
from threadtrail.trace_shape import span_id_for, trace_id_for
from threadtrail.values import Failure
from threadtrail_agentops import AgentOpsExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agentops_receiver import Receiver
    from agentops_shown import Shown

RUNS = {name: run for name, run in sample_runs().items() if run.one_generation}


def exported(options: dict[str, Any], receiver: Receiver, events: Sequence[Event]) -> Shown:
    """The one trace that becomes of these events."""
    exporter = AgentOpsExporter(**options)
    exporter.start()
    exporter.export(events, [None] * len(events))
    exporter.shutdown(2.0)
    (trace,) = shown(receiver.spans)
    return trace


def test_a_plain_response_is_a_model_turn_and_its_outcome(
    options: dict[str, Any], receiver: Receiver
) -> None:
    run = RUNS["plain_response"]
    trace = exported({**options, "tags": ["nightly"]}, receiver, events_of(run))
    root, outcome = trace.spans
    assert (trace.name, trace.status) == ("pmpt_math_tutor.llm", "OK")
    assert trace.types == {"llm": 1, "operation": 1}
    assert trace.seconds == pytest.approx(1.8, abs=1e-4)
    assert trace.tags == ("nightly", "beta")
    assert (root.trace_id, root.span_id) == (trace_id_for(run.id), span_id_for(run.id))
    assert (root.parent_id, outcome.parent_id) == (None, root.span_id)
    assert (outcome.name, outcome.status) == ("run completed.operation", "OK")
    expected = {
        "agentops.session.end_state": "Success",
        "gen_ai.request.model": "gpt-5.2",
        "gen_ai.response.model": "gpt-5.2-2025-12-11",
        "gen_ai.response.id": run.id,
        "gen_ai.prompt.0.role": "system",
        "gen_ai.prompt.1.role": "user",
        "gen_ai.completion.0.content": "Subtract 11 and divide by 3: x = 1.",
        "gen_ai.completion.0.finish_reason": "stop",
        "gen_ai.usage.prompt_tokens": 1104,
        "gen_ai.usage.cache_read_input_tokens": 512,
        "gen_ai.usage.cache_creation_input_tokens": 256,
        "threadtrail.prompt.id": "pmpt_math_tutor",
        "threadtrail.prompt.version": "3",
        "threadtrail.thread.id": "conv_sample",
        "user.id": "u1",
        "session.id": "s1",
    }
    assert {name: root.attributes.get(name) for name in expected} == expected


def test_tools_of_the_server_are_below_the_turn(options: dict[str, Any], receiver: Receiver) -> None:
    trace = exported(options, receiver, events_of(RUNS["hosted_tools"]))
    root = trace.spans[0]
    assert trace.types == {"llm": 1, "tool": 7, "operation": 1}
    assert {span.parent_id for span in trace.spans[1:]} == {root.span_id}
    failed = receiver.span("get_policy.tool")
    assert (failed.status, failed.attributes["tool.status"]) == ("ERROR", "failed")
    assert failed.attributes["threadtrail.tool.server_label"] == "hr"
    found = json.loads(receiver.span("file_search.tool").attributes["tool.result"])
    assert found[0]["filename"] == "handbook.pdf"
    assert trace.status == "OK"


def test_the_whole_input_is_its_prompts(options: dict[str, Any], receiver: Receiver) -> None:
    exported(options, receiver, events_of(RUNS["answering_response"]))
    attributes = receiver.span("gpt-5.2-2025-12-11.llm").attributes
    said = [
        (attributes[f"gen_ai.prompt.{index}.role"], attributes[f"gen_ai.prompt.{index}.content"])
        for index in range(3)
    ]
    assert said == [
        ("user", "How is the weather in Paris?"),
        ("assistant", '[get_weather({"city": "Paris"})]'),
        ("tool", "22 °C, sunny"),
    ]


@pytest.mark.parametrize(
    ("name", "status", "state", "reason"),
    [
        ("failed_response", "ERROR", "Error", None),
        ("incomplete_response", "OK", "Indeterminate", "length"),
        ("cancelled_response", "OK", "Indeterminate", None),
        ("refused_response", "OK", "Success", "stop"),
        ("unfinished_response", "OK", "Indeterminate", None),
    ],
)
def test_each_end(
    options: dict[str, Any], receiver: Receiver, name: str, status: str, state: str, reason: str | None
) -> None:
    trace = exported(options, receiver, events_of(RUNS[name]))
    root = trace.spans[0]
    assert trace.status == root.status == status
    assert root.attributes["agentops.session.end_state"] == state
    assert root.attributes.get("gen_ai.completion.0.finish_reason") == reason
    if status == "ERROR":
        assert root.attributes["error.type"] == "invalid_image_url"
        assert root.message == "The image cannot be downloaded."


def test_in_a_trace_it_is_below_that(options: dict[str, Any], receiver: Receiver) -> None:
    run = RUNS["plain_response"]
    begin, end = run.created_at or 0, run.ended_at or 0
    trace = exported(
        options,
        receiver,
        [
            TraceStarted(time=begin, name="lesson", trace_id="t"),
            *events_of(run, trace_id="t"),
            TraceEnded(time=end, started_at=begin, name="lesson", trace_id="t"),
        ],
    )
    assert trace.types == {"session": 1, "llm": 1, "operation": 1}
    assert receiver.span("pmpt_math_tutor.llm").parent_id == receiver.span("lesson.session").span_id


def test_a_response_that_could_not_be_created_is_a_failed_operation(
    options: dict[str, Any], receiver: Receiver
) -> None:
    failed = RequestFailed(
        time=2_000_000,
        started_at=1_000_000,
        operation="responses.create",
        begins="generation",
        error=Failure(type="rate_limit_exceeded"),
    )
    trace = exported(options, receiver, [failed])
    assert (trace.name, trace.status) == ("create_response.operation", "ERROR")


@pytest.mark.parametrize("name", RUNS)
def test_without_content_none_of_it_is_sent(options: dict[str, Any], receiver: Receiver, name: str) -> None:
    run = RUNS[name]
    (processor,) = build_processors(capture_content=False)
    events = [event for each in events_of(run) if (event := processor(each)) is not None]
    exported(options, receiver, events)
    wire = receiver.wire
    assert run.id.encode() in wire
    spoken: list[Any] = [message.text for message in (*run.input, *run.output)]
    spoken += [text for call in run.tool_calls for text in (call.arguments, call.output)]
    spoken += [getattr(part, "text", None) for step in run.steps for part in step.parts]
    spoken += ["English", "The image cannot", "The server answered"]
    for text in spoken:
        assert not text or len(text) < 4 or text.encode() not in wire, text


@pytest.mark.parametrize("name", ["background_response", "answered_calls"])
def test_a_response_that_finishes_after_it_was_given_up(
    options: dict[str, Any], receiver: Receiver, name: str
) -> None:
    run = RUNS[name]
    ended = events_of(run)[-1]
    assert isinstance(ended, RunEnded)
    assert run.usage is not None
    earlier = (run.ended_at or 0) - 1_000_000
    given_up = replace(
        run, finished=False, status="in_progress", steps=(), output=(), answered_at=None, ended_at=earlier
    )
    trace = exported(options, receiver, [replace(ended, run=given_up), replace(ended, supersedes=True)])
    spans = trace.spans
    assert len({span.span_id for span in spans}) == len(spans)
    assert {span.trace_id for span in spans} == {trace_id_for(run.key)}
    (unfinished,) = [span for span in spans if span.span_id == unfinished_span_id(run.key)]
    (finished,) = [span for span in spans if span.span_id == span_id_for(run.key)]
    assert list(finished.links) == [(unfinished.trace_id, unfinished.span_id)]
    assert trace.tokens["total"] == run.usage.total_tokens
    assert (trace.spans[0].span_id != unfinished.span_id, trace.status) == (True, "OK")


def test_the_second_response_of_an_id_is_a_trace_of_its_own(
    options: dict[str, Any], receiver: Receiver
) -> None:
    first = RUNS["hosted_tools"]
    second = replace(first, id_reused=True, created_at=(first.created_at or 0) + 1)
    exporter = AgentOpsExporter(**options)
    exporter.start()
    exporter.export([events_of(first)[-1], events_of(second)[-1]], [None, None])
    exporter.shutdown(2.0)
    assert len({span.span_id for span in receiver.spans}) == len(receiver.spans)
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(run.key) for run in (first, second)}
