"""The ways to open a stream, the ways to leave it, and what is published of its run."""

from __future__ import annotations

import contextlib
import contextvars
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AssistantEventHandler, AsyncAssistantEventHandler
from openai.lib.streaming import AssistantStreamManager, AsyncAssistantStreamManager

import threadtrail
from driving import each, entered, resolved
from threadtrail.events import RunCreated, RunEnded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from threadtrail.testing import Captured
    from threadtrail.values import Run

TEXT = "one two three four five six"
TO_SECOND_DELTA = 9  # run created, queued, in_progress; step and message created, in_progress; two deltas


class AppError(Exception):
    """What the application itself raises."""


def of_each_kind(client: Any, **callbacks: Any) -> Any:
    """A handler of the client's kind with these callbacks."""
    base = AsyncAssistantEventHandler if isinstance(client, openai.AsyncOpenAI) else AssistantEventHandler
    return type("AppHandler", (base,), callbacks)()


# -- how a stream is opened -------------------------------------------------------------------------


def opened_by_create(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)


def opened_by_create_and_run(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)


def opened_by_stream(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id)


def opened_with_handler(client: Any, thread_id: str, assistant_id: str) -> Any:
    handler = of_each_kind(client)
    return client.beta.threads.runs.stream(
        thread_id=thread_id, assistant_id=assistant_id, event_handler=handler
    )


def opened_by_create_and_stream(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.runs.create_and_stream(thread_id=thread_id, assistant_id=assistant_id)


def opened_by_create_and_run_stream(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.create_and_run_stream(assistant_id=assistant_id)


MANAGERS = [
    opened_by_stream,
    opened_with_handler,
    opened_by_create_and_stream,
    opened_by_create_and_run_stream,
]
OPENERS = [opened_by_create, opened_by_create_and_run, *MANAGERS]
QUICK = [opened_by_create, opened_with_handler]  # one of each kind of result; the rest is thoroughness
EVERY_OPENER = [
    pytest.param(opener, marks=() if opener in QUICK else pytest.mark.slow, id=opener.__name__)
    for opener in OPENERS
]
THREAD_TOO = [opened_by_create_and_run, opened_by_create_and_run_stream]


def until_second_delta(opener: Any) -> int:
    """Return the number of events up to the second delta; the creation of a thread is one of them."""
    return TO_SECOND_DELTA + (opener in THREAD_TOO)


def operation_of(opener: Any) -> Any:
    """Return the server's name of the operation."""
    return "threads.create_and_run" if opener in THREAD_TOO else "runs.create"


@contextlib.asynccontextmanager
async def streaming(opening: Any) -> AsyncIterator[Any]:
    """Yield the stream of a manager, or the bare stream, which is not closed."""
    if isinstance(opening, (AssistantStreamManager, AsyncAssistantStreamManager)):
        async with entered(opening) as stream:
            yield stream
    else:
        yield await resolved(opening)


# -- how it ends ------------------------------------------------------------------------------------


class Seen:
    """What the application saw of a stream."""

    def __init__(self) -> None:
        self.events: list[str | None] = []
        self.text = ""

    def take(self, event: Any) -> None:
        self.events.append(event.event)
        if event.event == "thread.message.delta":
            self.text += event.data.delta.content[0].text.value


async def exhausted(stream: Any, seen: Seen) -> None:
    async for event in each(stream):
        seen.take(event)


async def broken_out_of(stream: Any, seen: Seen) -> None:
    async for event in each(stream):
        seen.take(event)
        if seen.text == "one two":
            break


async def closed(stream: Any, seen: Seen) -> None:
    await broken_out_of(stream, seen)
    await resolved(stream.close())


async def left_by_exception(stream: Any, seen: Seen) -> None:
    async for event in each(stream):
        seen.take(event)
        if seen.text == "one two":
            raise AppError


async def play(opening: Any, end: Any) -> Seen:
    seen = Seen()
    async with streaming(opening) as stream:
        await end(stream, seen)
    return seen


def the_run(recording: Captured) -> Run:
    """Return the run, which must have been published once, after everything has ended."""
    (run,) = recording.runs
    events = recording.events
    assert len(recording.of(RunCreated)) == 1
    assert isinstance([event for event in events if getattr(event, "run_id", None) == run.id][-1], RunEnded)
    return run


def partial_text(run: Run) -> str:
    return "".join(message.text for message in run.output)


def ended_by_shutdown(recording: Captured) -> Run:
    assert recording.runs == []
    threadtrail.uninstrument()
    return the_run(recording)


def open_contexts() -> dict[str, Any]:
    """The context variables of ours that are set here."""
    context = contextvars.copy_context()
    return {variable.name: value for variable, value in context.items() if "threadtrail" in variable.name}
