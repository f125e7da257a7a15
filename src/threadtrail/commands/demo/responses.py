"""*Responses*: what most programs do, from a function call to a conversation."""
# ruff: noqa: T201 - a tutorial prints

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI
    from openai.types.responses import FunctionToolParam, Response, ResponseInputParam

MODEL = "gpt-4o"
INSTRUCTIONS = "You are a personal math tutor. Answer briefly, in a sentence or less."
POLL_SECONDS = 0.06

TEMPERATURES = {"Oslo": "4 degrees", "Rome": "21 degrees"}
GET_WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city, now.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}


def outputs_of_calls(response: Response) -> ResponseInputParam:
    """Call the functions that a response asks for, and return what they return."""
    return [
        {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": TEMPERATURES[json.loads(call.arguments)["city"]],
        }
        for call in response.output
        if call.type == "function_call"
    ]


def function_call(client: OpenAI) -> None:
    """Two function calls, answered by the program."""
    response = client.responses.create(
        model=MODEL, input="Is it warmer in Oslo or in Rome?", tools=[GET_WEATHER]
    )
    while outputs := outputs_of_calls(response):
        response = client.responses.create(
            model=MODEL, previous_response_id=response.id, input=outputs, tools=[GET_WEATHER]
        )
    print(f"{response.status}: {response.output_text}")


def in_the_background(client: OpenAI) -> None:
    """In the background with code interpreter, polled until it is done."""
    response = client.responses.create(
        model=MODEL,
        instructions=INSTRUCTIONS,
        input="Generate the first 20 Fibonacci numbers with code.",
        tools=[{"type": "code_interpreter", "container": {"type": "auto"}}],
        background=True,
    )
    while response.status in {"queued", "in_progress"}:
        time.sleep(POLL_SECONDS)
        response = client.responses.retrieve(response.id, include=["code_interpreter_call.outputs"])
    print(f"{response.status}: {response.output_text}")


def stream(client: OpenAI) -> None:
    """A stream."""
    question = "Could you explain linear algebra to me?"
    with client.responses.create(
        model=MODEL, instructions=INSTRUCTIONS, input=question, stream=True
    ) as events:
        for event in events:
            if event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
    print()


def conversation(client: OpenAI) -> None:
    """A conversation of two questions."""
    lesson = client.conversations.create()
    for question in (
        "I need to solve the equation `3x + 11 = 14`. Can you help me?",
        "How do I check that?",
    ):
        response = client.responses.create(
            model=MODEL, instructions=INSTRUCTIONS, input=question, conversation=lesson.id
        )
        print(response.output_text)


PARTS: tuple[Callable[[OpenAI], None], ...] = (function_call, in_the_background, stream, conversation)
"""In the order in which they are played; the first line of each docstring is its headline."""

SINCE: dict[Callable[[OpenAI], None], str] = {
    function_call: "1.66.0",
    in_the_background: "1.80.0",
    stream: "1.66.0",
    conversation: "1.101.0",
}
"""The first version of the SDK that has what the part uses."""
