"""Fixtures that all tests share: a local server, clients of both kinds, a recording to look at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

import threadtrail
from fake_distributions import Installer
from threadtrail._guard import guard
from threadtrail.testing import AssistantsServer, capture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from threadtrail.testing import Captured


SETTINGS = ("THREADTRAIL_", "OTEL_", "LANGFUSE_", "AGENTOPS_")
"""How the environment variables begin that say something to threadtrail or to a backend's SDK."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory and an environment that says nothing."""
    for variable in list(os.environ):
        if variable.upper().startswith(SETTINGS):
            monkeypatch.delenv(variable)
    folder = tmp_path / "app"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Make packages that offer exporters, without installing any."""
    return Installer(tmp_path / "site", monkeypatch)


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
