"""`fetch_run_details`: what the app never looked at, read once when a run ends; else no call of ours."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import openai
import pytest

import threadtrail
from driving import drained, entered, new_assistant, new_thread, resolved
from recording.invariants import all_texts, check_story
from threadtrail._guard import guard
from threadtrail.testing import capture
from threadtrail.testing.server import CodeInterpreterCall, RunScript, ToolCalls, server_error

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer

SCRIPT = RunScript(ToolCalls(CodeInterpreterCall("print(1)", logs="1\n")), "First.", "Second.")

pytestmark = pytest.mark.usefixtures("strict")


async def play(client: Any, way: str) -> str:
    runs = client.beta.threads.runs
    given = {"thread_id": await new_thread(client), "assistant_id": await new_assistant(client)}
    if way == "poll":
        await resolved(runs.create_and_poll(**given, poll_interval_ms=0))
    else:
        async with entered(runs.stream(**given)) as stream:
            await resolved(stream.until_done())
    return given["thread_id"]


async def flushed() -> bool:
    """Flush without blocking the event loop, on which an async client's details are fetched."""
    return await asyncio.to_thread(threadtrail.flush)


def fetches(server: AssistantsServer) -> tuple[int, int]:
    return len(server.requests_to("steps.list")), len(server.requests_to("messages.list"))


async def test_fetched_once(any_client: Any, server: AssistantsServer) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True) as captured:
        for count in (1, 2):
            await play(any_client, "poll")
            assert await flushed()
            assert fetches(server) == (count, count)
        run = captured.runs[0]
        await resolved(any_client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id))
        assert await flushed()
    check_story(captured.events)
    assert fetches(server) == (2, 2)
    assert [step.kind for step in run.steps] == ["tool_calls", "message_creation", "message_creation"]
    assert (run.tool_calls[0].output, all_texts(run.output)) == ("1\n", ["First.", "Second."])
    assert threadtrail.status().details_missed == 0


async def test_nothing_is_fetched_of_a_run_that_was_streamed_whole(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True) as captured:
        await play(any_client, "stream")
        assert await flushed()
    assert fetches(server) == (0, 0)
    assert len(captured.run().steps) == 3


@pytest.mark.parametrize("way", ["poll", "stream"])
async def test_no_call_of_ours_when_it_is_off(way: str, any_client: Any, server: AssistantsServer) -> None:
    server.script(SCRIPT)
    await play(any_client, way)
    bare = [request.operation for request in server.requests]
    server.clear_requests()
    with capture() as captured:
        await play(any_client, way)
        assert await flushed()
    assert [request.operation for request in server.requests] == bare
    assert len(captured.runs) == 1


async def test_a_fetch_that_fails_is_counted_not_raised(any_client: Any, server: AssistantsServer) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True) as captured:
        server.inject(server_error(501), "steps.list", times=2)
        await play(any_client, "poll")
        assert await flushed()
        assert threadtrail.status().details_missed == 1
    run = captured.run()
    assert (run.status, run.steps) == ("completed", ())
    assert [type(error) for error in guard.errors] == [openai.InternalServerError]
    guard.errors.clear()


async def test_our_requests_carry_the_apps_client_and_the_apis_version(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True):
        await play(any_client.with_options(default_headers={"X-App": "ours"}), "poll")
        assert await flushed()
    (request,) = server.requests_to("steps.list")
    assert request.headers["openai-beta"] == "assistants=v2"
    assert request.headers["x-app"] == "ours"
    (request,) = server.requests_to("messages.list")
    assert request.query["run_id"]


async def test_the_details_of_a_run_whose_loop_is_gone_are_missed(server: AssistantsServer) -> None:
    server.script(SCRIPT)

    def in_another_loop() -> None:
        async def drive() -> None:
            async with openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
                await play(client, "poll")

        asyncio.run(drive())

    with capture(fetch_run_details=True, settle_seconds=60) as captured:
        await asyncio.to_thread(in_another_loop)
        assert await flushed()
        missed = threadtrail.status().details_missed
    # Whether the fetch came before the loop ended is a race; either way the run is told, once.
    assert len(captured.runs) == 1
    assert missed == len(guard.errors)
    guard.errors.clear()


async def test_later_looks_of_the_app_still_count_while_details_are_fetched(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True) as captured:
        thread_id = await play(any_client, "poll")
        await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))
        assert await flushed()
    check_story(captured.events)
    assert all_texts(captured.run().output) == ["First.", "Second."]
