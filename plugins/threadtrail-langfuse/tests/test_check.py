"""``threadtrail doctor`` with Langfuse: keys taken, wrong keys, nobody there; nothing is written there."""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import langfuse
import pytest
from delivery.support import PATIENCE
from doctors_visit import check_error, doctor
from langfuse import Langfuse

from langfuse_receiver import JSON, PROJECT, PROJECTS
from langfuse_stage import PUBLIC, SECRET
from threadtrail.testing import HttpReceiver, unused_port
from threadtrail.testing.http_receiver import ReceivedRequest, Reply
from threadtrail_langfuse import LangfuseExporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXPECTED = f"Basic {b64encode(f'{PUBLIC}:{SECRET}'.encode()).decode()}"


class Server(HttpReceiver):
    """Langfuse's list of the projects of a key, for one key; ``forced`` is the status for everybody."""

    forced: int | None = None
    body = json.dumps({"data": [PROJECT]})

    def reply(self, request: ReceivedRequest) -> Reply:
        status = self.forced or (200 if request.headers.get("authorization") == EXPECTED else 401)
        body = self.body if status == 200 else json.dumps({"message": "no"})
        return Reply(status=status, body=body.encode(), headers=JSON)

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(request.method, request.path) for request in self.requests]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        monkeypatch.setenv("LANGFUSE_BASE_URL", running.url)
        yield running


def check(timeout: float = PATIENCE, **options: Any) -> str | None:
    exporter = LangfuseExporter(**options)
    exporter.start()
    try:
        return exporter.check(timeout)
    finally:
        exporter.shutdown()


refused = partial(check_error, check)


def test_keys_that_are_taken(server: Server) -> None:
    assert check() == f"Langfuse at {server.url} accepts the keys of the project 'Lessons'."
    assert server.asked == [("GET", PROJECTS)]


@pytest.mark.parametrize("status", [None, 403])
def test_wrong_keys(server: Server, status: int | None) -> None:
    server.forced = status
    error = refused(secret_key="sk-lf-wrong-one")
    assert error.problem == f"Langfuse at {server.url} rejects the keys (HTTP {status or 401})."
    assert "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY" in error.advice
    assert "LANGFUSE_BASE_URL" in error.advice
    assert "sk-lf-wrong-one" not in str(error)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "answers, but not as Langfuse would (HTTP 404)."),
        (500, "answers with a server error (HTTP 500)."),
        (503, "answers with a server error (HTTP 503)."),
    ],
)
def test_other_answers_are_asked_for_once(server: Server, status: int, words: str) -> None:
    server.forced = status
    assert refused().problem.endswith(words)
    assert len(server.asked) == 1


@pytest.mark.parametrize("body", ["<html>hello</html>", '{"data": 3}', "[]"])
def test_something_else_that_answers(server: Server, body: str) -> None:
    server.body = body
    assert refused().problem == f"{server.url} answers, but not as Langfuse would (HTTP 200)."


def test_keys_without_a_project(server: Server) -> None:
    server.body = '{"data": []}'
    assert refused().problem == f"Langfuse at {server.url} accepts the keys, but has no project for them."


def test_nobody_there() -> None:
    address = f"http://127.0.0.1:{unused_port()}"
    error = refused(base_url=address, public_key=PUBLIC, secret_key=SECRET)
    assert error.problem == f"Nothing answers at {address}: Connection refused."


def test_the_timeout_is_kept(server: Server) -> None:
    server.answering.clear()
    begun = time.monotonic()
    error = refused(0.3)
    assert time.monotonic() - begun < PATIENCE  # it hangs until it is released
    assert error.problem == f"{server.url} did not answer within 0.3 seconds."


@pytest.mark.skipif(
    langfuse.__version__.startswith("4."), reason="Langfuse 4 keeps the client that it was given to itself"
)
def test_the_apps_own_client_is_asked_through_its_own_connection(server: Server) -> None:
    with httpx.Client(headers={"x-through": "the app's"}) as connection:
        client = Langfuse(public_key=PUBLIC, secret_key=SECRET, base_url=server.url, httpx_client=connection)
        assert check(client=client) is not None
        assert server.requests[-1].headers["x-through"] == "the app's"
        assert not connection.is_closed


def test_switched_off_there_is_nobody_to_ask(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGFUSE_TRACING_ENABLED", "false")
    assert check() is None
    assert server.asked == []


def test_asking_makes_no_client_and_no_thread(server: Server) -> None:
    from langfuse._client.resource_manager import LangfuseResourceManager

    before = set(threading.enumerate())
    check()
    assert LangfuseResourceManager._instances == {}
    left = {thread.name for thread in set(threading.enumerate()) - before}
    assert not any("process_request" not in name for name in left)


# --- the command, as users run it --------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_with_the_right_key_and_with_a_wrong_one(server: Server, tmp_path: Path) -> None:
    chosen = {"THREADTRAIL_EXPORTERS": "langfuse"}
    found = doctor(tmp_path, **chosen)
    assert (found.code, found.messages("problem"), found.stderr) == (0, [], "")
    assert [message for _, message in found.of("exporter langfuse")] == [
        f"LANGFUSE_BASE_URL = '{server.url}' (environment variable)",
        "LANGFUSE_PUBLIC_KEY = (hidden) (environment variable)",
        "LANGFUSE_SECRET_KEY = (hidden) (environment variable)",
        f"Langfuse at {server.url} accepts the keys of the project 'Lessons'.",
    ]
    found = doctor(tmp_path, **chosen, LANGFUSE_SECRET_KEY="sk-lf-another")
    assert found.code == 1
    assert found.messages("problem") == [f"Langfuse at {server.url} rejects the keys (HTTP 401)."]
    assert "sk-lf-another" not in str(found)


@pytest.mark.slow
def test_the_command_keeps_its_deadline(server: Server, tmp_path: Path) -> None:
    server.answering.clear()
    found = doctor(tmp_path, "--timeout", "0.5", "--exporter", "langfuse")
    assert found.code == 1
    assert found.messages("problem") == [f"{server.url} did not answer within 0.5 seconds."]


@pytest.mark.slow
def test_the_command_without_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGFUSE_SECRET_KEY")
    found = doctor(tmp_path, "--exporter", "langfuse")
    assert found.code == 2
    assert found.only("problem")["message"].startswith(
        "Langfuse keys are missing: set LANGFUSE_SECRET_KEY in the environment"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exporters", "level", "words"),
    [
        (("langfuse",), "note", "sends to Langfuse. threadtrail's exporters do not use it."),
        (("opentelemetry",), "warning", "uses it: runs go there as well."),
        (
            ("langfuse", "opentelemetry"),
            "problem",
            "uses it: with the exporter langfuse, each run gets there twice.",
        ),
    ],
)
def test_langfuse_on_the_global_provider(
    server: Server, tmp_path: Path, exporters: tuple[str, ...], level: str, words: str
) -> None:
    (tmp_path / "app.py").write_text("from langfuse import Langfuse\nLangfuse()\n")
    arguments = [word for name in exporters for word in ("--exporter", name)]
    found = doctor(tmp_path, "app", *arguments)
    (finding,) = [each for each in found.findings if "global provider sends to" in each["message"]]
    assert finding["level"] == level
    assert finding["message"].startswith("OpenTelemetry's global provider sends to Langfuse")
    assert finding["message"].endswith(words)
    assert found.code == (1 if level == "problem" else 0)
    assert set(server.asked) <= {("GET", PROJECTS)}
