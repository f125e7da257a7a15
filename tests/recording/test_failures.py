"""Requests that fail, and those that the SDK retried."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import openai
import pytest

from driving import each, entered, new_assistant, new_thread, resolved
from threadtrail.events import RequestFailed
from threadtrail.testing.server import (
    CloseConnection,
    ErrorAnswer,
    RunScript,
    html_page,
    json_garbage,
    server_error,
    too_many_requests,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured

NO_RUN, NO_THREAD = "run_none", "thread_none"


def the_failure(recorded: Captured) -> RequestFailed:
    (failure,) = recorded.of(RequestFailed)
    return failure


async def test_not_found(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        await resolved(any_client.beta.threads.runs.retrieve(NO_RUN, thread_id=NO_THREAD))
    failure = the_failure(recorded)
    assert (failure.operation, failure.run_id, failure.thread_id) == (
        "threads.runs.retrieve",
        NO_RUN,
        NO_THREAD,
    )
    assert (failure.status_code, failure.request_id) == (404, raised.value.request_id)
    assert failure.request_id
    assert failure.error.message == str(raised.value)
    assert failure.started_at < failure.time


async def test_bad_request(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    fault = ErrorAnswer(400, "No such model.", kind="invalid_request_error", code="model_not_found")
    server.inject(fault, "runs.create")
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    with pytest.raises(openai.BadRequestError):
        await resolved(any_client.beta.threads.runs.create(thread_id, assistant_id=assistant_id))
    failure = the_failure(recorded)
    assert (failure.operation, failure.status_code) == ("threads.runs.create", 400)
    assert (failure.error.type, failure.assistant_id) == ("model_not_found", assistant_id)
    assert (failure.thread_id, failure.run_id) == (thread_id, None)


CALLS: dict[str, Callable[[Any], Any]] = {
    "assistants.create": lambda client: client.beta.assistants.create(model="gpt-4o"),
    "assistants.list": lambda client: client.beta.assistants.list(),
    "threads.create": lambda client: client.beta.threads.create(),
    "threads.messages.create": lambda client: client.beta.threads.messages.create(
        NO_THREAD, role="user", content="?"
    ),
    "threads.runs.create": lambda client: client.beta.threads.runs.create(
        NO_THREAD, assistant_id="asst_none"
    ),
    "threads.runs.list": lambda client: client.beta.threads.runs.list(NO_THREAD),
    "threads.runs.cancel": lambda client: client.beta.threads.runs.cancel(NO_RUN, thread_id=NO_THREAD),
    "threads.create_and_run": lambda client: client.beta.threads.create_and_run(assistant_id="asst_none"),
    "threads.runs.steps.list": lambda client: client.beta.threads.runs.steps.list(
        NO_RUN, thread_id=NO_THREAD
    ),
}


@pytest.mark.parametrize("operation", CALLS)
async def test_connection_refused(operation: str, any_client: Any, recorded: Captured) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        client = any_client.with_options(base_url=url, max_retries=0)
        with pytest.raises(openai.APIConnectionError):
            await resolved(CALLS[operation](client))
        port = taken.getsockname()[1]
    failure = the_failure(recorded)
    assert (failure.operation, failure.error.type) == (operation, "APIConnectionError")
    assert (failure.status_code, failure.request_id) == (None, None)
    assert (failure.server_address, failure.server_port) == ("127.0.0.1", port)


async def test_a_connection_closed_without_an_answer(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.inject(CloseConnection(), "threads.create")
    with pytest.raises(openai.APIConnectionError):
        await resolved(any_client.with_options(max_retries=0).beta.threads.create())
    assert the_failure(recorded).error.type == "APIConnectionError"


async def create_and_poll(client: Any, assistant_id: str, thread_id: str) -> None:
    runs = client.beta.threads.runs
    await resolved(runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0))


async def poll(client: Any, assistant_id: str, thread_id: str) -> None:
    run = await resolved(client.beta.threads.runs.create(thread_id, assistant_id=assistant_id))
    await resolved(client.beta.threads.runs.poll(run.id, thread_id, poll_interval_ms=0))


async def create_and_run_poll(client: Any, assistant_id: str, thread_id: str) -> None:
    await resolved(client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0))


@pytest.mark.parametrize("helper", [create_and_poll, poll, create_and_run_poll])
async def test_one_failure_per_failing_call_also_within_helpers(
    helper: Any, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("x is 1.", polls=4))
    server.inject(server_error(501, retry_after_ms=None), "runs.retrieve", skip=2)
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    with pytest.raises(openai.InternalServerError):
        await helper(any_client.with_options(max_retries=0), assistant_id, thread_id)
    failure = the_failure(recorded)
    assert (failure.operation, failure.status_code) == ("threads.runs.retrieve", 501)
    assert str(failure.run_id).startswith("run_")


async def test_a_later_page_that_fails(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    thread_id = await new_thread(any_client)
    for _ in range(4):
        await resolved(any_client.beta.threads.messages.create(thread_id, role="user", content="more"))
    server.inject(server_error(501), "messages.list", skip=1)
    client = any_client.with_options(max_retries=0)
    seen = each(client.beta.threads.messages.list(thread_id, limit=2))
    for _ in range(2):
        await anext(seen)
    with pytest.raises(openai.InternalServerError):
        await anext(seen)
    failure = the_failure(recorded)
    assert (failure.operation, failure.thread_id) == ("threads.messages.list", thread_id)


@pytest.mark.parametrize("fault", [too_many_requests(), server_error()], ids=["429", "500"])
async def test_retries_of_the_sdk_count_once(
    fault: Any, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.inject(fault, "runs.create", times=2)
    server.inject(fault, "runs.retrieve", skip=1)
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    await create_and_poll(any_client, assistant_id, thread_id)
    assert len(server.requests_to("runs.create")) == 3
    run = recorded.run()
    assert (run.retry_count, run.poll_count) == (3, 2)
    assert recorded.of(RequestFailed) == []


async def test_retries_of_a_stream(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    server.inject(too_many_requests(), "runs.create", times=2)
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    manager = any_client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id)
    async with entered(manager) as stream:
        await resolved(stream.until_done())
    assert recorded.run().retry_count == 2


async def test_retries_that_did_not_help(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.inject(server_error(), "runs.retrieve", times=9)
    with pytest.raises(openai.InternalServerError):
        await resolved(any_client.beta.threads.runs.retrieve(NO_RUN, thread_id=NO_THREAD))
    failure = the_failure(recorded)
    assert (failure.status_code, failure.retry_count) == (500, 2)


async def test_a_page_of_html_with_status_200(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.inject(html_page(), "runs.retrieve", times=2)
    runs = any_client.beta.threads.runs
    answer = await resolved(runs.retrieve(NO_RUN, thread_id=NO_THREAD))
    assert "Welcome to the proxy" in str(answer)
    raw = await resolved(runs.with_raw_response.retrieve(NO_RUN, thread_id=NO_THREAD))
    assert "Welcome to the proxy" in raw.text
    assert recorded.events == []


async def test_json_that_is_none(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    server.inject(json_garbage(), "runs.retrieve", times=2)
    runs = any_client.beta.threads.runs
    with pytest.raises(ValueError, match="Expecting value") as raised:
        await resolved(runs.retrieve(NO_RUN, thread_id=NO_THREAD))
    await resolved(runs.with_raw_response.retrieve(NO_RUN, thread_id=NO_THREAD))
    assert the_failure(recorded).error.type == type(raised.value).__name__


@pytest.mark.parametrize("helper", [create_and_poll, poll, create_and_run_poll])
async def test_an_answer_that_a_helper_cannot_read_is_noted_once(
    helper: Any, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("x is 1.", polls=4))
    server.inject(json_garbage(), "runs.retrieve", skip=1)
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    with pytest.raises(ValueError, match="Expecting value") as raised:
        await helper(any_client, assistant_id, thread_id)
    failure = the_failure(recorded)
    assert (failure.operation, failure.error.type) == ("threads.runs.poll", type(raised.value).__name__)
    assert str(failure.run_id).startswith("run_")
    assert str(failure.thread_id).startswith("thread_")


async def test_a_wait_between_two_polls_that_is_interrupted_has_not_failed(
    client: OpenAI, recorded: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_runs: object, _seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("openai._resource.SyncAPIResource._sleep", interrupted)
    assistant_id, thread_id = await new_assistant(client), await new_thread(client)
    with pytest.raises(KeyboardInterrupt):
        await poll(client, assistant_id, thread_id)
    assert recorded.of(RequestFailed) == []
