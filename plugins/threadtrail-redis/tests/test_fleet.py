"""Web, worker, tools and webhook see a part of a run each; a collector delivers one run in one trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fleet.layout import ANSWER, AT_DEFAULTS, play
from fleet.roles import CALLER, QUESTION, TRACE
from fleet.test_by_carrier import LANGFUSE, OBSERVATIONS, SPANS
from fleet.trees import trees
from layered.tools import receiver_class

from collectors import Collector, waiting_runs
from redis_server import PATIENCE
from threadtrail.events import RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.testing import OtlpReceiver, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fleet.layout import Api

    from redis_server import RedisServer
    from threadtrail.events import Event
    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run


@pytest.mark.slow
@pytest.mark.parametrize("carries", [True, False], ids=["with a carrier", "without"])
@pytest.mark.parametrize("api", ["assistants", "responses"])
def test_one_run_in_one_trace(
    api: Api, carries: bool, redis: RedisServer, server: AssistantsServer, tmp_path: Path
) -> None:
    with OtlpReceiver() as otlp, receiver_class("langfuse")() as langfuse:
        backends = {
            "THREADTRAIL_EXPORTERS": "jsonl,opentelemetry,langfuse",
            "THREADTRAIL_OPENTELEMETRY_ENDPOINT": otlp.url,
            "THREADTRAIL_OPENTELEMETRY_MESSAGE_CONTENT": "SPAN_ONLY",
            "OTEL_METRICS_EXPORTER": "none",
            "LANGFUSE_BASE_URL": langfuse.url,
            **LANGFUSE,
        }
        environment = {"THREADTRAIL_EXPORTERS": "redis", "THREADTRAIL_REDIS_URL": redis.url}
        ids = play(api, server, environment, of_role=AT_DEFAULTS, carries=carries)
        with Collector(redis, tmp_path, "collector", "--settle", "1", **backends) as collector:
            collector.delivers(ids)
            wait_until(lambda: not waiting_runs(redis), timeout=PATIENCE, interval=0.2)
            collector.stop()
            check_runs(collector.events(), ids, api, carries=carries)
        spans = [span for span in otlp.spans if not span.name.startswith("create_agent")]
        seen = [each for each in langfuse.observations if each.type != "event" or "create_m" in each.name]
        seen = [each for each in seen if each.name != "create_assistant"]
    named = "invoke_agent Math Tutor" if api == "assistants" else "invoke_agent"
    assert trees(spans) == SPANS.replace("invoke_agent", named)
    assert trees(seen) == OBSERVATIONS[api].format(assistant="Math Tutor")
    for received in (spans, seen):
        assert len({span.trace_id for span in received}) == 1
        assert {span.attributes.get("user.id", CALLER["user_id"]) for span in received} == {CALLER["user_id"]}
    assert {each.attributes["langfuse.trace.name"] for each in seen} == {TRACE}
    assert sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in spans) == 190
    assert sum((each.usage or {}).get("input", 0) for each in seen) == 190
    agent = next(span for span in spans if span.name == named)
    assert QUESTION in str(agent.attributes["gen_ai.input.messages"])
    assert ANSWER in str(agent.attributes["gen_ai.output.messages"])
    assert next(each for each in seen if each.type == "agent").output == ANSWER


def check_runs(events: Sequence[Event], ids: list[str], api: Api, *, carries: bool) -> None:
    """Each run, the turn and the trace once, with all that the four processes saw."""
    runs: list[Run] = [event.run for event in events if isinstance(event, RunEnded)]
    assert [run.id for run in runs] == ids
    assert all(run.finished for run in runs)
    # Who creates the second response knows of the caller by a carrier alone.
    of_caller = runs if carries else runs[:1]
    assert {run.attributes.user_id for run in of_caller} == {CALLER["user_id"]}
    assert {run.turn_id for run in runs} == {ids[0]}
    assert sum(run.usage.input_tokens for run in runs if run.usage) == 190
    assert [message.text for message in runs[0].input] == [QUESTION]
    assert [message.text for message in runs[-1].output] == [ANSWER]
    (call,) = [call for run in runs for call in run.tool_calls]
    assert (call.name, call.output) == ("solve", "x = 1")
    assert [type(event) for event in events if isinstance(event, (TraceStarted, TraceEnded))] == [
        TraceStarted,
        TraceEnded,
    ]
    turns = [event.turn for event in events if isinstance(event, TurnEnded)]
    if api == "responses":
        (turn,) = turns
        assert list(turn.run_ids) == ids
        assert turn.usage is not None
        assert turn.usage.input_tokens == 190
