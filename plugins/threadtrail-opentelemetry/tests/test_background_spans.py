"""``background_spans="conventions"``: a background response's creation, and the fetch that saw its end."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from responses_driving import ASK, in_the_background

import threadtrail
from threadtrail.config.settings import Settings
from threadtrail.events import RunEnded
from threadtrail.shape import unfinished_span_id
from threadtrail.testing.samples import sample_runs
from threadtrail.testing.server import CodeInterpreterCall, Failed, Message, RunScript, ToolCalls
from threadtrail.trace_shape import span_id_for, trace_id_for
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from otel_stage import Stage
    from threadtrail.testing import OtlpReceiver
    from threadtrail.testing.otlp import ReceivedSpan
    from threadtrail.values import Run

LETTER: dict[str, Any] = {"background_spans": "conventions"}
RUNS = sample_runs()


def exported(receiver: OtlpReceiver, run: Run, **more: Any) -> list[ReceivedSpan]:
    exporter = OpenTelemetryExporter(endpoint=receiver.url, message_content="SPAN_ONLY", **LETTER)
    exporter.start(Settings())
    exporter.export([RunEnded(time=run.ended_at or 0, run=run, source=run.source, **more)], [None])
    exporter.shutdown(5.0)
    return receiver.spans


def test_a_chat_for_the_creation_and_one_fetch_at_the_end(stage: Stage) -> None:
    stage.traced(**LETTER)
    response = in_the_background(stage.server, stage.client)
    threadtrail.flush()
    chat, fetch = sorted(stage.receiver.spans, key=lambda span: span.start)
    assert (chat.name, chat.kind, chat.status) == ("chat gpt-4o", "CLIENT", "UNSET")
    assert (fetch.name, fetch.kind, fetch.status) == ("fetch_response", "CLIENT", "UNSET")
    assert (chat.trace_id, chat.span_id) == (trace_id_for(response.id), span_id_for(response.id))
    assert (fetch.trace_id, fetch.span_id) == (chat.trace_id, span_id_for(response.id, "fetch_response"))
    assert list(fetch.links) == [(chat.trace_id, chat.span_id)]
    assert chat.end < fetch.start == fetch.end
    for span in (chat, fetch):
        assert span.attributes["gen_ai.response.id"] == response.id
        assert span.attributes["server.address"] == "127.0.0.1"
    assert fetch.attributes["gen_ai.operation.name"] == "fetch_response"
    assert fetch.attributes["gen_ai.response.status"] == "completed"
    assert fetch.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert "gen_ai.response.finish_reasons" not in chat.attributes
    statuses = [[each.attributes["threadtrail.run.status"] for each in span.events] for span in (chat, fetch)]
    assert statuses == [["queued"], ["in_progress", "completed"]]


def test_each_has_its_part_of_the_content(stage: Stage) -> None:
    stage.traced(**LETTER)
    in_the_background(stage.server, stage.client)
    threadtrail.flush()
    chat, fetch = sorted(stage.receiver.spans, key=lambda span: span.start)
    assert ASK["input"] in chat.attributes["gen_ai.input.messages"]
    assert "gen_ai.output.messages" not in chat.attributes
    assert "gen_ai.input.messages" not in fetch.attributes
    (message,) = json.loads(fetch.attributes["gen_ai.output.messages"])
    assert message["parts"] == [{"type": "text", "content": "Sunny."}]


def test_neither_has_tokens_and_no_metric_has(stage: Stage) -> None:
    stage.traced(**LETTER)
    in_the_background(stage.server, stage.client)
    threadtrail.shutdown()
    assert not [name for span in stage.receiver.spans for name in span.attributes if "usage" in name]
    assert "gen_ai.client.token.usage" not in stage.receiver.metrics
    (duration,) = stage.receiver.metrics["gen_ai.client.operation.duration"]
    chat = stage.receiver.span("chat gpt-4o")
    assert duration.sum == pytest.approx((chat.end - chat.start) / 1e9)


def test_a_failure_is_on_the_fetch(stage: Stage) -> None:
    stage.traced(**LETTER)
    stage.server.script_next(RunScript(Message("Half"), end=Failed("server_error", "Sorry."), polls=2))
    response = stage.client.responses.create(**ASK, background=True)
    while response.status in {"queued", "in_progress"}:
        response = stage.client.responses.retrieve(response.id)
    threadtrail.flush()
    chat, fetch = stage.receiver.span("chat gpt-4o"), stage.receiver.span("fetch_response")
    assert (chat.status, fetch.status) == ("UNSET", "ERROR")
    assert fetch.attributes["error.type"] == "server_error"
    assert "error.type" not in chat.attributes


def test_tools_of_the_server_stay_below_the_chat(stage: Stage) -> None:
    stage.traced(**LETTER)
    stage.server.script_next(
        RunScript(ToolCalls(CodeInterpreterCall("print(22)", "22")), Message("22."), polls=2)
    )
    response = stage.client.responses.create(**ASK, background=True)
    while response.status in {"queued", "in_progress"}:
        response = stage.client.responses.retrieve(response.id)
    threadtrail.flush()
    tool, chat = stage.receiver.span("execute_tool code_interpreter"), stage.receiver.span("chat gpt-4o")
    assert tool.parent_id == chat.span_id


def test_below_a_span_of_the_app_both_are_its_children(stage: Stage) -> None:
    stage.traced(**LETTER)
    with threadtrail.trace("lesson"):
        in_the_background(stage.server, stage.client)
    threadtrail.flush()
    lesson = stage.receiver.span("lesson")
    chat, fetch = stage.receiver.span("chat gpt-4o"), stage.receiver.span("fetch_response")
    assert {chat.parent_id, fetch.parent_id} == {lesson.span_id}


@pytest.mark.parametrize("options", [{}, {"stream": True}])
def test_what_its_create_brought_is_one_chat_with_tokens(stage: Stage, options: dict[str, Any]) -> None:
    stage.traced(**LETTER)
    answer = stage.client.responses.create(**ASK, background=bool(options), **options)
    if options:
        for _ in answer:
            pass
    threadtrail.flush()
    (chat,) = stage.receiver.spans
    assert chat.attributes["gen_ai.usage.input_tokens"] > 0
    assert chat.attributes["gen_ai.response.finish_reasons"] == ["stop"]


def test_one_that_others_created_is_a_fetch_alone(receiver: OtlpReceiver) -> None:
    run = replace(RUNS["background_response"], observed_from_start=False)
    (fetch,) = exported(receiver, run)
    assert fetch.name == "fetch_response"
    assert fetch.attributes["threadtrail.run.observed_from_start"] is False
    assert "gen_ai.input.messages" not in fetch.attributes
    assert len(fetch.events) == len(run.status_history)


def test_one_that_was_not_seen_to_end_is_a_chat_alone(receiver: OtlpReceiver) -> None:
    run = RUNS["unfinished_response"]
    (chat,) = exported(receiver, run)
    assert (chat.name, chat.span_id) == ("chat gpt-5.2", unfinished_span_id(run.key))
    assert (chat.start, chat.end) == (run.created_at, run.status_history[0].time)


def test_its_end_comes_as_a_fetch_linked_to_that(receiver: OtlpReceiver) -> None:
    run = RUNS["unfinished_response"]
    history = (*run.status_history, RUNS["background_response"].status_history[-1])
    done = replace(run, finished=True, status="completed", status_history=history)
    (fetch,) = exported(receiver, done, supersedes=True)
    assert fetch.name == "fetch_response"
    assert list(fetch.links) == [(trace_id_for(run.key), unfinished_span_id(run.key))]


def test_a_call_for_the_app_is_beside_both(receiver: OtlpReceiver) -> None:
    run = replace(
        RUNS["answered_calls"], background=True, status_history=RUNS["background_response"].status_history
    )
    spans = exported(receiver, run)
    (agent,) = [span for span in spans if span.name == "invoke_agent"]
    below = [span.name for span in spans if span.parent_id == agent.span_id]
    assert {"chat gpt-5.2", "fetch_response"} < set(below)
    assert len(below) == 5
