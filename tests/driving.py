"""Drives either kind of client, so that one test serves both."""

from __future__ import annotations

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from openai.resources.beta.threads.runs.steps import Steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CONTENT = "step_details.tool_calls[*].file_search.results[*].content"
WITH_SEARCH_CONTENT: dict[str, Any] = (
    {"include": [CONTENT]} if "include" in inspect.signature(Steps.retrieve).parameters else {}
)
"""Requests what was found in files, if the SDK's version can."""

ENDS = {"completed", "failed", "cancelled", "expired", "incomplete"}


async def resolved(value: Any) -> Any:
    """Await what can be awaited."""
    return await value if inspect.isawaitable(value) else value


async def each(source: Any) -> AsyncIterator[Any]:
    """Iterate over either kind of iterable."""
    if hasattr(source, "__aiter__"):
        async for item in source:
            yield item
    else:
        for item in source:
            yield item


async def drained(source: Any) -> list[Any]:
    """Return all items of either kind of iterable."""
    return [item async for item in each(source)]


@contextlib.asynccontextmanager
async def entered(manager: Any) -> AsyncIterator[Any]:
    """Enter either kind of context manager."""
    if hasattr(manager, "__aenter__"):
        async with manager as value:
            yield value
    else:
        with manager as value:
            yield value


async def new_assistant(client: Any, **options: Any) -> str:
    """Create an assistant; return its id."""
    assistant = await resolved(
        client.beta.assistants.create(**{"model": "gpt-4o", "name": "Math Tutor"} | options)
    )
    return str(assistant.id)


async def new_thread(client: Any, text: str = "3x + 11 = 14?") -> str:
    """Create a thread with one message of the user; return its id."""
    thread = await resolved(client.beta.threads.create())
    await resolved(client.beta.threads.messages.create(thread.id, role="user", content=text))
    return str(thread.id)


async def poll(client: Any, run: Any) -> Any:
    """Retrieve a run, by hand, until it ends or asks for outputs."""
    while run.status not in ENDS | {"requires_action"}:
        run = await resolved(client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id))
    return run


def outputs_for(run: Any) -> list[dict[str, str]]:
    """Return an output for each tool call that the run asks for."""
    calls = run.required_action.submit_tool_outputs.tool_calls
    return [{"tool_call_id": call.id, "output": f"output of {call.function.name}"} for call in calls]
