"""The receivers that play a backend: what they keep, how they answer, what they decode."""

from __future__ import annotations

import gzip
import http.client
import sys
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from delivery.support import PATIENCE
from fresh_process import imported_by
from threadtrail.testing import HttpReceiver, unused_port, wait_until
from threadtrail.testing.http_receiver import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing.http_receiver import ReceivedRequest


@pytest.fixture
def backend() -> Iterator[HttpReceiver]:
    with HttpReceiver() as running:
        yield running


def send(backend: HttpReceiver, path: str = "/", body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
    """Send one request; return status, target of a redirect, and body of the answer."""
    connection = http.client.HTTPConnection(backend.url.removeprefix("http://"), timeout=60)
    connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.headers.get("location", ""), answer.read()
    connection.close()
    return found


# --- any HTTP ----------------------------------------------------------------------------------------


def test_requests_are_kept_as_they_came(backend: HttpReceiver) -> None:
    assert send(backend, "/one?x=1", b"hello", X_Key="secret") == (200, "", b"")
    send(backend, "/two")
    assert [request.path for request in backend.requests] == ["/one?x=1", "/two"]
    (request,) = backend.to("/one?x=1")
    assert (request.method, request.body, request.status, request.accepted) == ("POST", b"hello", 200, True)
    assert request.headers["x-key"] == "secret"
    assert b"hello" in backend.wire
    assert b"secret" in backend.wire
    assert backend.connections == 2
    assert backend.malformed == []


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_bodies_are_decompressed(backend: HttpReceiver, encoding: str, compress: Any) -> None:
    send(backend, body=compress(b"hello"), Content_Encoding=encoding)
    assert backend.requests[0].body == b"hello"


def test_it_answers_errors_and_redirects(backend: HttpReceiver) -> None:
    backend.status, backend.location = 307, "http://elsewhere.test/"
    assert send(backend)[:2] == (307, "http://elsewhere.test/")
    assert not backend.requests[0].accepted


def test_it_holds_answers_back(backend: HttpReceiver) -> None:
    backend.answering.clear()
    answers: list[Any] = []
    client = threading.Thread(target=lambda: answers.append(send(backend)))
    client.start()
    backend.wait_for(lambda: backend.requests)
    assert backend.requests[0].status is None
    assert answers == []
    backend.answering.set()
    client.join(60)
    assert answers[0][0] == 200


def test_a_subclass_answers_as_its_backend_does() -> None:
    class Keyed(HttpReceiver):
        def reply(self, request: ReceivedRequest) -> Reply:
            status = 200 if request.headers.get("x-key") == "right" else 401
            return Reply(status=status, body=request.path.encode(), headers={"content-type": "text/plain"})

    with Keyed() as backend:
        assert send(backend, "/a", X_Key="right") == (200, "", b"/a")
        assert send(backend, "/b", X_Key="wrong") == (401, "", b"/b")
        assert [request.status for request in backend.requests] == [200, 401]


def test_what_is_no_http_is_noted(backend: HttpReceiver) -> None:
    host, _, port = backend.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    connection.connect()
    connection.sock.sendall(b"ha ha ha ha\r\n\r\n")
    backend.wait_for(lambda: backend.malformed)
    connection.close()
    assert backend.malformed[0].startswith("400")
    assert backend.requests == []


def test_a_client_that_leaves_is_no_error(backend: HttpReceiver, capfd: pytest.CaptureFixture[str]) -> None:
    backend.answering.clear()
    connection = http.client.HTTPConnection(backend.url.removeprefix("http://"), timeout=60)
    connection.request("POST", "/", b"x")
    backend.wait_for(lambda: backend.requests)
    connection.close()
    backend.answering.set()
    backend.wait_for(lambda: backend.requests[0].status)
    send(backend)
    assert capfd.readouterr() == ("", "")


def test_nobody_answers_at_an_unused_port() -> None:
    connection = http.client.HTTPConnection("127.0.0.1", unused_port(), timeout=60)
    with pytest.raises(ConnectionRefusedError):
        connection.connect()


def test_waiting_says_what_came_instead(backend: HttpReceiver) -> None:
    send(backend, "/other")
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=r"not so within 0\.1 s: .*; received: \['POST /other'\]"):
        backend.wait_for(lambda: backend.to("/wanted"), timeout=0.1)
    assert time.monotonic() - begun < PATIENCE
    wait_until(lambda: backend.to("/other"))


# --- OTLP --------------------------------------------------------------------------------------------


@pytest.fixture
def otlp() -> Iterator[Any]:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from threadtrail.testing import OtlpReceiver

    with OtlpReceiver() as running:
        yield running


def test_spans_are_plain_values(otlp: Any) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.trace import Link, SpanKind, Status, StatusCode, set_span_in_context

    provider = TracerProvider(resource=Resource({"service.name": "tutor"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=f"{otlp.url}/v1/traces")))
    tracer = provider.get_tracer("scope", attributes={"public_key": "pk"})
    first = tracer.start_span("root one", kind=SpanKind.CLIENT, start_time=1_000)
    second = tracer.start_span(
        "child",
        context=set_span_in_context(first),
        links=[Link(first.get_span_context())],
        attributes={"text": "x", "number": 1, "share": 0.5, "flag": True, "list": ["a", "b"]},
        start_time=2_000,
    )
    second.add_event("happened", {"why": "so"}, 2_500)
    second.set_status(Status(StatusCode.ERROR, "it broke"))
    second.end(3_000)
    first.end(4_000)

    root, child = otlp.wait_for_spans(2)
    assert (root.name, root.kind, root.parent_id, root.status) == ("root one", "CLIENT", None, "UNSET")
    assert (root.start, root.end) == (1_000, 4_000)
    assert (child.kind, child.parent_id, child.trace_id) == ("INTERNAL", root.span_id, root.trace_id)
    assert child.span_id == f"{second.get_span_context().span_id:016x}"
    assert (child.status, child.message) == ("ERROR", "it broke")
    assert child.attributes == {"text": "x", "number": 1, "share": 0.5, "flag": True, "list": ["a", "b"]}
    assert [(event.name, event.time, event.attributes) for event in child.events] == [
        ("happened", 2_500, {"why": "so"})
    ]
    assert child.links == ((root.trace_id, root.span_id),)
    assert child.resource == {"service.name": "tutor"}
    assert (child.scope, child.scope_attributes) == ("scope", {"public_key": "pk"})

    assert otlp.span("child") == child
    assert otlp.named("root") == []
    assert otlp.starting_with("root") == [root]
    with pytest.raises(AssertionError, match=r"one span 'root'; received were: \['root one', 'child'\]"):
        otlp.span("root")
    provider.shutdown()


def test_what_was_refused_is_kept_and_not_decoded(otlp: Any) -> None:
    otlp.status = 403
    send(otlp, "/v1/traces", b"anything")
    assert len(otlp.requests) == 1
    assert otlp.spans == []


def test_metrics_and_log_records_are_plain_values(otlp: Any) -> None:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    for total in (1, 2):
        request = ExportMetricsServiceRequest()
        metrics = request.resource_metrics.add().scope_metrics.add().metrics
        counter = metrics.add(name="counter").sum.data_points.add(as_int=total)
        counter.attributes.add(key="kind").value.string_value = "input"
        metrics.add(name="gauge").gauge.data_points.add(as_double=0.5)
        histogram = metrics.add(name="histogram").histogram.data_points
        histogram.add(sum=7.5, count=3, explicit_bounds=[1.0, 5.0])
        send(otlp, "/v1/metrics", request.SerializeToString())
    (counted,) = otlp.metrics["counter"]
    assert (counted.sum, counted.count, counted.bounds, counted.attributes) == (2, 1, (), {"kind": "input"})
    assert [points[0].sum for points in otlp.metric_history("counter")] == [1, 2]
    assert otlp.metrics["gauge"][0].sum == 0.5
    (measured,) = otlp.metrics["histogram"]
    assert (measured.sum, measured.count, measured.bounds) == (7.5, 3, (1.0, 5.0))

    logs = ExportLogsServiceRequest()
    record = (
        logs.resource_logs.add()
        .scope_logs.add()
        .log_records.add(event_name="details", trace_id=bytes(16), span_id=bytes(8))
    )
    record.attributes.add(key="messages").value.kvlist_value.values.add(
        key="role"
    ).value.string_value = "user"
    send(otlp, "/v1/logs", logs.SerializeToString())
    (decoded,) = otlp.log_records
    assert (decoded.name, decoded.trace_id, decoded.span_id) == ("details", "0" * 32, "0" * 16)
    assert decoded.attributes == {"messages": {"role": "user"}}


# --- what is imported --------------------------------------------------------------------------------


def test_nothing_of_opentelemetry_is_imported_before_it_is_used() -> None:
    imported = imported_by("from threadtrail.testing import HttpReceiver, wait_until")
    assert not [name for name in imported if name.startswith("opentelemetry")]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import threadtrail.testing

    for name in ("threadtrail.testing.otlp", "threadtrail.testing._otlp_values"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.proto", None)
    for name in [name for name in sys.modules if name.startswith("opentelemetry.proto.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(
        ImportError, match=r"needs the module 'opentelemetry.*pip install opentelemetry-proto"
    ):
        _ = threadtrail.testing.OtlpReceiver
