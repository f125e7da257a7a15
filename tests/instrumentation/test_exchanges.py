"""What was sent is recorded as it was sent; where the SDK hides the exchange, its arguments are copied."""

from __future__ import annotations

import gc
import json
import weakref
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from openai._base_client import AsyncAPIClient, SyncAPIClient

import threadtrail
from driving import drained, each, entered, new_assistant, new_thread, outputs_for, poll, resolved
from threadtrail.events import MessageCreated, RunCreated
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing import AssistantsServer, Captured
    from threadtrail.values import Run

QUESTION = {"role": "user", "content": "3x + 11 = 14"}


@pytest.fixture(params=["bodies", "copies"])
def seam(request: pytest.FixtureRequest, recorded: Captured, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the seam of the SDK, and as if a version of the SDK had lost it."""
    if request.param == "copies":
        for client in (SyncAPIClient, AsyncAPIClient):
            original: Any = client._process_response
            monkeypatch.setattr(client, "_process_response", original.__wrapped__)
    way: str = request.param
    return way


async def solve(client: Any, server: AssistantsServer, recorded: Captured) -> Run:
    """One run with a function call, all of which is sent along with other things."""
    server.script_next(RunScript(ToolCalls(FunctionCall("solve", {})), Message("x is 1.")))
    runs = client.beta.threads.runs
    thread = await resolved(client.beta.threads.create(messages=[QUESTION]))
    run = await resolved(
        runs.create(
            thread.id,
            assistant_id=await new_assistant(client),
            additional_messages=[{"role": "user", "content": "Please."}],
            additional_instructions="Be brief.",
        )
    )
    run = await poll(client, run)
    run = await resolved(runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs_for(run)))
    run = await poll(client, run)
    await drained(await resolved(runs.steps.list(run.id, thread_id=thread.id, limit=1)))
    await drained(await resolved(client.beta.threads.messages.list(thread.id)))
    return recorded.run()


async def test_both_ways_record_the_same(
    seam: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    run = await solve(any_client, server, recorded)
    assert [message.text for message in run.input] == ["3x + 11 = 14", "Please."]
    assert run.request.additional_instructions == "Be brief."
    assert [call.output for call in run.tool_calls] == ["output of solve"]
    assert [step.kind for step in run.steps] == ["tool_calls", "message_creation"]
    assert [message.text for message in run.output] == ["x is 1."]


async def test_a_list_from_the_oldest_to_the_newest(
    seam: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("one", "two", "three"))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(any_client.beta.threads.runs.create(thread_id, assistant_id=assistant_id))
    await poll(any_client, run)
    listed = any_client.beta.threads.messages.list(thread_id, order="asc", limit=2)
    await drained(await resolved(listed))
    assert [message.text for message in recorded.run().output] == ["one", "two", "three"]


async def test_what_the_body_says_beyond_the_arguments(any_client: Any, recorded: Captured) -> None:
    more = [{"role": "user", "content": "from the extra body"}]
    run = await resolved(
        any_client.beta.threads.runs.create(
            await new_thread(any_client),
            assistant_id=await new_assistant(any_client),
            extra_body={"additional_messages": more, "additional_instructions": "also from there"},
        )
    )
    await poll(any_client, run)
    assert recorded.run().input[-1].text == "from the extra body"
    assert recorded.run().request.additional_instructions == "also from there"


async def test_iterables_and_mappings(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("solve", {})), Message("x is 1.")))
    threads = any_client.beta.threads
    thread = await resolved(threads.create(messages=(message for message in (QUESTION,))))
    assistant_id = await new_assistant(any_client)
    run = await resolved(threads.runs.create(thread.id, assistant_id=assistant_id))
    run = await poll(any_client, run)
    outputs = (output for output in outputs_for(run))
    submit = threads.runs.submit_tool_outputs
    await poll(any_client, await resolved(submit(run.id, thread_id=thread.id, tool_outputs=outputs)))
    recording = recorded.run()
    assert [message.text for message in recording.input] == ["3x + 11 = 14"]
    assert [call.output for call in recording.tool_calls] == ["output of solve"]


@pytest.mark.parametrize("way", ["parsed", "raw", "streamed"])
async def test_the_servers_id_of_the_request(way: str, any_client: Any, recorded: Captured) -> None:
    """It is noted before the app has the headers, which it may change."""
    asked = {"model": "gpt-4o", "input": "3x + 11 = 14"}
    responses = any_client.responses
    if way == "parsed":
        sent = (await resolved(responses.create(**asked)))._request_id
    elif way == "raw":
        headers = (await resolved(responses.with_raw_response.create(**asked))).headers
        sent, headers["x-request-id"] = headers["x-request-id"], "changed"
    else:
        stream = await resolved(responses.create(**asked, stream=True))
        headers = stream.response.headers
        sent, headers["x-request-id"] = headers["x-request-id"], "changed"
        await drained(stream)
    assert sent
    assert recorded.run().request_id == sent


@pytest.mark.parametrize("way", ["raw", "streaming"])
async def test_a_response_that_the_app_parses(
    way: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    runs = any_client.beta.threads.runs
    thread_id, assistant_id = await new_thread(any_client), await new_assistant(any_client)
    if way == "raw":
        response = await resolved(runs.with_raw_response.create(thread_id, assistant_id=assistant_id))
        run = response.parse()
    else:
        opened = runs.with_streaming_response.create(thread_id, assistant_id=assistant_id)
        if hasattr(opened, "__aenter__"):
            async with opened as response:
                run = await response.parse()
        else:
            with opened as response:
                run = response.parse()
    await poll(any_client, run)
    assert recorded.run().observed_from_start
    assert recorded.run().status == "completed"


async def test_nothing_of_the_exchange_is_kept_but_bytes(any_client: Any, recorded: Captured) -> None:
    with pytest.raises(openai.NotFoundError):
        await resolved(any_client.beta.threads.runs.retrieve("run_none", thread_id="thread_none"))
    from threadtrail.instrumentation.failures import raised

    request = openai.DefaultHttpxClient(verify=False).build_request("POST", "http://nobody", json={"a": 1})
    error = openai.APIConnectionError(request=request)
    from threadtrail.context import Scope
    from threadtrail.recording.observation import Call, Operation

    operation = Operation(source="none", name="none", does="none")
    call = Call(operation, 1, {}, None, Scope(), given={"a": object()})
    raised(call, error)
    assert (call.request, call.given, call.response) == (b'{"a":1}', None, None)


def test_a_response_goes_when_the_app_drops_it(client: openai.OpenAI, recorded: Captured) -> None:
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    threads = client.beta.threads
    gc.disable()  # it must not take a collection: other tools end their spans when a response goes
    try:
        raw = threads.with_raw_response.create_and_run(assistant_id=assistant_id, stream=True)
        gone = weakref.ref(raw)
        raw.http_response.close()
        del raw
        assert gone() is None
    finally:
        gc.enable()


def test_a_run_that_is_open_keeps_no_client(server: AssistantsServer, recorded: Captured) -> None:
    client = openai.OpenAI(base_url=server.base_url, api_key="sk-local")
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    stream = client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)
    for event in stream:
        if event.event == "thread.message.created":
            break
    stream.close()
    assert recorded.of(MessageCreated)
    gone = weakref.ref(client)
    client.close()
    del client, stream, event
    gc.collect()
    assert threadtrail.status().open_runs == 1
    assert gone() is None


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_an_event_stream_that_is_there_at_once(kind: str, recorded: Captured) -> None:
    """A mock of the app's own tests answers with the whole body."""
    run = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "created_at": 1, "tools": []}
    events = [{**run, "status": status} for status in ("queued", "completed")]
    body = "".join(f"event: thread.run.{each['status']}\ndata: {json.dumps(each)}\n\n" for each in events)

    def answer(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=body, headers={"content-type": "text/event-stream"})

    transport = httpx2.MockTransport(answer)
    client: Any = (
        openai.OpenAI(api_key="any", http_client=httpx2.Client(transport=transport))
        if kind == "sync"
        else openai.AsyncOpenAI(api_key="any", http_client=httpx2.AsyncClient(transport=transport))
    )
    runs = client.beta.threads.runs
    stream = await resolved(runs.create("thread_1", assistant_id="asst_1", stream=True))
    assert len(await drained(stream)) == 2
    assert (recorded.run().status, recorded.run().streamed) == ("completed", True)


WAYS_TO_READ: dict[str, Callable[[Any], Any]] = {
    "json": lambda response: response.json(),
    "read": lambda response: response.read(),
    "text": lambda response: response.text(),
    "iter_lines": lambda response: drained(response.iter_lines()),
    "iter_bytes": lambda response: drained(response.iter_bytes(7)),
    "parse twice": lambda response: response.parse(),
}


@pytest.mark.parametrize("way", WAYS_TO_READ)
async def test_a_body_that_the_app_reads_itself(
    way: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    runs = any_client.beta.threads.runs
    thread_id, assistant_id = await new_thread(any_client), await new_assistant(any_client)
    async with entered(runs.with_streaming_response.create(thread_id, assistant_id=assistant_id)) as response:
        await resolved(WAYS_TO_READ[way](response))
        if way == "parse twice":
            await resolved(response.parse())
    (run,) = await drained(await resolved(runs.list(thread_id)))
    await poll(any_client, run)
    assert recorded.run().observed_from_start
    assert [message.text for message in recorded.run().input] == ["3x + 11 = 14?"]
    assert len(recorded.of(RunCreated)) == 1


@pytest.mark.parametrize("way", ["iter_lines", "iter_bytes", "read"])
async def test_an_event_stream_that_the_app_reads_itself(
    way: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    runs = any_client.beta.threads.runs
    given = {"thread_id": await new_thread(any_client), "assistant_id": await new_assistant(any_client)}
    async with entered(runs.with_streaming_response.create(**given, stream=True)) as response:
        await resolved(WAYS_TO_READ[way](response))
    run = recorded.run()
    assert (run.status, run.streamed, run.observed_from_start) == ("completed", True, True)
    assert run.first_output_at is not None
    assert [message.text for message in run.output] == ["You said: 3x + 11 = 14?"]


async def test_an_event_stream_that_the_app_leaves(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    runs = any_client.beta.threads.runs
    given = {"thread_id": await new_thread(any_client), "assistant_id": await new_assistant(any_client)}
    async with entered(runs.with_streaming_response.create(**given, stream=True)) as response:
        async for line in each(response.iter_lines()):
            if "thread.run.in_progress" in line:
                break
    (run,) = await drained(await resolved(runs.list(given["thread_id"])))
    assert run.id == recorded.of(RunCreated)[0].run_id
    await poll(any_client, run)
    assert recorded.run().status == "completed"


async def test_a_body_that_nobody_reads_is_not_read(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    runs = any_client.beta.threads.runs
    thread_id, assistant_id = await new_thread(any_client), await new_assistant(any_client)
    async with entered(runs.with_streaming_response.create(thread_id, assistant_id=assistant_id)) as response:
        assert response.status_code == 200
    assert recorded.of(RunCreated) == []
