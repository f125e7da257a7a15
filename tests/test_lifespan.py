"""``threadtrail.lifespan`` around ASGI apps; a real server under SIGTERM is in tests/servers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from starlette.applications import Starlette

import threadtrail
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from openai import OpenAI

    from threadtrail.testing import Captured


async def serve(lifespan: Callable[[Any], AbstractAsyncContextManager[Any]], app: object = None) -> Any:
    """Start and shut down, as a server does; return the state that the lifespan gave."""
    async with lifespan(app) as state:
        return state


def begin(client: OpenAI) -> str:
    assistant = client.beta.assistants.create(model="gpt-4o")
    return client.beta.threads.create_and_run(assistant_id=assistant.id).id


@pytest.fixture
def captured(strict: None) -> Any:
    with capture(settle_seconds=600) as captured:
        yield captured


async def test_the_shutdown_delivers_and_recording_goes_on(client: OpenAI, captured: Captured) -> None:
    open_run = begin(client)
    assert await serve(threadtrail.lifespan) is None
    delivered = threadtrail.status().exporters["Memory"].delivered
    assert delivered == len(captured.events) > 0, "before anybody looked"
    assert [(run.id, run.finished) for run in captured.runs] == [(open_run, False)]
    another = begin(client)
    await serve(threadtrail.lifespan)
    assert [run.id for run in captured.runs] == [open_run, another]


async def test_a_run_that_goes_on_is_published_when_it_ends(client: OpenAI, captured: Captured) -> None:
    assistant = client.beta.assistants.create(model="gpt-4o")
    run = client.beta.threads.create_and_run(assistant_id=assistant.id)
    await serve(threadtrail.lifespan)
    client.beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    await serve(threadtrail.lifespan)
    assert [each.finished for each in captured.runs] == [False, True]


async def test_starlette_takes_it(client: OpenAI, captured: Captured) -> None:
    app = Starlette(lifespan=threadtrail.lifespan)
    begin(client)
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await app({"type": "lifespan", "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert len(captured.runs) == 1


class Own:
    """A lifespan of the app's, that creates a run when it shuts down."""

    def __init__(self, client: OpenAI, *, fails: str = "") -> None:
        self.client = client
        self.fails = fails
        self.apps: list[object] = []

    @asynccontextmanager
    async def lifespan(self, app: object) -> AsyncIterator[dict[str, int]]:
        self.apps.append(app)
        if self.fails == "starting":
            raise ValueError(self.fails)
        yield {"answer": 42}
        begin(self.client)
        if self.fails == "stopping":
            raise ValueError(self.fails)


async def test_around_a_lifespan_of_the_apps(client: OpenAI, captured: Captured) -> None:
    own, app = Own(client), object()
    assert await serve(threadtrail.lifespan(own.lifespan), app) == {"answer": 42}
    assert own.apps == [app]
    assert len(captured.runs) == 1, "what it does when it stops is delivered, too"


async def test_within_a_lifespan_of_the_apps(client: OpenAI, captured: Captured) -> None:
    @threadtrail.lifespan
    @asynccontextmanager
    async def lifespan(app: object) -> AsyncIterator[str]:
        async with threadtrail.lifespan(app):
            yield "state"

    begin(client)
    assert await serve(lifespan) == "state"
    assert len(captured.runs) == 1


@pytest.mark.parametrize("when", ["starting", "stopping"])
async def test_errors_of_the_apps_pass(client: OpenAI, captured: Captured, when: str) -> None:
    begin(client)
    with pytest.raises(ValueError, match=when):
        await serve(threadtrail.lifespan(Own(client, fails=when).lifespan))
    assert len(captured.runs) == (2 if when == "stopping" else 1)


async def test_an_error_of_the_server_passes_through_the_apps(client: OpenAI, captured: Captured) -> None:
    with pytest.raises(KeyError):
        async with threadtrail.lifespan(Own(client).lifespan)(None):
            raise KeyError


def test_trio_and_other_loops(client: OpenAI, captured: Captured) -> None:
    """``anyio`` waits, so it works in each loop that the app may run in."""
    begin(client)
    anyio.run(serve, threadtrail.lifespan)
    assert len(captured.runs) == 1


async def test_without_instrument_it_does_nothing() -> None:
    assert not threadtrail.status().active
    assert await serve(threadtrail.lifespan) is None
