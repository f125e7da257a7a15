"""The servers, each started once, and clients of both kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from openai import AsyncOpenAI, OpenAI

from real_servers import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from real_servers.running import RealServer


@pytest.fixture(scope="session")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with running.azure_agentserver(tmp_path_factory.mktemp("azure")) as server:
        yield server


@pytest.fixture(scope="session")
def ogx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with running.ogx(tmp_path_factory.mktemp("ogx")) as server:
        yield server


@pytest.fixture(params=["sync", "async"])
def new_client(request: pytest.FixtureRequest) -> Callable[[RealServer], Any]:
    """Make a client of a server, of each kind in turn."""
    client_class = OpenAI if request.param == "sync" else AsyncOpenAI
    return lambda server: client_class(base_url=server.base_url, api_key="sk-local", max_retries=0)
