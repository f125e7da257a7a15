"""The benchmark's workloads of Responses: calls of each kind, requests of each size, and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.canned import clients
from benchmarks.canned_responses import ResponsesApi, stream
from benchmarks.workloads import Kept, Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.workloads import Request

ASK: dict[str, Any] = {"model": "gpt-4o", "input": "I need to solve the equation `3x + 11 = 14`."}
KILOBYTE, MEGABYTE = 1_000, 1_000_000

CREATE, BACKGROUND = "create response", "create in background"
UNCHANGED, CHANGED = "poll, unchanged", "poll, changed"
SMALL, LARGE = "create, 1 kB asked", "create, 1 MB asked"
BACKGROUND_NAMES = (BACKGROUND, UNCHANGED, CHANGED)
SIZE_NAMES = (SMALL, LARGE)


def foreground_calls(*, is_async: bool) -> Workload:
    """Return a workload of foreground responses."""
    client = clients(ResponsesApi())[is_async]
    once = [(CREATE, lambda: client.responses.create(**ASK))]
    return Workload(CREATE, client, is_async, lambda _client: iter(once))


def background_calls(*, is_async: bool) -> Workload:
    """Return a workload of background responses, each polled five times."""
    api = ResponsesApi(created="queued", looks=("in_progress",) * 4 + ("completed",))
    return Workload(BACKGROUND, clients(api)[is_async], is_async, _polled)


def _polled(client: Any) -> Iterator[tuple[str, Request]]:
    made = Kept()
    yield BACKGROUND, made.keep(lambda: client.responses.create(**ASK, background=True))
    response_id = made.value.id
    for name in (CHANGED, UNCHANGED, UNCHANGED, UNCHANGED, CHANGED):
        yield name, lambda: client.responses.retrieve(response_id)


def sizes(*, is_async: bool) -> Workload:
    """Return a workload of requests of a kilobyte and of a megabyte: the cost must not grow with the size."""
    client = clients(ResponsesApi())[is_async]
    small, large = "x" * KILOBYTE, "x" * MEGABYTE
    both = [
        (SMALL, lambda: client.responses.create(model="gpt-4o", input=small)),
        (LARGE, lambda: client.responses.create(model="gpt-4o", input=large)),
    ]
    return Workload("sizes", client, is_async, lambda _client: iter(both))


def streamed_response(deltas: int, *, is_async: bool) -> Workload:
    """Return a workload of responses that are streamed and read to the end."""
    body, events = stream(deltas)
    client = clients(ResponsesApi(streamed=body))[is_async]
    read = _read_async if is_async else _read
    once = [("stream", lambda: read(client))]
    return Workload("response stream", client, is_async, lambda _client: iter(once), events)


def _read(client: Any) -> None:
    for _ in client.responses.create(**ASK, stream=True):
        pass


async def _read_async(client: Any) -> None:
    async for _ in await client.responses.create(**ASK, stream=True):
        pass
