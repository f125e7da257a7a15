"""Fixtures that all tests share: a local server, clients of both kinds, a recording to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

import threadtrail
from threadtrail.delivery.guard import guard
from threadtrail.testing import AssistantsServer, capture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from threadtrail.testing import Captured


@pytest.fixture
def server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as running:
        yield running


# Reading the certificates takes 25 ms for each client, and nothing here is encrypted.


@pytest.fixture
def client(server: AssistantsServer) -> Iterator[OpenAI]:
    plain = DefaultHttpxClient(verify=False)
    with OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client:
        yield client


@pytest.fixture
async def async_client(server: AssistantsServer) -> AsyncIterator[AsyncOpenAI]:
    plain = DefaultAsyncHttpxClient(verify=False)
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client:
        yield client


@pytest.fixture(params=["sync", pytest.param("async", marks=pytest.mark.slow)])
def any_client(request: pytest.FixtureRequest) -> Any:
    """Each kind of client in turn: a test that awaits with `resolved` serves both.

    The fast part of the suite makes do with one of them.
    """
    return request.getfixturevalue("client" if request.param == "sync" else "async_client")


@pytest.fixture
def strict() -> Iterator[None]:
    """Raise at the end of the test what threadtrail kept from the application."""
    guard.strict = True
    guard.errors.clear()
    yield
    threadtrail.uninstrument()
    guard.strict = False
    errors, guard.errors = guard.errors, []
    if errors:
        raise BaseExceptionGroup("contained errors", errors)


@pytest.fixture
def recorded(strict: None) -> Iterator[Captured]:
    """A recording; at the end, nothing may be lost on its way.

    Runs that have ended wait long for what may follow, so that a slow machine changes nothing: each look
    at the recording ends the wait.
    """
    with capture(settle_seconds=600) as captured:
        yield captured
    (lane,) = threadtrail.status().exporters.values()
    lost = (lane.failed, lane.dropped, lane.queued)
    assert (lane.delivered, lost) == (len(captured.events), (0, 0, 0)), lane
