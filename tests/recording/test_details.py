"""`fetch_run_details`: details that the app never looked at are fetched once; off, no call is made."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import openai
import pytest

import threadtrail
from driving import drained, entered, new_assistant, new_thread, resolved
from recording.invariants import all_texts, check_story
from threadtrail._guard import guard
from threadtrail.events import RunEnded
from threadtrail.testing import capture
from threadtrail.testing.server import CodeInterpreterCall, Gate, Hang, RunScript, ToolCalls, server_error

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
        assert not await flushed()
        assert await flushed(), "a loss counts in one flush only"
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


def test_a_client_that_is_closed_before_the_fetch(server: AssistantsServer) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True) as captured:
        with openai.OpenAI(base_url=server.base_url, api_key="sk-local") as client:
            asyncio.run(play(client, "poll"))
        assert client.is_closed()
        assert threadtrail.flush(60)
    assert all_texts(captured.run().output) == ["First.", "Second."]


def test_an_event_loop_that_has_ended_before_the_fetch(server: AssistantsServer) -> None:
    server.script(SCRIPT)

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
            await play(client, "poll")

    with capture(fetch_run_details=True) as captured:
        asyncio.run(main())
        assert threadtrail.flush(60)
    assert all_texts(captured.run().output) == ["First.", "Second."]


async def test_a_flush_on_the_event_loop_does_not_wait_for_itself(server: AssistantsServer) -> None:
    server.script(SCRIPT)
    async with openai.AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
        with capture(fetch_run_details=True) as captured:
            await play(client, "poll")
            assert threadtrail.flush(60)
    assert all_texts(captured.run().output) == ["First.", "Second."]


async def test_an_http_client_of_the_apps_own_is_not_replaced(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(SCRIPT)
    with capture(fetch_run_details=True) as captured:
        await play(any_client, "poll")
        await resolved(any_client.close())
        assert not await flushed()
    assert captured.run().steps == ()
    assert threadtrail.status().details_missed == 1
    (error,) = guard.errors
    assert str(error) == "the client was closed before the details of its runs were fetched"
    guard.errors.clear()


class Keep:
    def __init__(self) -> None:
        self.ended: list[RunEnded] = []

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        self.ended += [event for event in events if isinstance(event, RunEnded)]


def test_an_api_that_hangs_leaves_time_to_publish_at_the_exit(
    client: openai.OpenAI, server: AssistantsServer
) -> None:
    gate = Gate()
    server.script(SCRIPT)
    server.inject(Hang(gate), "steps.list", times=8)
    keep = Keep()
    threadtrail.instrument(exporters=[keep], fetch_run_details=True)
    for _ in range(8):
        asyncio.run(play(client, "poll"))
    assert not threadtrail.shutdown(2.0)
    assert len(keep.ended) == 8
    assert threadtrail.status().details_missed == 8
    gate.open()
    server.wait_until(lambda: "threadtrail-details" not in {thread.name for thread in threading.enumerate()})
    # One was on its way; after the exit, nothing more is asked for.
    assert fetches(server)[0] == 1
    assert threadtrail.status().details_missed == 8


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
