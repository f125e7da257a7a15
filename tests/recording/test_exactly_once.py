"""One run, published once, however often and by whatever means the app looks at it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from driving import (
    ENDS,
    drained,
    each,
    entered,
    new_assistant,
    new_thread,
    outputs_for,
    poll,
    resolved,
)
from threadtrail.events import (
    MessageCompleted,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    StepCompleted,
    ToolCallCompleted,
    ToolCallRequested,
    Usage,
)
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, Gate, Message, RunScript, ToolCalls

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured

    Drive = Callable[[Any, str, str], Awaitable[str]]

POLLS = 50
PLAIN = RunScript("x is 1.", polls=POLLS)
TWO_LEGS = RunScript(ToolCalls(FunctionCall("solve", {"x": 3})), Message("x is 1."), polls=[20, 30])


async def by_hand(client: Any, assistant_id: str, thread_id: str) -> str:
    run = await resolved(client.beta.threads.runs.create(thread_id, assistant_id=assistant_id))
    return str((await poll(client, run)).id)


async def create_and_poll(client: Any, assistant_id: str, thread_id: str) -> str:
    runs = client.beta.threads.runs
    run = await resolved(
        runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0)
    )
    return str(run.id)


async def create_then_poll(client: Any, assistant_id: str, thread_id: str) -> str:
    runs = client.beta.threads.runs
    run = await resolved(runs.create(thread_id=thread_id, assistant_id=assistant_id))
    await resolved(runs.poll(run.id, thread_id, poll_interval_ms=0))
    return str(run.id)


async def create_and_run_poll(client: Any, assistant_id: str, thread_id: str) -> str:
    run = await resolved(
        client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0)
    )
    return str(run.id)


async def submit_and_poll(client: Any, assistant_id: str, thread_id: str) -> str:
    runs = client.beta.threads.runs
    run = await resolved(
        runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0)
    )
    await resolved(
        runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread_id, tool_outputs=outputs_for(run), poll_interval_ms=0
        )
    )
    return str(run.id)


async def raw_parsed(client: Any, assistant_id: str, thread_id: str) -> str:
    raw = client.beta.threads.runs.with_raw_response
    run = (await resolved(raw.create(thread_id, assistant_id=assistant_id))).parse()
    while run.status not in ENDS:
        run = (await resolved(raw.retrieve(run.id, thread_id=thread_id))).parse()
    return str(run.id)


async def raw_not_parsed(client: Any, assistant_id: str, thread_id: str) -> str:
    raw = client.beta.threads.runs.with_raw_response
    run = json.loads((await resolved(raw.create(thread_id, assistant_id=assistant_id))).text)
    while run["status"] not in ENDS:
        run = json.loads((await resolved(raw.retrieve(run["id"], thread_id=thread_id))).text)
    return str(run["id"])


async def streamed_body(client: Any, assistant_id: str, thread_id: str) -> str:
    runs = client.beta.threads.runs
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    while run.status not in ENDS:
        async with entered(runs.with_streaming_response.retrieve(run.id, thread_id=thread_id)) as response:
            run = await resolved(response.parse())
    return str(run.id)


WAYS: dict[str, tuple[Drive, RunScript, tuple[str, ...]]] = {
    "by hand": (by_hand, PLAIN, ("queued", "in_progress", "completed")),
    "create_and_poll": (create_and_poll, PLAIN, ("queued", "in_progress", "completed")),
    "poll": (create_then_poll, PLAIN, ("queued", "in_progress", "completed")),
    "create_and_run_poll": (create_and_run_poll, PLAIN, ("queued", "in_progress", "completed")),
    "submit_tool_outputs_and_poll": (
        submit_and_poll,
        TWO_LEGS,
        ("queued", "in_progress", "requires_action", "queued", "in_progress", "completed"),
    ),
    "raw, parsed": (raw_parsed, PLAIN, ("queued", "in_progress", "completed")),
    "raw, not parsed": (raw_not_parsed, PLAIN, ("queued", "in_progress", "completed")),
    "streaming response": (streamed_body, PLAIN, ("queued", "in_progress", "completed")),
}


def statuses(recorded: Captured) -> tuple[str, ...]:
    return tuple(event.status for event in recorded.of(RunStatusChanged))


async def look_again(client: Any, run_id: str, thread_id: str) -> None:
    for _ in range(10):
        await resolved(client.beta.threads.runs.retrieve(run_id, thread_id=thread_id))
    for _ in range(3):
        await drained(await resolved(client.beta.threads.messages.list(thread_id)))


@pytest.mark.parametrize("way", WAYS)
async def test_a_run_polled_fifty_times_is_published_once(
    way: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    drive, script, expected = WAYS[way]
    server.script_next(script)
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)

    run_id = await drive(any_client, assistant_id, thread_id)

    assert len(server.requests_to("runs.retrieve")) == POLLS
    run = recorded.run()
    assert (run.id, run.status, run.finished, run.poll_count) == (run_id, "completed", True, POLLS)
    assert len(recorded.of(RunCreated)) == len(recorded.of(RunEnded)) == 1
    assert statuses(recorded) == tuple(change.status for change in run.status_history) == expected
    changes = recorded.of(RunStatusChanged)
    assert [change.previous for change in changes] == [None, *expected[:-1]]
    tools = 15 * len(run.tool_calls)
    assert run.usage is not None
    assert run.usage == Usage(
        input_tokens=20 + tools, output_tokens=10 + tools // 3, total_tokens=30 + tools + tools // 3
    )


@pytest.mark.parametrize("flushed", [False, True], ids=["at once", "after it was published"])
async def test_looking_at_an_ended_run_again_adds_nothing(
    any_client: Any, server: AssistantsServer, recorded: Captured, *, flushed: bool
) -> None:
    server.script_next(RunScript("x is 1."))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run_id = await create_and_poll(any_client, assistant_id, thread_id)
    published = recorded.events if flushed else []

    await look_again(any_client, run_id, thread_id)

    run = recorded.run()
    assert (run.poll_count, len(run.status_history)) == (2, 3)
    if flushed:
        assert recorded.events == published
    else:
        assert [message.text for message in run.output] == ["x is 1."]
        assert len(recorded.of(MessageCompleted)) == 1
    await look_again(any_client, run_id, thread_id)
    assert recorded.run() == run


async def stream_of(client: Any, assistant_id: str, thread_id: str) -> str:
    stream = await resolved(
        client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    )
    events = await drained(stream)
    return str(events[0].data.id)


async def stream_manager(client: Any, assistant_id: str, thread_id: str) -> str:
    manager = client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id)
    async with entered(manager) as stream:
        run = await resolved(stream.get_final_run())
    return str(run.id)


async def create_and_run_stream(client: Any, assistant_id: str, thread_id: str) -> str:
    manager = client.beta.threads.create_and_run_stream(assistant_id=assistant_id)
    async with entered(manager) as stream:
        run = await resolved(stream.get_final_run())
    return str(run.id)


@pytest.mark.parametrize("drive", [stream_of, stream_manager, create_and_run_stream])
async def test_a_stream_followed_by_retrieves_is_published_once(
    drive: Drive, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("First.", "Second."))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)

    run_id = await drive(any_client, assistant_id, thread_id)
    run_thread_id = str(recorded.run().thread_id)
    await look_again(any_client, run_id, run_thread_id)

    run = recorded.run()
    assert (run.id, run.streamed, run.poll_count) == (run_id, True, 0)
    assert statuses(recorded) == ("queued", "in_progress", "completed")
    assert len(recorded.of(RunCreated)) == len(recorded.of(RunEnded)) == 1
    assert [message.text for message in run.output] == ["First.", "Second."]
    assert len(recorded.of(MessageCompleted)) == len(recorded.of(StepCompleted)) == 2
    assert run.usage is not None
    assert run.usage.total_tokens == 60
    assert run.first_output_at is not None
    assert run.created_at is not None
    assert run.ended_at is not None
    assert run.created_at < run.first_output_at < run.ended_at


async def test_a_run_looked_at_in_every_way_at_once_is_published_once(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(TWO_LEGS)
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    manager = runs.stream(thread_id=thread_id, assistant_id=assistant_id)
    async with entered(manager) as stream:
        run = await resolved(stream.get_final_run())
    for _ in range(3):
        await resolved(runs.retrieve(run.id, thread_id=thread_id))
        await drained(await resolved(runs.list(thread_id)))
        for step in await drained(await resolved(runs.steps.list(run.id, thread_id=thread_id))):
            await resolved(runs.steps.retrieve(step.id, run_id=run.id, thread_id=thread_id))
    await resolved(runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=outputs_for(run)))
    await resolved(runs.poll(run.id, thread_id, poll_interval_ms=0))
    for _ in range(2):
        await drained(await resolved(runs.list(thread_id)))
        await drained(await resolved(runs.steps.list(run.id, thread_id=thread_id)))
        await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))

    counts = Counter(type(event) for event in recorded.events)
    assert counts[RunCreated] == counts[RunEnded] == 1
    assert counts[StepCompleted] == 2
    assert counts[ToolCallRequested] == counts[ToolCallCompleted] == counts[MessageCompleted] == 1
    assert statuses(recorded) == (
        *("queued", "in_progress", "requires_action"),
        *("queued", "in_progress", "completed"),
    )
    of_run = [event for event in recorded.events if getattr(event, "run_id", None) == run.id]
    assert isinstance(of_run[0], RunCreated)
    assert isinstance(of_run[-1], RunEnded)


async def test_auto_paged_lists_are_read_to_their_end(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript(*[f"Answer {number}." for number in range(7)]))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run_id = await create_and_poll(any_client, assistant_id, thread_id)

    steps = any_client.beta.threads.runs.steps.list(run_id, thread_id=thread_id, limit=2)
    messages = any_client.beta.threads.messages.list(thread_id, limit=3)
    assert len([step async for step in each(steps)]) == 7
    assert len([message async for message in each(messages)]) == 8

    run = recorded.run()
    assert [message.text for message in run.output] == [f"Answer {number}." for number in range(7)]
    assert len(run.steps) == 7
    assert run.steps[0].message_id == run.output[0].id


def test_a_list_that_is_read_before_the_stream_of_the_run(client: OpenAI, server: AssistantsServer) -> None:
    gate = Gate()
    server.script(RunScript("x", gate=gate))
    with capture() as captured:
        assistant = client.beta.assistants.create(model="gpt-4o")
        thread = client.beta.threads.create()
        stream = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, stream=True)
        assert [run.status for run in client.beta.threads.runs.list(thread.id)] == ["queued"]
        assert len(captured.of(RunCreated)) == 1
        gate.open()
        list(stream)
        assert captured.run().observed_from_start
        assert len(captured.of(RunCreated)) == 1
