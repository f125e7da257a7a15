"""Each example, as a user runs it: a process of its own, pointed at a server by the SDK's own variables."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fork_server import fork_server
from threadtrail.events import Event, RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing.server import (
    WEBHOOK_SECRET,
    AssistantsServer,
    Delivery,
    FunctionCall,
    Message,
    RunScript,
    ToolCalls,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parent.parent / "examples"
OF_USERS = ("OPENAI_", "THREADTRAIL_", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")


@pytest.fixture
def server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as running:
        yield running


class Example:
    """Runs examples in an empty folder, and keeps what they recorded."""

    def __init__(self, server: AssistantsServer, folder: Path) -> None:
        self._file = folder / "events.jsonl"
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(OF_USERS)},
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "sk-local",
            "THREADTRAIL_EXPORTERS": "jsonl",
            "THREADTRAIL_SHUTDOWN_TIMEOUT_SECONDS": "200",
            "THREADTRAIL_SETTLE_SECONDS": "600",  # a run waits for the app's last calls, however late
            "THREADTRAIL_JSONL_PATH": str(self._file),
        }

    def run(self, name: str) -> str:
        """Run it; return what it printed."""
        given = ["-W", "ignore::DeprecationWarning", str(EXAMPLES / name)]
        done = fork_server().run(given, cwd=self._folder, env=self._environment, timeout=240)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    @contextmanager
    def start(self, name: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Run it beside the block, and to its end."""
        with subprocess.Popen(
            [sys.executable, str(EXAMPLES / name)],
            cwd=self._folder,
            env={**self._environment, **variables},
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            try:
                yield running
            except BaseException:
                running.kill()
                raise
        assert running.returncode == 0

    def events(self) -> list[Event]:
        return list(read_events(self._file))

    def runs(self) -> list[RunEnded]:
        return [event for event in self.events() if isinstance(event, RunEnded)]


def deliver(port: int, delivery: Delivery) -> int:
    """Send a webhook to an endpoint on this computer; return the status of its answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=200)
    try:
        connection.request("POST", "/", delivery.body, dict(delivery.headers))
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def example(server: AssistantsServer, tmp_path: Path) -> Example:
    return Example(server, tmp_path)


def test_responses(server: AssistantsServer, example: Example) -> None:
    server.script_next(
        RunScript(Message("The study of vectors.", usage=Usage(60, 4)), polls=2),
        RunScript("Vectors."),
        RunScript("x = 1"),
        RunScript("Put it in."),
    )
    printed = "completed\nThe study of vectors.\nVectors.\nx = 1\nPut it in.\n"
    assert example.run("responses.py") == printed
    background, streamed, *lesson = (ended.run for ended in example.runs())
    assert (background.background, background.status, background.poll_count) == (True, "completed", 2)
    assert background.usage is not None
    assert background.usage.total_tokens == 64
    assert streamed.streamed
    assert streamed.first_output_at is not None
    assert [run.output[0].text for run in lesson] == ["x = 1", "Put it in."]
    (conversation,) = {run.thread_id for run in lesson}
    assert str(conversation).startswith("conv_")


def test_tool_loop(server: AssistantsServer, example: Example) -> None:
    temperatures = ToolCalls(
        FunctionCall("get_temperature", {"city": "Rome"}), FunctionCall("get_temperature", {"city": "Oslo"})
    )
    server.script_next(
        RunScript(
            temperatures,
            ToolCalls(FunctionCall("subtract", {"a": 21, "b": 4})),
            lambda outputs: Message(f"It is {outputs[-1].output} degrees warmer."),
        )
    )
    assert example.run("tool_loop.py") == "It is 17 degrees warmer.\n"
    first, second, last = (ended.run for ended in example.runs())
    assert [(call.name, call.output) for run in (first, second, last) for call in run.tool_calls] == [
        ("get_temperature", "21 degrees"),
        ("get_temperature", "4 degrees"),
        ("subtract", "17"),
    ]
    assert {run.turn_id for run in (first, second, last)} == {first.id}
    assert (second.answers, last.answers) == ((first.id,), (second.id,))
    (turn,) = [event.turn for event in example.events() if isinstance(event, TurnEnded)]
    assert turn.run_ids == (first.id, second.id, last.id)
    assert [(call.name, call.ended_at is not None) for call in turn.tool_calls] == [
        ("get_temperature", True),
        ("get_temperature", True),
        ("subtract", True),
    ]


def test_webhook(server: AssistantsServer, example: Example, client: OpenAI) -> None:
    server.script_next(RunScript(Message("The study of vectors.", usage=Usage(60, 4)), polls=1))
    with example.start("webhook.py", OPENAI_WEBHOOK_SECRET=WEBHOOK_SECRET) as running:
        assert running.stdout is not None
        told = re.fullmatch(
            r"(resp_\w+) is queued; waiting for its webhook on port (\d+)\n", running.stdout.readline()
        )
        assert told is not None
        response_id, port = told.groups()
        while client.responses.retrieve(response_id).status != "completed":
            pass
        deliveries = [server.webhook(response_id, valid=False), server.webhook(response_id)]
        answers = [deliver(int(port), delivery) for delivery in deliveries]
        assert running.stdout.read() == "completed: The study of vectors.\n"
    assert answers == [400, 200]
    (ended,) = example.runs()
    assert (ended.run.status, ended.run.background, ended.run.observed_from_start) == (
        "completed",
        True,
        True,
    )
    assert [(change.status, change.learnt_from) for change in ended.run.status_history] == [
        ("queued", "create"),
        ("completed", "webhook"),
    ]
    assert ended.run.usage is not None
    assert ended.run.usage.total_tokens == 64


def test_migration(server: AssistantsServer, example: Example) -> None:
    answers = [Message("x = 1", usage=Usage(60, 4)), Message("Put it in.", usage=Usage(80, 5))]
    server.script_next(*(RunScript(answer) for answer in answers * 2))
    printed = example.run("migration.py").splitlines()
    assert printed == ["completed: x = 1", "completed: Put it in."] * 2
    runs = [ended.run for ended in example.runs()]
    assistants = [run for run in runs if run.source == "openai.assistants"]
    responses = [run for run in runs if run.source == "openai.responses"]
    assert (len(assistants), len(responses)) == (2, 2)
    for before, after in zip(assistants, responses, strict=True):
        assert before.usage is not None
        assert after.usage is not None
        assert (before.status, before.usage.total_tokens) == (after.status, after.usage.total_tokens)
        assert (before.attributes.tags, after.attributes.tags) == (("assistants",), ("responses",))
        assert before.output[0].text == after.output[0].text
        assert before.input[-1].text == after.input[-1].text
        assert before.assistant is not None
        assert before.assistant.instructions == after.request.instructions
    assert [len({run.thread_id for run in half}) for half in (assistants, responses)] == [1, 1]


def test_math_tutor(server: AssistantsServer, example: Example) -> None:
    server.script_next(RunScript(Message("x = 1", usage=Usage(60, 4))))
    assert example.run("math_tutor.py") == "completed\nx = 1\n"
    (ended,) = example.runs()
    assert ended.run.finished
    assert ended.run.status == "completed"
    assert [message.text for message in ended.run.output] == ["x = 1"]
    assert ended.run.usage is not None
    assert ended.run.usage.total_tokens == 64


def test_function_calling(server: AssistantsServer, example: Example) -> None:
    calls = ToolCalls(
        FunctionCall("get_weather", {"city": "Oslo"}), FunctionCall("get_weather", {"city": "Rome"})
    )
    server.script_next(
        RunScript(calls, lambda outputs: Message(" and ".join(given.output for given in outputs)))
    )
    assert example.run("function_calling.py") == "completed\n4 degrees and 21 degrees\n"
    (ended,) = example.runs()
    assert [(call.name, call.output) for call in ended.run.tool_calls] == [
        ("get_weather", "4 degrees"),
        ("get_weather", "21 degrees"),
    ]


def test_streaming(server: AssistantsServer, example: Example) -> None:
    server.script_next(RunScript("The study of vectors."))
    assert example.run("streaming.py") == "The study of vectors.\n"
    (ended,) = example.runs()
    assert ended.run.streamed
    assert ended.run.first_output_at is not None


def test_custom_exporter(server: AssistantsServer, example: Example) -> None:
    server.script(RunScript(Message("as you say", usage=Usage(20, 10))))
    *runs, total = example.run("custom_exporter.py").splitlines()
    assert [re.sub(r"^run_\w+", "RUN", line) for line in runs] == ["RUN: 30 tokens"] * 2
    assert len(set(runs)) == 2
    assert total == "all runs: 60 tokens"


def test_grouping(example: Example) -> None:
    assert example.run("grouping.py") == "completed\ncompleted\n"
    (started,) = [event for event in example.events() if isinstance(event, TraceStarted)]
    (ended,) = [event for event in example.events() if isinstance(event, TraceEnded)]
    runs = example.runs()
    assert started.name == "math lesson"
    assert [run.trace_id for run in runs] == [started.trace_id] * 2
    assert ended.trace_id == started.trace_id
    assert {(run.attributes.user_id, run.attributes.session_id, run.attributes.tags) for run in runs} == {
        ("student-7", "tuesday", ("beta",))
    }


def test_every_example_has_its_test() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    tested |= {"agentops_assistants_overview", "fleet", "langfuse_math_tutor"}  # by the exporters they show
    assert {file.stem for file in EXAMPLES.glob("*.py")} <= tested
