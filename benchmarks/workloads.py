"""The benchmark's workloads: calls of each kind, whole runs, and streams; sync and async."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.canned import ASSISTANT_ID, Api, clients, stream

QUESTION = "I need to solve the equation `3x + 11 = 14`. Can you help me?"
OUTPUTS = [{"tool_call_id": "call_1", "output": '["a", "x = 1"]'}]

Request = Callable[[], Any]
"""Makes one request; returns the result or, with an async client, an awaitable."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Requests that are repeated as one round: ``requests`` yields the name and the call of each.

    ``events`` is how many streamed events pass in a round.
    """

    name: str
    client: Any
    is_async: bool
    requests: Callable[[Any], Iterator[tuple[str, Request]]]
    events: int = 0


def _conversation(client: Any, retrieves: list[str]) -> Iterator[tuple[str, Request]]:
    """Yield the requests of a run that is polled by hand; the ids come from the answers, as in an app."""
    threads, made = client.beta.threads, Kept()
    yield "create thread", made.keep(threads.create)
    thread_id = made.value.id
    add, create = threads.messages.create, threads.runs.create
    yield "create message", lambda: add(thread_id, role="user", content=QUESTION)
    yield "create run", made.keep(lambda: create(thread_id=thread_id, assistant_id=ASSISTANT_ID))
    run_id = made.value.id
    retrieve, submit = threads.runs.retrieve, threads.runs.submit_tool_outputs
    for name in retrieves:
        if name == SUBMIT:
            yield name, lambda: submit(run_id, thread_id=thread_id, tool_outputs=OUTPUTS)
        else:
            yield name, lambda: retrieve(run_id, thread_id=thread_id)
    yield "list messages", lambda: threads.messages.list(thread_id=thread_id)


class Kept:
    """Keeps what the last request returned."""

    value: Any = None

    def keep(self, request: Request) -> Request:
        """Return the same request, which also puts its result into ``value``."""

        def kept() -> Any:
            result = request()
            if hasattr(result, "__await__"):
                return self._later(result)
            self.value = result
            return result

        return kept

    async def _later(self, waiting: Any) -> Any:
        self.value = await waiting
        return self.value


CHANGED, UNCHANGED, SUBMIT = "retrieve, changed", "retrieve, unchanged", "submit outputs"
CALL_NAMES = ("create thread", "create message", "create run", UNCHANGED, CHANGED, SUBMIT, "list messages")


def calls(*, is_async: bool) -> Workload:
    """Return a workload of runs with a function call, with every kind of call at least once."""
    api = Api(retrieves=("in_progress",) * 4 + ("requires_action", "completed"))
    looks = [CHANGED, UNCHANGED, UNCHANGED, UNCHANGED, CHANGED, SUBMIT, CHANGED]
    client = clients(api)[is_async]
    return Workload("calls", client, is_async, lambda client: _conversation(client, looks))


RUN_CALLS = 9


def whole_run(*, is_async: bool = False) -> Workload:
    """Return a workload of runs as most apps make them: thread, message, run, five retrieves, list."""
    api = Api(retrieves=("in_progress",) * 4 + ("completed",))
    looks = [CHANGED, UNCHANGED, UNCHANGED, UNCHANGED, CHANGED]
    client = clients(api)[is_async]
    return Workload("run", client, is_async, lambda client: _conversation(client, looks))


def streamed(deltas: int, *, is_async: bool) -> Workload:
    """Return a workload of runs that are streamed and read to the end."""
    body, events = stream(deltas)
    client = clients(Api(streamed=body))[is_async]
    read = _read_async if is_async else _read
    once = [("stream", lambda: read(client))]
    return Workload("stream", client, is_async, lambda _client: iter(once), events)


def _read(client: Any) -> None:
    for _ in client.beta.threads.runs.create(thread_id="thread_1", assistant_id=ASSISTANT_ID, stream=True):
        pass


async def _read_async(client: Any) -> None:
    runs = client.beta.threads.runs
    async for _ in await runs.create(thread_id="thread_1", assistant_id=ASSISTANT_ID, stream=True):
        pass
