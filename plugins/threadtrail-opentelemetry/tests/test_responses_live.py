"""Responses of the real SDK as spans: one ``chat`` each, its tokens once, whatever the app did to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest
from responses_driving import (
    ASK,
    in_the_background,
    with_an_answered_function,
    with_hosted_tools,
)

import threadtrail
from threadtrail.testing.server import too_many_requests
from threadtrail.trace_shape import span_id_for, trace_id_for

if TYPE_CHECKING:
    from otel_stage import Stage


def test_polled_in_the_background(stage: Stage) -> None:
    stage.traced()
    response = in_the_background(stage.server, stage.client)
    threadtrail.flush()
    (chat,) = stage.receiver.spans
    assert (chat.name, chat.kind, chat.status) == ("chat gpt-4o", "CLIENT", "UNSET")
    assert (chat.trace_id, chat.span_id) == (trace_id_for(response.id), span_id_for(response.id))
    assert chat.attributes["gen_ai.response.id"] == response.id
    assert chat.attributes["gen_ai.usage.input_tokens"] == 100
    assert chat.attributes["gen_ai.usage.output_tokens"] == 20
    assert chat.attributes["openai.api.type"] == "responses"
    assert chat.attributes["threadtrail.run.background"] is True
    statuses = [event.attributes["threadtrail.run.status"] for event in chat.events]
    assert statuses == ["queued", "in_progress", "completed"]


def test_streamed_with_hosted_tools(stage: Stage) -> None:
    stage.traced()
    with_hosted_tools(stage.server, stage.client)
    threadtrail.flush()
    chat, *tools = stage.receiver.spans
    assert [span.name for span in tools] == ["execute_tool web_search", "execute_tool code_interpreter"]
    assert {span.parent_id for span in tools} == {chat.span_id}
    assert sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in stage.receiver.spans) == 100


def test_a_function_that_the_next_response_answers(stage: Stage) -> None:
    stage.traced()
    asking = with_an_answered_function(stage.server, stage.client)
    threadtrail.flush()
    tool, agent = stage.receiver.span("execute_tool get_weather"), stage.receiver.span("invoke_agent")
    assert tool.parent_id == agent.span_id
    assert tool.attributes["gen_ai.tool.call.result"] == "22"
    asked, answered = stage.receiver.named("chat gpt-4o")
    assert asked.end <= tool.start <= tool.end <= answered.end <= agent.end
    assert answered.attributes["gen_ai.request.previous_response.id"] == asking.id
    assert answered.attributes["threadtrail.run.answers"] == [asking.id]


def test_a_response_that_could_not_be_created(stage: Stage) -> None:
    stage.traced()
    stage.server.inject(too_many_requests(), "responses.create")
    with pytest.raises(openai.RateLimitError):
        stage.client.responses.create(**ASK)
    threadtrail.flush()
    (span,) = stage.receiver.spans
    assert (span.name, span.status) == ("chat", "ERROR")
    assert span.attributes["http.response.status_code"] == 429
