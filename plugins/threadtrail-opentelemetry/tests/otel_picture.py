"""The run of the documentation's picture, as a collector receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from otlp_receiver import Receiver
from threadtrail.config.settings import Settings
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from otlp_receiver import Span
    from threadtrail.events import Event

DRAWN = (
    "gen_ai.operation.name",
    "gen_ai.response.finish_reasons",
    "gen_ai.tool.type",
    "gen_ai.usage.input_tokens",
    "gen_ai.usage.output_tokens",
)


def received(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Export the events over OTLP, with the options left as they are; return what a collector decodes."""
    with Receiver() as collector:
        exporter = OpenTelemetryExporter(endpoint=collector.endpoint)
        exporter.start(Settings())
        exporter.export(events, [None] * len(events))
        exporter.shutdown(5.0)
        return [_told(span) for span in collector.spans]


def _told(span: Span) -> dict[str, Any]:
    return {
        "name": span.name,
        "kind": span.kind,
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "start": span.start,
        "end": span.end,
        "facts": {name: span.attributes[name] for name in DRAWN if name in span.attributes},
        "events": [{"name": event.name, "time": event.time} for event in span.events],
    }
