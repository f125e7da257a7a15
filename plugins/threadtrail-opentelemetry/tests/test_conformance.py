"""The exporter keeps to the rules for exporters, with providers of its own and with the program's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from threadtrail.testing import ExporterConformance, unused_port
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import OtlpReceiver

RUN = "invoke_agent"
RUN_ID = "threadtrail.run.id"


class TestPrivateProviders(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self, receiver: OtlpReceiver) -> OpenTelemetryExporter:
        self.receiver = receiver
        return OpenTelemetryExporter(endpoint=receiver.url, message_content="SPAN_AND_EVENT")

    @pytest.fixture
    def exporter_with_dead_backend(self, monkeypatch: pytest.MonkeyPatch) -> OpenTelemetryExporter:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # else it tries again for ten seconds
        return OpenTelemetryExporter(endpoint=f"http://127.0.0.1:{unused_port()}")

    def delivered(self) -> list[str]:
        return [span.attributes[RUN_ID] for span in self.receiver.starting_with(RUN)]

    def written(self) -> bytes:
        return self.receiver.wire


class TestTheProgramsOwnProvider(ExporterConformance):
    deadline_seconds = start_seconds = 60.0  # on a machine that is busy with other things

    @pytest.fixture
    def exporter(self) -> Iterator[OpenTelemetryExporter]:
        self.memory = InMemorySpanExporter()
        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(self.memory))
        yield OpenTelemetryExporter(tracer_provider=provider, message_content="SPAN_ONLY")
        provider.shutdown()

    def delivered(self) -> list[str]:
        spans = self.memory.get_finished_spans()
        return [str((span.attributes or {})[RUN_ID]) for span in spans if span.name.startswith(RUN)]

    def written(self) -> str:
        return "\n".join(span.to_json() for span in self.memory.get_finished_spans())
