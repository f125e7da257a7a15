"""End to end: responses and the demo's function-calling run, sent to a real Arize Phoenix and read back."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import asked, tutor
from responses_driving import with_an_answered_function
from shared_fixtures import PATIENCE

import backend_story as story
import phoenix_server
import threadtrail
from threadtrail.testing import wait_until
from threadtrail.testing.server import Failed, Message, RunScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from phoenix_server import Phoenix
    from threadtrail.testing import AssistantsServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KINDS = ("AGENT", "LLM", "TOOL")
SESSIONS = "sessions(first: 50) {edges {node {sessionId numTraces tokenUsage {prompt completion}}}}"
SHOWN = f"name traceCount tokenCountPrompt tokenCountCompletion {SESSIONS}"
PROJECTS = f"{{projects(first: 50) {{edges {{node {{{SHOWN}}}}}}}}}"


@pytest.fixture(scope="module")
def phoenix(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phoenix]:
    with phoenix_server.running(tmp_path_factory.mktemp("phoenix")) as running:
        yield running


@pytest.fixture
def project(phoenix: Phoenix, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A project of the test's own, where all that it sends arrives."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", f"openinference.project.name={request.node.name}")
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")  # Phoenix takes traces only
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", str(PATIENCE))
    return str(request.node.name)


def to(phoenix: Phoenix) -> dict[str, Any]:
    """The exporter's options; all others are left as they are."""
    return {"endpoint": phoenix.base_url, "message_content": "SPAN_ONLY"}


def arrived(phoenix: Phoenix, project: str, names: int) -> list[dict[str, Any]]:
    wait_until(lambda: len(phoenix.spans(project)) >= names, timeout=PATIENCE, interval=0.1)
    return sorted(phoenix.spans(project), key=lambda span: (span["start_time"], span["parent_id"] or ""))


def test_it_listens_on_loopback_alone(phoenix: Phoenix) -> None:
    with socket.create_connection(("127.0.0.1", phoenix.grpc_port), timeout=PATIENCE):
        pass
    # Every 127.x is this computer: who listens on all addresses listens on this one, too.
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", phoenix.grpc_port), timeout=PATIENCE)


def test_the_demos_function_calls_arrive_as_one_tree(
    phoenix: Phoenix, project: str, server: AssistantsServer, client: OpenAI
) -> None:
    # The demo does not look at the steps of its run.
    with threadtrail.instrument(exporters={"opentelemetry": to(phoenix)}, fetch_run_details=True):
        run = story.function_call(server, client)
    spans = by_kind(arrived(phoenix, project, 5))
    agent = next(span for span in spans["AGENT"] if span["name"] == "invoke_agent Math Tutor")
    (tool,), turns = spans["TOOL"], spans["LLM"]
    assert tool["name"] == "execute_tool display_quiz"
    assert [turn["name"] for turn in turns] == ["chat gpt-4o"] * 2

    root = agent["context"]
    assert agent["parent_id"] is None
    for span in (*turns, tool):
        assert (span["parent_id"], span["context"]["trace_id"]) == (root["span_id"], root["trace_id"])
        assert agent["start_time"] <= span["start_time"] <= span["end_time"] <= agent["end_time"]

    told = tool["attributes"]
    assert {span["attributes"]["session.id"] for span in (agent, *turns, tool)} == {run.thread_id}
    assert json.loads(told["gen_ai.tool.call.arguments"])["title"] == "Linear equations"
    assert told["tool.parameters.title"] == "Linear equations"  # as Phoenix understood it
    assert "I do not know." in told["output.value"]
    assert "Make a quiz" in agent["attributes"]["llm.input_messages.1.message.content"]
    mine = totals(phoenix, project)
    assert (mine["tokenCountPrompt"], mine["tokenCountCompletion"]) == (
        run.usage.prompt_tokens,
        run.usage.completion_tokens,
    )
    assert mine["traceCount"] == 2  # the run's, and the assistant's creation


def by_kind(spans: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return {kind: [span for span in spans if span["span_kind"] == kind] for kind in KINDS}


def totals(phoenix: Phoenix, project: str) -> dict[str, Any]:
    """What Phoenix shows above the project."""
    projects = phoenix.query(PROJECTS)["projects"]["edges"]
    (mine,) = [edge["node"] for edge in projects if edge["node"]["name"] == project]
    return dict(mine)


def test_responses_arrive_as_calls_of_a_model(
    phoenix: Phoenix, project: str, server: AssistantsServer, client: OpenAI
) -> None:
    with threadtrail.instrument(exporters={"opentelemetry": to(phoenix)}):
        made = story.responses(server, client)
    spans = by_kind(arrived(phoenix, project, 5))
    assert len(spans["AGENT"]) == 0
    streamed, polled, plain = spans["LLM"]
    assert [span["name"] for span in spans["LLM"]] == ["chat gpt-4o"] * 3
    assert [span["name"] for span in spans["TOOL"]] == [
        "execute_tool web_search",
        "execute_tool code_interpreter",
    ]
    assert {tool["parent_id"] for tool in spans["TOOL"]} == {streamed["context"]["span_id"]}
    assert [span["attributes"]["gen_ai.response.id"] for span in (streamed, polled, plain)] == [
        made.streamed.id,
        made.in_background.id,
        made.plain.id,
    ]
    for span in (streamed, polled, plain):
        told = span["attributes"]
        assert (told["llm.token_count.prompt"], told["llm.token_count.completion"]) == (
            story.INPUT,
            story.OUTPUT,
        )
        assert told["llm.input_messages.0.message.content"] == "How is the weather in Paris?"
        assert told["llm.model_name"].startswith("gpt-4o")
    assert polled["attributes"]["llm.output_messages.0.message.content"] == "Sunny."
    mine = totals(phoenix, project)
    assert (mine["tokenCountPrompt"], mine["tokenCountCompletion"]) == (3 * story.INPUT, 3 * story.OUTPUT)
    assert sessions(mine) == {
        made.streamed.id: (2, 2 * story.INPUT, 2 * story.OUTPUT),
        story.SESSION: (1, story.INPUT, story.OUTPUT),
    }


def test_a_turn_arrives_as_one_trace(
    phoenix: Phoenix, project: str, server: AssistantsServer, client: OpenAI
) -> None:
    with threadtrail.instrument(exporters={"opentelemetry": to(phoenix)}):
        asking = with_an_answered_function(server, client)
    spans = arrived(phoenix, project, 4)
    kinds = by_kind(spans)
    (agent,), (tool,) = kinds["AGENT"], kinds["TOOL"]
    assert (agent["parent_id"], len(kinds["LLM"])) == (None, 2)
    assert {span["parent_id"] for span in (tool, *kinds["LLM"])} == {agent["context"]["span_id"]}
    assert tool["attributes"]["output.value"] == "22"
    mine = totals(phoenix, project)
    assert mine["traceCount"] == 1
    assert sessions(mine) == {asking.id: (1, 2 * story.INPUT, 2 * story.OUTPUT)}


def sessions(project: dict[str, Any]) -> dict[str, tuple[int, int, int]]:
    """How many traces each session has, and the tokens that it adds up to."""
    found = [edge["node"] for edge in project["sessions"]["edges"]]
    return {
        each["sessionId"]: (
            each["numTraces"],
            int(each["tokenUsage"]["prompt"]),
            int(each["tokenUsage"]["completion"]),
        )
        for each in found
    }


def test_errors_and_groups_arrive(
    phoenix: Phoenix, project: str, server: AssistantsServer, client: OpenAI
) -> None:
    server.script_next(
        RunScript(Message("Fine.")),
        RunScript(Message("Half"), end=Failed("rate_limit_exceeded", "Quota exceeded.")),
    )
    with threadtrail.instrument(exporters={"opentelemetry": to(phoenix)}):
        assistant, thread = tutor(client), asked(client)
        with threadtrail.trace("lesson"):
            for _ in range(2):
                client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    spans = arrived(phoenix, project, 6)
    (lesson,) = [span for span in spans if span["name"] == "lesson"]
    fine, failed = [span for span in spans if span["name"] == "invoke_agent Math Tutor"]
    assert {fine["parent_id"], failed["parent_id"]} == {lesson["context"]["span_id"]}
    assert (fine["status_code"], failed["status_code"]) == ("UNSET", "ERROR")
    assert failed["status_message"] == "Quota exceeded."
