"""Four processes and no collector: with a carrier, one run in one trace, with all that its creator knew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("opentelemetry.sdk")

from fleet.layout import ANSWER, play
from fleet.roles import CALLER, QUESTION, TRACE
from fleet.trees import trees
from layered.tools import receiver_class
from threadtrail import shape
from threadtrail.recordings.contents import contents_of
from threadtrail.recordings.reading import read_recording
from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from pathlib import Path

    from fleet.layout import Api
    from threadtrail.testing import AssistantsServer
    from threadtrail.testing.otlp import ReceivedSpan
    from threadtrail.values import Run

pytestmark = pytest.mark.slow

LANGFUSE = {"LANGFUSE_PUBLIC_KEY": "pk-lf-1", "LANGFUSE_SECRET_KEY": "sk-lf-1"}

SPANS = """
math tutor
  invoke_agent
    chat gpt-4o
    chat gpt-4o
    execute_tool solve
"""
OBSERVATIONS = {
    "assistants": """
math tutor
  {assistant}
    gpt-4o
    gpt-4o
    solve
  create_message
""",
    "responses": """
math tutor
  gpt-4o
    gpt-4o
    gpt-4o
    solve
""",
}


@pytest.mark.parametrize("api", ["assistants", "responses"])
def test_one_run_in_one_trace(api: Api, server: AssistantsServer, tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with OtlpReceiver() as collector, receiver_class("langfuse")() as langfuse:
        environment = {
            "THREADTRAIL_EXPORTERS": "jsonl,opentelemetry,langfuse",
            "THREADTRAIL_JSONL_PATH": str(path),
            "THREADTRAIL_OPENTELEMETRY_ENDPOINT": collector.url,
            "THREADTRAIL_OPENTELEMETRY_MESSAGE_CONTENT": "SPAN_ONLY",
            "OTEL_METRICS_EXPORTER": "none",
            **LANGFUSE,
            "LANGFUSE_BASE_URL": langfuse.url,
        }
        ids = play(api, server, environment)
        spans = [span for span in collector.spans if not span.name.startswith("create_agent")]
        seen = [each for each in langfuse.observations if each.type != "event" or "create_m" in each.name]
        seen = [each for each in seen if each.name != "create_assistant"]
    runs = recorded(path, ids)
    assistant = runs[0].assistant.id if runs[0].assistant else ""
    assert trees(spans) == SPANS
    assert trees(seen) == OBSERVATIONS[api].format(assistant=assistant)
    for received in (spans, seen):
        (trace_id,) = {span.trace_id for span in received}
        assert trace_id == shape.trace_id_for(str(trace_of(runs)))
        assert {span.attributes["user.id"] for span in received} == {CALLER["user_id"]}
        assert {span.attributes["session.id"] for span in received} == {CALLER["session_id"]}
    assert {each.attributes["langfuse.trace.name"] for each in seen} == {TRACE}
    assert sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in spans) == 190
    assert sum((each.usage or {}).get("input", 0) for each in seen) == 190
    agent = next(span for span in spans if span.name == "invoke_agent")
    assert QUESTION in str(agent.attributes["gen_ai.input.messages"])
    assert ANSWER in str(agent.attributes["gen_ai.output.messages"])
    assert next(each for each in seen if each.type == "agent").output == ANSWER


def recorded(path: Path, ids: list[str]) -> list[Run]:
    """Return the runs of the recording: each once, and with all that the four processes saw."""
    contents = contents_of(read_recording(path).events)
    runs = [ended.run for ended in contents.runs]
    assert [run.id for run in runs] == ids
    assert [run.metadata for run in runs] == [{"mine": "x"}] * len(runs)
    assert {run.attributes.user_id for run in runs} == {CALLER["user_id"]}
    assert {run.attributes.metadata["plan"] for run in runs} == {"pro"}
    assert sum(run.usage.input_tokens for run in runs if run.usage) == 190
    assert [message.text for message in runs[0].input] == [QUESTION]
    assert [message.text for message in runs[-1].output] == [ANSWER]
    (call,) = [call for run in runs for call in run.tool_calls]
    assert (call.name, call.output) == ("solve", "x = 1")
    assert {run.turn_id for run in runs} == {ids[0]}
    return runs


def trace_of(runs: list[Run]) -> str | None:
    (trace_id,) = {run.carried.trace_id for run in runs if run.carried}
    return trace_id


def test_with_spans_of_its_own_in_each_process(server: AssistantsServer) -> None:
    with OtlpReceiver() as collector:
        environment = {"THREADTRAIL_EXPORTERS": "opentelemetry", "FLEET_SPANS": collector.url}
        play("responses", server, {**environment, "OTEL_METRICS_EXPORTER": "none"})
        spans = collector.spans
    # The app's own provider chooses ids by itself. So what the other processes see is below the span that
    # was active where the carrier was made, and beside that of the `trace()`.
    web = spans_of(spans, "web")
    assert (
        trees(web)
        == """
web
  invoke_agent
    chat gpt-4o
    chat gpt-4o
    execute_tool solve
  math tutor
"""
    )
    assert {span.trace_id for span in spans if span.name in {"worker", "tools", "webhook"}}.isdisjoint(
        {web[0].trace_id}
    )
    worker = spans_of(spans, "worker")[0]
    assert (worker.trace_id, worker.span_id) in next(s for s in web if s.name == "invoke_agent").links


def spans_of(spans: list[ReceivedSpan], root: str) -> list[ReceivedSpan]:
    """Return the spans of the trace that has this root."""
    (trace_id,) = [span.trace_id for span in spans if span.name == root]
    return [span for span in spans if span.trace_id == trace_id]
