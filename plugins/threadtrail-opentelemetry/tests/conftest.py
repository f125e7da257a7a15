"""Fixtures: an Assistants server in front, a collector behind, and the real SDK between them."""

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

from otel_driving import Stage
from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def _no_telemetry_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("OTEL_", "THREADTRAIL_")):
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
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


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
def traced(receiver: OtlpReceiver, strict: None) -> Callable[..., None]:
    """Switch it on, with options of the exporter; spans go to the collector, content too."""

    def instrument(*, settings: dict[str, Any] | None = None, **options: Any) -> None:
        if "tracer_provider" not in options:
            options = {"endpoint": receiver.url, "message_content": "SPAN_ONLY", **options}
        threadtrail.instrument(exporters={"opentelemetry": options}, **(settings or {}))

    return instrument


@pytest.fixture
def stage(
    server: AssistantsServer, client: OpenAI, receiver: OtlpReceiver, traced: Callable[..., None]
) -> Stage:
    """All of it together, where a test has arguments of its own."""
    return Stage(server, client, receiver, traced)
