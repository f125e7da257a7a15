"""A run of an assistant, of which four processes see a part each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import threadtrail
from fleet.roles import CALLER, QUESTION, TRACE, hear, main, metadata, say

if TYPE_CHECKING:
    from openai import OpenAI

SOLVE: Any = {"type": "function", "function": {"name": "solve", "parameters": {"type": "object"}}}


def web(client: OpenAI) -> None:
    """Create the run, and leave it to the worker."""
    beta = client.beta
    assistant = beta.assistants.create(name="Math Tutor", model="gpt-4o", tools=[SOLVE])
    thread = beta.threads.create()
    with threadtrail.trace(TRACE, **CALLER):
        beta.threads.messages.create(thread.id, role="user", content=QUESTION)
        run = beta.threads.runs.create(thread.id, assistant_id=assistant.id, metadata=metadata())
    say(run=run.id, thread=thread.id)


def worker(client: OpenAI) -> None:
    """Poll the run until it asks for something, and when that is there until its end."""
    work = hear()
    runs = client.beta.threads.runs
    for _ in range(2):
        while runs.retrieve(work["run"], thread_id=work["thread"]).status in {"queued", "in_progress"}:
            pass
        say(polled=work["run"])
        hear()
    runs.steps.list(work["run"], thread_id=work["thread"])
    client.beta.threads.messages.list(work["thread"])


def tools(client: OpenAI) -> None:
    """Submit the outputs that the run asks for."""
    work = hear()
    runs = client.beta.threads.runs
    run = runs.retrieve(work["run"], thread_id=work["thread"])
    assert run.required_action is not None
    outputs: Any = [
        {"tool_call_id": call.id, "output": "x = 1"}
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    runs.submit_tool_outputs(run.id, thread_id=work["thread"], tool_outputs=outputs)


def webhook(client: OpenAI) -> None:
    """Look at the run when it is over, as a handler does that was called."""
    work = hear()
    client.beta.threads.runs.retrieve(work["run"], thread_id=work["thread"])
    client.beta.threads.messages.list(work["thread"])


if __name__ == "__main__":
    main({"web": web, "worker": worker, "tools": tools, "webhook": webhook})
