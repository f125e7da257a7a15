"""The turn of the documentation's picture, as a collector receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from picture_spans import chosen, kept_span

from threadtrail.config.settings import Settings
from threadtrail.testing import OtlpReceiver
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event

DRAWN = (
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.tool.type",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
)


def received(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Export the events over OTLP, with the options left as they are; return what a collector decodes."""
    with OtlpReceiver() as collector:
        exporter = OpenTelemetryExporter(endpoint=collector.url)
        exporter.start(Settings())
        exporter.export(events, [None] * len(events))
        exporter.shutdown(5.0)
        return [
            kept_span(
                span,
                span.kind,
                facts=chosen(span.attributes, DRAWN),
                events=[{"name": event.name, "time": event.time} for event in span.events],
            )
            for span in collector.spans
        ]
