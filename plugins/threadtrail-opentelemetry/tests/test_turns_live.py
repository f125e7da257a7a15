"""Tool loops of the real SDK as spans: one trace each, however the app chains its responses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from responses_driving import ASK, WEATHER, with_a_function, with_an_answered_function

import threadtrail
from threadtrail.testing.server import FunctionCall, McpApprovalRequest, Message, RunScript, ToolCalls
from threadtrail.testing.server import Usage as Tokens
from threadtrail.trace_shape import span_id_for, trace_id_for, turn_span_id

if TYPE_CHECKING:
    from otel_stage import Stage

TOKENS = "gen_ai.usage.input_tokens"
USAGE = Tokens(100, 20)


def outputs(response: Any) -> list[Any]:
    """What the app answers the functions of a response with."""
    return [
        {"type": "function_call_output", "call_id": item.call_id, "output": "22"}
        for item in response.output
        if item.type == "function_call"
    ]


def whole_loop(stage: Stage, style: str) -> list[Any]:
    """Run a loop of three responses, with two calls at once and then one; return the responses."""
    first = ToolCalls(FunctionCall("get_weather", "{}"), FunctionCall("get_time", "{}"))
    second = ToolCalls(FunctionCall("get_weather", '{"city": "Oslo"}'))
    stage.server.script(RunScript(first, second, Message("Warm."), usage=USAGE))
    history: list[Any] = [{"role": "user", "content": ASK["input"]}]
    chain: dict[str, Any] = {}
    if style == "conversation":
        chain = {"conversation": stage.client.conversations.create().id}
    given, responses = list(history), []
    while given:
        request = history if style == "whole input" else given
        response = stage.client.responses.create(model="gpt-4o", input=request, tools=[WEATHER], **chain)
        responses.append(response)
        given = outputs(response)
        history += [*(item.to_dict() for item in response.output), *given]
        if style == "previous_response_id":
            chain = {"previous_response_id": response.id}
    return responses


@pytest.mark.parametrize("style", ["previous_response_id", "conversation", "whole input"])
def test_a_loop_of_three_responses(stage: Stage, style: str) -> None:
    stage.traced()
    responses = whole_loop(stage, style)
    threadtrail.flush()
    spans = stage.receiver.spans
    assert Counter(span.name for span in spans) == {
        "invoke_agent": 1,
        "chat gpt-4o": 3,
        "execute_tool get_weather": 2,
        "execute_tool get_time": 1,
    }
    agent = stage.receiver.span("invoke_agent")
    assert agent.span_id == turn_span_id(responses[0].id)
    assert {span.trace_id for span in spans} == {trace_id_for(responses[0].id)}
    assert Counter(span.parent_id for span in spans) == {None: 1, agent.span_id: 6}
    assert sum(span.attributes.get(TOKENS, 0) for span in spans) == 300
    assert TOKENS not in agent.attributes
    for span in spans:
        assert agent.start <= span.start <= span.end <= agent.end


def test_an_output_after_a_flush(stage: Stage) -> None:
    stage.traced()
    asking = with_a_function(stage.server, stage.client)
    threadtrail.flush()
    (chat,) = stage.receiver.spans
    assert (chat.name, chat.parent_id) == ("chat gpt-4o", turn_span_id(asking.id))
    assert chat.attributes["gen_ai.response.finish_reasons"] == ["tool_call"]
    stage.client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=outputs(asking))
    threadtrail.flush()
    agent, tool = stage.receiver.span("invoke_agent"), stage.receiver.span("execute_tool get_weather")
    assert tool.span_id == span_id_for(asking.id, "tool", asking.output[-1].call_id)
    assert tool.attributes["gen_ai.tool.call.result"] == "22"
    assert Counter(span.parent_id for span in stage.receiver.spans) == {None: 1, agent.span_id: 3}
    assert agent.end >= tool.end
    assert agent.attributes["threadtrail.turn.finished"] is True


def test_a_call_that_nobody_answers(stage: Stage) -> None:
    stage.traced()
    with_a_function(stage.server, stage.client)
    threadtrail.flush()
    assert [span.name for span in stage.receiver.spans] == ["chat gpt-4o"], "an open call has no span"
    threadtrail.shutdown()
    agent, tool = stage.receiver.span("invoke_agent"), stage.receiver.span("execute_tool get_weather")
    assert agent.attributes["threadtrail.turn.finished"] is False
    assert (tool.parent_id, len(stage.receiver.spans)) == (agent.span_id, 3)
    assert "gen_ai.tool.call.result" not in tool.attributes


def test_a_person_approves_a_call(stage: Stage) -> None:
    stage.traced()
    stage.server.script(RunScript(ToolCalls(McpApprovalRequest("send_mail")), Message("Sent."), usage=USAGE))
    asking = stage.client.responses.create(**ASK)
    (request,) = [item for item in asking.output if item.type == "mcp_approval_request"]
    answer: Any = {"type": "mcp_approval_response", "approval_request_id": request.id, "approve": True}
    stage.client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=[answer])
    threadtrail.flush()
    agent, mail = stage.receiver.span("invoke_agent"), stage.receiver.span("execute_tool send_mail")
    assert mail.parent_id == agent.span_id
    assert mail.attributes["threadtrail.tool.executed_by"] == "human"
    assert mail.attributes["threadtrail.tool.approved"] is True
    assert agent.attributes["threadtrail.turn.seconds_person"] > 0


def test_inside_a_span_of_the_app(stage: Stage) -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    stage.traced(tracer_provider=provider)
    with provider.get_tracer("app").start_as_current_span("handler") as handler:
        with_an_answered_function(stage.server, stage.client)
    threadtrail.flush()
    spans = [span for span in memory.get_finished_spans() if span.name != "handler"]
    assert sorted(span.name for span in spans) == ["chat gpt-4o", "chat gpt-4o", "execute_tool get_weather"]
    assert {span.parent.span_id for span in spans if span.parent} == {handler.get_span_context().span_id}


def test_inside_a_trace(stage: Stage) -> None:
    stage.traced()
    with threadtrail.trace("lesson"):
        with_an_answered_function(stage.server, stage.client)
    threadtrail.flush()
    lesson, agent = stage.receiver.span("lesson"), stage.receiver.span("invoke_agent")
    assert (lesson.parent_id, agent.parent_id) == (None, lesson.span_id)
    assert Counter(span.parent_id for span in stage.receiver.spans) == {
        None: 1,
        lesson.span_id: 1,
        agent.span_id: 3,
    }
    assert len({span.trace_id for span in stage.receiver.spans}) == 1


def test_two_turns_are_two_traces(stage: Stage) -> None:
    stage.traced()
    one, two = (with_an_answered_function(stage.server, stage.client) for _ in range(2))
    threadtrail.flush()
    assert Counter(span.trace_id for span in stage.receiver.spans) == {
        trace_id_for(one.id): 4,
        trace_id_for(two.id): 4,
    }
