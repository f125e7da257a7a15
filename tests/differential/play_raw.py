"""Raw and streaming responses: parsed, parsed twice, read in every other way, and not read at all."""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from differential.describe import describe, digest, type_name
from differential.play_runs import WEATHER, outputs_for
from differential.tape import Noted
from differential.world import World, entered, items, resolved
from threadtrail.testing.server import html_page

if TYPE_CHECKING:
    from collections.abc import Callable


async def play(world: World) -> None:
    """Call through `with_raw_response` and `with_streaming_response`."""
    client = world.new_client()
    assistant = await resolved(client.beta.assistants.create(model="gpt-4o", name="Raw"))
    thread = await resolved(client.beta.threads.create())
    ids = {"thread_id": thread.id, "assistant_id": assistant.id}
    for owner, early in ((client, False), (world.early, True)):
        world.tape.prefix += "early " if early else ""
        await _raw(world, owner, ids)
        await _streaming(world, owner, ids)
        world.tape.prefix = world.tape.prefix.removesuffix("early ")


async def _raw(world: World, client: Any, ids: dict[str, str]) -> None:
    runs, threads = client.beta.threads.runs, client.beta.threads
    thread_id = ids["thread_id"]
    async with world.step("raw runs.create, parsed twice") as entry:
        response = await resolved(runs.with_raw_response.create(**ids))
        _note_response(entry, response)
        run = response.parse()
        entry["run"] = describe(run)
        entry["same again"] = response.parse() is run
    await resolved(runs.poll(run.id, thread_id))
    calls: dict[str, Callable[..., Any]] = {
        "runs.retrieve": lambda: runs.with_raw_response.retrieve(run.id, thread_id=thread_id),
        "runs.list": lambda: runs.with_raw_response.list(thread_id),
        "runs.update": lambda: runs.with_raw_response.update(run.id, thread_id=thread_id, metadata={}),
        "steps.list": lambda: runs.steps.with_raw_response.list(run.id, thread_id=thread_id),
        "messages.list": lambda: threads.messages.with_raw_response.list(thread_id, limit=1),
        "messages.create": lambda: threads.messages.with_raw_response.create(
            thread_id, role="user", content="raw"
        ),
        "threads.retrieve": lambda: threads.with_raw_response.retrieve(thread_id),
        "threads.create": lambda: threads.with_raw_response.create(),
        "assistants.retrieve": lambda: client.beta.assistants.with_raw_response.retrieve(ids["assistant_id"]),
        "threads.create_and_run": lambda: threads.with_raw_response.create_and_run(
            assistant_id=ids["assistant_id"]
        ),
    }
    for name, call in calls.items():
        async with world.step(f"raw {name}") as entry:
            response = await resolved(call())
            _note_response(entry, response)
            entry["text"] = response.text if isinstance(response.text, str) else response.text()
            entry["value"] = describe(response.parse())
        async with world.step(f"raw {name}, not parsed") as entry:
            response = await resolved(call())
            entry["length"] = len(response.content)
    async with world.step("raw page, next page") as entry:
        response = await resolved(threads.messages.with_raw_response.list(thread_id, limit=1))
        entry["items"] = [digest(item) async for item in items(response.parse())]
    await _raw_streams(world, runs, ids)
    async with world.step("raw, parsed as another type") as entry:
        response = await resolved(runs.with_raw_response.retrieve(run.id, thread_id=thread_id))
        entry["value"] = digest(response.parse(to=world.sdk.BaseModel))
    async with world.step("raw HTML") as entry:
        world.server.inject(html_page(), "runs.retrieve")
        response = await resolved(runs.with_raw_response.retrieve(run.id, thread_id=thread_id))
        entry["value"] = describe(response.parse())


async def _raw_streams(world: World, runs: Any, ids: dict[str, str]) -> None:
    async with world.step("raw runs.create(stream=True)") as entry:
        world.server.script_next(WEATHER)
        response = await resolved(runs.with_raw_response.create(**ids, stream=True))
        _note_response(entry, response)
        stream = response.parse()
        entry["stream"] = type_name(stream)
        events, run = Noted(entry, "events"), None
        async for event in items(stream):
            events.add(event.event, event)
            run = event.data if event.event == "thread.run.requires_action" else run
        response = await resolved(
            runs.with_raw_response.submit_tool_outputs(
                run.id,  # type: ignore[union-attr] # the script asks for tools
                thread_id=ids["thread_id"],
                tool_outputs=list(outputs_for(run)),
                stream=True,
            )
        )
        async for event in items(response.parse()):
            events.add(event.event, event)


async def _streaming(world: World, client: Any, ids: dict[str, str]) -> None:
    runs = client.beta.threads.runs
    thread_id = ids["thread_id"]
    run = await resolved(runs.create_and_poll(**ids))

    def retrieve() -> Any:
        return runs.with_streaming_response.retrieve(run.id, thread_id=thread_id)

    async with world.step("streaming, parsed") as entry:
        async with entered(retrieve()) as response:
            entry["response"] = [type_name(response), response.status_code, response.is_closed]
            value = await resolved(response.parse())
            entry["value"] = describe(value)
            entry["same again"] = await resolved(response.parse()) is value
        entry["closed"] = response.is_closed
    async with world.step("streaming, read") as entry, entered(retrieve()) as response:
        entry["closed before"] = response.is_closed
        entry["read"] = describe((await resolved(response.read())).decode())
        entry["text"] = await resolved(response.text())
        entry["json"] = await resolved(response.json())
    async with world.step("streaming, by bytes") as entry, entered(retrieve()) as response:
        parts = [part async for part in items(response.iter_bytes())]
        entry["read"] = describe(b"".join(parts).decode())
    async with world.step("streaming, by lines") as entry, entered(retrieve()) as response:
        entry["lines"] = [line async for line in items(response.iter_lines())]
    name = "error streaming, by lines and then parsed"
    async with world.step(name) as entry, entered(retrieve()) as response:
        entry["lines"] = [line async for line in items(response.iter_lines())]
        entry["value"] = digest(await resolved(response.parse()))
    async with world.step("streaming, not read") as entry:
        async with entered(retrieve()) as response:
            entry["closed before"] = response.is_closed
        entry["closed after"] = response.is_closed
    async with world.step("streaming, never entered") as entry:
        entry["returned"] = type_name(retrieve())
    async with world.step("streaming events, parsed") as entry:
        manager = runs.with_streaming_response.create(**ids, stream=True)
        async with entered(manager) as response:
            stream = await resolved(response.parse())
            entry["stream"] = type_name(stream)
            events = Noted(entry, "events")
            async for event in items(stream):
                events.add(event.event, event)
    async with world.step("streaming events, by lines") as entry:
        manager = runs.with_streaming_response.create(**ids, stream=True)
        async with entered(manager) as response:
            entry["lines"] = [line async for line in items(response.iter_lines())]
    async with world.step("streaming page") as entry:
        manager = runs.with_streaming_response.list(thread_id, limit=2)
        async with entered(manager) as response:
            page = await resolved(response.parse())
            entry["page"] = [type_name(page), digest(page.data), page.has_next_page()]


def _note_response(entry: dict[str, Any], response: Any) -> None:
    entry["response"] = [type_name(response), response.status_code]
    entry["headers"] = {
        name: response.headers.get(name) for name in ("content-type", "openai-poll-after-ms", "x-request-id")
    }
    entry["retries"] = getattr(response, "retries_taken", None)
    entry["method"] = response.http_request.method
