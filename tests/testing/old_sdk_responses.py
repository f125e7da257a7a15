"""A tour through Responses with whatever SDK is first on the path; run by `test_responses_sdks.py`."""

from __future__ import annotations

import asyncio

import openai
from openai import AsyncOpenAI, OpenAI

from threadtrail.testing.server import SCENARIOS, WEBHOOK_SECRET, OpenAIServer, RunScript


def tour(server: OpenAIServer) -> list[str]:
    client = OpenAI(base_url=server.base_url, api_key="sk-local")
    server.script_next(SCENARIOS["function-calls"], RunScript("one two", polls=2))
    asked = client.responses.create(model="gpt-4o", input="How warm is it?", tools=[])
    answer = client.responses.create(
        model="gpt-4o",
        previous_response_id=asked.id,
        input=[
            {"type": "function_call_output", "call_id": call.call_id, "output": "4"}
            for call in asked.output
            if call.type == "function_call"
        ],
    )
    seen = [str(answer.status), answer.output_text]
    streamed = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    seen.append(streamed[-1].type)
    assert [item.type for item in client.responses.input_items.list(answer.id)] == [
        "function_call_output"
    ] * 2
    if hasattr(client.responses, "cancel"):
        seen += background(client)
    if hasattr(client, "conversations"):
        conversation = client.conversations.create()
        client.responses.create(model="gpt-4o", input="x", conversation=conversation.id)
        seen.append(str(len(list(client.conversations.items.list(conversation.id, limit=1)))))
        delivery = server.webhook(answer.id)
        seen.append(client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET).type)
    seen.append(asyncio.run(async_part(server)))
    return seen


def background(client: OpenAI) -> list[str]:
    first = client.responses.create(model="gpt-4o", input="x", background=True, stream=True)
    events = list(first)
    assert events[0].type == "response.created"
    response_id = events[0].response.id
    with client.responses.stream(response_id=response_id, starting_after=3) as stream:
        seen = [str(next(iter(stream)).sequence_number)]
    polled = client.responses.create(model="gpt-4o", input="x", background=True)
    seen += [str(polled.status), str(client.responses.cancel(polled.id).status)]
    return seen


async def async_part(server: OpenAIServer) -> str:
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
        stream = await client.responses.create(model="gpt-4o", input="x", stream=True)
        return [event.type async for event in stream][-1]


if __name__ == "__main__":
    with OpenAIServer() as running:
        print(openai.__version__, *tour(running), sep="|")  # noqa: T201 - read by the test
