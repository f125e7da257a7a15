"""Responses of the real SDK at Langfuse: one generation each, its tokens once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from responses_driving import in_the_background, with_a_function, with_hosted_tools

from langfuse_stage import total_usage
from threadtrail_langfuse import observation_id_for

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


def test_a_function_that_nobody_answered_yet(stage: Stage) -> None:
    stage.trace()
    with_a_function(stage.server, stage.client)
    stage.observations()
    agent, generation = stage.langfuse.one("agent"), stage.langfuse.one("generation")
    assert generation.parent_id == agent.id
    assert generation.output["tool_calls"][0]["function"]["name"] == "get_weather"
    assert total_usage(stage.langfuse.observations)["total"] == 120
