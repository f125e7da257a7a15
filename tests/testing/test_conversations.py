"""Conversations and their items, alone and with responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from threadtrail.testing.server import Failed, Incomplete, RunScript

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from threadtrail.testing.server import OpenAIServer


def texts(items: Any) -> list[str]:
    return [item.to_dict()["content"][0]["text"] for item in items]


def test_life_of_a_conversation(client: OpenAI) -> None:
    conversation = client.conversations.create(metadata={"a": "b"})
    assert conversation.id.startswith("conv_")
    assert client.conversations.update(conversation.id, metadata={"c": "d"}).metadata == {"c": "d"}
    assert client.conversations.retrieve(conversation.id).metadata == {"c": "d"}
    assert client.conversations.delete(conversation.id).deleted
    with pytest.raises(openai.NotFoundError, match=f"Conversation with id '{conversation.id}' not found"):
        client.conversations.retrieve(conversation.id)


def test_items(client: OpenAI) -> None:
    first: Any = [{"type": "message", "role": "user", "content": "one"}]
    conversation = client.conversations.create(items=first)
    more: Any = [{"role": "user", "content": str(number)} for number in range(3)]
    created = client.conversations.items.create(conversation.id, items=more)
    assert texts(created.data) == ["0", "1", "2"]
    listed = client.conversations.items.list(conversation.id, limit=2)
    assert texts(listed.data) == ["2", "1"]
    assert texts(listed) == ["2", "1", "0", "one"]
    item: Any = created.data[1]
    assert client.conversations.items.retrieve(item.id, conversation_id=conversation.id) == item
    assert client.conversations.items.delete(item.id, conversation_id=conversation.id) == conversation
    with pytest.raises(openai.NotFoundError, match=f"Item with id '{item.id}' not found"):
        client.conversations.items.retrieve(item.id, conversation_id=conversation.id)
    assert texts(client.conversations.items.list(conversation.id, order="asc")) == ["one", "0", "2"]


@pytest.mark.parametrize("as_object", [False, True])
def test_response_adds_its_items_when_it_completes(
    client: OpenAI, server: OpenAIServer, *, as_object: bool
) -> None:
    conversation = client.conversations.create()
    given: Any = {"id": conversation.id} if as_object else conversation.id
    server.script(RunScript("an answer"), thread_id=conversation.id)
    response = client.responses.create(
        model="gpt-4o", input="a question", conversation=given, background=True
    )
    assert response.conversation is not None
    assert response.conversation.id == conversation.id
    assert list(client.conversations.items.list(conversation.id)) == []
    while client.responses.retrieve(response.id).status != "completed":
        pass
    items = list(client.conversations.items.list(conversation.id, order="asc"))
    assert texts(items) == ["a question", "an answer"]


def test_the_model_is_given_the_whole_conversation(client: OpenAI, server: OpenAIServer) -> None:
    conversation = client.conversations.create(items=[{"role": "user", "content": "remember"}])
    server.script(lambda request: RunScript(str(len(request.messages)), end=Incomplete()))
    answers = [
        client.responses.create(model="gpt-4o", input="x", conversation=conversation.id).output_text
        for _ in range(3)
    ]
    assert answers == ["2", "4", "6"]


def test_item_that_is_referred_to_is_not_added_again(client: OpenAI) -> None:
    conversation = client.conversations.create(items=[{"role": "user", "content": "one"}])
    [item] = client.conversations.items.list(conversation.id)
    reference: Any = [{"type": "item_reference", "id": item.to_dict()["id"]}]
    client.responses.create(model="gpt-4o", input=reference, conversation=conversation.id)
    assert texts(client.conversations.items.list(conversation.id)) == ["You said: one", "one"]


def test_failed_response_adds_nothing(client: OpenAI, server: OpenAIServer) -> None:
    conversation = client.conversations.create()
    server.script_next(RunScript("x", end=Failed()))
    client.responses.create(model="gpt-4o", input="x", conversation=conversation.id)
    assert list(client.conversations.items.list(conversation.id)) == []


async def test_async_client(async_client: AsyncOpenAI) -> None:
    conversation = await async_client.conversations.create(items=[{"role": "user", "content": "one"}])
    await async_client.responses.create(model="gpt-4o", input="two", conversation=conversation.id)
    listed = [item async for item in async_client.conversations.items.list(conversation.id, limit=1)]
    assert texts(listed) == ["You said: two", "two", "one"]
