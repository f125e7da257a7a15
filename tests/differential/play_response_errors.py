"""What goes wrong with responses: errors of the server, of the network and of the caller, and odd answers."""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

from differential.responses_parts import ASK, MODEL
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

    from threadtrail.testing.server import Operation


async def play(world: World) -> None:
    """Make each kind of error happen, through plain calls, helpers and raw responses."""
    responses = world.new_client().responses
    await _server(world, responses)
    await _network(world)
    await _odd_answers(world, responses)
    await _caller(world, responses)


async def _server(world: World, responses: Any) -> None:
    await world.call("error 404", lambda: responses.retrieve("resp_none"))
    await world.call("error 404 raw", lambda: responses.with_raw_response.retrieve("resp_none"))
    async with (
        world.step("error 404 streaming"),
        entered(responses.with_streaming_response.retrieve("resp_none")),
    ):
        pass
    await world.call(
        "error 400 no such response before", lambda: responses.create(**ASK, previous_response_id="resp_none")
    )
    async with (
        world.step("error 400 on entering a stream"),
        entered(responses.stream(**ASK, previous_response_id="resp_none")),
    ):
        pass
    await world.call("error 400 parse", lambda: responses.parse(model=MODEL, input=[{"type": "nonsense"}]))
    await world.call("error 404 of a list", lambda: responses.input_items.list("resp_none"))
    await world.call("error 404 delete", lambda: responses.delete("resp_none"))
    world.server.inject(ErrorAnswer(401, "Incorrect API key provided: x.", code="invalid_api_key"))
    await world.call("error 401", lambda: responses.create(**ASK))
    world.server.inject(too_many_requests(), "responses.create", times=2)
    await world.call("429, twice, then well", lambda: responses.create(**ASK))
    world.server.inject(server_error(), "responses.create")
    await world.call("500, once, then well", lambda: responses.parse(**ASK))
    made = await resolved(responses.create(**ASK))
    world.server.inject(server_error(503), "responses.retrieve")
    await world.call("503, once, then well", lambda: responses.retrieve(made.id))
    world.server.inject(too_many_requests(), "responses.create", times=2)
    async with world.step("429, twice, then a stream"), entered(responses.stream(**ASK)) as stream:
        await resolved(stream.until_done())
    strict = world.new_client(max_retries=0).responses
    world.server.inject(server_error(), "responses.create")
    await world.call("error 500", lambda: strict.create(**ASK))
    world.server.inject(too_many_requests(), "responses.create")
    async with world.step("error 429 on opening a stream"):
        await resolved(strict.create(**ASK, stream=True))


async def _network(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound but not listening: nobody else can get the port, and every connection is refused.
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        refused = world.new_client(base_url=nowhere, max_retries=0).responses
        await world.call("error refused", lambda: refused.create(**ASK))
        await world.call("error refused retrieve", lambda: refused.retrieve("resp_x"))
        async with world.step("error refused stream"), entered(refused.stream(**ASK)):
            pass
    responses = world.new_client(max_retries=0).responses
    # Connected already, so that the time runs out on the answer and not on the connection.
    await world.call("connected", lambda: responses.create(**ASK))
    gate = Gate()  # never opened: the server would answer or not, as it happens
    world.server.inject(Hang(gate), "responses.create", times=2 if world.is_async else 1)
    await world.call("error timeout", lambda: responses.create(**ASK, timeout=0.1))
    if world.is_async:
        async with world.step("error: a call that is cancelled"):
            before = len(world.server.requests)
            task = asyncio.ensure_future(responses.create(**ASK))
            await asyncio.to_thread(world.server.wait_for_requests, before + 1)
            task.cancel()
            await task
    world.server.inject(CloseConnection(), "responses.create")
    await world.call("error closed", lambda: responses.create(**ASK))
    world.server.inject(CloseConnection(after_bytes=10), "responses.create")
    await world.call("error closed in the body", lambda: responses.create(**ASK))


async def _odd_answers(world: World, responses: Any) -> None:
    made = await resolved(responses.create(**ASK))
    for name, fault in (("HTML", html_page()), ("garbage", json_garbage())):
        calls: tuple[tuple[Operation, Callable[[], Any]], ...] = (
            ("responses.create", lambda: responses.create(**ASK)),
            ("responses.create", lambda: responses.parse(**ASK)),
            ("responses.retrieve", lambda: responses.retrieve(made.id)),
            ("responses.input_items.list", lambda: responses.input_items.list(made.id)),
            ("responses.delete", lambda: responses.delete(made.id)),
        )
        for number, (operation, call) in enumerate(calls):
            world.server.inject(fault, operation)
            await world.call(f"odd {name} for {operation} {number}", call)
    world.server.inject(without("id", "status", "usage", "output", "model"), "responses.create")
    await world.call("a response with almost nothing", lambda: responses.create(**ASK))
    world.server.inject(html_page(), "responses.create")
    async with world.step("odd HTML for a stream"), entered(responses.stream(**ASK)) as stream:
        await resolved(stream.until_done())


async def _caller(world: World, responses: Any) -> None:
    await world.call("wrong: nothing", lambda: responses.create())
    await world.call("wrong: unknown keyword", lambda: responses.create(**ASK, colour="red"))
    await world.call("wrong: by position", lambda: responses.create("x", MODEL))
    await world.call("wrong: too many", lambda: responses.retrieve("resp_x", "resp_y"))
    await world.call("wrong: twice", lambda: responses.retrieve("a", response_id="b"))
    await world.call("wrong: empty id", lambda: responses.retrieve(""))
    await world.call("wrong: empty id to delete", lambda: responses.delete(""))
    await world.call("wrong: an empty list", lambda: responses.input_items.list(""))
    await world.call("wrong: parse", lambda: responses.parse(**ASK, text_format=3))
    await world.call("wrong: stream", lambda: responses.stream())
    await world.call("wrong: not JSON", lambda: responses.create(model=MODEL, input=[{"a": object()}]))
    await world.call("wrong: lone surrogate", lambda: responses.create(model=MODEL, input="\ud800"))

    def failing() -> Any:
        yield {"role": "user", "content": "x"}
        raise LookupError("mine")

    await world.call("wrong: a generator that raises", lambda: responses.create(model=MODEL, input=failing()))
    async with world.step("wrong: unbound"):
        await resolved(type(responses).retrieve("resp_x"))
    with contextlib.suppress(AttributeError):
        await world.call("wrong: no such method", lambda: responses.create_and_wait())
