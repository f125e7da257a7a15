"""A hundred responses at once, in the background: none takes anything of another."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.events import RunCreated, RunEnded, StepCompleted
from threadtrail.testing.server import RunRequest, RunScript
from threadtrail.values import Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from threadtrail.testing import Captured, OpenAIServer

RESPONSES, POLLS = 100, 3
OPEN = {"queued", "in_progress"}
OVERTAKEN = ["queued", "completed"]
"""One of two that poll sees the end before the other has got the answer that it is in progress."""


def counted(request: RunRequest) -> RunScript:
    """Answer with the number that the app sent, and use as many tokens."""
    number = int(request.last_user_text)
    usage = {"input_tokens": number, "output_tokens": 1, "total_tokens": number + 1}
    return RunScript(f"answer {number}", polls=POLLS, queued_polls=1, usage=usage)


def check_each(recorded: Captured, ids: list[str], *, racing: bool = False) -> None:
    created, ended = recorded.of(RunCreated), recorded.of(RunEnded)
    assert sorted(event.run_id for event in created) == sorted(ids)
    assert sorted(event.run_id for event in ended) == sorted(ids)
    assert sorted(event.run_id for event in recorded.of(StepCompleted)) == sorted(ids)
    assert len({event.trace_id for event in created}) == len(set(ids)) == RESPONSES
    runs = {event.run_id: event.run for event in ended}
    for number, identity in enumerate(ids):
        run = runs[identity]
        assert (run.status, run.finished, run.background) == ("completed", True, True)
        statuses = [change.status for change in run.status_history]
        assert statuses == ["queued", "in_progress", "completed"] or (racing and statuses == OVERTAKEN)
        assert run.poll_count == POLLS or (racing and 1 <= run.poll_count <= POLLS + 1)
        assert [message.text for message in run.input] == [str(number)]
        assert [message.text for message in run.output] == [f"answer {number}"]
        assert run.usage == Usage(input_tokens=number, output_tokens=1, total_tokens=number + 1)
        assert (run.attributes.user_id, run.metadata) == (f"user {number}", {"number": str(number)})


def asked(number: int) -> dict[str, Any]:
    return {
        "model": "gpt-4o",
        "input": str(number),
        "background": True,
        "metadata": {"number": str(number)},
    }


@pytest.mark.slow
async def test_polled_by_gather(async_client: AsyncOpenAI, server: OpenAIServer, recorded: Captured) -> None:
    server.script(counted)

    async def answer(number: int) -> str:
        async with threadtrail.trace(f"trace {number}", user_id=f"user {number}"):
            response = await async_client.responses.create(**asked(number))
        while response.status in OPEN:
            response = await async_client.responses.retrieve(response.id)
        return str(response.id)

    check_each(recorded, list(await asyncio.gather(*map(answer, range(RESPONSES)))))


@pytest.mark.slow
def test_polled_by_threads(client: OpenAI, server: OpenAIServer, recorded: Captured) -> None:
    server.script(counted)
    at_once = threading.Barrier(RESPONSES)

    def answer(number: int) -> str:
        at_once.wait()
        with threadtrail.trace(f"trace {number}", user_id=f"user {number}"):
            response = client.responses.create(**asked(number))
        while response.status in OPEN:
            response = client.responses.retrieve(response.id)
        return str(response.id)

    with ThreadPoolExecutor(RESPONSES) as pool:
        check_each(recorded, list(pool.map(answer, range(RESPONSES))))


@pytest.mark.slow
async def test_polled_by_threads_and_tasks_at_once(
    client: OpenAI, async_client: AsyncOpenAI, server: OpenAIServer, recorded: Captured
) -> None:
    server.script(counted)

    def create(number: int) -> str:
        with threadtrail.trace(f"trace {number}", user_id=f"user {number}"):
            return str(client.responses.create(**asked(number)).id)

    def look(identity: str) -> None:
        while client.responses.retrieve(identity).status in OPEN:
            pass

    async def poll(identity: str) -> None:
        while (await async_client.responses.retrieve(identity)).status in OPEN:
            pass

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(RESPONSES) as pool:
        ids = await asyncio.gather(*[loop.run_in_executor(pool, create, n) for n in range(RESPONSES)])
        looks = [loop.run_in_executor(pool, look, identity) for identity in ids]
        await asyncio.gather(*looks, *map(poll, ids))
    check_each(recorded, ids, racing=True)
