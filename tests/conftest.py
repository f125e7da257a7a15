"""Fixtures that all tests share: a local server, clients of both kinds, a recording to look at."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

import costs
import shared_fixtures
import threadtrail
from fake_distributions import Installer
from threadtrail.testing import capture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured

server = shared_fixtures.server
strict = shared_fixtures.strict
clients_closed = shared_fixtures.clients_closed
workers_ended = shared_fixtures.workers_ended
end_of_file = shared_fixtures.end_of_file
pytest_collection = shared_fixtures.freeze_what_is_collected
pytest_runtest_protocol = costs.note_cost

IS_CHECKOUT = (Path(__file__).parent.parent / "plugins").is_dir()
collect_ignore = [] if IS_CHECKOUT else ["docs", "docs_tutorial"]
"""What a source distribution lacks the other half of."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--first-cases", action="store_true", help="of each test, only the first of its cases")
    parser.addoption("--write-costs", action="store_true", help="write the list of tests that cost much anew")


def pytest_configure() -> None:
    """Have no certificates: nothing is encrypted, and each client would take 25 ms to read them."""
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = os.devnull


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not IS_CHECKOUT and item.get_closest_marker("checkout"):
            item.add_marker(pytest.mark.skip(reason="needs what only the repository has"))
    costs.mark_costly(items)
    if config.getoption("--first-cases"):
        first: dict[str, pytest.Item] = {}
        others = [item for item in items if first.setdefault(costs.name_of(item), item) is not item]
        config.hook.pytest_deselected(items=others)
        items[:] = first.values()
    # Files with tests that take long come first: at the end, no process waits long for the other.
    late = {item.path for item in items} - {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path in late)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--write-costs"):
        costs.write_list()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory and an environment that says nothing."""
    shared_fixtures.remove_settings(monkeypatch)
    folder = tmp_path / "app"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Make packages that offer exporters, without installing any."""
    return Installer(tmp_path / "site", monkeypatch)


@pytest.fixture
def client(server: AssistantsServer) -> Iterator[OpenAI]:
    with shared_fixtures.plain_client(server) as client:
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
