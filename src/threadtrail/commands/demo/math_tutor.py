"""The *Math Tutor*: the first example of the Assistants API."""
# ruff: noqa: T201 - a tutorial prints

from __future__ import annotations

from typing import TYPE_CHECKING

import threadtrail

if TYPE_CHECKING:
    from openai import OpenAI


def newest_text(client: OpenAI, thread_id: str) -> str:
    """Return the text of the newest message of a thread."""
    newest = client.beta.threads.messages.list(thread_id, order="desc", limit=1).data[0]
    return "\n".join(part.text.value for part in newest.content if part.type == "text")


def solve_an_equation(client: OpenAI) -> None:
    """An assistant, a thread, a run, its answer."""
    assistant = client.beta.assistants.create(
        name="Math Tutor",
        instructions="You are a personal math tutor. Answer briefly, in a sentence or less.",
        model="gpt-4o",
    )
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(
        thread.id, role="assistant", content="Hi, I am your math tutor. What shall we solve?"
    )
    client.beta.threads.messages.create(
        thread.id, role="user", content="I need to solve the equation `3x + 11 = 14`. Can you help me?"
    )
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    print(f"{run.status}: {newest_text(client, thread.id)}")


def grouped(client: OpenAI) -> None:
    """The same again with a second question, in one trace."""
    assistant = client.beta.assistants.create(
        name="Math Tutor",
        instructions="You are a personal math tutor. Answer briefly, in a sentence or less.",
        model="gpt-4o",
    )
    with threadtrail.trace("math lesson", user_id="student-7", tags=["demo"]):
        thread = client.beta.threads.create()
        for question in (
            "I need to solve the equation `3x + 11 = 14`. Can you help me?",
            "How do I check that?",
        ):
            client.beta.threads.messages.create(thread.id, role="user", content=question)
            client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
            print(newest_text(client, thread.id))


PARTS = (solve_an_equation, grouped)
"""In the order in which they are played; the first line of each docstring is its headline."""
