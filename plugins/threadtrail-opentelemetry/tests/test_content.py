"""Content: none by default, and in the convention's form where it is wanted."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai
import pytest
from exporter_driving import WEATHER, answer, look
from opentelemetry.sdk.trace import TracerProvider

import threadtrail
from otel_stage import structured
from threadtrail.config.settings import Settings
from threadtrail.events import EVENT_CLASSES, Event
from threadtrail.testing.samples import events_of, sample_events, sample_runs
from threadtrail.testing.server import (
    CodeInterpreterCall,
    ErrorAnswer,
    Failed,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    Message,
    RunScript,
    Text,
    ToolCalls,
)
from threadtrail.values import CONTENT
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from otel_stage import Stage
    from threadtrail.testing import OtlpReceiver

VARIABLE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
MARK = "s3cr3t"
CITATION = {"type": "file_citation", "text": f"[{MARK}]", "file_citation": {"file_id": f"file-{MARK}"}}


def play_with_marks(stage: Stage) -> None:
    """A program that has the mark in everything that is its own."""
    stage.server.script_next(
        RunScript(
            ToolCalls(FunctionCall("get_weather", {"city": f"{MARK} arguments"})),
            ToolCalls(CodeInterpreterCall(f"{MARK} = 1", f"{MARK} logs")),
            ToolCalls(FileSearchCall([FileSearchResult(f"{MARK}.pdf", f"{MARK} passage", 0.9)])),
            Message(Text(f"{MARK} answer", [CITATION])),
        ),
        RunScript(Message(f"{MARK} half"), end=Failed("server_error", f"{MARK} error message")),
    )
    beta = stage.client.beta
    tool: Any = json.loads(json.dumps(WEATHER))
    tool["function"]["description"] = f"{MARK} tool description"
    assistant = beta.assistants.create(
        model="gpt-4o",
        name="Math Tutor",
        instructions=f"{MARK} instructions",
        description=f"{MARK} description",
        tools=[tool],
        metadata={"note": f"{MARK} assistant metadata"},
    )
    try:
        with threadtrail.trace("lesson"):
            thread = beta.threads.create(metadata={"note": f"{MARK} thread metadata"})
            beta.threads.messages.create(
                thread.id, role="user", content=f"{MARK} question", metadata={"note": f"{MARK} metadata"}
            )
            for _ in range(2):
                run = beta.threads.runs.create(
                    thread.id,
                    assistant_id=assistant.id,
                    additional_instructions=f"{MARK} more instructions",
                    metadata={"note": f"{MARK} run metadata"},
                )
                look(stage.client, answer(stage.client, run))
            refusal = ErrorAnswer(400, f"{MARK} refused", kind="invalid_request_error")
            stage.server.inject(refusal, "runs.create")
            with pytest.raises(openai.BadRequestError):
                beta.threads.runs.create(thread.id, assistant_id=assistant.id)
            raise RuntimeError(f"{MARK} words of an exception")  # noqa: TRY301 - it leaves the trace
    except RuntimeError:
        threadtrail.flush()
    threadtrail.shutdown()


@pytest.mark.parametrize("profile", ["core-1.41", "genai-2026-10"])
def test_by_default_no_byte_of_it_is_sent(stage: Stage, profile: str) -> None:
    stage.traced(message_content=None, profile=profile, thread_spans=True)
    play_with_marks(stage)
    assert len(stage.receiver.starting_with("invoke_agent")) == 3
    assert {request.path for request in stage.receiver.requests} == {"/v1/traces", "/v1/metrics"}
    assert MARK.encode() not in stage.receiver.wire


def test_the_stricter_setting_wins(stage: Stage) -> None:
    stage.traced(message_content="SPAN_AND_EVENT", settings={"capture_content": False})
    play_with_marks(stage)
    assert len(stage.receiver.starting_with("invoke_agent")) == 3
    assert MARK.encode() not in stage.receiver.wire


def test_the_marks_would_be_seen(stage: Stage) -> None:
    """The two tests above look for what is there, if content is on."""
    stage.traced(message_content="SPAN_AND_EVENT", thread_spans=True)
    play_with_marks(stage)
    for words in ("question", "answer", "arguments", "logs", "passage", "instructions", "error message"):
        assert f"{MARK} {words}".encode() in stage.receiver.wire, words


def test_events_alone_leave_the_spans_clean(stage: Stage) -> None:
    stage.traced(message_content="EVENT_ONLY")
    play_with_marks(stage)
    receiver = stage.receiver
    assert MARK.encode() not in b"".join(request.body for request in receiver.to("/v1/traces"))
    turns = {span.span_id: span for span in receiver.starting_with("chat")}
    first = next(
        record
        for record in receiver.log_records
        if record.span_id == receiver.starting_with("chat")[0].span_id
    )
    assert {record.name for record in receiver.log_records} == {"gen_ai.client.inference.operation.details"}
    assert {record.span_id for record in receiver.log_records} == turns.keys()
    assert first.trace_id == turns[first.span_id].trace_id
    # Events are structured, and repeat what the span of the turn says.
    assert first.attributes["gen_ai.input.messages"] == [
        {"role": "user", "parts": [{"type": "text", "content": f"{MARK} question"}]}
    ]
    told = first.attributes["gen_ai.system_instructions"]
    assert [part["content"] for part in told] == [f"{MARK} instructions {MARK} more instructions"]
    assert first.attributes["gen_ai.tool.definitions"][0]["name"] == "get_weather"
    assert first.attributes["gen_ai.operation.name"] == "chat"
    assert first.attributes["gen_ai.request.model"] == "gpt-4o"


def test_events_that_would_go_nowhere_are_warned_about(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.traced(message_content="EVENT_ONLY", tracer_provider=TracerProvider(shutdown_on_exit=False))
    assert "there is no logger provider" in caplog.text


@pytest.mark.parametrize("value", ["SPAN_ONLY", "span_only", " Span_Only "])
def test_the_variable_of_the_convention_is_read(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(VARIABLE, value)
    stage.traced(message_content=None)
    play_with_marks(stage)
    assert MARK.encode() in stage.receiver.wire
    assert not stage.receiver.log_records


def test_true_is_no_longer_valid_and_captures_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(VARIABLE, "true")
    with caplog.at_level(logging.WARNING, "threadtrail"):
        stage.traced(message_content=None)
    assert f"{VARIABLE}=true is not valid" in caplog.text
    assert "NO_CONTENT, SPAN_ONLY, EVENT_ONLY, SPAN_AND_EVENT" in caplog.text
    play_with_marks(stage)
    assert MARK.encode() not in stage.receiver.wire


@structured
def test_messages_on_spans_have_the_shapes_of_the_convention(stage: Stage) -> None:
    stage.traced(content_format="structured")
    play_with_marks(stage)
    agent = stage.receiver.starting_with("invoke_agent")[0]
    assert agent.attributes["gen_ai.input.messages"] == [
        {"role": "user", "parts": [{"type": "text", "content": f"{MARK} question"}]}
    ]
    assert agent.attributes["gen_ai.output.messages"] == [
        {
            "role": "assistant",
            "parts": [{"type": "text", "content": f"{MARK} answer"}],
            "finish_reason": "stop",
        }
    ]
    assert agent.attributes["gen_ai.tool.definitions"] == [
        {
            "type": "function",
            "name": "get_weather",
            "description": f"{MARK} tool description",
            "parameters": WEATHER["function"]["parameters"],  # type: ignore[index]  # it is a dict
        }
    ]
    assert agent.attributes["threadtrail.run.metadata.note"] == f"{MARK} run metadata"
    first, second = stage.receiver.starting_with("chat")[:2]
    ((asked,),) = [message["parts"] for message in first.attributes["gen_ai.output.messages"]]
    ((given,),) = [message["parts"] for message in second.attributes["gen_ai.input.messages"]]
    assert asked["type"] == "tool_call"
    assert asked["arguments"] == {"city": f"{MARK} arguments"}
    assert (given["type"], given["id"]) == ("tool_call_response", asked["id"])
    assert given["response"]["celsius"] == 20


def test_json_and_structured_say_the_same(stage: Stage) -> None:
    stage.traced(content_format="json")
    play_with_marks(stage)
    agent = stage.receiver.starting_with("invoke_agent")[0]
    assert json.loads(agent.attributes["gen_ai.input.messages"])[0]["parts"][0]["type"] == "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTomorrow(Event):
    """An event that this version does not know."""

    event: str = "OfTomorrow"
    type: str = "thread.something"
    words: str = field(default=MARK, metadata=CONTENT)


def test_unknown_events_are_passed_over(receiver: OtlpReceiver) -> None:
    exporter = OpenTelemetryExporter(endpoint=receiver.url)
    exporter.start(Settings())
    exporter.export([OfTomorrow(time=1)], [None])
    exporter.shutdown(2.0)
    assert receiver.spans == []


def test_every_sample_event_is_taken(receiver: OtlpReceiver) -> None:
    """All classes of events and all kinds of runs, straight to the exporter."""
    exporter = OpenTelemetryExporter(
        endpoint=receiver.url, message_content="SPAN_AND_EVENT", thread_spans=True, usage="both"
    )
    exporter.start(Settings())
    events = [*sample_events(), *(event for run in sample_runs().values() for event in events_of(run))]
    assert {type(event) for event in events} == set(EVENT_CLASSES)
    exporter.export(events, [None] * len(events))
    exporter.shutdown(2.0)
    exporter.shutdown(2.0)
    exporter.export(events, [None] * len(events))  # too late: not sent, and no error
    roots = [span for span in receiver.spans if "threadtrail.run.finished" in span.attributes]
    assert {span.attributes["threadtrail.run.id"] for span in roots} == {
        run.id for run in sample_runs().values()
    }
    for span in receiver.spans:
        assert span.start <= span.end
    assert len(roots) == len(sample_runs()) + 7, "seven of them are among the sample events, too"
