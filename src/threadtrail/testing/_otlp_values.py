"""Decoded OTLP as plain values, and how they are decoded. Needs ``opentelemetry-proto``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

Attributes = dict[str, Any]

KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUSES = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True, kw_only=True)
class ReceivedEvent:
    """An event of a span; ``time`` in Unix nanoseconds."""

    name: str
    time: int
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class ReceivedSpan:
    """A span. Times are Unix nanoseconds, ids hexadecimal; a link is a trace id and a span id.

    ``message`` describes the ``status`` (``UNSET``, ``OK`` or ``ERROR``). ``scope`` is the name of the
    instrumentation scope.
    """

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    status: str
    message: str
    attributes: Attributes
    events: tuple[ReceivedEvent, ...]
    links: tuple[tuple[str, str], ...]
    resource: Attributes
    scope: str
    scope_attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class ReceivedLogRecord:
    """A log record; ``name`` is that of its event."""

    name: str
    trace_id: str
    span_id: str
    attributes: Attributes


@dataclass(frozen=True, kw_only=True)
class ReceivedPoint:
    """A data point of a metric: ``sum`` and ``count`` of a histogram; ``sum`` is the value of others."""

    sum: float
    count: int
    bounds: tuple[float, ...]
    attributes: Attributes


def spans_in(body: bytes) -> Iterator[ReceivedSpan]:
    """Decode the spans of a request."""
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield _span(span, about, scope.scope)


def log_records_in(body: bytes) -> Iterator[ReceivedLogRecord]:
    """Decode the log records of a request."""
    for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield ReceivedLogRecord(
                    name=record.event_name,
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                    attributes=_attributes(record.attributes),
                )


def metrics_in(body: bytes) -> dict[str, list[ReceivedPoint]]:
    """Decode the data points of a request, by the names of their metrics."""
    return {
        metric.name: [_point(point) for point in getattr(metric, metric.WhichOneof("data")).data_points]
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def _span(span: Any, resource: Attributes, scope: Any) -> ReceivedSpan:
    return ReceivedSpan(
        name=span.name,
        kind=KINDS[span.kind],
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex() or None,
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        status=STATUSES[span.status.code],
        message=span.status.message,
        attributes=_attributes(span.attributes),
        events=tuple(map(_event, span.events)),
        links=tuple((each.trace_id.hex(), each.span_id.hex()) for each in span.links),
        resource=resource,
        scope=scope.name,
        scope_attributes=_attributes(scope.attributes),
    )


def _event(event: Any) -> ReceivedEvent:
    return ReceivedEvent(name=event.name, time=event.time_unix_nano, attributes=_attributes(event.attributes))


def _point(point: Any) -> ReceivedPoint:
    number = not hasattr(point, "count")  # else it is a histogram's or a summary's
    return ReceivedPoint(
        sum=getattr(point, point.WhichOneof("value") or "as_int") if number else point.sum,
        count=1 if number else point.count,
        bounds=tuple(getattr(point, "explicit_bounds", ())),
        attributes=_attributes(point.attributes),
    )


def _attributes(pairs: Any) -> Attributes:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind) if kind else None
