"""Everything the local server can play, driven in every way: the story is always whole and in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from openai import DefaultHttpxClient, OpenAI

import threadtrail
from driving import (
    ENDS,
    WITH_SEARCH_CONTENT,
    drained,
    entered,
    new_assistant,
    new_thread,
    outputs_for,
    resolved,
)
from recording.invariants import all_texts, check_story
from threadtrail.events import RunEnded, TurnEnded
from threadtrail.testing import AssistantsServer, capture
from threadtrail.testing.server import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from threadtrail.testing import Captured
    from threadtrail.values import Run

    Look = Callable[[Any, str, str], Awaitable[None]]

GIVE_UP_AFTER = 4
LATE = 10**9 * 3_600

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("strict")]


async def look_not(client: Any, run_id: str, thread_id: str) -> None:
    """Look at nothing."""


async def look_at_steps(client: Any, run_id: str, thread_id: str) -> None:
    steps = client.beta.threads.runs.steps
    for step in await drained(await resolved(steps.list(run_id, thread_id=thread_id, order="asc"))):
        await resolved(steps.retrieve(step.id, run_id=run_id, thread_id=thread_id, **WITH_SEARCH_CONTENT))


async def look_at_all(client: Any, run_id: str, thread_id: str) -> None:
    await look_at_steps(client, run_id, thread_id)
    await drained(await resolved(client.beta.threads.messages.list(thread_id)))
    await drained(await resolved(client.beta.threads.runs.list(thread_id)))


async def by_polling(client: Any, thread_id: str, assistant_id: str, look: Look) -> str:
    runs = client.beta.threads.runs
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    unchanged = 0
    while run.status not in ENDS and unchanged < GIVE_UP_AFTER:
        await look(client, run.id, thread_id)
        before = run.status
        if run.status == "requires_action":
            given = outputs_for(run)
            run = await resolved(runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=given))
        else:
            run = await resolved(runs.retrieve(run.id, thread_id=thread_id))
        unchanged = unchanged + 1 if run.status == before else 0
    await look(client, run.id, thread_id)
    return str(run.id)


async def by_streaming(client: Any, thread_id: str, assistant_id: str, look: Look) -> str:
    runs = client.beta.threads.runs
    manager = runs.stream(thread_id=thread_id, assistant_id=assistant_id)
    while True:
        async with entered(manager) as stream:
            run = await resolved(stream.get_final_run())
        await look(client, run.id, thread_id)
        if run.status != "requires_action":
            return str(run.id)
        manager = runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=thread_id, tool_outputs=outputs_for(run)
        )


EXPECTED_STATUS = {
    "failed": "failed",
    "rate-limited": "failed",
    "expired": "expired",
    "incomplete": "incomplete",
    "cancelled": "cancelled",
    "hanging": "in_progress",
}


def the_run(captured: Captured) -> Run:
    threadtrail.uninstrument()
    check_story(captured.events)
    return captured.run()


@pytest.mark.parametrize(
    ("any_client", "look"),
    [
        pytest.param("sync", look_not, marks=pytest.mark.slow),
        pytest.param("async", look_at_steps, marks=pytest.mark.slow),
        ("sync", look_at_all),
    ],
    indirect=["any_client"],
)
@pytest.mark.parametrize(
    ("scenario", "drive"),
    # A stream of a run that hangs does just that.
    [(name, drive) for name in SCENARIOS for drive in (by_polling, by_streaming)[: 1 + (name != "hanging")]],
)
async def test_every_scenario_is_published_whole(
    scenario: str,
    look: Look,
    drive: Any,
    any_client: Any,
    server: AssistantsServer,
) -> None:
    server.script(SCENARIOS[scenario])
    with capture() as captured:
        assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
        run_id = await drive(any_client, thread_id, assistant_id, look)
        if scenario != "hanging":
            last_of_run = [event for event in captured.events if not isinstance(event, TurnEnded)][-1]
            assert isinstance(last_of_run, RunEnded)
    run = the_run(captured)
    status = EXPECTED_STATUS.get(scenario, "completed")
    assert (run.id, run.status, run.finished) == (run_id, status, scenario != "hanging")
    assert run.failed is (status in {"failed", "expired"})
    assert (run.error is not None) is run.failed
    assert all_texts(run.input) == ["3x + 11 = 14?"]


@pytest.mark.parametrize("offset", [-LATE, LATE, -1.7e18], ids=["an hour behind", "ahead", "in 1970"])
@pytest.mark.parametrize("drive", [by_polling, by_streaming])
async def test_a_server_with_a_wrong_clock(drive: Any, offset: float) -> None:
    """What is only known by the server's stamps is moved onto the local clock."""
    plain = DefaultHttpxClient(verify=False)
    with (
        AssistantsServer(clock=lambda: time.time() + offset / 10**9) as server,
        OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client,
    ):
        server.script(SCENARIOS["two-rounds"])
        before = time.time_ns()
        with capture() as captured:
            assistant_id, thread_id = (
                client.beta.assistants.create(model="gpt-4o").id,
                await new_thread(client),
            )
            await drive(client, thread_id, assistant_id, look_at_all)
        after = time.time_ns()
    run = the_run(captured)
    times = [
        *(run.created_at, run.started_at, run.ended_at),
        *(time for step in run.steps for time in (step.started_at, step.ended_at)),
        *(message.created_at for message in run.output),
    ]
    assert all(time is not None and before <= time <= after for time in times)
