"""Streams of responses: opened, taken up again, read in every way, and ended in every way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from differential.describe import digest, type_name
from differential.play_responses import Answer
from differential.responses_parts import (
    ASK,
    EVERYTHING,
    MODEL,
    WEATHER,
    given,
    outputs_for,
    takes,
    tools,
)
from differential.tape import Noted
from differential.world import World, entered, items, resolved
from threadtrail.testing.server import (
    DropStream,
    EndStream,
    Failed,
    Fault,
    Gate,
    Incomplete,
    Quirks,
    RunScript,
    StreamError,
    StreamEvent,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from differential.tape import Entry

SCRIPTS = (
    RunScript("x = ", "1"),
    EVERYTHING,
    RunScript("x", end=Failed()),
    RunScript("x", end=Incomplete()),
    RunScript(StreamEvent("response.dreaming", {"depth": 3}), "x"),
    RunScript("x", quirks=Quirks(no_sequence_numbers=True, item_id="")),
    RunScript("x", quirks=Quirks(response_id="", without=("usage",))),
)
FAULTS: dict[str, Fault] = {
    "error event": StreamError(4),
    "error event, flat": StreamError(4, wrapped=False),
    "dropped": DropStream(6),
    "dropped at once": DropStream(0),
    "ended early": EndStream(6),
}


async def play(world: World) -> None:
    """Stream responses."""
    responses = world.new_client().responses
    await _plain(world, responses)
    await _managed(world, responses)
    await _tools(world, responses)
    await _taken_up_again(world, responses)
    await _left(world, responses)
    await _broken(world, responses)
    await _never_entered(world, responses)


def _opened(responses: Any, **more: Any) -> Any:
    return resolved(responses.create(**ASK, stream=True, **more))


async def _read(entry: Entry, stream: Any) -> list[Any]:
    events, seen = Noted(entry, "events"), []
    async for event in items(stream):
        events.add(str(getattr(event, "type", None)), event)
        seen.append(event)
    return seen


async def _plain(world: World, responses: Any) -> None:
    for number, script in enumerate(SCRIPTS):
        async with world.step(f"create(stream=True) {number}") as entry:
            world.server.script_next(script)
            stream = await _opened(responses, tools=tools())
            entry["type"] = type_name(stream)
            entry["response"] = [type_name(stream.response), stream.response.status_code]
            await _read(entry, stream)
            entry["again"] = [event.type async for event in items(stream)]
    async with world.step("create(stream=True) in a with") as entry:
        stream = await _opened(responses)
        async with entered(stream) as same:
            entry["same"] = same is stream
            await _read(entry, same)
    async with world.step("by next") as entry:
        stream = await _opened(responses)
        first = await anext(stream) if world.is_async else next(stream)
        entry["first"] = digest(first)
        entry["rest"] = [digest(event) async for event in items(stream)]


async def _managed(world: World, responses: Any) -> None:
    for number, script in enumerate(SCRIPTS[:4]):
        # The helper raises at an end that is none to it, and that of openai 1.66 at items it does not know.
        async with world.step(f"{'odd: ' if number else ''}stream {number}") as entry:
            world.server.script_next(script)
            manager = responses.stream(**ASK, tools=list(tools()))
            entry["manager"] = type_name(manager)
            async with entered(manager) as stream:
                entry["stream"] = type_name(stream)
                await _read(entry, stream)
            entry["final"] = digest(await resolved(stream.get_final_response()))
    async with world.step("get_final_response at once") as entry, entered(responses.stream(**ASK)) as stream:
        entry["final"] = digest(await resolved(stream.get_final_response()))
    async with world.step("until_done") as entry, entered(responses.stream(**ASK)) as stream:
        entry["same"] = (await resolved(stream.until_done())) is stream
    for name, text in (("", '{"x": 1}'), ("error: not valid, ", '{"x": "one"}')):
        async with world.step(f"{name}stream with a format") as entry:
            world.server.script_next(RunScript(text))
            async with entered(responses.stream(**ASK, text_format=Answer)) as stream:
                await _read(entry, stream)
                entry["parsed"] = digest((await resolved(stream.get_final_response())).output_parsed)


async def _tools(world: World, responses: Any) -> None:
    async with world.step("outputs, streamed") as entry:
        world.server.script_next(WEATHER)
        asked = (await _read(entry, await _opened(responses, tools=tools())))[-1].response
        stream = await resolved(
            responses.create(
                model=MODEL, input=outputs_for(asked), previous_response_id=asked.id, stream=True
            )
        )
        await _read(entry, stream)


async def _taken_up_again(world: World, responses: Any) -> None:
    if not takes(responses.retrieve, "starting_after"):
        return
    background = given(responses.create, background=True)
    world.server.script_next(RunScript("one two three four"))
    world.server.inject(DropStream(6), "responses.create")
    seen: list[Any] = []
    async with world.step("error: a stream in the background, dropped") as entry:
        events = Noted(entry, "events")
        async for event in items(await _opened(responses, **background)):
            events.add(event.type, event)
            seen.append(event)
    response_id, last = seen[0].response.id, seen[-1].sequence_number
    for name, options in (("from there", {"starting_after": last}), ("from the start", {})):
        async with world.step(f"taken up {name}") as entry:
            stream = await resolved(responses.retrieve(response_id, stream=True, **options))
            entry["type"] = type_name(stream)
            await _read(entry, stream)
    async with (
        world.step("taken up by the helper") as entry,
        entered(responses.stream(response_id=response_id, starting_after=last)) as stream,
    ):
        await _read(entry, stream)
        entry["final"] = digest(await resolved(stream.get_final_response()))
    foreground = await resolved(responses.create(**ASK))
    async with world.step("error 400: taken up, but not made for it"):
        await resolved(responses.retrieve(foreground.id, stream=True))


async def _left(world: World, responses: Any) -> None:
    async with _leaving(world, "break, then close") as entry:
        stream = await _opened(responses)
        async for event in items(stream):
            entry["event"] = event.type
            break
        await resolved(stream.close())
        entry["closed"] = stream.response.is_closed
    async with _leaving(world, "break, then forgotten") as entry:
        stream = await _opened(responses)
        async for event in items(stream):
            entry["event"] = event.type
            break
        del stream
    async with _leaving(world, "error by reading what is closed") as entry:
        stream = await _opened(responses)
        await resolved(stream.close())
        entry["rest"] = [digest(event) async for event in items(stream)]
    async with _leaving(world, "error in the loop"), entered(responses.stream(**ASK)) as stream:
        async for event in items(stream):
            if event.type == "response.in_progress":
                raise LookupError("mine")
    async with (
        _leaving(world, "left by break from the with") as entry,
        entered(responses.stream(**ASK)) as stream,
    ):
        async for event in items(stream):
            entry["event"] = event.type
            break
    async with (
        _leaving(world, "a manager, entered and not read") as entry,
        entered(responses.stream(**ASK)) as stream,
    ):
        entry["stream"] = type_name(stream)
    if world.is_async:
        await _cancelled(world, responses)


@contextlib.asynccontextmanager
async def _leaving(world: World, name: str, events: int = 2) -> AsyncIterator[Entry]:
    # The stream waits, before anything in it gets an id: else it would depend on the moment how far the
    # server gets before it sees that nobody reads.
    world.server.script_next(RunScript("x = 1", gate=Gate(permits=events)))
    async with world.step(name) as entry:
        yield entry


async def _cancelled(world: World, responses: Any) -> None:
    async with _leaving(world, "a task that is cancelled while it reads") as entry:
        events, reading = Noted(entry, "events"), asyncio.Event()

        async def read() -> None:
            async with responses.stream(**ASK) as stream:
                async for event in stream:
                    events.add(event.type, event)
                    if event.type == "response.in_progress":
                        reading.set()

        await _cancel(entry, asyncio.create_task(read()), reading.wait())
    async with _leaving(world, "a task that is cancelled before the first event", 0) as entry:
        before = len(world.server.requests)

        async def first() -> None:
            await anext(aiter(await _opened(responses)))

        arrived = asyncio.to_thread(world.server.wait_for_requests, before + 1)
        await _cancel(entry, asyncio.create_task(first()), arrived)


async def _cancel(entry: Entry, task: asyncio.Task[None], moment: Any) -> None:
    await moment
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    entry["cancelled"] = task.cancelled()


async def _broken(world: World, responses: Any) -> None:
    for name, fault in FAULTS.items():
        async with world.step(f"error stream: {name}") as entry:
            world.server.inject(fault, "responses.create")
            await _read(entry, await _opened(responses))
        async with world.step(f"error stream by the helper: {name}") as entry:
            world.server.inject(fault, "responses.create")
            async with entered(responses.stream(**ASK)) as stream:
                await _read(entry, stream)
                entry["final"] = digest(await resolved(stream.get_final_response()))


async def _never_entered(world: World, responses: Any) -> None:
    async with world.step("a manager that nobody enters") as entry:
        entry["manager"] = type_name(responses.stream(**ASK))
    async with world.step("a coroutine that nobody awaits") as entry:
        if world.is_async:
            entry["returned"] = type_name(responses.create(**ASK, stream=True))
            entry["other"] = type_name(responses.retrieve("resp_x"))
            entry["parsing"] = type_name(responses.parse(**ASK))
