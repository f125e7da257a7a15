"""Switched on the OpenTelemetry way: by a command around an unchanged program, or by an instrumentor."""

from __future__ import annotations

import json
import sys
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import whole_run
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import threadtrail
from otel_programs import BIN, EXAMPLES, run
from threadtrail_opentelemetry.instrumentor import ThreadtrailInstrumentor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer

CONSOLE = {
    "OTEL_TRACES_EXPORTER": "console",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
    "OTEL_SERVICE_NAME": "math-tutor",
}


@pytest.mark.slow
def test_an_unchanged_program_is_traced(server: AssistantsServer) -> None:
    command = [str(BIN / "opentelemetry-instrument"), sys.executable, str(EXAMPLES / "math_tutor.py")]
    printed = run(command, server, **CONSOLE).stdout
    assert "completed" in printed.splitlines()
    spans = [span for span in printed_spans(printed) if span["name"].startswith(("invoke", "create"))]
    assert [span["name"] for span in spans] == ["create_agent Math Tutor", "invoke_agent Math Tutor"]
    assert spans[1]["attributes"]["gen_ai.operation.name"] == "invoke_agent"
    assert spans[1]["attributes"]["gen_ai.usage.input_tokens"] > 0
    assert spans[1]["resource"]["attributes"]["service.name"] == "math-tutor"


@pytest.mark.slow
def test_it_can_be_switched_off_by_its_name(server: AssistantsServer) -> None:
    command = [str(BIN / "opentelemetry-instrument"), sys.executable, str(EXAMPLES / "math_tutor.py")]
    printed = run(command, server, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="threadtrail", **CONSOLE).stdout
    assert "invoke_agent" not in printed


def printed_spans(text: str) -> Iterator[dict[str, Any]]:
    """The spans that the console exporter printed between the program's own lines."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{\n", at)) >= 0:
        span, at = decoder.raw_decode(text, at)
        yield span


def test_it_is_found_as_an_instrumentor() -> None:
    (entry,) = entry_points(group="opentelemetry_instrumentor", name="threadtrail")
    assert entry.load() is ThreadtrailInstrumentor


def test_the_instrumentor_switches_on_and_off(client: OpenAI, strict: None) -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    instrumentor = ThreadtrailInstrumentor()
    instrumentor.instrument(tracer_provider=provider, usage="steps", settle_seconds=0.0)
    assert threadtrail.status().active
    whole_run(client)
    instrumentor.uninstrument()
    assert not threadtrail.status().active
    told = len(memory.get_finished_spans())
    (turn,) = [span for span in memory.get_finished_spans() if span.name.startswith("chat")]
    assert turn.attributes is not None
    assert turn.attributes["gen_ai.usage.input_tokens"]
    whole_run(client)
    assert len(memory.get_finished_spans()) == told


def test_the_instrumentor_waits_for_a_global_provider(client: OpenAI, strict: None) -> None:
    """As all instrumentors do: it raises nothing where OpenTelemetry is not set up (yet)."""
    instrumentor = ThreadtrailInstrumentor()
    instrumentor.instrument()
    whole_run(client)
    instrumentor.uninstrument()
