"""Responses: one ``chat`` each, however they were watched, with their tokens once and their tools below."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import set_span_in_context
from pydantic import BaseModel, ValidationError

import threadtrail
from threadtrail.config.settings import Settings
from threadtrail.delivery.processors import build_processors
from threadtrail.events import Event, RequestFailed, RunEnded
from threadtrail.shape import unfinished_span_id
from threadtrail.testing.samples import events_of, sample_runs
from threadtrail.testing.server import RunScript, Usage
from threadtrail.trace_shape import span_id_for, trace_id_for
from threadtrail.values import EMPTY, Failure, Message, TextPart
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from otel_stage import Stage
    from threadtrail.testing import OtlpReceiver
    from threadtrail.testing.otlp import ReceivedPoint, ReceivedSpan
    from threadtrail.values import Run

RUNS = {name: run for name, run in sample_runs().items() if run.one_generation}
TOKENS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cached_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_input_tokens": "gen_ai.usage.cache_write.input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}


@pytest.fixture
def sent(receiver: OtlpReceiver) -> Callable[..., list[ReceivedSpan]]:
    """Exports events, or all those of a run; returns the spans that arrived."""

    def export(*events: Event, context: object = None, **options: Any) -> list[ReceivedSpan]:
        chosen = {"endpoint": receiver.url, "message_content": "SPAN_ONLY", **options}
        exporter = OpenTelemetryExporter(**chosen)
        exporter.start(Settings())
        exporter.export(events, [context] * len(events))
        exporter.shutdown(5.0)
        return receiver.spans

    return export


def ended(run: Run, **more: Any) -> RunEnded:
    return RunEnded(time=run.ended_at or 0, run=run, source=run.source, attributes=run.attributes, **more)


def read(span: ReceivedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


@pytest.mark.parametrize("name", ["plain_response", "background_response", "reasoning_response"])
def test_a_response_is_one_chat_and_no_agent(sent: Any, name: str) -> None:
    run = RUNS[name]
    (chat,) = sent(*events_of(run))
    assert (chat.name, chat.kind, chat.status) == ("chat gpt-5.2", "CLIENT", "UNSET")
    assert (chat.start, chat.end) == (run.created_at, run.ended_at)
    assert (chat.trace_id, chat.span_id) == (trace_id_for(run.id), span_id_for(run.id))
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.request.model"] == "gpt-5.2"
    assert chat.attributes["gen_ai.response.model"] == "gpt-5.2-2025-12-11"
    assert chat.attributes["gen_ai.response.id"] == run.id
    assert chat.attributes["gen_ai.response.finish_reasons"] == ["stop"]
    assert chat.attributes["openai.api.type"] == "responses"
    assert "threadtrail.reconstructed" not in chat.attributes
    assert [event.attributes["threadtrail.run.status"] for event in chat.events] == [
        change.status for change in run.status_history
    ]


COMMON = {
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "gen_ai.response.id",
    "gen_ai.response.finish_reasons",
    "openai.api.type",
    "openai.response.service_tier",
    *TOKENS.values(),
}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        (
            "plain_response",
            {
                "gen_ai.conversation.id",
                "gen_ai.prompt.name",
                "gen_ai.prompt.version",
                "openai.request.service_tier",
            },
        ),
        (
            "reasoning_response",
            {
                "gen_ai.request.stream",
                "gen_ai.response.time_to_first_chunk",
                "gen_ai.request.reasoning.level",
            },
        ),
        (
            "background_response",
            {
                "gen_ai.request.previous_response.id",
                "gen_ai.request.stream",
                "gen_ai.response.time_to_first_chunk",
            },
        ),
    ],
)
def test_what_the_conventions_have_for_it(sent: Any, name: str, more: set[str]) -> None:
    """Neither less than that nor more; all of it with ``NO_CONTENT``."""
    (chat,) = sent(*events_of(RUNS[name]), message_content="NO_CONTENT")
    named = {each for each in chat.attributes if each.startswith(("gen_ai.", "openai."))}
    assert named == COMMON | more


def test_the_settings_of_its_request(sent: Any) -> None:
    run = RUNS["plain_response"]
    request = replace(run.request, temperature=0.2, top_p=0.9, max_output_tokens=500, output_type="json")
    (chat,) = sent(ended(replace(run, request=request)))
    assert chat.attributes["gen_ai.request.temperature"] == 0.2
    assert chat.attributes["gen_ai.request.top_p"] == 0.9
    assert chat.attributes["gen_ai.request.max_tokens"] == 500
    assert chat.attributes["gen_ai.output.type"] == "json"


def test_one_that_others_created(sent: Any) -> None:
    run = replace(RUNS["background_response"], observed_from_start=False, input=())
    (chat,) = sent(ended(run))
    assert chat.attributes["threadtrail.run.observed_from_start"] is False
    assert "gen_ai.input.messages" not in chat.attributes
    assert chat.attributes["gen_ai.usage.input_tokens"] == 1220


def test_conversation_prompt_and_tiers_of_a_plain_one(sent: Any) -> None:
    (chat,) = sent(*events_of(RUNS["plain_response"]))
    assert chat.attributes["gen_ai.conversation.id"] == "conv_sample"
    assert chat.attributes["gen_ai.prompt.name"] == "pmpt_math_tutor"
    assert chat.attributes["gen_ai.prompt.version"] == "3"
    assert chat.attributes["gen_ai.prompt.variable.language"] == "English"
    assert chat.attributes["openai.request.service_tier"] == "flex"
    assert chat.attributes["openai.response.service_tier"] == "flex"
    assert chat.attributes["session.id"] == "s1"
    assert chat.attributes["user.id"] == "u1"
    assert not [name for name in chat.attributes if name.startswith("gen_ai.agent.")]


def test_a_chain_is_a_session_and_no_conversation(sent: Any) -> None:
    (chat,) = sent(*events_of(RUNS["background_response"]))
    assert "gen_ai.conversation.id" not in chat.attributes
    assert chat.attributes["gen_ai.request.previous_response.id"] == "resp_plain_response"
    assert chat.attributes["session.id"] == "resp_plain_response"
    assert "openai.request.service_tier" not in chat.attributes, "the tier auto asks for none"
    assert chat.attributes["openai.response.service_tier"] == "default"
    assert chat.attributes["threadtrail.run.background"] is True
    assert chat.attributes["threadtrail.run.completion_window"] == "2h"
    assert chat.attributes["threadtrail.run.poll_count"] == 9
    assert chat.attributes["threadtrail.run.resumed_streams"] == 1
    assert chat.attributes["threadtrail.run.seconds_in_queue"] == 30.0


def test_what_was_asked_of_a_reasoning_model(sent: Any) -> None:
    (chat,) = sent(*events_of(RUNS["reasoning_response"]))
    assert chat.attributes["gen_ai.request.reasoning.level"] == "high"
    assert chat.attributes["gen_ai.request.stream"] is True
    assert chat.attributes["gen_ai.response.time_to_first_chunk"] == pytest.approx(0.4)
    (message,) = read(chat, "gen_ai.output.messages")
    assert (message["role"], message["finish_reason"]) == ("assistant", "stop")
    assert [part["type"] for part in message["parts"]] == ["reasoning", "text", "text"]
    assert message["parts"][0]["content"].startswith("**Choosing a method**")


@pytest.mark.parametrize("usage", ["run", "steps", "both"])
@pytest.mark.parametrize("name", RUNS)
def test_the_tokens_of_all_spans_are_those_of_the_run(
    sent: Callable[..., list[ReceivedSpan]], name: str, usage: str
) -> None:
    run = RUNS[name]
    spans = sent(ended(run), usage=usage)
    counted = [span for span in spans if span.name.startswith("chat") or usage != "both"]
    for field, attribute in TOKENS.items():
        total = sum(span.attributes.get(attribute, 0) for span in counted)
        assert total == (getattr(run.usage, field) if run.usage else 0)
    assert len({span.trace_id for span in spans}) == 1
    assert len([span for span in spans if span.name == "chat gpt-5.2"]) == 1


def test_tools_of_the_server_are_below_the_chat(sent: Any) -> None:
    run = RUNS["hosted_tools"]
    spans = sent(*events_of(run))
    (chat,) = [span for span in spans if span.parent_id is None]
    tools = {span.attributes["gen_ai.tool.name"]: span for span in spans if span is not chat}
    assert (chat.name, chat.status) == ("chat gpt-5.2", "UNSET")
    assert {span.parent_id for span in tools.values()} == {chat.span_id}
    assert {(span.name.partition(" ")[0], span.kind) for span in tools.values()} == {
        ("execute_tool", "INTERNAL")
    }
    assert {name: span.attributes["gen_ai.tool.type"] for name, span in tools.items()} == {
        "web_search": "extension",
        "file_search": "datastore",
        "code_interpreter": "extension",
        "program": "extension",
        "shell": "extension",
        "get_policy": "extension",
        "image_generation": "extension",
    }
    failed = tools["get_policy"]
    assert (failed.status, failed.attributes["error.type"]) == ("ERROR", "http_error")
    assert failed.attributes["threadtrail.tool.server_label"] == "hr"
    assert failed.attributes["threadtrail.tool.kind"] == "mcp"
    assert tools["shell"].attributes["threadtrail.tool.caller_id"] == "call_program"
    assert {span.attributes["gen_ai.response.id"] for span in spans} == {run.id}
    assert read(tools["file_search"], "gen_ai.tool.call.arguments") == {"query": "days of leave"}
    assert read(tools["web_search"], "gen_ai.tool.call.result")[0]["title"] == "Leave in France"
    assert chat.attributes["threadtrail.run.tool_usage.web_search.num_requests"] == 1
    assert {tool["name"] for tool in read(chat, "gen_ai.tool.definitions")} == set(run.request.tool_names)
    (message,) = read(chat, "gen_ai.output.messages")
    kinds = [part["type"] for part in message["parts"]]
    assert kinds.count("server_tool_call") == 7
    assert kinds[-1] == "text"


def test_calls_for_the_app_stand_beside_the_chat_in_an_agent(sent: Any) -> None:
    run = RUNS["answered_calls"]
    spans = sent(*events_of(run))
    (agent,) = [span for span in spans if span.parent_id is None]
    (chat,) = [span for span in spans if span.name == "chat gpt-5.2"]
    weather, note, mail = [span for span in spans if span.name.startswith("execute_tool")]
    assert (agent.name, agent.kind, agent.status) == ("invoke_agent", "INTERNAL", "UNSET")
    assert {span.parent_id for span in spans if span is not agent} == {agent.span_id}
    assert (chat.start, chat.end) == (run.created_at, run.answered_at)
    assert (agent.start, agent.end) == (run.created_at, run.ended_at)
    assert chat.attributes["gen_ai.response.finish_reasons"] == ["tool_call"]
    assert not [name for name in agent.attributes if name.startswith("gen_ai.usage.")]
    assert {span.attributes["gen_ai.tool.type"] for span in (weather, note, mail)} == {"function"}
    assert read(weather, "gen_ai.tool.call.arguments") == {"city": "Paris"}
    assert weather.attributes["gen_ai.tool.call.result"] == "22 °C, sunny"
    assert weather.attributes["gen_ai.tool.description"] == "The weather in a city."
    assert weather.attributes["threadtrail.tool.namespace"] == "weather"
    assert mail.attributes["threadtrail.tool.executed_by"] == "human"
    assert mail.attributes["threadtrail.tool.approved"] is False
    (message,) = read(chat, "gen_ai.output.messages")
    assert [part["type"] for part in message["parts"]] == ["reasoning", *["tool_call"] * 3]
    assert read(chat, "gen_ai.tool.definitions")[0]["parameters"]["type"] == "object"


def test_a_call_that_is_still_open_has_no_span(sent: Any) -> None:
    spans = sent(*events_of(RUNS["open_call"]))
    assert [span.name for span in spans] == ["invoke_agent", "chat gpt-5.2"]


def test_the_whole_input_has_the_shapes_of_the_convention(sent: Any) -> None:
    (chat,) = [span for span in sent(*events_of(RUNS["answering_response"])) if span.kind == "CLIENT"]
    user, assistant, tool = read(chat, "gen_ai.input.messages")
    assert user["parts"] == [{"type": "text", "content": "How is the weather in Paris?"}]
    assert assistant["parts"] == [
        {"type": "tool_call", "id": "call_weather", "name": "get_weather", "arguments": {"city": "Paris"}}
    ], "encrypted reasoning is left out"
    assert tool["role"] == "tool"
    assert tool["parts"] == [{"type": "tool_call_response", "id": "call_weather", "response": "22 °C, sunny"}]
    assert chat.attributes["threadtrail.run.answers"] == ["resp_answered_calls"]
    assert chat.attributes["threadtrail.run.turn_id"] == "resp_answered_calls"
    assert chat.attributes["threadtrail.run.input_repeated"] == 2


@pytest.mark.parametrize(
    ("name", "status", "reasons", "error"),
    [
        ("failed_response", "ERROR", ["error"], "invalid_image_url"),
        ("incomplete_response", "UNSET", ["length"], None),
        ("cancelled_response", "UNSET", ["error"], None),
        ("refused_response", "UNSET", ["stop"], None),
        ("unfinished_response", "UNSET", None, None),
    ],
)
def test_each_end(sent: Any, name: str, status: str, reasons: list[str] | None, error: str | None) -> None:
    (chat,) = sent(*events_of(RUNS[name]))
    assert chat.status == status
    assert chat.attributes.get("gen_ai.response.finish_reasons") == reasons
    assert chat.attributes.get("error.type") == error
    assert chat.attributes["threadtrail.run.status"] == RUNS[name].status


@pytest.mark.parametrize("reason", ["content_filter", "steered", "max_messages"])
def test_other_reasons_stand_for_themselves(sent: Any, reason: str) -> None:
    (chat,) = sent(ended(replace(RUNS["incomplete_response"], incomplete_reason=reason)))
    assert chat.attributes["gen_ai.response.finish_reasons"] == [reason]
    assert chat.status == "UNSET"


def test_a_response_hangs_below_the_span_of_the_app(sent: Any) -> None:
    own = TracerProvider(shutdown_on_exit=False).get_tracer("app").start_span("handler")
    context = set_span_in_context(own, otel_context.Context())
    (chat,) = sent(ended(RUNS["plain_response"]), context=context)
    assert int(chat.parent_id or "0", 16) == own.get_span_context().span_id


def test_a_response_that_finishes_after_all_is_linked(sent: Any) -> None:
    run = RUNS["unfinished_response"]
    done = replace(run, finished=True, status="completed")
    unfinished, finished = sent(ended(run), ended(done, supersedes=True))
    if unfinished.span_id == span_id_for(run.id):
        unfinished, finished = finished, unfinished
    assert unfinished.span_id == unfinished_span_id(run.id)
    assert list(finished.links) == [(unfinished.trace_id, unfinished.span_id)]


def test_a_response_that_could_not_be_created_is_an_errored_chat(sent: Any) -> None:
    failed = RequestFailed(
        time=2,
        started_at=1,
        operation="responses.create",
        begins="generation",
        error=Failure(type="rate_limit_exceeded"),
        status_code=429,
    )
    (span,) = sent(failed)
    assert (span.name, span.status) == ("chat", "ERROR")
    assert span.attributes["error.type"] == "rate_limit_exceeded"


def test_an_answer_that_the_app_cannot_read_is_one_errored_chat_with_its_tokens(
    stage: Stage, traced: Callable[..., None]
) -> None:
    class Answer(BaseModel):
        number: int

    traced()
    stage.server.script(RunScript("seven", usage=Usage(100, 20)))
    with pytest.raises(ValidationError):
        stage.client.responses.parse(model="gpt-4o", input="3 + 4?", text_format=Answer)
    assert threadtrail.flush()
    (chat,) = stage.receiver.spans
    assert (chat.status, chat.attributes["error.type"]) == ("ERROR", "ValidationError")
    assert chat.attributes["gen_ai.usage.input_tokens"] == 100
    assert [event.name for event in chat.events][-1] == "threadtrail.request_failed"


def point(points: list[ReceivedPoint], name: str, value: str) -> ReceivedPoint:
    (found,) = [each for each in points if each.attributes.get(name) == value]
    return found


def test_metrics_count_a_chat_once(sent: Any, receiver: OtlpReceiver) -> None:
    run = RUNS["answered_calls"]
    sent(*events_of(run), *events_of(RUNS["unfinished_response"]))
    (duration,) = receiver.metrics["gen_ai.client.operation.duration"]
    assert duration.attributes["gen_ai.operation.name"] == "chat"
    assert duration.attributes["gen_ai.request.model"] == "gpt-5.2"
    assert duration.attributes["gen_ai.response.model"] == "gpt-5.2-2025-12-11"
    assert duration.attributes["openai.response.service_tier"] == "default"
    assert duration.count == 1
    assert duration.sum == pytest.approx(1.2)
    tokens = receiver.metrics["gen_ai.client.token.usage"]
    assert point(tokens, "gen_ai.token.type", "input").sum == 310
    assert point(tokens, "gen_ai.token.type", "output").sum == 60
    tools = receiver.metrics["gen_ai.execute_tool.duration"]
    assert {each.attributes["gen_ai.tool.name"] for each in tools} == {
        "get_weather",
        "take_note",
        "send_mail",
    }


def test_the_newest_metrics_know_cache_writes(sent: Any, receiver: OtlpReceiver) -> None:
    sent(ended(RUNS["plain_response"]), profile="genai-2026-10")
    metrics = receiver.metrics
    (written,) = metrics["gen_ai.client.inference.usage.cache_write.input_tokens"]
    assert written.sum == 256
    (duration,) = metrics["gen_ai.client.inference.duration"]
    assert duration.sum == pytest.approx(1.8)
    assert "gen_ai.client.operation.duration" not in metrics


@pytest.mark.parametrize("name", RUNS)
def test_without_content_none_of_it_is_sent(sent: Any, receiver: OtlpReceiver, name: str) -> None:
    run = RUNS[name]
    (processor,) = build_processors(capture_content=False)
    events = [event for each in events_of(run) if (event := processor(each)) is not None]
    before = {span.span_id for span in sent(ended(run))}
    receiver.requests.clear()
    after = {span.span_id for span in sent(*events, message_content="SPAN_AND_EVENT")}
    assert after == before, "the same spans, without content"
    for secret in texts(run):
        assert secret.encode() not in receiver.wire, secret


def texts(run: Run) -> list[str]:
    """Words of the app, of the model and of tools."""
    spoken: list[str] = [message.text for message in (*run.input, *run.output)]
    for call in run.tool_calls:
        spoken += [call.arguments or "", call.output or "", call.error.message or "" if call.error else ""]
    spoken += [str(part.text) for step in run.steps for part in step.parts if hasattr(part, "text")]
    spoken += [str(value) for value in run.request.prompt_variables.values()]
    return [text for text in spoken if len(text) > len("gpt-5.2")]


def test_the_secrets_would_be_seen(sent: Any, receiver: OtlpReceiver) -> None:
    run = RUNS["answered_calls"]
    sent(*events_of(run))
    assert "22 °C, sunny".encode() in receiver.wire
    assert texts(run)


def test_a_response_of_which_nothing_is_known_is_taken(sent: Any) -> None:
    run = replace(
        RUNS["plain_response"],
        assistant=None,
        model=None,
        request=replace(RUNS["plain_response"].request, model=None, prompt_variables=EMPTY),
        usage=None,
        steps=(),
        output=(Message(role="assistant", parts=(TextPart(text="Hello."),)),),
        source="someone.else",
    )
    (chat,) = sent(ended(run))
    assert chat.name == "chat"
    assert not [name for name in chat.attributes if name.startswith("openai.")]
    (message,) = read(chat, "gen_ai.output.messages")
    assert message["parts"] == [{"type": "text", "content": "Hello."}]
