"""Conversations of an app with a server; each drives either kind of client, and keeps what it got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic
import pytest

from driving import each, entered, resolved
from real_servers.heard import UNFINISHED

if TYPE_CHECKING:
    from real_servers.heard import Heard

WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": False,
}


class Number(pydantic.BaseModel):
    """A model that none of these servers' answers fits."""

    number: int


async def create(client: Any, heard: Heard, asked: Any, **more: Any) -> Any:
    """Ask, and keep the answer."""
    response = await resolved(client.responses.create(model=heard.model, input=asked, **more))
    if more.get("background"):
        heard.in_background.add(response.id)
    return heard.note(response)


async def plain(client: Any, heard: Heard) -> None:
    """Ask; look again at what is over; ask on."""
    response = await create(client, heard, "hello", instructions="Be brief.", metadata={"a": "b"})
    for _ in range(2):
        heard.note(await resolved(client.responses.retrieve(response.id)))
    await create(client, heard, "again", previous_response_id=response.id)


async def streamed(client: Any, heard: Heard) -> None:
    """Read a stream of events."""
    stream = await resolved(client.responses.create(model=heard.model, input="hello", stream=True))
    async for event in each(stream):
        heard.note_event(event)


async def by_helper(client: Any, heard: Heard) -> None:
    """Read the stream of the SDK's helper."""
    async with entered(client.responses.stream(model=heard.model, input="hello")) as stream:
        async for event in each(stream):
            heard.tell(event.type)
        heard.note(await resolved(stream.get_final_response()))


async def raw(client: Any, heard: Heard) -> None:
    """Ask by raw responses, one of them streamed."""
    methods = client.responses.with_raw_response
    response = await resolved(methods.create(model=heard.model, input="hello"))
    heard.note(response.parse())
    response = await resolved(methods.create(model=heard.model, input="hello", stream=True))
    async for event in each(response.parse()):
        heard.note_event(event)


async def tool_loop(client: Any, heard: Heard) -> None:
    """Answer a function call, in a response that follows the one that asked."""
    asked = await create(client, heard, "weather?", tools=[WEATHER])
    await _answer(client, heard, asked)


async def streamed_tool_loop(client: Any, heard: Heard) -> None:
    """The same, where the response that asks is streamed."""
    stream = await resolved(
        client.responses.create(model=heard.model, input="weather?", tools=[WEATHER], stream=True)
    )
    async for event in each(stream):
        heard.note_event(event)
    (asked,) = heard.responses.values()
    await _answer(client, heard, asked)


async def tool_loop_by_whole_input(client: Any, heard: Heard) -> None:
    """Answer a function call by sending all that was said before, as most frameworks do."""
    history: list[Any] = [{"role": "user", "content": "weather?"}]
    asked = await create(client, heard, history, tools=[WEATHER])
    (call,) = [item for item in asked.output if item.type == "function_call"]
    heard.outputs[call.call_id] = "21 C"
    said = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "21 C"}
    response = await create(client, heard, [*history, said, output], tools=[WEATHER])
    heard.answers[response.id] = asked.id
    thanks = {"role": "user", "content": "thanks"}
    await create(client, heard, [*history, said, output, thanks])


async def _answer(client: Any, heard: Heard, asked: Any) -> None:
    (call,) = [item for item in asked.output if item.type == "function_call"]
    heard.outputs[call.call_id] = "21 C"
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "21 C"}
    follows = {"previous_response_id": asked.id, "tools": [WEATHER]}
    response = await create(client, heard, [output], **follows)
    heard.answers[response.id] = asked.id


async def not_valid(client: Any, heard: Heard) -> None:
    """Ask for JSON and get none: an answer that is paid for comes as an exception."""
    with pytest.raises(pydantic.ValidationError) as raised:
        await resolved(client.responses.parse(model=heard.model, input="hello", text_format=Number))
    heard.tell(type(raised.value).__qualname__, raised.value.error_count())


async def background(client: Any, heard: Heard) -> None:
    """Poll a response that works in the background."""
    response = await create(client, heard, f"wait {heard.name}", background=True)
    for _ in range(2):
        response = heard.note(await resolved(client.responses.retrieve(response.id)))
        heard.tell("unfinished", response.status in UNFINISHED)
    await create(client, heard, f"go {heard.name}")
    await _polled(client, heard, response)


async def _polled(client: Any, heard: Heard, response: Any) -> None:
    while response.status in UNFINISHED:
        response = await resolved(client.responses.retrieve(response.id))
    heard.note(response)


async def cancelled(client: Any, heard: Heard) -> None:
    """Cancel a response that works in the background."""
    response = await create(client, heard, f"wait {heard.name}", background=True)
    response = await resolved(client.responses.cancel(response.id))
    await _polled(client, heard, response)


async def taken_up_again(client: Any, heard: Heard) -> None:
    """Leave the stream of a response in the background, and read on where it was left."""
    first = await _left(client, heard)
    stream = await resolved(
        client.responses.retrieve(first.response.id, stream=True, starting_after=first.sequence_number)
    )
    async for event in each(stream):
        heard.note_event(event)


async def taken_up_by_helper(client: Any, heard: Heard) -> None:
    """The same with the SDK's helper."""
    first = await _left(client, heard)
    again = client.responses.stream(response_id=first.response.id, starting_after=first.sequence_number)
    async with entered(again) as stream:
        async for event in each(stream):
            heard.tell(event.type)
        heard.note(await resolved(stream.get_final_response()))


async def _left(client: Any, heard: Heard) -> Any:
    stream = await resolved(
        client.responses.create(model=heard.model, input=f"wait {heard.name}", background=True, stream=True)
    )
    async for event in each(stream):
        heard.note_event(event)
        if event.type == "response.in_progress":
            break
    await resolved(stream.close())
    heard.in_background.add(event.response.id)
    await create(client, heard, f"go {heard.name}")
    return event


async def failed(client: Any, heard: Heard) -> None:
    """Ask for what fails although HTTP says 200, and for what is cut off."""
    await create(client, heard, "fail")
    await create(client, heard, "cut")


async def in_conversation(client: Any, heard: Heard) -> None:
    """Ask twice within a conversation, and look at what it holds."""
    conversation = await resolved(client.conversations.create(metadata={"a": "b"}))
    for text in ("first", "second"):
        response = await create(client, heard, text, conversation=conversation.id)
        heard.conversations[response.id] = conversation.id
    items = await resolved(client.conversations.items.list(conversation.id))
    heard.tell([item.type async for item in each(items)])
    await resolved(client.conversations.delete(conversation.id))


async def compacted(client: Any, heard: Heard) -> None:
    """Compact a history."""
    compaction = await resolved(client.responses.compact(model=heard.model, input="A long story."))
    heard.compactions[compaction.id] = compaction
    heard.tell(type(compaction).__qualname__, [item.type for item in compaction.output])


async def deleted(client: Any, heard: Heard) -> None:
    """Delete a response, and look for it."""
    response = await create(client, heard, "hello")
    heard.tell(await resolved(client.responses.delete(response.id)))
    with pytest.raises(Exception, match="404") as raised:
        await resolved(client.responses.retrieve(response.id))
    heard.tell(type(raised.value).__qualname__)


EVERYWHERE = (
    plain,
    streamed,
    by_helper,
    raw,
    tool_loop,
    streamed_tool_loop,
    tool_loop_by_whole_input,
    background,
    cancelled,
)
"""What both servers can do."""
