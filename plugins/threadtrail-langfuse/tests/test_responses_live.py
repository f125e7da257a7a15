"""Responses of the real SDK at Langfuse: one generation each, its tokens once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from responses_driving import (
    in_the_background,
    with_a_function,
    with_an_answered_function,
    with_hosted_tools,
)

import threadtrail
from langfuse_stage import total_usage
from threadtrail_langfuse import observation_id_for, trace_id_for, trace_url

if TYPE_CHECKING:
    from langfuse_stage import Stage


def test_polled_in_the_background(stage: Stage) -> None:
    stage.trace()
    response = in_the_background(stage.server, stage.client)
    stage.observations()
    generation = stage.langfuse.one("generation")
    assert (generation.id, generation.parent_id) == (observation_id_for(response.id), None)
    assert not stage.langfuse.of("agent")
    assert total_usage(stage.langfuse.observations)["total"] == 120
    assert [each.name for each in stage.langfuse.of("event")] == [
        "response.queued",
        "response.in_progress",
        "response.completed",
    ]


def test_streamed_with_hosted_tools(stage: Stage) -> None:
    stage.trace()
    with_hosted_tools(stage.server, stage.client)
    stage.observations()
    generation = stage.langfuse.one("generation")
    assert [each.name for each in stage.langfuse.of("tool")] == ["web_search", "code_interpreter"]
    assert {each.parent_id for each in stage.langfuse.of("tool")} == {generation.id}
    assert generation.output == {"role": "assistant", "content": "22 degrees."}


def test_a_function_that_the_next_response_answers(stage: Stage) -> None:
    stage.trace()
    asking = with_an_answered_function(stage.server, stage.client)
    observations = stage.observations()
    agent, tool = stage.langfuse.one("agent"), stage.langfuse.one("tool")
    assert {each.trace_id for each in observations} == {trace_id_for(asking.id)}
    assert (agent.parent_id, agent.output) == (None, "Warm.")
    assert {each.parent_id for each in stage.langfuse.of("generation", "tool")} == {agent.id}
    assert (tool.name, tool.output) == ("get_weather", 22)
    assert total_usage(observations)["total"] == 240
    assert [each.name for each in observations if each.is_app_root] == [agent.name]


def test_a_function_that_is_answered_after_its_response_was_sent(stage: Stage) -> None:
    stage.trace()
    asking = with_a_function(stage.server, stage.client)
    assert threadtrail.flush()
    assert [each.type for each in stage.langfuse.observations if each.type != "event"] == ["generation"]
    output: Any = {"type": "function_call_output", "call_id": asking.output[-1].call_id, "output": "22"}
    answering = stage.client.responses.create(model="gpt-4o", input=[*asking.output, output])
    assert trace_id_for(answering.id) == trace_id_for(asking.id)
    assert str(trace_url(answering.id)).endswith(trace_id_for(asking.id))
    stage.observations()
    agent, tool = stage.langfuse.one("agent"), stage.langfuse.one("tool")
    assert {each.trace_id for each in stage.langfuse.observations} == {trace_id_for(asking.id)}
    assert (tool.output, tool.parent_id) == (22, agent.id)
    assert agent.end >= tool.end


def test_a_function_that_asks_a_model_itself(stage: Stage) -> None:
    stage.trace()
    asking = with_a_function(stage.server, stage.client)
    call_id = asking.output[-1].call_id
    with threadtrail.tool(call_id):
        inner = stage.client.responses.create(model="gpt-4o-mini", input="Is 22 warm?")
    output: Any = {"type": "function_call_output", "call_id": call_id, "output": "22"}
    stage.client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=[output])
    stage.observations()
    tool = stage.langfuse.one("tool")
    (within,) = [each for each in stage.langfuse.of("generation") if each.id == observation_id_for(inner.id)]
    assert (within.parent_id, tool.parent_id) == (tool.id, stage.langfuse.one("agent").id)
    assert tool.start <= within.start <= within.end <= tool.end
    assert {each.trace_id for each in stage.langfuse.observations} == {trace_id_for(asking.id)}
    assert len([each for each in stage.langfuse.observations if each.is_app_root]) == 1


def test_a_function_that_nobody_answered_yet(stage: Stage) -> None:
    stage.trace()
    with_a_function(stage.server, stage.client)
    stage.observations()
    threadtrail.shutdown()
    agent, generation = stage.langfuse.one("agent"), stage.langfuse.one("generation")
    assert generation.parent_id == agent.id
    assert generation.output["tool_calls"][0]["function"]["name"] == "get_weather"
    assert total_usage(stage.langfuse.observations)["total"] == 120
