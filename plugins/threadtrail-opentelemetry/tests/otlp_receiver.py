"""A collector on loopback: takes OTLP over HTTP, keeps every byte, and decodes it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

KINDS = {1: "INTERNAL", 3: "CLIENT"}
STATUSES = {0: "UNSET", 1: "OK", 2: "ERROR"}


@dataclass(frozen=True, kw_only=True)
class Event:
    name: str
    time: int
    attributes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Span:
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    status: str
    message: str
    attributes: dict[str, Any]
    events: tuple[Event, ...]
    links: tuple[tuple[str, str], ...]
    resource: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Record:
    name: str
    trace_id: str
    span_id: str
    attributes: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One data point: a histogram's ``count`` and ``sum``, or a counter's value as ``sum``."""

    sum: float
    count: int
    bounds: tuple[float, ...]
    attributes: dict[str, Any]


@dataclass
class Receiver:
    """A running collector. It answers nothing while ``answering`` is cleared."""

    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)
    status: int = 200
    location: str | None = None

    def __enter__(self) -> Self:
        self.answering.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def wire(self) -> bytes:
        """Every byte that came in, whatever the signal."""
        return b"".join(body for _, body in self.bodies)

    def of(self, path: str) -> list[bytes]:
        return [body for at, body in self.bodies if at == path]

    @property
    def spans(self) -> list[Span]:
        """All spans so far, by their start."""
        found = [span for body in self.of("/v1/traces") for span in _spans(body)]
        return sorted(found, key=lambda span: (span.start, -span.end))

    def wait_for_spans(self, count: int, timeout: float = 5.0) -> list[Span]:
        until(lambda: len(self.spans) >= count, timeout=timeout)
        return self.spans

    def span(self, name: str) -> Span:
        found = [span for span in self.spans if span.name == name]
        assert len(found) == 1, [span.name for span in self.spans]
        return found[0]

    def named(self, start: str) -> list[Span]:
        return [span for span in self.spans if span.name.startswith(start)]

    @property
    def records(self) -> list[Record]:
        return [record for body in self.of("/v1/logs") for record in _records(body)]

    def states(self, metric: str) -> list[list[Point]]:
        """A metric as it came, time after time."""
        found = [dict(_metrics(body)) for body in self.of("/v1/metrics")]
        return [metrics[metric] for metrics in found if metric in metrics]

    @property
    def metrics(self) -> dict[str, list[Point]]:
        """The newest state of each metric."""
        return {name: points for body in self.of("/v1/metrics") for name, points in _metrics(body)}


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.bodies.append((self.path, body))
            receiver.headers.append({name.lower(): value for name, value in self.headers.items()})
            receiver.answering.wait()
            self.send_response(receiver.status)
            self.send_header("content-length", "0")
            if receiver.location is not None:
                self.send_header("location", receiver.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    return Handler


def _spans(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
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
                    events=tuple(
                        Event(
                            name=each.name, time=each.time_unix_nano, attributes=_attributes(each.attributes)
                        )
                        for each in span.events
                    ),
                    links=tuple((each.trace_id.hex(), each.span_id.hex()) for each in span.links),
                    resource=about,
                )


def _event(event: Any) -> Event:
    return Event(name=event.name, time=event.time_unix_nano, attributes=_attributes(event.attributes))


def _records(body: bytes) -> Iterator[Record]:
    for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                yield Record(
                    name=record.event_name,
                    trace_id=record.trace_id.hex(),
                    span_id=record.span_id.hex(),
                    attributes=_attributes(record.attributes),
                )


def _metrics(body: bytes) -> Iterator[tuple[str, list[Point]]]:
    for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                yield (
                    metric.name,
                    [_point(point) for point in getattr(metric, metric.WhichOneof("data")).data_points],
                )


def _point(point: Any) -> Point:
    histogram = hasattr(point, "explicit_bounds")
    return Point(
        sum=point.sum if histogram else point.as_int,
        count=point.count if histogram else 1,
        bounds=tuple(point.explicit_bounds) if histogram else (),
        attributes=_attributes(point.attributes),
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    return getattr(value, kind) if kind else None
