"""Three *Responses*: one with a hosted tool, one in the background, one whose stream breaks off."""
# ruff: noqa: T201 - a tutorial prints

from __future__ import annotations

import inspect
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai import OpenAI
    from openai.types.responses import ResponseStreamEvent

MODEL = "gpt-4o"
INSTRUCTIONS = "You are a personal math tutor. Answer briefly, in a sentence or less."
POLL_SECONDS = 0.06
WORDS_BEFORE_THE_BREAK = 6

NEEDS = "openai 1.82 or newer"


def can_be_played(client: OpenAI) -> bool:
    """Whether this version of the SDK can take up a stream again, and do all before it."""
    responses = getattr(client, "responses", None)
    return responses is not None and "starting_after" in inspect.signature(responses.retrieve).parameters


def hosted_tool(client: OpenAI) -> None:
    """A question, answered with code interpreter."""
    response = client.responses.create(
        model=MODEL,
        instructions=INSTRUCTIONS,
        input="Generate the first 20 Fibonacci numbers with code.",
        tools=[{"type": "code_interpreter", "container": {"type": "auto"}}],
        include=["code_interpreter_call.outputs"],
    )
    print(f"{response.status}: {response.output_text}")


def in_the_background(client: OpenAI) -> None:
    """In the background, polled until it is done."""
    response = client.responses.create(
        model=MODEL,
        instructions=INSTRUCTIONS,
        input="I need to solve the equation `3x + 11 = 14`. Can you help me?",
        background=True,
    )
    while response.status in {"queued", "in_progress"}:
        time.sleep(POLL_SECONDS)
        response = client.responses.retrieve(response.id)
    print(f"{response.status}: {response.output_text}")


class Reader:
    """Prints the words of streams, and knows where the last one was left."""

    def __init__(self) -> None:
        self.response_id = ""
        self.last = 0

    def read(self, events: Iterable[ResponseStreamEvent], words: int | None = None) -> None:
        """Print what comes, up to a maximum number of words."""
        for event in events:
            self.last = event.sequence_number
            if event.type == "response.created":
                self.response_id = event.response.id
            elif event.type == "response.output_text.delta":
                print(event.delta, end="", flush=True)
                words = None if words is None else words - 1
                if words == 0:
                    return


def taken_up_again(client: OpenAI) -> None:
    """A stream that breaks off, and is taken up again."""
    reader = Reader()
    question = "Could you explain linear algebra to me?"
    with client.responses.create(
        model=MODEL, instructions=INSTRUCTIONS, input=question, background=True, stream=True
    ) as stream:
        reader.read(stream, WORDS_BEFORE_THE_BREAK)
    print(" [lost]", end="", flush=True)
    with client.responses.retrieve(reader.response_id, stream=True, starting_after=reader.last) as stream:
        reader.read(stream)
    print()


PARTS = (hosted_tool, in_the_background, taken_up_again)
"""In the order in which they are played; the first line of each docstring is its headline."""
