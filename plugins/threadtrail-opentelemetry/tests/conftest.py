"""Fixtures: an Assistants server in front, a collector behind, and the real SDK between them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import shared_fixtures

import threadtrail
from threadtrail.testing import OtlpReceiver

# The helpers beside this file are imported by name; pytest's importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from otel_stage import Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

no_settings = shared_fixtures.no_settings
patient = shared_fixtures.patient
server = shared_fixtures.server
client = shared_fixtures.client_without_retries
strict = shared_fixtures.strict
clients_closed = shared_fixtures.clients_closed
workers_ended = shared_fixtures.workers_ended


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with OtlpReceiver() as running:
        yield running


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
    """Return all of it together, for tests with arguments of their own."""
    return Stage(server, client, receiver, traced)
