"""End to end: responses and the demo's function-calling run, sent to a real MLflow and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from responses_driving import with_an_answered_function
from shared_fixtures import PATIENCE

import backend_story as story
import mlflow_server
import threadtrail
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from mlflow_server import MLflow
    from threadtrail.testing import AssistantsServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RESPONSE = {
    "input_tokens": story.INPUT,
    "output_tokens": story.OUTPUT,
    "total_tokens": story.INPUT + story.OUTPUT,
}


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    with mlflow_server.running(tmp_path_factory.mktemp("mlflow")) as running:
        yield running


@pytest.fixture(autouse=True)
def _traces_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE))


def to(mlflow: MLflow) -> dict[str, Any]:
    """The exporter's options; all others are left as they are."""
    headers = {"x-mlflow-experiment-id": mlflow_server.EXPERIMENT}
    return {"endpoint": mlflow.base_url, "headers": headers, "message_content": "SPAN_ONLY"}


def arrived(mlflow: MLflow, before: int, more: int) -> list[dict[str, Any]]:
    """The traces that came after the first ``before``, once there are so many more."""
    wait_until(lambda: len(mlflow.traces()) >= before + more, timeout=PATIENCE, interval=0.1)
    return mlflow.traces()[before:]


def typed(spans: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(span["name"], span["attributes"]["mlflow.spanType"]) for span in spans]


def test_responses_arrive_as_calls_of_a_model(
    mlflow: MLflow, server: AssistantsServer, client: OpenAI
) -> None:
    before = len(mlflow.traces())
    with threadtrail.instrument(exporters={"opentelemetry": to(mlflow)}):
        made = story.responses(server, client)
        assert threadtrail.flush()
    streamed, polled, plain = traces = arrived(mlflow, before, 3)
    spans = mlflow.spans(streamed["trace_id"])
    assert sorted(typed(spans)) == [
        ("chat gpt-4o", "CHAT_MODEL"),
        ("execute_tool code_interpreter", "TOOL"),
        ("execute_tool web_search", "TOOL"),
    ]
    for trace in traces:
        used = trace["trace_metadata"]["mlflow.trace.tokenUsage"]
        assert RESPONSE.items() <= used.items()
        assert trace["state"] == "OK"
    told = [trace["trace_metadata"]["mlflow.trace.session"] for trace in traces]
    assert told == [made.streamed.id, made.streamed.id, story.SESSION]
    assert plain["trace_metadata"]["mlflow.trace.user"] == story.USER
    (chat,) = mlflow.spans(polled["trace_id"])
    assert chat["attributes"]["gen_ai.response.id"] == made.in_background.id
    assert chat["attributes"]["mlflow.spanOutputs"][0]["parts"][0]["content"] == "Sunny."
    assert "How is the weather in Paris?" in polled["request_preview"]


def test_a_turn_arrives_as_one_trace(mlflow: MLflow, server: AssistantsServer, client: OpenAI) -> None:
    before = len(mlflow.traces())
    with threadtrail.instrument(exporters={"opentelemetry": to(mlflow)}):
        asking = with_an_answered_function(server, client)
        assert threadtrail.flush()
    (trace,) = arrived(mlflow, before, 1)
    spans = mlflow.spans(trace["trace_id"])
    assert sorted(typed(spans)) == [
        ("chat gpt-4o", "CHAT_MODEL"),
        ("chat gpt-4o", "CHAT_MODEL"),
        ("execute_tool get_weather", "TOOL"),
        ("invoke_agent", "AGENT"),
    ]
    metadata = trace["trace_metadata"]
    assert metadata["mlflow.trace.session"] == asking.id
    used = metadata["mlflow.trace.tokenUsage"]
    assert (used["input_tokens"], used["output_tokens"]) == (2 * story.INPUT, 2 * story.OUTPUT)


def test_the_demos_function_calls_arrive_as_one_tree(
    mlflow: MLflow, server: AssistantsServer, client: OpenAI
) -> None:
    before = len(mlflow.traces())
    with threadtrail.instrument(exporters={"opentelemetry": to(mlflow)}, fetch_run_details=True):
        run = story.function_call(server, client)
        assert threadtrail.flush()
    _created, trace = arrived(mlflow, before, 2)
    spans = mlflow.spans(trace["trace_id"])
    assert sorted(typed(spans)) == [
        ("chat gpt-4o", "CHAT_MODEL"),
        ("chat gpt-4o", "CHAT_MODEL"),
        ("execute_tool display_quiz", "TOOL"),
        ("invoke_agent Math Tutor", "AGENT"),
    ]
    (agent,) = [span for span in spans if not span["parent_span_id"]]
    assert {span["parent_span_id"] for span in spans if span is not agent} == {agent["span_id"]}
    (tool,) = [span for span in spans if span["attributes"]["mlflow.spanType"] == "TOOL"]
    assert tool["attributes"]["mlflow.spanInputs"]["title"] == "Linear equations"
    assert "I do not know." in str(tool["attributes"]["mlflow.spanOutputs"])
    metadata = trace["trace_metadata"]
    assert metadata["mlflow.trace.session"] == run.thread_id
    used = metadata["mlflow.trace.tokenUsage"]
    assert (used["input_tokens"], used["output_tokens"]) == (
        run.usage.prompt_tokens,
        run.usage.completion_tokens,
    )
