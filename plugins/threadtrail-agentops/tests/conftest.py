"""Fixtures: an Assistants server in front, AgentOps behind, and the real SDKs between them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai import DefaultHttpxClient, OpenAI

import threadtrail
from threadtrail._guard import guard
from threadtrail.testing import AssistantsServer

# The helpers beside this file are imported by name; pytest's importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from agentops_receiver import API_KEY, Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AGENTOPS_", "OTEL_", "THREADTRAIL_", "LANGFUSE_")):
            monkeypatch.delenv(name)


@pytest.fixture
def server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as running:
        yield running


@pytest.fixture
def client(server: AssistantsServer) -> Iterator[OpenAI]:
    # Reading the certificates takes 25 ms for each client, and nothing here is encrypted.
    plain = DefaultHttpxClient(verify=False)
    with OpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain, max_retries=0) as client:
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def options(receiver: Receiver) -> dict[str, Any]:
    """Where to send, as options of the exporter."""
    return {
        "api_key": API_KEY,
        "endpoint": receiver.url,
        "exporter_endpoint": receiver.exporter_endpoint,
    }


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
def traced(options: dict[str, Any]) -> Iterator[Callable[..., None]]:
    """Switch it on, with more options of the exporter."""

    def instrument(*, settings: dict[str, Any] | None = None, **more: Any) -> None:
        exporters = {"agentops": {**options, **more}}
        threadtrail.instrument(exporters=exporters, settle_seconds=0.0, **(settings or {}))

    yield instrument
    threadtrail.uninstrument()
