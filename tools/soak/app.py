"""An app that uses both APIs in every way, from threads and from tasks."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
import time
from typing import TYPE_CHECKING, Any

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from driving import drained, entered, outputs_for, resolved
from threadtrail.testing.server import SCENARIOS, RunScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import OpenAIServer
    from threadtrail.testing.server import RunRequest

THREADS, TASKS = 3, 6
PLAYED = [script for name, script in SCENARIOS.items() if name != "hanging"]
OPEN = {"queued", "in_progress"}
MODEL: Any = {"model": "gpt-4o"}


class App:
    """Creates runs and responses and follows each to its end.

    Attributes:
        errors: the errors that it got; there should be none.
    """

    def __init__(self, server: OpenAIServer) -> None:
        self._server = server
        self.errors: list[str] = []
        self._created: list[int] = []
        self._scripts: Iterator[Any] = itertools.cycle(PLAYED)
        self._lock = threading.Lock()

    @property
    def created(self) -> int:
        """Return how many runs and responses were created so far."""
        return sum(self._created)

    def work(self, seconds: float) -> None:
        """Work in threads and tasks for this many seconds, then close everything."""
        self._server.reset()
        self._server.script(self._next_script)
        until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._in_a_thread, args=(until,)) for _ in range(THREADS)]
        threads.append(threading.Thread(target=lambda: asyncio.run(self._in_tasks(until))))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _next_script(self, request: RunRequest) -> RunScript:
        with self._lock:
            script = next(self._scripts)
        chosen: RunScript = script if isinstance(script, RunScript) else script(request)
        return chosen

    def _in_a_thread(self, until: float) -> None:
        http = DefaultHttpxClient(verify=False)
        with OpenAI(base_url=self._server.base_url, api_key="sk-local", http_client=http) as client:
            asyncio.run(self._work(client, until))

    async def _in_tasks(self, until: float) -> None:
        http = DefaultAsyncHttpxClient(verify=False)
        async with AsyncOpenAI(
            base_url=self._server.base_url, api_key="sk-local", http_client=http
        ) as client:
            await asyncio.gather(*(self._work(client, until) for _ in range(TASKS)))

    async def _work(self, client: Any, until: float) -> None:
        ways = [polled_run, streamed_run, response, streamed_response, background_response]
        while True:  # once at least, though this process may get no processor until then
            try:
                self._created.append(await random.choice(ways)(client))  # noqa: S311 - no secret
            except Exception as error:  # noqa: BLE001 - nothing may fail: all of it is a problem
                self.errors.append(f"{type(error).__name__}: {error}")
            if time.monotonic() >= until:
                return


async def polled_run(client: Any) -> int:
    """Create a run, poll it and answer its calls; return 1."""
    given = await _thread(client)
    run = await resolved(client.beta.threads.runs.create_and_poll(**given, poll_interval_ms=1))
    while run.status == "requires_action":
        run = await resolved(
            client.beta.threads.runs.submit_tool_outputs_and_poll(
                run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs_for(run), poll_interval_ms=1
            )
        )
    await drained(client.beta.threads.messages.list(run.thread_id))
    return 1


async def streamed_run(client: Any) -> int:
    """Stream a run and the answers to its calls; return 1."""
    manager = client.beta.threads.runs.stream(**await _thread(client))
    while True:
        async with entered(manager) as stream:
            run = await resolved(stream.get_final_run())
        if run.status != "requires_action":
            return 1
        manager = client.beta.threads.runs.submit_tool_outputs_stream(
            run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs_for(run)
        )


async def _thread(client: Any) -> dict[str, str]:
    assistant = await resolved(client.beta.assistants.create(**MODEL))
    thread = await resolved(client.beta.threads.create(messages=[{"role": "user", "content": "3x = 9?"}]))
    return {"assistant_id": assistant.id, "thread_id": thread.id}


async def response(client: Any) -> int:
    """Create a response, and answer its calls until there are none; return the number of responses."""
    answer = await resolved(client.responses.create(**MODEL, input="3x = 9?"))
    return 1 + await _go_on(client, answer)


async def streamed_response(client: Any) -> int:
    """The same, the first one streamed."""
    stream = await resolved(client.responses.create(**MODEL, input="3x = 9?", stream=True))
    seen = [event.response for event in await drained(stream) if hasattr(event, "response")]
    return 1 + await _go_on(client, await _polled(client, seen[-1]))


async def background_response(client: Any) -> int:
    """The same, the first one in the background, and polled."""
    answer = await resolved(client.responses.create(**MODEL, input="3x = 9?", background=True))
    return 1 + await _go_on(client, await _polled(client, answer))


async def _polled(client: Any, answer: Any) -> Any:
    while answer.status in OPEN:
        answer = await resolved(client.responses.retrieve(answer.id))
    return answer


async def _go_on(client: Any, answer: Any) -> int:
    created = 0
    while calls := [item for item in answer.output if item.type == "function_call"]:
        outputs = [
            {"type": "function_call_output", "call_id": call.call_id, "output": "22 degrees"}
            for call in calls
        ]
        answer = await resolved(
            client.responses.create(**MODEL, previous_response_id=answer.id, input=outputs)
        )
        created += 1
    return created
