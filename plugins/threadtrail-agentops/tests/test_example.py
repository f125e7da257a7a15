"""The notebook's program with one line of ours arrives complete."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from shared_fixtures import plain_client

from agentops_programs import EXAMPLES, run
from agentops_shown import shown
from threadtrail.commands.demo.scripts import FIBONACCI, FIBONACCI_LOGS, PASSAGES, QUIZ, choose

if TYPE_CHECKING:
    from pathlib import Path

    from agentops_receiver import Receiver
    from agentops_shown import Shown
    from threadtrail.testing import AssistantsServer


@pytest.mark.slow
def test_the_assistants_overview_arrives_complete(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path
) -> None:
    server.script(choose)
    run(EXAMPLES / "agentops_assistants_overview.py", server, tmp_path, **receiver.variables)
    traces = shown(receiver.spans)
    assistants = [trace for trace in traces if trace.name.startswith("create_assistant Math Tutor")]
    runs = {question(trace): trace for trace in traces if trace.name == "Math Tutor.session"}
    assert len(assistants) == 1
    assert len(runs) == 7
    assert {trace.status for trace in traces} == {"OK"}

    # Three threads at once: they were under way at the same time.
    at_once = [runs[words].spans[0] for words in ("equation", "linear algebra", "do not like math")]
    assert max(span.start for span in at_once) < min(span.end for span in at_once)

    code = tool(runs["Fibonacci"])
    assert code["tool.name"] == "code_interpreter"
    assert code["tool.parameters"] == FIBONACCI
    assert FIBONACCI_LOGS in code["tool.result"]

    found = json.loads(tool(runs["this paper"])["tool.result"])
    assert [passage["file_name"] for passage in found] == [passage.file_name for passage in PASSAGES]

    quiz = tool(runs["quiz"])
    assert quiz["tool.name"] == "display_quiz"
    assert json.loads(quiz["tool.parameters"]) == QUIZ
    assert json.loads(quiz["tool.result"]) == ["a", "I do not know."]

    tokens = {str(run["id"]): run["usage"] for run in ended_runs(server)}
    for trace in runs.values():
        agent = next(span for span in trace.spans if span.name.endswith(".agent"))
        usage = tokens[agent.attributes["threadtrail.run.id"]]
        assert trace.tokens["prompt"] == usage["prompt_tokens"]
        assert trace.tokens["completion"] == usage["completion_tokens"]
        assert trace.tokens["total"] == usage["total_tokens"]


def question(trace: Shown) -> str:
    words = ("equation", "linear algebra", "do not like math", "Thank", "Fibonacci", "this paper", "quiz")
    asked = trace.spans[0].attributes["agentops.entity.input"]
    return next((each for each in words if each in asked), asked)


def tool(trace: Shown) -> dict[str, Any]:
    (span,) = [span for span in trace.spans if span.name.endswith(".tool")]
    return span.attributes


def ended_runs(server: AssistantsServer) -> list[dict[str, Any]]:
    """What the server itself says of the runs, asked through its API."""
    threads = {
        request.path.split("/threads/")[1].split("/")[0] for request in server.requests_to("runs.create")
    }
    with plain_client(server) as client:
        return [run.model_dump() for thread in threads for run in client.beta.threads.runs.list(thread)]
