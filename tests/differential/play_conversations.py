"""Conversations with their items, responses within them, and webhooks; in the versions that have them."""

# ruff: noqa: PLW0108 - each lambda keeps its call, and so the place a warning points at, on its line
from __future__ import annotations

from typing import Any

from differential.describe import digest, type_name
from differential.responses_parts import ASK, given
from differential.world import World, entered, items, resolved
from threadtrail.testing.server import WEBHOOK_SECRET, Failed, RunScript, html_page


async def play(world: World) -> None:
    """Call every method."""
    client = world.new_client()
    if hasattr(client, "conversations"):
        await _conversations(world, client)
        await _items(world, client.conversations)
        await _errors(world, client.conversations)
    if hasattr(client, "webhooks"):
        await _webhooks(world, client)


async def _conversations(world: World, client: Any) -> None:
    conversations = client.conversations
    await world.call("create", lambda: conversations.create())
    created = await world.call(
        "create with items",
        lambda: conversations.create(
            items=[{"type": "message", "role": "user", "content": "Hello"}],
            metadata={"a": "b"},
            extra_headers={"x-app": "1"},
        ),
    )
    await world.call("retrieve", lambda: conversations.retrieve(created.id))
    await world.call("update", lambda: conversations.update(conversation_id=created.id, metadata={"c": "d"}))
    for name, conversation in (("id", created.id), ("object", {"id": created.id})):
        await world.call(
            f"a response in it by {name}",
            lambda conversation=conversation: client.responses.create(
                **ASK, **given(client.responses.create, conversation=conversation)
            ),
        )
    async with (
        world.step("a stream in it") as entry,
        entered(
            client.responses.stream(**ASK, **given(client.responses.stream, conversation=created.id))
        ) as stream,
    ):
        entry["events"] = [digest(event) async for event in items(stream)]
    await world.call("delete", lambda: conversations.delete(created.id))


async def _items(world: World, conversations: Any) -> None:
    conversation = await resolved(conversations.create())
    made = await world.call(
        "items.create",
        lambda: conversations.items.create(
            conversation.id,
            items=(
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
                for text in ("one", "two", "three")
            ),
        ),
    )
    item = made.data[0].id
    await world.call(
        "items.create an output",
        lambda: conversations.items.create(
            conversation_id=conversation.id,
            items=[{"type": "function_call_output", "call_id": "call_1", "output": "21 C"}],
        ),
    )
    await world.call(
        "items.retrieve", lambda: conversations.items.retrieve(item, conversation_id=conversation.id)
    )
    await world.call("items.list", lambda: conversations.items.list(conversation.id))
    async with world.step("items.list iterated") as entry:
        source = conversations.items.list(conversation_id=conversation.id, limit=2, order="asc")
        entry["returned"] = type_name(source)
        entry["items"] = [digest(each) async for each in items(source)]
    async with world.step("raw items.create") as entry:
        response = await resolved(
            conversations.items.with_raw_response.create(
                conversation.id, items=[{"type": "message", "role": "user", "content": "four"}]
            )
        )
        entry["value"] = digest(response.parse())
    async with (
        world.step("streaming create") as entry,
        entered(conversations.with_streaming_response.create()) as response,
    ):
        entry["value"] = digest(await resolved(response.parse()))
    await world.call(
        "items.delete", lambda: conversations.items.delete(item, conversation_id=conversation.id)
    )


async def _errors(world: World, conversations: Any) -> None:
    await world.call("error 404", lambda: conversations.retrieve("conv_none"))
    await world.call("error 404 of items", lambda: conversations.items.list("conv_none"))
    await world.call("wrong: empty id", lambda: conversations.retrieve(""))
    await world.call("wrong: no conversation", lambda: conversations.items.retrieve("msg_x"))
    world.server.inject(html_page(), "conversations.create")
    await world.call("odd HTML", lambda: conversations.create())


async def _webhooks(world: World, client: Any) -> None:
    world.server.script_next(RunScript("x", polls=0), RunScript("x", end=Failed(), polls=0))
    unwrap = client.webhooks.unwrap
    for _ in range(2):
        background = given(client.responses.create, background=True)
        response = await resolved(client.responses.create(**ASK, **background))
        good = world.server.webhook(response.id)
        await world.call("webhook", lambda good=good: unwrap(good.body, good.headers, secret=WEBHOOK_SECRET))
        await world.call(
            "webhook by keyword",
            lambda good=good: unwrap(payload=good.body.encode(), headers=good.headers, secret=WEBHOOK_SECRET),
        )
        await world.call("its response", lambda response=response: client.responses.retrieve(response.id))
    bad = world.server.webhook(response.id, valid=False)
    await world.call("error: wrong signature", lambda: unwrap(bad.body, bad.headers, secret=WEBHOOK_SECRET))
    await world.call("error: no secret", lambda: unwrap(good.body, good.headers))
    odd = world.server.webhook(response.id, kind="response.dreamt")
    await world.call("odd: unheard of", lambda: unwrap(odd.body, odd.headers, secret=WEBHOOK_SECRET))
    await world.call("wrong: nothing", lambda: unwrap())
