"""Metrics: durations up to ten minutes and more, tokens once per run, no ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openai
import pytest
from exporter_driving import FUNCTION_CALLS, answer, asked, look, tutor, whole_run

import threadtrail
from threadtrail.testing.server import Failed, Message, RunScript, too_many_requests

if TYPE_CHECKING:
    from otel_stage import Stage
    from threadtrail.testing.otlp import ReceivedPoint


def by(points: list[ReceivedPoint], attribute: str) -> dict[str, ReceivedPoint]:
    return {point.attributes[attribute]: point for point in points}


def test_durations_and_tokens_of_a_run(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.traced()
    run = whole_run(stage.client)
    threadtrail.flush()
    # Looking at it again adds nothing.
    look(stage.client, run)
    stage.client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    threadtrail.flush()
    metrics = stage.receiver.metrics

    durations = by(metrics["gen_ai.client.operation.duration"], "gen_ai.operation.name")
    agent = stage.receiver.span("invoke_agent Math Tutor")
    assert durations.keys() == {"invoke_agent", "create_agent"}
    assert durations["invoke_agent"].count == 1
    assert durations["invoke_agent"].sum == pytest.approx((agent.end - agent.start) / 1e9)
    assert durations["invoke_agent"].bounds[-1] > 600
    assert durations["invoke_agent"].attributes["gen_ai.request.model"] == "gpt-4o"

    (tools,) = metrics["gen_ai.execute_tool.duration"]
    assert tools.count == 2
    assert tools.attributes == {
        "gen_ai.tool.name": "get_weather",
        "gen_ai.tool.type": "function",
        "gen_ai.agent.name": "Math Tutor",
    }
    tokens = by(metrics["gen_ai.client.token.usage"], "gen_ai.token.type")
    assert {kind: (point.count, point.sum) for kind, point in tokens.items()} == {
        "input": (1, 440),
        "output": (1, 52),
    }


def test_the_counters_of_the_newest_convention(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.traced(profile="genai-2026-10")
    whole_run(stage.client)
    whole_run(stage.client)
    threadtrail.flush()
    metrics = stage.receiver.metrics
    assert "gen_ai.client.token.usage" not in metrics
    (read,) = metrics["gen_ai.client.inference.usage.input_tokens"]
    (written,) = metrics["gen_ai.client.inference.usage.output_tokens"]
    assert (read.sum, written.sum) == (880, 104)
    assert read.attributes["gen_ai.token.modality"] == "unknown"


def test_errors_are_told_apart(stage: Stage) -> None:
    stage.server.script(RunScript(Message("Half"), end=Failed("rate_limit_exceeded", "Too much.")))
    stage.traced()
    assistant, thread = tutor(stage.client), asked(stage.client)
    runs = stage.client.beta.threads.runs
    look(stage.client, answer(stage.client, runs.create(thread.id, assistant_id=assistant.id)))
    stage.server.inject(too_many_requests(), "runs.create")
    with pytest.raises(openai.RateLimitError):
        runs.create(thread.id, assistant_id=assistant.id)
    threadtrail.flush()
    points = [
        point
        for point in stage.receiver.metrics["gen_ai.client.operation.duration"]
        if point.attributes["gen_ai.operation.name"] == "invoke_agent"
    ]
    assert sum(point.count for point in points) == 2
    assert all(point.attributes["error.type"] for point in points)


def test_no_id_is_an_attribute(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.traced()
    with threadtrail.trace("lesson", user_id="u1", session_id="s1"):
        run = whole_run(stage.client)
    threadtrail.flush()
    sent = b"".join(request.body for request in stage.receiver.to("/v1/metrics"))
    identities = [span.attributes.get("gen_ai.tool.call.id") for span in stage.receiver.spans]
    for identity in (run.id, run.thread_id, run.assistant_id, "u1", "s1", *filter(None, identities)):
        assert identity.encode() not in sent
