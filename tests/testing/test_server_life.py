"""The server itself: addresses, keys, log, ids, start and stop, many runs at once."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from openai import AsyncAzureOpenAI, AzureOpenAI, OpenAI

from threadtrail import _install
from threadtrail.testing.server import (
    AssistantsServer,
    Gate,
    Hang,
    Hangs,
    RunScript,
    __main__,
    server_error,
)
from unpacked import unpacked

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

OLD_SDKS = ("1.21.0", "1.109.1", "2.54.0")
JSON_HEADERS = {"authorization": "Bearer sk-local", "openai-beta": "assistants=v2"}


def test_headers_of_an_answer(client: OpenAI, server: AssistantsServer, assistant_id: str) -> None:
    raw = client.beta.threads.with_raw_response.create_and_run(assistant_id=assistant_id)
    assert raw.headers["openai-poll-after-ms"] == "5"
    assert re.fullmatch("req_[0-9a-f]{32}", raw.headers["x-request-id"])
    assert raw.headers["content-type"] == "application/json"
    thread = client.beta.threads.with_raw_response.retrieve(raw.parse().thread_id)
    assert "openai-poll-after-ms" not in thread.headers


def test_poll_header_can_be_left_out() -> None:
    with (
        AssistantsServer(poll_after_ms=None) as server,
        OpenAI(base_url=server.base_url, api_key="sk-local") as client,
    ):
        assistant = client.beta.assistants.create(model="gpt-4o")
        raw = client.beta.threads.with_raw_response.create_and_run(assistant_id=assistant.id)
    assert "openai-poll-after-ms" not in raw.headers


def test_keys() -> None:
    with AssistantsServer(api_key="sk-right") as server:
        url = f"{server.base_url}/assistants"
        beta = {"openai-beta": "assistants=v2"}
        missing = httpx2.get(url, headers=beta)
        wrong = httpx2.get(url, headers={"authorization": "Bearer sk-wrong", **beta})
        right = httpx2.get(url, headers={"authorization": "Bearer sk-right", **beta})
    assert (missing.status_code, wrong.status_code, right.status_code) == (401, 401, 200)
    assert missing.json()["error"]["message"].startswith("You didn't provide an API key.")
    error = wrong.json()["error"]
    assert error["message"].startswith("Incorrect API key provided: ********rong. You can find")
    assert (error["type"], error["code"]) == ("invalid_request_error", "invalid_api_key")


def test_any_key_is_accepted_by_default(server: AssistantsServer) -> None:
    with OpenAI(base_url=server.base_url, api_key="anything") as client:
        assert client.beta.assistants.list().data == []
    answer = httpx2.get(
        f"{server.base_url}/assistants",
        headers={"authorization": "Bearer", "openai-beta": "assistants=v2"},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "headers", "content", "status", "message"),
    [
        ("GET", "/models", JSON_HEADERS, b"", 404, "Invalid URL (GET /v1/models)"),
        ("GET", "/assistants", {"authorization": "Bearer k"}, b"", 400, "'OpenAI-Beta' header"),
        ("POST", "/threads", JSON_HEADERS, b"{", 400, "could not parse the JSON body"),
        ("POST", "/threads", JSON_HEADERS, b"[]", 400, "could not parse the JSON body"),
        ("POST", "/threads/runs", JSON_HEADERS, b"{}", 400, "parameter: 'assistant_id'"),
    ],
)
def test_bad_requests(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    server: AssistantsServer,
    method: str,
    path: str,
    headers: dict[str, str],
    content: bytes,
    status: int,
    message: str,
) -> None:
    answer = httpx2.request(method, server.base_url + path, headers=headers, content=content)
    assert answer.status_code == status
    assert message in answer.json()["error"]["message"]
    assert answer.headers["x-request-id"].startswith("req_")


def test_azure_client(server: AssistantsServer) -> None:
    for deployment in (None, "my-gpt"):
        with AzureOpenAI(
            azure_endpoint=server.azure_endpoint,
            azure_deployment=deployment,
            api_version="2024-05-01-preview",
            api_key="azure-key",
        ) as client:
            assistant = client.beta.assistants.create(model="gpt-4o")
            run = client.beta.threads.create_and_run_poll(assistant_id=assistant.id)
            assert run.status == "completed"
    request = server.requests[0]
    assert request.path == "/openai/assistants"
    assert request.query == {"api-version": ["2024-05-01-preview"]}
    assert request.headers["api-key"] == "azure-key"


async def test_async_azure_client_with_a_token(server: AssistantsServer) -> None:
    async with AsyncAzureOpenAI(
        azure_endpoint=server.azure_endpoint, api_version="v", azure_ad_token="token"
    ) as client:
        assert (await client.beta.threads.create()).id.startswith("thread_")


def test_azure_wording(server: AssistantsServer) -> None:
    denied = httpx2.get(f"{server.azure_endpoint}/openai/assistants?api-version=1")
    assert (denied.status_code, denied.json()["error"]["code"]) == (401, "401")
    lost = httpx2.get(f"{server.azure_endpoint}/openai/assistants", headers={"api-key": "k"})
    assert lost.json() == {"error": {"code": "404", "message": "Resource not found"}}


def test_request_log(client: OpenAI, server: AssistantsServer, assistant_id: str) -> None:
    server.clear_requests()
    thread = client.beta.threads.create(metadata={"a": "b"}, extra_headers={"X-Mine": "1"})
    client.beta.threads.messages.list(thread.id, limit=5, order="asc")
    created, listed = server.requests
    assert (created.operation, created.method, created.path) == (
        "threads.create",
        "POST",
        "/v1/threads",
    )
    assert created.body == {"metadata": {"a": "b"}}
    assert created.headers["x-mine"] == "1"
    assert listed.query == {"limit": ["5"], "order": ["asc"]}
    assert listed.body is None
    assert server.requests_to("messages.list") == [listed]


def test_waiting_for_requests(client: OpenAI, server: AssistantsServer) -> None:
    gate = Gate()
    server.inject(Hang(gate), "threads.create")
    thread = threading.Thread(target=client.beta.threads.create)
    thread.start()
    [request] = server.wait_for_requests(1, "threads.create")
    assert request.method == "POST"
    gate.open()
    thread.join(60)
    assert not thread.is_alive()
    with pytest.raises(TimeoutError, match=r"0 of 1 requests to runs.create arrived in 0.02 s"):
        server.wait_for_requests(1, "runs.create", timeout=0.02)
    with pytest.raises(TimeoutError, match=r"was not true within 0.02 s"):
        server.wait_until(lambda: False, timeout=0.02)
    with pytest.raises(TimeoutError, match=r"0 of 1 reached the gate in 0.02 s"):
        gate.wait_for_waiters(timeout=0.02)


def test_same_seed_and_clock_give_the_same_bytes() -> None:
    def play(server: AssistantsServer) -> list[bytes]:
        bodies = []
        with OpenAI(base_url=server.base_url, api_key="sk-local") as client:
            beta = client.beta
            assistant = beta.assistants.create(model="gpt-4o").id
            first = beta.threads.with_raw_response.create_and_run(assistant_id=assistant)
            bodies.append(first.content)
            run = first.parse()
            for _ in range(3):
                raw = beta.threads.runs.with_raw_response.retrieve(run.id, thread_id=run.thread_id)
                bodies += [raw.content, raw.headers["x-request-id"].encode()]
            steps = beta.threads.runs.steps.with_raw_response
            bodies.append(steps.list(run.id, thread_id=run.thread_id).content)
            stream = beta.threads.create_and_run(assistant_id=assistant, stream=True)
            bodies.append(stream.response.read())
        return bodies

    def clock() -> float:
        return 1_700_000_000.9

    with AssistantsServer(seed="s", clock=clock) as server:
        first = play(server)
        server.reset()
        assert server.requests == []
        assert play(server) == first
    with AssistantsServer(seed="s", clock=clock) as server:
        assert play(server) == first
    assert b'"created_at": 1700000000,' in first[0]
    with AssistantsServer(seed="t", clock=clock) as server:
        assert play(server) != first


def test_reset_forgets_scripts_and_faults(
    client: OpenAI, server: AssistantsServer, assistant_id: str
) -> None:
    server.script(RunScript("changed"))
    server.script_next(RunScript("next"))
    server.inject(server_error(), "assistants.list")
    server.reset()
    assert client.beta.assistants.list().data == []
    assistant = client.beta.assistants.create(model="gpt-4o")
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant.id)
    [part] = client.beta.threads.messages.list(run.thread_id).data[0].content
    assert part.type == "text"
    assert part.text.value == "You said: "


@pytest.mark.slow
def test_a_hundred_runs_at_once(server: AssistantsServer) -> None:
    with OpenAI(base_url=server.base_url, api_key="sk-local") as client:
        assistant = client.beta.assistants.create(model="gpt-4o").id

        def work(number: int) -> str:
            run = client.beta.threads.create_and_run_poll(
                assistant_id=assistant,
                thread={"messages": [{"role": "user", "content": f"number {number}"}]},
            )
            [part] = client.beta.threads.messages.list(run.thread_id, limit=1).data[0].content
            assert part.type == "text"
            return part.text.value

        with ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(work, range(100)))
    assert answers == [f"You said: number {number}" for number in range(100)]


def test_stopping_does_not_wait_for_what_hangs() -> None:
    gate = Gate()
    errors: list[BaseException] = []

    def catch(work: Callable[[], object]) -> None:
        try:
            work()
        except openai.APIConnectionError as error:
            errors.append(error)

    server = AssistantsServer().start()
    client = OpenAI(base_url=server.base_url, api_key="sk-local", max_retries=0)
    assistant = client.beta.assistants.create(model="gpt-4o").id
    server.script(RunScript(end=Hangs()))
    server.inject(Hang(gate), "threads.create")
    works = (
        client.beta.threads.create,
        lambda: list(client.beta.threads.create_and_run(assistant_id=assistant, stream=True)),
    )
    threads = [threading.Thread(target=catch, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    gate.wait_for_waiters()
    server.wait_until(lambda: server.open_streams == 1)
    server.stop()
    server.stop()
    for thread in threads:
        thread.join(60)
    assert [thread.is_alive() for thread in threads] == [False, False]
    assert len(errors) == 2
    client.close()
    names = [thread.name for thread in threading.enumerate()]
    assert "openai-server" not in names


def test_server_that_does_not_run_says_so() -> None:
    server = AssistantsServer()
    with pytest.raises(RuntimeError, match="is not running; call start"):
        _ = server.base_url
    assert server.open_streams == 0
    with server, pytest.raises(RuntimeError, match="is already running"):
        server.start()


def taken(port: int) -> str:
    reason = os.strerror(errno.EADDRINUSE)
    return f"cannot listen on 127.0.0.1:{port}: {reason}; choose another port, or 0 for any free one"


def test_port_can_be_chosen_and_taken(server: AssistantsServer) -> None:
    with pytest.raises(OSError, match="in use") as raised:
        AssistantsServer(port=server.port).start()
    assert raised.value.errno == errno.EADDRINUSE
    assert raised.value.strerror == taken(server.port)


def test_program_says_that_its_port_is_taken(
    server: AssistantsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert __main__.main(["--port", str(server.port)]) == 1
    assert capsys.readouterr().err == f"--port {server.port}: {taken(server.port)}\n"


AS_PROGRAM = """
import runpy, signal
# A suite that a shell runs in the background ignores SIGINT, and so would this.
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("threadtrail.testing.server", run_name="__main__")
"""


def test_program_serves_until_interrupted() -> None:
    command = [sys.executable, "-c", AS_PROGRAM, "--port", "0"]
    with subprocess.Popen([*command, "--scenario", "refusal"], stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            line = program.stdout.readline()
            found = re.search(r"http://127\.0\.0\.1:\d+/v1", line)
            assert found is not None
            with OpenAI(base_url=found[0], api_key="sk-local") as client:
                assistant = client.beta.assistants.create(model="gpt-4o")
                run = client.beta.threads.create_and_run(assistant_id=assistant.id)
                run = client.beta.threads.runs.poll(run.id, run.thread_id, poll_interval_ms=0)
                [part] = client.beta.threads.messages.list(run.thread_id).data[0].content
                assert part.type == "refusal"
        finally:
            program.send_signal(2)
        assert program.wait(240) == 0


def test_importing_needs_no_extra_packages_and_starting_names_them() -> None:
    code = """
import sys
import threadtrail.testing
from threadtrail.testing import AssistantsServer
light = not {"starlette", "uvicorn", "openai", "pydantic"} & sys.modules.keys()
sys.modules["uvicorn"] = None
try:
    AssistantsServer().start()
except ImportError as error:
    print(light, type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
    )
    assert done.stdout.startswith("True MissingExtraError")
    assert _install.extra_command("testing") in done.stdout


@pytest.mark.slow
@pytest.mark.sdks
@pytest.mark.parametrize("version", OLD_SDKS)
def test_older_sdks_speak_with_it(version: str) -> None:
    environment: dict[str, Any] = {**os.environ, "PYTHONPATH": unpacked(f"openai-{version}")}
    script = Path(__file__).with_name("old_sdk_tour.py")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(script)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [version, "requires_action", "completed", "completed", "3"]
