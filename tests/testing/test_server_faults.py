"""Faults: each as the SDK sees it, and the server's own state afterwards."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from openai import OpenAI

from threadtrail.testing.server import (
    AssistantsServer,
    CloseConnection,
    EditBody,
    Fault,
    Gate,
    Hang,
    RunScript,
    conflict,
    html_page,
    json_garbage,
    server_error,
    too_many_requests,
    without,
)


@pytest.fixture
def client(client: OpenAI) -> OpenAI:
    return client.with_options(max_retries=0)


@pytest.mark.parametrize(
    ("fault", "error", "header"),
    [
        (too_many_requests(7), openai.RateLimitError, ("retry-after-ms", "7")),
        (too_many_requests(None, retry_after=3), openai.RateLimitError, ("retry-after", "3")),
        (server_error(), openai.InternalServerError, ("retry-after-ms", "1")),
        (server_error(503), openai.InternalServerError, ("retry-after-ms", "1")),
        (conflict(), openai.ConflictError, ("retry-after-ms", "1")),
    ],
)
def test_error_answers(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    client: OpenAI,
    server: AssistantsServer,
    thread_id: str,
    fault: Fault,
    error: type[openai.APIStatusError],
    header: tuple[str, str],
) -> None:
    server.inject(fault, "threads.retrieve")
    with pytest.raises(error) as caught:
        client.beta.threads.retrieve(thread_id)
    assert caught.value.response.headers[header[0]] == header[1]
    assert caught.value.request_id is not None
    assert client.beta.threads.retrieve(thread_id).id == thread_id


def test_sdk_retries_until_it_succeeds(server: AssistantsServer) -> None:
    server.inject(too_many_requests(), "threads.create", times=2)
    with OpenAI(base_url=server.base_url, api_key="sk-local", max_retries=2) as client:
        client.beta.threads.create()
    retries = [
        request.headers.get("x-stainless-retry-count") for request in server.requests_to("threads.create")
    ]
    assert retries == ["0", "1", "2"]


def test_skip_and_times(client: OpenAI, server: AssistantsServer) -> None:
    server.inject(server_error(), "threads.create", skip=1, times=2)
    outcomes = []
    for _ in range(4):
        try:
            client.beta.threads.create()
            outcomes.append("ok")
        except openai.InternalServerError:
            outcomes.append("error")
    assert outcomes == ["ok", "error", "error", "ok"]


def test_html_with_status_200(client: OpenAI, server: AssistantsServer, thread_id: str) -> None:
    server.inject(html_page())
    answer: Any = client.beta.threads.retrieve(thread_id)
    assert answer.startswith("<!DOCTYPE html>")


def test_json_garbage(client: OpenAI, server: AssistantsServer, thread_id: str) -> None:
    server.inject(json_garbage())
    with pytest.raises(json.JSONDecodeError):
        client.beta.threads.retrieve(thread_id)


def test_missing_fields(client: OpenAI, server: AssistantsServer, assistant_id: str) -> None:
    server.script_next(RunScript("x", polls=1))
    run = client.beta.threads.create_and_run(assistant_id=assistant_id)
    server.inject(without("usage", "model"), "runs.retrieve")
    seen = client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id)
    assert seen.status == "completed"
    assert not seen.to_dict().keys() & {"usage", "model"}


def test_edited_body(client: OpenAI, server: AssistantsServer, thread_id: str) -> None:
    def half_an_emoji(body: dict[str, Any]) -> dict[str, Any]:
        body["data"][0]["content"][0]["text"]["value"] = "half \ud83d"
        return body

    server.inject(EditBody(half_an_emoji), "messages.list")
    [part] = client.beta.threads.messages.list(thread_id).data[0].content
    assert part.type == "text"
    assert part.text.value == "half \ud83d"
    [part] = client.beta.threads.messages.list(thread_id).data[0].content
    assert part.type == "text"
    assert part.text.value == "3x + 11 = 14"


@pytest.mark.parametrize("after_bytes", [None, 0, 10])
def test_closed_connection(client: OpenAI, server: AssistantsServer, after_bytes: int | None) -> None:
    server.inject(CloseConnection(after_bytes), "assistants.create")
    with pytest.raises(openai.APIConnectionError):
        client.beta.assistants.create(model="gpt-4o")
    assert len(client.beta.assistants.list().data) == 1


def test_hanging_request_times_out(server: AssistantsServer) -> None:
    gate = Gate()
    server.inject(Hang(gate), "threads.create")
    with OpenAI(base_url=server.base_url, api_key="sk-local", max_retries=0, timeout=0.05) as client:
        with pytest.raises(openai.APITimeoutError):
            client.beta.threads.create()
        server.wait_until(lambda: gate.waiting == 0)
        assert client.beta.threads.create().id.startswith("thread_")


def test_hanging_request_is_answered_when_released(client: OpenAI, server: AssistantsServer) -> None:
    gate = Gate(permits=1)
    server.inject(Hang(gate), "threads.create")
    assert client.beta.threads.create().id.startswith("thread_")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"operation": "runs.retreive"},
            "operation='runs.retreive' does not exist; choose one of assistants.create, ",
        ),
        ({"times": 0}, "times=0, skip=0"),
        ({"skip": -1}, "times=1, skip=-1"),
    ],
)
def test_fault_that_makes_no_sense_is_refused(
    server: AssistantsServer, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        server.inject(server_error(), **arguments)


def test_an_operation_that_does_not_exist_has_no_requests(server: AssistantsServer) -> None:
    message = "operation='responses.creat' does not exist; choose one of assistants.create, "
    with pytest.raises(ValueError, match=message):
        server.requests_to("responses.creat")  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ValueError, match=message):
        server.wait_for_requests(1, "responses.creat")  # type: ignore[arg-type]  # the mistake
