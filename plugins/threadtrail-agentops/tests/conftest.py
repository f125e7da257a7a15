"""Fixtures: an Assistants server in front, AgentOps behind, and the real SDKs between them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import shared_fixtures

import threadtrail
from threadtrail._guard import guard

# The helpers beside this file are imported by name; pytest's importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from agentops_receiver import API_KEY, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

no_settings = shared_fixtures.no_settings
patient = shared_fixtures.patient
server = shared_fixtures.server
client = shared_fixtures.client_without_retries
strict = shared_fixtures.strict
clients_closed = shared_fixtures.clients_closed
workers_ended = shared_fixtures.workers_ended


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def options(receiver: Receiver) -> dict[str, Any]:
    """Return the exporter's options for where to send."""
    return {
        "api_key": API_KEY,
        "endpoint": receiver.url,
        "exporter_endpoint": receiver.exporter_endpoint,
    }


@pytest.fixture
def traced(options: dict[str, Any]) -> Iterator[Callable[..., None]]:
    """Switch it on, with more options of the exporter."""

    def instrument(*, settings: dict[str, Any] | None = None, **more: Any) -> None:
        exporters = {"agentops": {**options, **more}}
        threadtrail.instrument(exporters=exporters, **(settings or {}))

    guard.after_fork_in_child()  # it logs anew
    yield instrument
    threadtrail.uninstrument()
