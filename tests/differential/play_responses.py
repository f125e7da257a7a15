"""Responses without streams: created, polled, parsed, cancelled, compacted, looked at again, deleted."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from differential.describe import digest, type_name
from differential.responses_parts import (
    ASK,
    EVERYTHING,
    MODEL,
    WEATHER,
    given,
    outputs_for,
    tools,
)
from differential.world import World, items, resolved
from threadtrail.testing.server import (
    Cancelled,
    EndsAs,
    Expired,
    Failed,
    Hangs,
    Incomplete,
    Quirks,
    RunScript,
)

ENDS = (
    Failed("rate_limit_exceeded", "Slow down."),
    Failed(),
    Incomplete(),
    Incomplete("content_filter"),
    Expired(),
    Cancelled(),
    EndsAs("paused_for_review"),
)
QUIRKS = (
    Quirks(response_id="__fake_id__"),
    Quirks(response_id=""),
    Quirks(without=("status", "usage", "object")),
    Quirks(item_id=""),
    Quirks(null_output=True),
)
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"


class Answer(BaseModel):
    """What is parsed."""

    x: int


async def play(world: World) -> None:
    """Use every method in every way that does not stream."""
    responses = world.new_client().responses
    await _created(world, responses)
    await _ended(world, responses)
    await _in_background(world, responses)
    await _tools(world, responses)
    await _parsed(world, responses)
    await _looked_at(world, responses)
    await _compacted(world, responses)


async def _created(world: World, responses: Any) -> None:
    absent = world.sdk.NOT_GIVEN
    omit = getattr(world.sdk, "omit", absent)
    first = await world.call(
        "create",
        lambda: responses.create(
            model=MODEL,
            input="Hello \N{GRINNING FACE}",
            instructions="Be brief.",
            metadata={"a": "b"},
            temperature=absent,
            top_p=omit,
            stream=False,
            store=True,
            include=["reasoning.encrypted_content"],
            tools=tools(),
            extra_headers={"x-app": "1"},
            timeout=5,
        ),
    )
    await world.call("create, a chain", lambda: responses.create(**ASK, previous_response_id=first.id))
    await world.call(
        "create, parts",
        lambda: responses.create(
            model=MODEL,
            input=[
                {
                    "role": "user",
                    "content": (
                        {"type": "input_text", "text": "Look:"},
                        {"type": "input_image", "image_url": PIXEL, "detail": "low"},
                    ),
                },
            ],
        ),
    )
    await world.call(
        "create, the whole input again, with objects of the SDK",
        lambda: responses.create(
            model=MODEL,
            input=[{"role": "user", "content": "Hello"}, *first.output, {"role": "user", "content": "And?"}],
            store=False,
        ),
    )
    more = {"extra_body": {"model": "gpt-4.1", "new": {"a": 1}}, "extra_query": {"q": "1"}}
    await world.call("create, another body", lambda: responses.create(**ASK, **more))
    await world.call(
        "create, wanting much",
        lambda: responses.create(
            **ASK,
            **given(
                responses.create,
                reasoning={"effort": "low"},
                text={"format": {"type": "json_object"}},
                service_tier="flex",
                prompt={"id": "pmpt_1", "version": "2", "variables": {"a": "b"}},
                max_output_tokens=100,
            ),
        ),
    )
    nested = {"type": "namespace", "name": "n", "description": "d", "tools": (tool for tool in tools())}
    await world.call("odd: a generator in a tool", lambda: responses.create(**ASK, tools=[nested]))
    given_once = ({"role": "user", "content": text} for text in ("one", "two"))
    await world.call("odd: a generator as input", lambda: responses.create(model=MODEL, input=given_once))


async def _ended(world: World, responses: Any) -> None:
    for end in ENDS:
        world.server.script_next(RunScript("x = 1", end=end))
        await world.call(f"create: {end}", lambda: responses.create(**ASK))
    for quirks in QUIRKS:
        world.server.script_next(RunScript("x = 1", quirks=quirks))
        async with world.step(f"create: {quirks}") as entry:
            entry["value"] = digest(await resolved(responses.create(**ASK)))
    world.server.script_next(EVERYTHING)
    await world.call("create: everything", lambda: responses.create(**ASK))


async def _in_background(world: World, responses: Any) -> None:
    background = given(responses.create, background=True)
    for end in ENDS[:2]:
        world.server.script_next(RunScript("x = 1", end=end, polls=4, queued_polls=1))
        polled = (await world.call("background", lambda: responses.create(**ASK, **background))).id
        for number in range(5):
            await world.call(f"retrieve {number}", lambda polled=polled: responses.retrieve(polled))
        await world.call("retrieve by keyword", lambda polled=polled: responses.retrieve(response_id=polled))
    if hasattr(responses, "cancel"):
        world.server.script_next(RunScript(end=Hangs()))
        response = await world.call("background, hanging", lambda: responses.create(**ASK, **background))
        await world.call("cancel", lambda: responses.cancel(response.id))
        await world.call("cancel by keyword", lambda: responses.cancel(response_id=response.id))
        await world.call("retrieve after cancel", lambda: responses.retrieve(response.id))


async def _tools(world: World, responses: Any) -> None:
    for name in ("previous_response_id", "whole input"):
        world.server.script_next(WEATHER)
        asked = await world.call(f"tools by {name}", lambda: responses.create(**ASK, tools=tools()))
        if name == "whole input":
            history = [{"role": "user", "content": ASK["input"]}, *asked.output, *outputs_for(asked)]
            options = {"input": history}
        else:
            options = {"input": outputs_for(asked), "previous_response_id": asked.id}
        await world.call(
            f"outputs by {name}", lambda options=options: responses.create(model=MODEL, **options)
        )


async def _parsed(world: World, responses: Any) -> None:
    world.server.script_next(RunScript('{"x": 1}'))
    parsed = await world.call("parse", lambda: responses.parse(**ASK, text_format=Answer))
    async with world.step("what was parsed") as entry:
        entry["parsed"] = digest(parsed.output_parsed)
    await world.call("parse without a format", lambda: responses.parse(**ASK))
    world.server.script_next(RunScript('{"x": "one"}'))
    await world.call("error: parse, not valid", lambda: responses.parse(**ASK, text_format=Answer))
    await world.call("error: parse, no JSON", lambda: responses.parse(**ASK, text_format=Answer))


async def _looked_at(world: World, responses: Any) -> None:
    first = await resolved(responses.create(**ASK))
    response = await resolved(responses.create(**ASK, previous_response_id=first.id))
    for number in range(2):
        await world.call(f"retrieve of what is over {number}", lambda: responses.retrieve(response.id))
    await world.call("input_items.list", lambda: responses.input_items.list(response.id))
    async with world.step("input_items.list iterated") as entry:
        source = responses.input_items.list(response_id=response.id, limit=1, order="asc")
        entry["returned"] = type_name(source)
        entry["items"] = [digest(item) async for item in items(source)]
    async with world.step("input_items.list never looked at") as entry:
        entry["returned"] = type_name(responses.input_items.list(response.id))
    if hasattr(responses, "input_tokens"):
        await world.call("input_tokens.count", lambda: responses.input_tokens.count(**ASK))
    async with world.step("changed afterwards") as entry:
        response.metadata = {"late": "change"}
        response.status = "mine"
        entry["response"] = digest(response)
    await world.call("delete", lambda: responses.delete(response.id))
    await world.call("delete by keyword", lambda: responses.delete(response_id=first.id))
    await world.call("error 404 after delete", lambda: responses.retrieve(response.id))


async def _compacted(world: World, responses: Any) -> None:
    if not hasattr(responses, "compact"):
        return
    response = await resolved(responses.create(**ASK))
    await world.call("compact", lambda: responses.compact(**ASK))
    await world.call(
        "compact a chain",
        lambda: responses.compact(
            model=MODEL, previous_response_id=response.id, instructions=world.sdk.NOT_GIVEN
        ),
    )
    history = [{"role": "user", "content": "x"}, *response.output]
    await world.call("compact a history", lambda: responses.compact(model=MODEL, input=history))
