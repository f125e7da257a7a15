"""The code of the exporter's page and of the README runs unchanged, and does what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from doc_blocks import DOCS, ROOT, accept_file, blocks, name_of
from exporter_driving import answer, asked, tutor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import threadtrail
from threadtrail_opentelemetry.instrumentor import ThreadtrailInstrumentor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, OtlpReceiver

PAGE = DOCS / "exporters" / "opentelemetry.md"
PLUGIN_README = ROOT / "plugins" / "threadtrail-opentelemetry" / "README.md"


@pytest.fixture(autouse=True)
def _environment(
    server: AssistantsServer,
    receiver: OtlpReceiver,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    strict: None,
) -> None:
    """Set up the reader's environment: variables point to server and collector, the folder is empty."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
    monkeypatch.chdir(tmp_path)


def program(page: Path, number: int) -> None:
    text = blocks(page, "python")[number]
    exec(compile(text, f"{page.name}, block {number}", "exec"), {})  # noqa: S102 - our own page


@pytest.mark.parametrize("page", [PAGE, PLUGIN_README], ids=name_of)
def test_the_one_line_sends_a_run(page: Path, client: OpenAI, receiver: OtlpReceiver) -> None:
    program(page, 0)
    run = client.beta.threads.runs.create(asked(client).id, assistant_id=tutor(client).id)
    answer(client, run)
    assert threadtrail.flush()
    assert receiver.span("invoke_agent Math Tutor").status != "ERROR"


@pytest.fixture
def instrumented() -> Iterator[None]:
    yield
    ThreadtrailInstrumentor().uninstrument()


def test_the_instrumentor_switches_it_on(instrumented: None) -> None:
    program(PAGE, 1)
    assert list(threadtrail.status().exporters) == ["opentelemetry"]
    assert threadtrail.status().active


def test_a_run_takes_the_span_of_its_creator_along(server: AssistantsServer) -> None:
    provider, memory = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with provider.get_tracer("app").start_as_current_span("request") as span:
        program(PAGE, 2)
    (created,) = server.requests_to("responses.create")
    assert f"{span.get_span_context().trace_id:032x}" in created.body["metadata"]["traceparent"]
    assert len(blocks(PAGE, "python")) == 3


@pytest.mark.parametrize("text", blocks(PAGE, "toml"))
def test_files_are_accepted(text: str) -> None:
    accept_file(text, Path.cwd())
