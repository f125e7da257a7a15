"""How runs end, and what is published of runs that never do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import new_assistant, new_thread, poll, resolved
from recording.invariants import check_story
from threadtrail.events import Failure, RunEnded, RunStatusChanged
from threadtrail.testing import capture
from threadtrail.testing.server import (
    SCENARIOS,
    EditBody,
    EndsAs,
    Hangs,
    RunScript,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured

DEADLINE_SECONDS = 60.0


async def finished(client: Any, server: AssistantsServer, script: Any) -> Any:
    server.script_next(script)
    assistant_id, thread_id = await new_assistant(client), await new_thread(client)
    return await resolved(
        client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0
        )
    )


ENDINGS: dict[str, tuple[str, Failure | None, str | None]] = {
    "plain": ("completed", None, None),
    "failed": ("failed", Failure(type="server_error", message="Sorry, something went wrong."), None),
    "rate-limited": (
        "failed",
        Failure(type="rate_limit_exceeded", message="You exceeded your current quota."),
        None,
    ),
    "expired": ("expired", Failure(type="expired"), None),
    "incomplete": ("incomplete", None, "max_completion_tokens"),
    "cancelled": ("cancelled", None, None),
}


@pytest.mark.parametrize("scenario", ENDINGS)
async def test_each_end_says_why(
    scenario: str, any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    status, error, reason = ENDINGS[scenario]
    await finished(any_client, server, SCENARIOS[scenario])
    run = recorded.run()
    assert (run.status, run.finished, run.error, run.incomplete_reason) == (status, True, error, reason)
    assert recorded.of(RunStatusChanged)[-1].type == f"thread.run.{status}"


async def test_cancelled_by_the_app(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    server.script_next(RunScript("never", end=Hangs()))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    run = await resolved(runs.retrieve(run.id, thread_id=thread_id))
    run = await resolved(runs.cancel(run.id, thread_id=thread_id))
    await poll(any_client, run)
    published = recorded.run()
    assert (published.status, published.failed, published.error) == ("cancelled", False, None)
    learnt = [(change.status, change.learnt_from) for change in published.status_history]
    assert learnt[-2:] == [("cancelling", "cancel"), ("cancelled", "poll")]


async def test_a_hanging_run_is_published_at_shutdown(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("never", end=Hangs(), polls=1))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    for _ in range(5):
        await resolved(runs.retrieve(run.id, thread_id=thread_id))
    assert recorded.runs == []
    assert threadtrail.status().open_runs == 1
    threadtrail.shutdown(60)
    published = recorded.run()
    assert (published.id, published.finished, published.status, published.poll_count) == (
        run.id,
        False,
        "in_progress",
        5,
    )
    assert isinstance(recorded.events[-1], RunEnded)


def wait_until_published(captured: Captured, count: int) -> None:
    """Wait without flushing: nothing but time must bring it about."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    memory = captured._memory
    while sum(isinstance(event, RunEnded) for event in list(memory.events)) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} runs were not published in {DEADLINE_SECONDS} s")
        threadtrail.status()


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
def test_a_run_that_nobody_looks_at_is_published_at_its_timeout(
    client: OpenAI, server: AssistantsServer
) -> None:
    server.script(RunScript("never", end=Hangs()))
    with capture(run_timeout_seconds=0.05) as captured:
        assistant_id, thread_id = (
            client.beta.assistants.create(model="gpt-4o").id,
            client.beta.threads.create().id,
        )
        run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
        wait_until_published(captured, 1)
        published = captured.run()
        client.beta.threads.runs.retrieve(run.id, thread_id=thread_id)
    check_story(captured.events)
    assert (published.finished, published.status) == (False, "queued")
    assert captured.run() == published


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
def test_an_ended_run_is_published_after_settling(client: OpenAI, server: AssistantsServer) -> None:
    with capture(settle_seconds=0.05) as captured:
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0)
        wait_until_published(captured, 1)
    assert captured.run().finished


@pytest.mark.slow
@pytest.mark.usefixtures("strict")
def test_an_ended_run_of_which_all_is_known_is_published_at_once(
    client: OpenAI, server: AssistantsServer
) -> None:
    with capture(settle_seconds=3_600) as captured:
        assistant_id = client.beta.assistants.create(model="gpt-4o").id
        run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0)
        client.beta.threads.messages.list(run.thread_id)
        assert all(not isinstance(event, RunEnded) for event in captured._memory.events)
        client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id)
        wait_until_published(captured, 1)


async def test_an_unknown_status_is_a_status(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("hm", end=EndsAs("paused"), polls=1))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    for _ in range(3):
        await resolved(runs.retrieve(run.id, thread_id=thread_id))
    assert [change.status for change in recorded.of(RunStatusChanged)] == ["queued", "paused"]
    threadtrail.shutdown(60)
    assert (recorded.run().status, recorded.run().finished) == ("paused", False)


async def test_usage_that_comes_late_is_taken(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    def no_usage(body: Any) -> Any:
        return body | {"usage": None}

    server.inject(EditBody(no_usage), "runs.retrieve", times=2)
    run = await finished(any_client, server, RunScript("x is 1."))
    assert (run.status, run.usage) == ("completed", None)
    await resolved(any_client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id))
    usage = recorded.run().usage
    assert usage is not None
    assert usage.total_tokens == 30


async def test_metadata_that_is_changed_is_taken(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("x is 1."))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id, metadata={"a": "1"}))
    await resolved(runs.update(run.id, thread_id=thread_id, metadata={"a": "2"}))
    await poll(any_client, run)
    assert recorded.run().metadata == {"a": "2"}
