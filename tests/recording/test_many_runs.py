"""Many runs at once, and several on one thread: each keeps its own inputs, outputs and attributes."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import drained, new_assistant, new_thread, resolved
from threadtrail.events import RunCreated, RunEnded, TraceEnded, TraceStarted

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from threadtrail.testing import AssistantsServer, Captured

RUNS = 100


def check_each(recorded: Captured, run_ids: list[str]) -> None:
    """Check that run number n has its own inputs, outputs and attributes, and nothing of the others."""
    runs = {run.id: run for run in recorded.runs}
    assert len(runs) == len(recorded.of(RunEnded)) == len(recorded.of(RunCreated)) == RUNS
    traces = {event.trace_id: event.name for event in recorded.of(TraceStarted)}
    trace_of = {event.run.id: traces[event.trace_id] for event in recorded.of(RunEnded)}
    for number, run_id in enumerate(run_ids):
        run = runs[run_id]
        assert [message.text for message in run.input] == [f"question {number}"]
        assert [message.text for message in run.output] == [f"You said: question {number}"]
        assert (run.attributes.user_id, run.attributes.tags) == (f"user {number}", (f"tag {number}",))
        assert trace_of[run_id] == f"trace {number}"
        assert (run.status, run.poll_count, run.usage and run.usage.total_tokens) == ("completed", 2, 30)


@pytest.mark.slow
def test_a_hundred_runs_by_threads(client: OpenAI, server: AssistantsServer, recorded: Captured) -> None:
    runs, messages = client.beta.threads.runs, client.beta.threads.messages
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    at_once = threading.Barrier(RUNS)

    def answer(number: int) -> str:
        at_once.wait()
        thread_id = client.beta.threads.create().id
        with threadtrail.trace(f"trace {number}", user_id=f"user {number}", tags=[f"tag {number}"]):
            messages.create(thread_id, role="user", content=f"question {number}")
            if number % 2:
                run = runs.create(thread_id, assistant_id=assistant_id)
                while run.status != "completed":
                    run = runs.retrieve(run.id, thread_id=thread_id)
            else:
                run = runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0)
        messages.list(thread_id=thread_id)
        return run.id

    with ThreadPoolExecutor(RUNS) as pool:
        run_ids = list(pool.map(answer, range(RUNS)))
    check_each(recorded, run_ids)


@pytest.mark.slow
async def test_a_hundred_runs_by_gather(
    async_client: AsyncOpenAI, server: AssistantsServer, recorded: Captured
) -> None:
    runs, messages = async_client.beta.threads.runs, async_client.beta.threads.messages
    assistant_id = await new_assistant(async_client)

    async def answer(number: int) -> str:
        thread_id = (await async_client.beta.threads.create()).id
        async with threadtrail.trace(f"trace {number}", user_id=f"user {number}", tags=[f"tag {number}"]):
            await messages.create(thread_id=thread_id, role="user", content=f"question {number}")
            if number % 2:
                run = await runs.create(thread_id=thread_id, assistant_id=assistant_id)
                while run.status != "completed":
                    run = await runs.retrieve(run_id=run.id, thread_id=thread_id)
            else:
                run = await runs.create_and_poll(
                    thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0
                )
        await messages.list(thread_id)
        return run.id

    check_each(recorded, list(await asyncio.gather(*map(answer, range(RUNS)))))


async def test_a_conversation_of_several_runs_on_one_thread(any_client: Any, recorded: Captured) -> None:
    runs, messages = any_client.beta.threads.runs, any_client.beta.threads.messages
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client, "first")
    for question in ("second", "third", None):
        await resolved(
            runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0)
        )
        await drained(await resolved(messages.list(thread_id)))
        if question:
            await resolved(messages.create(thread_id, role="user", content=question))
    published = recorded.runs
    assert [[message.text for message in run.input] for run in published] == [
        ["first"],
        ["second"],
        ["third"],
    ]
    assert [[message.text for message in run.output] for run in published] == [
        ["You said: first"],
        ["You said: second"],
        ["You said: third"],
    ]


async def test_two_open_runs_on_one_thread_are_kept_apart_in_one_list(
    any_client: Any, recorded: Captured
) -> None:
    runs, messages = any_client.beta.threads.runs, any_client.beta.threads.messages
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client, "first")
    poll = {"thread_id": thread_id, "assistant_id": assistant_id, "poll_interval_ms": 0}
    first = await resolved(runs.create_and_poll(**poll))
    await resolved(messages.create(thread_id, role="user", content="second"))
    second = await resolved(runs.create_and_poll(**poll))
    await drained(await resolved(messages.list(thread_id)))
    for run_id, text in ((first.id, "first"), (second.id, "second")):
        run = recorded.run(run_id)
        assert [message.text for message in run.input] == [text]
        assert [message.text for message in run.output] == [f"You said: {text}"]


async def test_positional_and_keyword_ids_say_the_same(any_client: Any, recorded: Captured) -> None:
    runs = any_client.beta.threads.runs
    assistant_id = await new_assistant(any_client)
    for positional in (True, False):
        thread_id = await new_thread(any_client)
        run = await resolved(
            runs.create(thread_id, assistant_id=assistant_id)
            if positional
            else runs.create(assistant_id=assistant_id, thread_id=thread_id)
        )
        await resolved(
            runs.poll(run.id, thread_id, None, None, None, 10.0, 0)
            if positional
            else runs.poll(run_id=run.id, thread_id=thread_id, poll_interval_ms=0)
        )
        steps = runs.steps.list(run.id, thread_id=thread_id)
        (step,) = await drained(
            await resolved(steps if positional else runs.steps.list(run_id=run.id, thread_id=thread_id))
        )
        await resolved(
            runs.steps.retrieve(step.id, thread_id=thread_id, run_id=run.id)
            if positional
            else runs.steps.retrieve(step_id=step.id, thread_id=thread_id, run_id=run.id)
        )
        published = recorded.run(run.id)
        assert (published.thread_id, published.poll_count, len(published.steps)) == (thread_id, 2, 1)
        assert [message.text for message in published.input] == ["3x + 11 = 14?"]


def test_traces_end_after_their_runs(client: OpenAI, recorded: Captured) -> None:
    runs = client.beta.threads.runs
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    with threadtrail.trace("outer"):
        for _ in range(2):
            thread_id = client.beta.threads.create().id
            runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0)
    names = [type(event).__name__ for event in recorded.events]
    assert names.index("TraceStarted") < names.index("RunCreated")
    assert names[-1] == "TraceEnded"
    (started,), (ended,) = recorded.of(TraceStarted), recorded.of(TraceEnded)
    assert started.trace_id == ended.trace_id
    assert {event.trace_id for event in recorded.of(RunEnded)} == {started.trace_id}
    assert ended.time >= max(run.ended_at or 0 for run in recorded.runs)
