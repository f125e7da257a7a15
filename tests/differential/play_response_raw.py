"""Raw and streaming responses of Responses: parsed, read in every other way, and not read at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from differential.describe import describe, digest, type_name
from differential.play_responses import Answer
from differential.responses_parts import ASK, WEATHER, given, outputs_for, tools
from differential.tape import Noted
from differential.world import World, entered, items, resolved
from threadtrail.testing.server import RunScript, html_page

if TYPE_CHECKING:
    from collections.abc import Callable


async def play(world: World) -> None:
    """Call through `with_raw_response` and `with_streaming_response`."""
    for owner, early in ((world.new_client(), False), (world.early, True)):
        world.tape.prefix += "early " if early else ""
        await _raw(world, owner.responses)
        await _streaming(world, owner.responses)
        world.tape.prefix = world.tape.prefix.removesuffix("early ")


async def _raw(world: World, responses: Any) -> None:
    raw = responses.with_raw_response
    async with world.step("raw create, parsed twice") as entry:
        response = await resolved(raw.create(**ASK))
        _note(entry, response)
        value = response.parse()
        entry["value"] = describe(value)
        entry["same again"] = response.parse() is value
    made = await resolved(responses.create(**ASK))
    calls: dict[str, Callable[..., Any]] = {
        "create": lambda: raw.create(**ASK, tools=tools()),
        "background": lambda: raw.create(**ASK, **given(raw.create, background=True)),
        "retrieve": lambda: raw.retrieve(made.id),
        "input_items.list": lambda: responses.input_items.with_raw_response.list(made.id),
    }
    if hasattr(raw, "parse"):
        calls["parse"] = lambda: raw.parse(**ASK)
    if hasattr(raw, "compact"):
        calls["compact"] = lambda: raw.compact(**ASK)
    for name, call in calls.items():
        async with world.step(f"raw {name}") as entry:
            response = await resolved(call())
            _note(entry, response)
            entry["text"] = response.text if isinstance(response.text, str) else response.text()
            entry["value"] = describe(response.parse())
        async with world.step(f"raw {name}, not parsed") as entry:
            entry["length"] = len((await resolved(call())).content)
    await _raw_streams(world, raw)
    if hasattr(raw, "parse"):
        world.server.script_next(RunScript('{"x": "one"}'))
        async with world.step("error: raw parse, not valid") as entry:
            response = await resolved(raw.parse(**ASK, text_format=Answer))
            entry["value"] = digest(response.parse())
    async with world.step("raw, parsed as another type") as entry:
        response = await resolved(raw.retrieve(made.id))
        entry["value"] = digest(response.parse(to=world.sdk.BaseModel))
    async with world.step("raw HTML") as entry:
        world.server.inject(html_page(), "responses.create")
        response = await resolved(raw.create(**ASK))
        entry["value"] = describe(response.parse())
    async with world.step("raw delete") as entry:
        response = await resolved(raw.delete(made.id))
        entry["value"] = describe(response.parse())


async def _raw_streams(world: World, raw: Any) -> None:
    async with world.step("raw create(stream=True)") as entry:
        world.server.script_next(WEATHER)
        response = await resolved(raw.create(**ASK, stream=True))
        _note(entry, response)
        stream = response.parse()
        entry["stream"] = type_name(stream)
        events = Noted(entry, "events")
        async for event in items(stream):
            events.add(event.type, event)
        asked = event.response
        more = {**ASK, "input": list(outputs_for(asked)), "previous_response_id": asked.id}
        response = await resolved(raw.create(**more, stream=True))
        async for event in items(response.parse()):
            events.add(event.type, event)


async def _streaming(world: World, responses: Any) -> None:
    streaming = responses.with_streaming_response

    def create() -> Any:
        return streaming.create(**ASK)

    async with world.step("streaming, parsed") as entry:
        async with entered(create()) as response:
            entry["response"] = [type_name(response), response.status_code, response.is_closed]
            value = await resolved(response.parse())
            entry["value"] = describe(value)
            entry["same again"] = await resolved(response.parse()) is value
        entry["closed"] = response.is_closed
    async with world.step("streaming, read") as entry, entered(create()) as response:
        entry["closed before"] = response.is_closed
        entry["read"] = describe((await resolved(response.read())).decode())
        entry["text"] = await resolved(response.text())
        entry["json"] = await resolved(response.json())
    async with world.step("streaming, by bytes") as entry, entered(create()) as response:
        parts = [part async for part in items(response.iter_bytes())]
        entry["read"] = describe(b"".join(parts).decode())
    async with world.step("streaming, by lines") as entry, entered(create()) as response:
        entry["lines"] = [line async for line in items(response.iter_lines())]
    name = "error streaming, by lines and then parsed"
    async with world.step(name) as entry, entered(create()) as response:
        entry["lines"] = [line async for line in items(response.iter_lines())]
        entry["value"] = digest(await resolved(response.parse()))
    async with world.step("streaming, not read") as entry:
        async with entered(create()) as response:
            entry["closed before"] = response.is_closed
        entry["closed after"] = response.is_closed
    async with world.step("streaming, never entered") as entry:
        entry["returned"] = type_name(create())
    await _streaming_events(world, streaming)
    made = await resolved(responses.create(**ASK))
    async with world.step("streaming page") as entry:
        manager = responses.input_items.with_streaming_response.list(made.id, limit=2)
        async with entered(manager) as response:
            page = await resolved(response.parse())
            entry["page"] = [type_name(page), digest(page.data), page.has_next_page()]


async def _streaming_events(world: World, streaming: Any) -> None:
    def create() -> Any:
        return streaming.create(**ASK, stream=True)

    async with world.step("streaming events, parsed") as entry, entered(create()) as response:
        stream = await resolved(response.parse())
        entry["stream"] = type_name(stream)
        events = Noted(entry, "events")
        async for event in items(stream):
            events.add(event.type, event)
    async with world.step("streaming events, by lines") as entry, entered(create()) as response:
        entry["lines"] = [line async for line in items(response.iter_lines())]
    async with world.step("streaming events, parsed and left") as entry, entered(create()) as response:
        async for event in items(await resolved(response.parse())):
            entry["event"] = event.type
            break


def _note(entry: dict[str, Any], response: Any) -> None:
    entry["response"] = [type_name(response), response.status_code]
    entry["headers"] = {
        name: response.headers.get(name) for name in ("content-type", "openai-poll-after-ms", "x-request-id")
    }
    entry["retries"] = getattr(response, "retries_taken", None)
    entry["method"] = response.http_request.method
