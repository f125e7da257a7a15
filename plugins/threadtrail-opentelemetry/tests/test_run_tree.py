"""One run, one tree: names, nesting, times, tokens, ends."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openai
import pytest
from exporter_driving import FUNCTION_CALLS, answer, asked, look, tutor, whole_run

import threadtrail
from otel_stage import structured
from threadtrail import trace_shape
from threadtrail.config.settings import Settings
from threadtrail.shape import unfinished_span_id
from threadtrail.testing.samples import events_of, sample_runs
from threadtrail.testing.server import (
    Cancelled,
    CodeInterpreterCall,
    Expired,
    Failed,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    Incomplete,
    Message,
    RunScript,
    ToolCalls,
    Usage,
    server_error,
    too_many_requests,
)
from threadtrail.values import Usage as Tokens
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

    from otel_stage import Stage
    from threadtrail.testing import AssistantsServer
    from threadtrail.testing.otlp import OtlpReceiver, ReceivedSpan
    from threadtrail.values import Run

TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")


def summed(spans: list[ReceivedSpan]) -> tuple[int, int]:
    return tuple(sum(span.attributes.get(name, 0) for span in spans) for name in TOKENS)


def test_function_calls_make_one_tree(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(FUNCTION_CALLS)
    traced()
    run = whole_run(client)
    assert threadtrail.flush()

    agent = receiver.span("invoke_agent Math Tutor")
    tree = [span for span in receiver.spans if span.trace_id == agent.trace_id]
    assert Counter(span.name for span in tree) == {
        "invoke_agent Math Tutor": 1,
        "chat gpt-4o": 2,
        "execute_tool get_weather": 2,
    }
    children = [span for span in tree if span is not agent and span.span_id != agent.span_id]
    assert {span.parent_id for span in children} == {agent.span_id}
    assert agent.parent_id is None
    assert all(agent.start <= span.start <= span.end <= agent.end for span in children)
    assert {(span.name.partition(" ")[0], span.kind, span.status) for span in tree} == {
        ("invoke_agent", "CLIENT", "UNSET"),
        ("chat", "CLIENT", "UNSET"),
        ("execute_tool", "INTERNAL", "UNSET"),
    }
    assert {span.attributes["gen_ai.conversation.id"] for span in tree} == {run.thread_id}
    assert agent.attributes["gen_ai.agent.id"] == run.assistant_id
    assert agent.attributes["threadtrail.run.id"] == run.id
    assert agent.attributes["server.port"] == server.port
    # The server is on this computer: what its address says is no provider that the convention knows.
    assert agent.attributes["gen_ai.provider.name"] == "127.0.0.1"
    statuses = [event.attributes["threadtrail.run.status"] for event in agent.events]
    assert [statuses[0], statuses[-1], statuses.count("requires_action")] == ["queued", "completed", 1]


def test_tools_carry_arguments_results_and_live_times(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(FUNCTION_CALLS)
    traced()
    whole_run(client, output=lambda _number, call: {"of": call.id})
    threadtrail.flush()

    tools = receiver.starting_with("execute_tool")
    agent = receiver.span("invoke_agent Math Tutor")
    seen = {event.attributes["threadtrail.run.status"]: event.time for event in agent.events}
    arguments = [json.loads(span.attributes["gen_ai.tool.call.arguments"]) for span in tools]
    assert arguments == [{"city": "Paris"}, {"city": "Oslo"}]
    for span in tools:
        identity = span.attributes["gen_ai.tool.call.id"]
        assert identity in span.attributes["gen_ai.tool.call.result"]
        assert span.attributes["gen_ai.tool.type"] == "function"
        assert span.attributes["gen_ai.agent.name"] == "Math Tutor"
        assert span.attributes["gen_ai.tool.description"] == "The weather in a city."
        assert span.start == seen["requires_action"]
        assert span.start < span.end < agent.end


@pytest.mark.parametrize(
    ("options", "on_agent", "on_turns", "whole"),
    [
        ({}, (0, 0), (440, 52), (440, 52)),
        ({"usage": "steps"}, (0, 0), (440, 52), (440, 52)),
        ({"usage": "run"}, (440, 52), (0, 0), (440, 52)),
        ({"usage": "both"}, (440, 52), (440, 52), (880, 104)),
    ],
)
def test_tokens_stand_where_they_are_asked_for_and_else_on_chat(
    stage: Stage,
    options: dict[str, str],
    on_agent: tuple[int, int],
    on_turns: tuple[int, int],
    whole: tuple[int, int],
) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.traced(**options)
    run = whole_run(stage.client)
    threadtrail.flush()
    assert (run.usage.prompt_tokens, run.usage.completion_tokens) == (440, 52)
    assert summed(stage.receiver.starting_with("invoke_agent")) == on_agent
    assert summed(stage.receiver.starting_with("chat")) == on_turns
    assert summed(stage.receiver.spans) == whole


@pytest.mark.parametrize(("usage", "turns"), [("run", 0), ("steps", 1)])
def test_a_run_whose_steps_nobody_saw_has_a_turn_only_to_hold_its_tokens(
    stage: Stage,
    usage: str,
    turns: int,
) -> None:
    stage.server.script(RunScript(Message("Hello.", usage=Usage(30, 5))))
    stage.traced(usage=usage)
    assistant, thread = tutor(stage.client), asked(stage.client)
    stage.client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    threadtrail.flush()
    assert len(stage.receiver.starting_with("chat")) == turns
    assert summed(stage.receiver.spans) == (30, 5)


@pytest.mark.parametrize(
    ("end", "status", "reason", "error"),
    [
        (Failed("rate_limit_exceeded", "Quota of org Q exceeded."), "ERROR", "error", "rate_limit_exceeded"),
        (Expired(), "ERROR", "error", "expired"),
        (Incomplete("max_completion_tokens"), "UNSET", "length", None),
        (Incomplete("content_filter"), "UNSET", "content_filter", None),
        (Cancelled(), "UNSET", "error", None),
    ],
)
def test_each_end_in_the_words_of_the_convention(
    stage: Stage,
    end: Any,
    status: str,
    reason: str,
    error: str | None,
) -> None:
    stage.server.script(RunScript(Message("Half an ans"), end=end))
    stage.traced()
    assistant, thread = tutor(stage.client), asked(stage.client)
    run = stage.client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    look(stage.client, run)
    threadtrail.flush()
    agent = stage.receiver.span("invoke_agent Math Tutor")
    assert agent.status == status
    assert agent.attributes["gen_ai.response.finish_reasons"] == [reason]
    assert agent.attributes.get("error.type") == error
    assert agent.attributes["threadtrail.run.status"] == run.status
    if isinstance(end, Failed):
        assert agent.message == "Quota of org Q exceeded."


@structured
def test_the_tools_of_the_api_and_what_they_gave(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(
        RunScript(
            ToolCalls(CodeInterpreterCall("print(2 + 2)", "4\n")),
            ToolCalls(FileSearchCall([FileSearchResult("leave.pdf", "25 days", 0.9)])),
            Message("4, and 25 days."),
        )
    )
    traced(content_format="structured")
    assistant, thread = tutor(client), asked(client)
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    look(client, run)
    threadtrail.flush()
    code, search = receiver.span("execute_tool code_interpreter"), receiver.span("execute_tool file_search")
    assert code.attributes["gen_ai.tool.type"] == "extension"
    assert code.attributes["gen_ai.tool.call.arguments"] == {"input": "print(2 + 2)"}
    assert code.attributes["gen_ai.tool.call.result"] == [{"type": "logs", "logs": "4\n"}]
    assert search.attributes["gen_ai.tool.type"] == "datastore"
    assert search.attributes["gen_ai.tool.call.result"][0]["file_name"] == "leave.pdf"
    assert len(receiver.starting_with("chat")) == 3


def test_creating_an_assistant_is_a_span_of_its_own(
    client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    traced()
    assistant = tutor(client, instructions="Be brief.", description="Helps with maths.")
    threadtrail.flush()
    (span,) = receiver.spans
    assert (span.name, span.kind, span.status) == ("create_agent Math Tutor", "CLIENT", "UNSET")
    assert span.attributes["gen_ai.agent.id"] == assistant.id
    assert span.attributes["gen_ai.agent.description"] == "Helps with maths."
    assert span.attributes["gen_ai.request.model"] == "gpt-4o"
    assert span.attributes["gen_ai.system_instructions"] == '[{"type":"text","content":"Be brief."}]'
    assert span.end > span.start


def test_a_run_that_could_not_be_created_is_an_errored_span(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    traced()
    assistant, thread = tutor(client), asked(client)
    server.inject(too_many_requests(), "runs.create")
    with pytest.raises(openai.RateLimitError):
        client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    threadtrail.flush()
    span = receiver.span("invoke_agent")
    assert span.status == "ERROR"
    assert span.attributes["http.response.status_code"] == 429
    assert span.attributes["gen_ai.agent.id"] == assistant.id
    assert span.attributes["gen_ai.conversation.id"] == thread.id
    assert span.attributes["threadtrail.request.operation"] == "threads.runs.create"
    assert span.attributes["error.type"]


def test_a_poll_that_failed_is_an_event_of_its_run(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(RunScript(Message("Hello.")))
    traced()
    assistant, thread = tutor(client), asked(client)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    server.inject(server_error(), "runs.retrieve")
    with pytest.raises(openai.InternalServerError):
        client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    answer(client, run)
    threadtrail.flush()
    agent = receiver.span("invoke_agent Math Tutor")
    (failure,) = [event for event in agent.events if event.name == "threadtrail.request_failed"]
    assert failure.attributes["http.response.status_code"] == 500
    assert failure.attributes["threadtrail.request.operation"] == "threads.runs.retrieve"
    assert agent.status == "UNSET"


def test_polls_threads_and_messages_make_no_spans_unless_asked_for(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(RunScript(Message("Hello."), polls=20))
    traced()
    assistant, thread = tutor(client), asked(client)
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    threadtrail.flush()
    names = [span.name for span in receiver.spans]
    assert sorted(names) == ["chat gpt-4o", "create_agent Math Tutor", "invoke_agent Math Tutor"]
    assert receiver.span("invoke_agent Math Tutor").attributes["threadtrail.run.poll_count"] == 20


def test_threads_and_messages_have_spans_if_asked_for(
    client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    traced(thread_spans=True)
    thread = asked(client)
    threadtrail.flush()
    assert [span.name for span in receiver.spans] == ["create_thread", "create_message"]
    assert {span.attributes["gen_ai.conversation.id"] for span in receiver.spans} == {thread.id}


def test_a_stream_tells_when_its_first_output_came(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(RunScript(Message("Hello there.")))
    traced()
    assistant, thread = tutor(client), asked(client)
    with client.beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        stream.until_done()
    threadtrail.flush()
    turn = receiver.span("chat gpt-4o")
    assert turn.attributes["gen_ai.request.stream"] is True
    assert 0 <= turn.attributes["gen_ai.response.time_to_first_chunk"] <= (turn.end - turn.start) / 1e9
    assert receiver.span("invoke_agent Math Tutor").attributes["threadtrail.run.seconds_to_first_output"] > 0


def test_an_unfinished_run_says_so(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("get_weather", {"city": "Rome"})), Message("Warm.")))
    traced()
    assistant, thread = tutor(client), asked(client)
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    threadtrail.shutdown()
    agent = receiver.span("invoke_agent Math Tutor")
    assert agent.status == "UNSET"
    assert agent.attributes["threadtrail.run.finished"] is False
    assert agent.attributes["gen_ai.response.finish_reasons"] == ["tool_call"]


def test_the_ids_of_a_private_provider_derive_from_the_run(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> None:
    server.script(FUNCTION_CALLS)
    traced()
    run = whole_run(client)
    threadtrail.flush()
    agent = receiver.span("invoke_agent Math Tutor")
    assert agent.trace_id == trace_shape.trace_id_for(run.id)
    assert agent.span_id == trace_shape.span_id_for(run.id)
    assert len({span.span_id for span in receiver.spans}) == len(receiver.spans) == 6


def test_a_run_that_finishes_after_it_was_given_up(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.traced(settings={"max_open_runs": 1}, usage="run")
    assistant, thread = tutor(stage.client), asked(stage.client)
    run = stage.client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    other = stage.client.beta.threads.runs.create(asked(stage.client).id, assistant_id=assistant.id)
    threadtrail.flush()  # the first run has to give way to the other one
    for each in (run, other):
        answer(stage.client, each)
        threadtrail.flush()
    agents = [span for span in stage.receiver.spans if span.trace_id == trace_shape.trace_id_for(run.id)]
    agents = [span for span in agents if span.name == "invoke_agent Math Tutor"]
    unfinished, finished = sorted(agents, key=lambda span: span.attributes["threadtrail.run.finished"])
    assert unfinished.attributes["threadtrail.run.finished"] is False
    assert finished.attributes["threadtrail.run.finished"] is True
    assert unfinished.trace_id == finished.trace_id == trace_shape.trace_id_for(run.id)
    assert unfinished.span_id == unfinished_span_id(run.id)
    assert finished.span_id == trace_shape.span_id_for(run.id)
    assert list(finished.links) == [(unfinished.trace_id, unfinished.span_id)]
    assert not any(name in unfinished.attributes for name in TOKENS)
    assert all(name in finished.attributes for name in TOKENS)
    durations = stage.receiver.metrics["gen_ai.client.operation.duration"]
    (runs,) = (each for each in durations if each.attributes["gen_ai.operation.name"] == "invoke_agent")
    assert runs.count == 2, "one for each of the two runs"


def exported(receiver: OtlpReceiver, *runs: Run, **options: Any) -> None:
    exporter = OpenTelemetryExporter(endpoint=receiver.url, **options)
    exporter.start(Settings())
    exporter.export([events_of(run)[-1] for run in runs], [None] * len(runs))
    exporter.shutdown(5.0)


@pytest.mark.parametrize("usage", ["run", "steps", "both"])
@pytest.mark.parametrize(
    "name", ["parallel_function_calls", "unfinished", "plain_response", "answered_calls"]
)
def test_an_unfinished_run_has_no_tokens(
    receiver: OtlpReceiver, no_settings: None, usage: str, name: str
) -> None:
    exported(
        receiver, replace(sample_runs()[name], finished=False, usage=Tokens(input_tokens=3)), usage=usage
    )
    assert receiver.spans
    assert not any(key.startswith("gen_ai.usage") for span in receiver.spans for key in span.attributes)
    assert not receiver.metrics


def test_the_second_run_of_an_id_is_a_trace_of_its_own(receiver: OtlpReceiver, no_settings: None) -> None:
    first = sample_runs()["parallel_function_calls"]
    second = replace(first, id_reused=True, created_at=(first.created_at or 0) + 1)
    exported(receiver, first, second)
    spans = receiver.spans
    assert len({span.span_id for span in spans}) == len(spans)
    assert {span.trace_id for span in spans} == {trace_shape.trace_id_for(run.key) for run in (first, second)}
