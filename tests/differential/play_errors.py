"""What goes wrong: errors of the server, of the network and of the caller."""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

from differential.world import World, entered, resolved
from threadtrail.testing.server import (
    CloseConnection,
    ErrorAnswer,
    Gate,
    Hang,
    html_page,
    json_garbage,
    server_error,
    too_many_requests,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.testing.server.operations import Operation


async def play(world: World) -> None:
    """Make each kind of error happen, through plain calls, helpers and raw responses."""
    client = world.new_client()
    assistant = await resolved(client.beta.assistants.create(model="gpt-4o", name="Error"))
    thread = await resolved(client.beta.threads.create())
    ids = {"thread_id": thread.id, "assistant_id": assistant.id}
    await _server(world, client, ids)
    await _network(world, ids)
    await _odd_answers(world, client, ids)
    await _caller(world, client, ids)


async def _server(world: World, client: Any, ids: dict[str, str]) -> None:
    runs, threads = client.beta.threads.runs, client.beta.threads
    await world.call("error 404", lambda: runs.retrieve("run_none", thread_id=ids["thread_id"]))
    await world.call("error 404 of a thread", lambda: threads.retrieve("thread_none"))
    await world.call("error 404 raw", lambda: threads.with_raw_response.retrieve("thread_none"))
    async with (
        world.step("error 404 streaming"),
        entered(threads.with_streaming_response.retrieve("thread_none")),
    ):
        pass
    await world.call(
        "error 404 create_and_poll",
        lambda: runs.create_and_poll(thread_id=ids["thread_id"], assistant_id="asst_none"),
    )
    async with (
        world.step("error 404 on entering a stream"),
        entered(runs.stream(thread_id="thread_none", assistant_id="asst_none")),
    ):
        pass
    await world.call(
        "error 400",
        lambda: runs.list(ids["thread_id"], limit=1000),
    )
    await world.call(
        "error 400 submit to nothing pending",
        lambda: runs.submit_tool_outputs("run_none", thread_id=ids["thread_id"], tool_outputs=[]),
    )
    other = client.with_options(api_key="")
    world.server.inject(ErrorAnswer(401, "Incorrect API key provided: x.", code="invalid_api_key"))
    await world.call("error 401", lambda: other.beta.threads.create())
    world.server.inject(too_many_requests(), "runs.retrieve", times=2)
    await world.call("error 429, twice, then 404", lambda: runs.retrieve("run_x", thread_id=ids["thread_id"]))
    world.server.inject(too_many_requests(), "threads.create", times=2)
    await world.call("429, twice, then well", lambda: threads.create())
    world.server.inject(server_error(), "runs.create", times=1)
    run = await world.call("500, once, then well", lambda: runs.create(**ids))
    world.server.inject(server_error(503), "runs.retrieve", times=1)
    await world.call("a poll through 503", lambda: runs.poll(run.id, ids["thread_id"]))
    strict = client.with_options(max_retries=0)
    world.server.inject(server_error(), "runs.create")
    await world.call("error 500", lambda: strict.beta.threads.runs.create(**ids))
    world.server.inject(server_error(), "runs.retrieve")
    await world.call("error 500 in a poll", lambda: strict.beta.threads.runs.create_and_poll(**ids))
    await _free(client, ids["thread_id"])
    world.server.inject(too_many_requests(), "runs.create")
    async with world.step("error 429 on opening a stream"):
        await resolved(strict.beta.threads.runs.create(**ids, stream=True))


async def _free(client: Any, thread_id: str) -> None:
    page = await resolved(client.beta.threads.runs.list(thread_id, limit=1))
    await resolved(client.beta.threads.runs.poll(page.data[0].id, thread_id))


async def _network(world: World, ids: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound but not listening: nobody else can get the port, and every connection is refused.
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        refused = world.new_client(base_url=nowhere, max_retries=0)
        await world.call("error refused", lambda: refused.beta.threads.create())
        await world.call("error refused run", lambda: refused.beta.threads.runs.create(**ids))
        async with (
            world.step("error refused stream"),
            entered(refused.beta.threads.runs.stream(**ids)),
        ):
            pass
    client = world.new_client(max_retries=0)
    # Connected already, so that the time runs out on the answer and not on the connection.
    await world.call("connected", lambda: client.beta.threads.create())
    gate = Gate()  # never opened: the server would answer or not, as it happens
    world.server.inject(Hang(gate), "threads.create", times=2 if world.is_async else 1)
    await world.call("error timeout", lambda: client.beta.threads.create(timeout=0.1))
    if world.is_async:
        async with world.step("error: a call that is cancelled"):
            before = len(world.server.requests)
            task = asyncio.ensure_future(client.beta.threads.create())
            await asyncio.to_thread(world.server.wait_for_requests, before + 1)
            task.cancel()
            await task
    world.server.inject(CloseConnection(), "threads.create")
    await world.call("error closed", lambda: client.beta.threads.create())
    world.server.inject(CloseConnection(after_bytes=10), "threads.create")
    await world.call("error closed in the body", lambda: client.beta.threads.create())


async def _odd_answers(world: World, client: Any, ids: dict[str, str]) -> None:
    threads = client.beta.threads
    for name, fault in (("HTML", html_page()), ("garbage", json_garbage())):
        calls: tuple[tuple[Operation, Callable[[], Any]], ...] = (
            ("threads.create", lambda: threads.create()),
            ("runs.create", lambda: threads.runs.create(**ids)),
            ("messages.list", lambda: threads.messages.list(ids["thread_id"])),
            ("assistants.create", lambda: client.beta.assistants.create(model="m")),
        )
        for operation, call in calls:
            world.server.inject(fault, operation)
            await world.call(f"odd {name} for {operation}", call)
    world.server.inject(html_page(), "runs.create")
    await world.call("odd HTML for create_and_poll", lambda: threads.runs.create_and_poll(**ids))
    await _free(client, ids["thread_id"])
    world.server.inject(without("id", "status", "usage", "thread_id"), "runs.create")
    await world.call("a run with almost nothing", lambda: threads.runs.create(**ids))
    await _free(client, ids["thread_id"])
    world.server.inject(without("id", "content", "role"), "messages.create")
    await world.call(
        "a message with almost nothing",
        lambda: threads.messages.create(ids["thread_id"], role="user", content="x"),
    )
    world.server.inject(html_page(), "runs.create")
    async with world.step("odd HTML for a stream") as entry:
        async with entered(threads.runs.stream(**ids)) as stream:
            await resolved(stream.until_done())
        entry["run"] = str(stream.current_run)


async def _caller(world: World, client: Any, ids: dict[str, str]) -> None:
    runs, threads = client.beta.threads.runs, client.beta.threads
    await world.call("wrong: nothing", lambda: runs.create())
    await world.call("wrong: unknown keyword", lambda: runs.create(**ids, colour="red"))
    await world.call("wrong: too many", lambda: runs.retrieve("run_x", "thread_x"))
    await world.call("wrong: twice", lambda: threads.retrieve("a", thread_id="b"))
    await world.call("wrong: empty id", lambda: runs.retrieve("", thread_id=ids["thread_id"]))
    await world.call("wrong: helper", lambda: runs.create_and_poll("thread_x"))
    await world.call("wrong: stream", lambda: runs.stream())
    await world.call("wrong: poll", lambda: runs.poll())
    await world.call("wrong: missing output", lambda: runs.submit_tool_outputs("r", thread_id="t"))
    await world.call("wrong: not JSON", lambda: threads.create(metadata={"a": object()}))
    await world.call("wrong: lone surrogate", lambda: threads.create(metadata={"a": "\ud800"}))

    def failing() -> Any:
        yield {"tool_call_id": "a", "output": "b"}
        raise LookupError("mine")

    await world.call(
        "wrong: a generator that raises",
        lambda: runs.submit_tool_outputs("r", thread_id="t", tool_outputs=failing()),
    )
    async with world.step("wrong: unbound"):
        await resolved(type(runs).retrieve("run_x", thread_id="thread_x"))
    with contextlib.suppress(AttributeError):
        await world.call("wrong: no such method", lambda: runs.create_and_wait())
