"""Switched on the OpenTelemetry way: by its instrumentor, in code."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from exporter_driving import whole_run
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import threadtrail
from threadtrail_opentelemetry.instrumentor import ThreadtrailInstrumentor

if TYPE_CHECKING:
    from openai import OpenAI


def test_it_is_found_as_an_instrumentor() -> None:
    (entry,) = entry_points(group="opentelemetry_instrumentor", name="threadtrail")
    assert entry.load() is ThreadtrailInstrumentor


def test_the_instrumentor_switches_on_and_off(client: OpenAI, strict: None) -> None:
    memory, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    instrumentor = ThreadtrailInstrumentor()
    instrumentor.instrument(tracer_provider=provider, usage="steps", settle_seconds=600.0)
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
