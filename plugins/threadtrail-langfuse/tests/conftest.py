"""Fixtures: an Assistants server in front, Langfuse behind, and the real SDKs between them."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import certifi
import pytest
import shared_fixtures
from langfuse._client.resource_manager import LangfuseResourceManager
from opentelemetry import trace as otel_trace
from opentelemetry.util._once import Once

import threadtrail
from threadtrail._guard import guard

# The helpers beside this file are imported by name; pytest's importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))

from langfuse_receiver import Receiver
from langfuse_stage import OTEL, PUBLIC, SECRET, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

server = shared_fixtures.server
client = shared_fixtures.client_without_retries
strict = shared_fixtures.strict
clients_closed = shared_fixtures.clients_closed
workers_ended = shared_fixtures.workers_ended
patient = shared_fixtures.patient
pytest_collection = shared_fixtures.freeze_what_is_collected


@pytest.fixture
def langfuse() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture(scope="session")
def one_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offer a single certificate: reading all takes 40 ms for each client, and nothing here is encrypted."""
    end = "-----END CERTIFICATE-----\n"
    first, _, _ = Path(certifi.where()).read_text(encoding="utf-8").partition(end)
    file = tmp_path_factory.mktemp("certificates") / "one.pem"
    file.write_text(first[first.index("-----BEGIN") :] + end)
    return file


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, langfuse: Receiver, one_certificate: Path) -> None:
    """Set Langfuse's own variables, and one of ours."""
    monkeypatch.setenv("SSL_CERT_FILE", str(one_certificate))
    shared_fixtures.remove_settings(monkeypatch)
    shared_fixtures.settle_at_a_flush(monkeypatch)
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", PUBLIC)
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", SECRET)
    monkeypatch.setenv("LANGFUSE_BASE_URL", langfuse.url)


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Begin each test like a new program: no client of the app, no global provider."""
    provider, once = otel_trace._TRACER_PROVIDER, otel_trace._TRACER_PROVIDER_SET_ONCE
    otel_trace._TRACER_PROVIDER, otel_trace._TRACER_PROVIDER_SET_ONCE = None, Once()
    yield
    threadtrail.uninstrument()
    clients = [manager.httpx_client for manager in LangfuseResourceManager._instances.values()]
    LangfuseResourceManager.reset()
    for client in clients:
        client.close()
    made = otel_trace._TRACER_PROVIDER
    if made is not None and hasattr(made, "shutdown"):
        made.shutdown()
    otel_trace._TRACER_PROVIDER, otel_trace._TRACER_PROVIDER_SET_ONCE = provider, once
    if OTEL < (1, 45):
        gc.collect()  # a connection that an old SDK leaves in a cycle is this test's, not a later one's


@pytest.fixture
def quiet_stage(server: AssistantsServer, client: OpenAI, langfuse: Receiver) -> Stage:
    """All of it together; for tests in which something is meant to fail."""
    guard.after_fork_in_child()  # it counts and logs anew
    return Stage(server, client, langfuse)


@pytest.fixture
def stage(quiet_stage: Stage, strict: None) -> Stage:
    """All of it together; what threadtrail kept from the application is raised at the end."""
    return quiet_stage
