"""Streams: the three ways to open one, every way to read it, and every way that it ends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from differential.describe import digest, type_name
from differential.handlers import make_handler
from differential.play_runs import EVERYTHING, WEATHER, outputs_for
from differential.tape import Noted
from differential.world import World, entered, items, resolved
from threadtrail.testing.server import DropStream, Failed, Fault, Gate, RunScript, StreamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from differential.tape import Entry


class Streams:
    """The methods that open a stream, with a thread and an assistant to open it on."""

    def __init__(self, client: Any, assistant_id: str) -> None:
        self.client = client
        self.runs = client.beta.threads.runs
        self.assistant_id = assistant_id
        self.thread_id = ""

    async def on_new_thread(self) -> dict[str, str]:
        """Take a new thread, since a stream that was left leaves its thread locked."""
        thread = await resolved(self.client.beta.threads.create())
        self.thread_id = thread.id
        return self.ids

    @property
    def ids(self) -> dict[str, str]:
        """The arguments that every method needs."""
        return {"thread_id": self.thread_id, "assistant_id": self.assistant_id}

    async def opened(self) -> Any:
        """Open a plain stream of events."""
        return await resolved(self.runs.create(**self.ids, stream=True))


def stopped_after(events: int) -> RunScript:
    """Let a stream wait for ever after some events.

    Else it would depend on the moment how far the server gets before it sees that nobody reads.
    """
    return RunScript("x = 1", gate=Gate(permits=events))


async def play(world: World) -> None:
    """Stream runs."""
    client = world.new_client()
    assistant = await resolved(client.beta.assistants.create(model="gpt-4o", name="Streamer"))
    streams = Streams(client, assistant.id)
    await streams.on_new_thread()
    await _plain(world, streams)
    await _managed(world, streams)
    await _tools(world, streams)
    await _left(world, streams)
    await _broken(world, streams)
    await _never_entered(world, streams)


async def _plain(world: World, streams: Streams) -> None:
    for script in (RunScript("x = ", "1"), EVERYTHING, RunScript("x", end=Failed())):
        async with world.step("runs.create(stream=True)") as entry:
            world.server.script_next(script)
            stream = await streams.opened()
            entry["type"] = type_name(stream)
            entry["response"] = [type_name(stream.response), stream.response.status_code]
            events = Noted(entry, "events")
            async for event in items(stream):
                events.add(event.event, event)
            entry["again"] = [event.event async for event in items(stream)]
    async with world.step("create_and_run(stream=True) in a with") as entry:
        stream = await resolved(
            streams.client.beta.threads.create_and_run(assistant_id=streams.assistant_id, stream=True)
        )
        events = Noted(entry, "events")
        async with entered(stream) as same:
            entry["same"] = same is stream
            async for event in items(same):
                events.add(event.event, event)
    async with world.step("by next") as entry:
        stream = await streams.opened()
        first = await anext(stream) if world.is_async else next(stream)
        entry["first"] = digest(first)
        entry["rest"] = [digest(event) async for event in items(stream)]


async def _managed(world: World, streams: Streams) -> None:
    threads = streams.client.beta.threads
    openers: dict[str, Callable[..., Any]] = {
        "runs.stream": lambda **more: streams.runs.stream(**streams.ids, **more),
        "runs.create_and_stream": lambda **more: streams.runs.create_and_stream(**streams.ids, **more),
        "threads.create_and_run_stream": lambda **more: threads.create_and_run_stream(
            assistant_id=streams.assistant_id, thread={"messages": []}, **more
        ),
    }
    for name, opener in openers.items():
        async with world.step(f"{name} without handler") as entry:
            manager = opener()
            entry["manager"] = type_name(manager)
            async with entered(manager) as stream:
                entry["stream"] = type_name(stream)
                events = Noted(entry, "events")
                async for event in items(stream):
                    events.add(event.event, event, stream.current_event, stream.current_run)
        async with world.step(f"{name} with handler") as entry:
            world.server.script_next(EVERYTHING)
            handler = make_handler(world.is_async, Noted(entry, "callbacks"))
            async with entered(opener(event_handler=handler)) as stream:
                entry["same"] = stream is handler
                await resolved(stream.until_done())
            entry["after"] = [
                digest(stream.current_run),
                digest(stream.current_run_step_snapshot),
                digest(stream.current_message_snapshot),
            ]
    async with world.step("text_deltas") as entry, entered(streams.runs.stream(**streams.ids)) as stream:
        entry["texts"] = [text async for text in items(stream.text_deltas)]
    async with world.step("get_final_*") as entry, entered(streams.runs.stream(**streams.ids)) as stream:
        entry["run"] = digest(await resolved(stream.get_final_run()))
        entry["messages"] = digest(await resolved(stream.get_final_messages()))
        entry["steps"] = digest(await resolved(stream.get_final_run_steps()))
    async with world.step("error in a callback") as entry:

        def explode(_: Any) -> None:
            raise LookupError("mine")

        handler = make_handler(world.is_async, Noted(entry, "callbacks"), on_text_done=explode)
        async with entered(streams.runs.stream(**streams.ids, event_handler=handler)) as stream:
            await resolved(stream.until_done())


async def _tools(world: World, streams: Streams) -> None:
    await streams.on_new_thread()
    async with world.step("submit_tool_outputs(stream=True)") as entry:
        world.server.script_next(WEATHER)
        events = Noted(entry, "events")
        run = None
        async for event in items(await streams.opened()):
            events.add(event.event, event)
            run = event.data if event.event == "thread.run.requires_action" else run
        stream = await resolved(
            streams.runs.submit_tool_outputs(
                run.id,  # type: ignore[union-attr]  # the script asks for tools
                thread_id=streams.thread_id,
                tool_outputs=outputs_for(run),
                stream=True,
            )
        )
        async for event in items(stream):
            events.add(event.event, event)
    async with world.step("submit_tool_outputs_stream inside a callback") as entry:
        world.server.script_next(WEATHER)
        outer, inner = Noted(entry, "outer"), Noted(entry, "inner")

        async def submit(event: Any) -> None:
            if event.event != "thread.run.requires_action":
                return
            manager = streams.runs.submit_tool_outputs_stream(
                thread_id=streams.thread_id,
                run_id=event.data.id,
                tool_outputs=list(outputs_for(event.data)),
                event_handler=make_handler(world.is_async, inner),
            )
            async with entered(manager) as nested:
                entry["texts"] = [text async for text in items(nested.text_deltas)]

        handler = make_handler(world.is_async, outer, on_event=submit)
        async with entered(streams.runs.stream(**streams.ids, event_handler=handler)) as stream:
            await resolved(stream.until_done())
        entry["final"] = digest(stream.current_run)


async def _left(world: World, streams: Streams) -> None:
    async with _leaving(world, streams, "break, then close") as entry:
        stream = await streams.opened()
        async for event in items(stream):
            entry["event"] = event.event
            break
        await resolved(stream.close())
        entry["closed"] = stream.response.is_closed
    async with _leaving(world, streams, "break, then forgotten") as entry:
        stream = await streams.opened()
        async for event in items(stream):
            entry["event"] = event.event
            break
        del stream
    async with _leaving(world, streams, "error by reading what is closed") as entry:
        stream = await streams.opened()
        await resolved(stream.close())
        entry["rest"] = [digest(event) async for event in items(stream)]
    async with (
        _leaving(world, streams, "error in the loop"),
        entered(streams.runs.stream(**streams.ids)) as stream,
    ):
        async for event in items(stream):
            if event.event == "thread.run.in_progress":
                raise LookupError("mine")
    async with _leaving(world, streams, "left by break from the with") as entry:
        async with entered(streams.runs.stream(**streams.ids)) as stream:
            async for event in items(stream):
                entry["event"] = event.event
                break
        entry["run"] = digest(stream.current_run)
    if world.is_async:
        await _cancelled(world, streams)


@contextlib.asynccontextmanager
async def _leaving(world: World, streams: Streams, name: str) -> AsyncIterator[Entry]:
    await streams.on_new_thread()
    world.server.script_next(stopped_after(3))
    async with world.step(name) as entry:
        yield entry


async def _cancelled(world: World, streams: Streams) -> None:
    async with _leaving(world, streams, "a task that is cancelled while it reads") as entry:
        events, reading = Noted(entry, "events"), asyncio.Event()

        async def read() -> None:
            async with streams.runs.stream(**streams.ids) as stream:
                async for event in stream:
                    events.add(event.event, event)
                    if event.event == "thread.run.in_progress":
                        reading.set()

        task = asyncio.create_task(read())
        await reading.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        entry["cancelled"] = task.cancelled()
    await streams.on_new_thread()
    world.server.script_next(stopped_after(0))
    async with world.step("a task that is cancelled before the first event") as entry:
        before = len(world.server.requests)

        async def first() -> None:
            async with streams.runs.stream(**streams.ids) as stream:
                await anext(aiter(stream))

        task = asyncio.create_task(first())
        await asyncio.to_thread(world.server.wait_for_requests, before + 1)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        entry["cancelled"] = task.cancelled()


async def _broken(world: World, streams: Streams) -> None:
    faults: dict[str, Fault] = {
        "error event": StreamError(4),
        "error event, bare": StreamError(4, wrapped=False),
        "dropped": DropStream(4),
        "dropped at once": DropStream(0),
    }
    for name, fault in faults.items():
        await streams.on_new_thread()
        async with world.step(f"error stream: {name}") as entry:
            world.server.inject(fault, "runs.create")
            events = Noted(entry, "events")
            async for event in items(await streams.opened()):
                events.add(str(event.event), event)
        await streams.on_new_thread()
        async with world.step(f"error stream, handled: {name}") as entry:
            world.server.inject(fault, "runs.create")
            handler = make_handler(world.is_async, Noted(entry, "callbacks"))
            async with entered(streams.runs.stream(**streams.ids, event_handler=handler)) as stream:
                await resolved(stream.until_done())


async def _never_entered(world: World, streams: Streams) -> None:
    async with world.step("a manager that nobody enters") as entry:
        entry["manager"] = type_name(streams.runs.stream(**streams.ids))
    async with world.step("a coroutine that nobody awaits") as entry:
        if world.is_async:
            entry["returned"] = type_name(streams.runs.create(**streams.ids, stream=True))
            entry["other"] = type_name(streams.runs.retrieve("run_x", thread_id="thread_x"))
            entry["helper"] = type_name(streams.runs.create_and_poll(**streams.ids))
