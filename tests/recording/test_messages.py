"""Inputs and outputs of runs: where they may come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driving import drained, new_assistant, new_thread, resolved
from recording.invariants import all_texts, check_story
from threadtrail.events import MessageCompleted, MessageCreated, RunCreated, ThreadCreated
from threadtrail.testing import capture
from threadtrail.testing.server import RunScript

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured


async def run_on(client: Any, thread_id: str, **options: Any) -> Any:
    return await resolved(
        client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=await new_assistant(client), poll_interval_ms=0, **options
        )
    )


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


async def test_messages_put_on_the_thread(any_client: Any, recorded: Captured) -> None:
    thread_id = await new_thread(any_client, "one")
    messages = any_client.beta.threads.messages
    await resolved(messages.create(thread_id, role="assistant", content="two"))
    await resolved(
        messages.create(thread_id=thread_id, role="user", content=[{"type": "text", "text": "three"}])
    )
    await run_on(any_client, thread_id)
    run = recorded.run()
    assert [(message.role, message.text) for message in run.input] == [
        ("user", "one"),
        ("assistant", "two"),
        ("user", "three"),
    ]
    assert all(message.id for message in run.input)
    assert all_texts(event.message for event in recorded.of(MessageCreated)) == ["one", "two", "three"]


@pytest.mark.parametrize("listed", [False, True])
async def test_messages_of_a_new_thread_and_additional_ones(
    any_client: Any, recorded: Captured, *, listed: bool
) -> None:
    """They are only sent, so their ids are unknown until the thread's messages are listed."""
    thread = await resolved(any_client.beta.threads.create(messages=[user("one"), user("two")]))
    await run_on(any_client, thread.id, additional_messages=[user("three")])
    if listed:
        await drained(await resolved(any_client.beta.threads.messages.list(thread.id)))
    run = recorded.run()
    assert all_texts(run.input) == ["one", "two", "three"]
    assert [message.id is not None for message in run.input] == [listed] * 3
    assert {message.thread_id for message in run.input} == {thread.id}


@pytest.mark.parametrize("stream", [False, True])
async def test_messages_of_create_and_run(any_client: Any, recorded: Captured, *, stream: bool) -> None:
    answer = await resolved(
        any_client.beta.threads.create_and_run(
            assistant_id=await new_assistant(any_client),
            thread={"messages": [user("one"), user("two")]},
            stream=stream,
        )
    )
    if stream:
        await drained(answer)
    else:
        await resolved(any_client.beta.threads.runs.poll(answer.id, answer.thread_id, poll_interval_ms=0))
    run = recorded.run()
    assert all_texts(run.input) == ["one", "two"]
    assert [event.thread_id for event in recorded.of(ThreadCreated)] == ([run.thread_id] if stream else [])


async def test_raw_responses_are_read(any_client: Any, recorded: Captured) -> None:
    threads = any_client.beta.threads
    thread = (await resolved(threads.with_raw_response.create(messages=[user("one")]))).parse()
    await resolved(threads.messages.with_raw_response.create(thread.id, **user("two")))
    await run_on(any_client, thread.id)
    await resolved(threads.messages.with_raw_response.list(thread.id))
    run = recorded.run()
    assert all_texts(run.input) == ["one", "two"]
    assert all_texts(run.output) == ["You said: two"]


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_a_run_created_elsewhere(order: str, any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("answer", polls=4))
    thread_id = await new_thread(any_client, "before")
    await run_on(any_client, thread_id)
    runs, messages = any_client.beta.threads.runs, any_client.beta.threads.messages
    for text in ("one", "two"):
        await resolved(messages.create(thread_id, **user(text)))
    run = await resolved(runs.create(thread_id, assistant_id=await new_assistant(any_client)))
    with capture() as captured:
        for _ in range(6):
            await resolved(runs.retrieve(run.id, thread_id=thread_id))
        await drained(await resolved(messages.list(thread_id, order=order)))
    check_story(captured.events)
    published = captured.run()
    assert [event.observed_from_start for event in captured.of(RunCreated)] == [False]
    assert [change.status for change in published.status_history] == ["in_progress", "completed"]
    assert (published.poll_count, all_texts(published.output)) == (4, ["answer"])
    assert all_texts(published.input) == ["one", "two"]


@pytest.mark.usefixtures("strict")
async def test_a_run_on_a_thread_that_was_filled_elsewhere(any_client: Any) -> None:
    thread_id = await new_thread(any_client, "one")
    with capture() as captured:
        await run_on(any_client, thread_id)
        await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))
    assert all_texts(captured.run().input) == ["one"]


@pytest.mark.usefixtures("strict")
async def test_reading_the_history_of_a_thread_adds_nothing(any_client: Any) -> None:
    thread_id = await new_thread(any_client)
    for _ in range(3):
        await run_on(any_client, thread_id)
    with capture() as captured:
        runs = await drained(await resolved(any_client.beta.threads.runs.list(thread_id, limit=2)))
        await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))
        await drained(
            await resolved(any_client.beta.threads.runs.steps.list(runs[0].id, thread_id=thread_id))
        )
        await resolved(any_client.beta.threads.runs.with_raw_response.list(thread_id))
    assert captured.events == []


async def test_a_message_read_while_its_run_goes_on_is_complete_at_its_end(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("First.", "Second.", polls=6))
    runs, messages = any_client.beta.threads.runs, any_client.beta.threads.messages
    thread_id = await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=await new_assistant(any_client)))
    for _ in range(6):
        await drained(await resolved(messages.list(thread_id)))
        run = await resolved(runs.retrieve(run.id, thread_id=thread_id))
    await drained(await resolved(messages.list(thread_id)))
    assert all_texts(recorded.run().output) == ["First.", "Second."]
    completed = all_texts(event.message for event in recorded.of(MessageCompleted))
    assert sorted(completed) == ["First.", "Second."]
