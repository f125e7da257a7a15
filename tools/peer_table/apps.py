"""The apps that use Responses, one for each scenario; each takes a client of either kind.

Each also takes the id of a response that another process has created, if the scenario has one. They run
where other tools are installed, so they need only the SDK, in any version that has Responses.
"""

from __future__ import annotations

import contextlib
from typing import Any

import openai
import pydantic
from peer_table.either import drain, each, entered, resolved

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "How is the weather in Paris?"}
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    "strict": True,
}
OUTPUT = "22 degrees"
"""What the app's functions return."""


class Answer(pydantic.BaseModel):
    """The model that `parse` is called with."""

    number: int


# -- the foreground ---------------------------------------------------------------------------------


async def create(client: Any, _known: str = "") -> None:
    """Create a response."""
    await resolved(client.responses.create(**ASK))


async def stream(client: Any, _known: str = "") -> None:
    """Create a response as a stream, and read all of it."""
    await drain(client, await resolved(client.responses.create(**ASK, stream=True)))


async def manager(client: Any, _known: str = "") -> None:
    """Read the stream of a manager, and get the response from it."""
    async with entered(client, client.responses.stream(**ASK)) as events:
        await drain(client, events)
        await resolved(events.get_final_response())


async def manager_left(client: Any, _known: str = "") -> None:
    """Leave the stream of a manager at the first piece of text."""
    async with entered(client, client.responses.stream(**ASK)) as events:
        async for event in each(client, events):
            if event.type == "response.output_text.delta":
                break


async def parse(client: Any, _known: str = "") -> None:
    """Have the answer parsed."""
    parsed = await resolved(client.responses.parse(**ASK, text_format=Answer))
    if parsed.output_parsed != Answer(number=7):
        raise ValueError(f"parsed as {parsed.output_parsed!r}")


async def parse_what_does_not_validate(client: Any, _known: str = "") -> None:
    """Have an answer parsed that does not fit the model."""
    with contextlib.suppress(pydantic.ValidationError):
        await parse(client)
        raise ValueError("the answer was parsed")


async def stream_that_breaks(client: Any, _known: str = "") -> None:
    """Read a stream that the server breaks off."""
    try:
        await stream(client)
    except Exception as error:
        # The SDK's own exception since 3.x; before, that of its HTTP client, whichever that is.
        if not isinstance(error, openai.APIError) and type(error).__name__ != "RemoteProtocolError":
            raise
    else:
        raise ValueError("the stream did not break")


async def raw(client: Any, _known: str = "") -> None:
    """Create a response, as a raw response that is parsed."""
    (await resolved(client.responses.with_raw_response.create(**ASK))).parse()


async def raw_stream(client: Any, _known: str = "") -> None:
    """Create a stream, as a raw response that is parsed."""
    response = await resolved(client.responses.with_raw_response.create(**ASK, stream=True))
    await drain(client, response.parse())


async def streaming_response(client: Any, _known: str = "") -> None:
    """Create a response whose body is only read when it is parsed."""
    async with entered(client, client.responses.with_streaming_response.create(**ASK)) as response:
        await resolved(response.parse())


async def beta(client: Any, _known: str = "") -> None:
    """Create a response with the beta namespace."""
    await resolved(client.beta.responses.create(**ASK))


async def compact(client: Any, _known: str = "") -> None:
    """Compact a conversation."""
    await resolved(client.responses.compact(model="gpt-4o", input="A long story."))


async def conversation(client: Any, _known: str = "") -> None:
    """Create a conversation, add an item to it, and create a response in it."""
    made = await resolved(client.conversations.create(metadata={"topic": "weather"}))
    item = {"type": "message", "role": "user", "content": "Hello."}
    await resolved(client.conversations.items.create(made.id, items=[item]))
    await resolved(client.responses.create(**ASK, conversation=made.id))


# -- the background ---------------------------------------------------------------------------------


async def begin(client: Any, _known: str = "") -> str:
    """Create a response in the background and leave it; return its id."""
    return str((await resolved(client.responses.create(**ASK, background=True))).id)


async def finish(client: Any, known: str) -> None:
    """Poll a response until it has ended."""
    while (await resolved(client.responses.retrieve(known))).status in {"queued", "in_progress"}:
        pass


async def background(client: Any, _known: str = "") -> None:
    """Create a response in the background, and poll it until it has ended."""
    await finish(client, await begin(client))


async def cancelled(client: Any, _known: str = "") -> None:
    """Cancel a response in the background."""
    await resolved(client.responses.cancel(await begin(client)))


async def resumed(client: Any, _known: str = "") -> None:
    """Close a background stream at the first piece of text, and resume it."""
    events = await resolved(client.responses.create(**ASK, stream=True, background=True))
    known, last = "", 0
    async for event in each(client, events):
        known = known or event.response.id
        last = event.sequence_number
        if event.type == "response.output_text.delta":
            break
    await resolved(events.close())
    await drain(client, await resolved(client.responses.retrieve(known, stream=True, starting_after=last)))


async def old(client: Any, _known: str = "") -> str:
    """Create a response that is retrieved later; return its id."""
    return str((await resolved(client.responses.create(**ASK))).id)


async def look_again(client: Any, known: str) -> None:
    """Retrieve a response three times that has ended."""
    for _ in range(3):
        await resolved(client.responses.retrieve(known))


# -- loops with the app's function ------------------------------------------------------------------


async def loop_by_id(client: Any, _known: str = "") -> None:
    """Answer a call of the app's function in a response that names the previous one."""
    asking = await resolved(client.responses.create(**ASK, tools=[WEATHER]))
    await resolved(
        client.responses.create(
            model="gpt-4o", previous_response_id=asking.id, input=outputs_for(asking), tools=[WEATHER]
        )
    )


async def loop_by_input(client: Any, _known: str = "") -> None:
    """Answer a call of the app's function in a response that gets the whole input again."""
    history: list[Any] = [{"role": "user", "content": ASK["input"]}]
    asked: dict[str, Any] = {"model": "gpt-4o", "store": False, "tools": [WEATHER]}
    asking = await resolved(client.responses.create(**asked, input=history))
    history += [*asking.output, *outputs_for(asking)]
    await resolved(client.responses.create(**asked, input=history))


def outputs_for(response: Any) -> list[dict[str, str]]:
    """Return an output for each call of a function."""
    calls = [item for item in response.output if item.type == "function_call"]
    if not calls:
        raise ValueError("the response asks for no function")
    return [{"type": "function_call_output", "call_id": call.call_id, "output": OUTPUT} for call in calls]
