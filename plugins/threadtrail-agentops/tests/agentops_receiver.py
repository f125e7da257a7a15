"""AgentOps on loopback: gives out tokens, takes OTLP with a valid one only, and decodes it."""

from __future__ import annotations

import base64
import gzip
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

TOKEN_PATH = "/v3/auth/token"
TRACES_PATH = "/v1/traces"
API_KEY = "11111111-2222-3333-4444-555555555555"
STATUSES = {0: "UNSET", 1: "OK", 2: "ERROR"}

Answer = Callable[[], int]
"""Answers one request: may wait; returns the HTTP status."""


@dataclass(frozen=True, kw_only=True)
class Span:
    name: str
    trace_id: str
    span_id: str
    parent_id: str | None
    start: int
    end: int
    status: str
    message: str
    attributes: dict[str, Any]
    links: tuple[tuple[str, str], ...]
    resource: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes
    status: int


@dataclass
class Receiver:
    """A running backend; ``token_answers`` and ``trace_answers`` are used up, one per request."""

    requests: list[Request] = field(default_factory=list)
    token_answers: list[Answer] = field(default_factory=list)
    trace_answers: list[Answer] = field(default_factory=list)
    lifetime_seconds: float = 30 * 24 * 3600.0
    valid: set[str] = field(default_factory=set)
    released: threading.Event = field(default_factory=threading.Event)
    changed: threading.Condition = field(default_factory=threading.Condition)
    connections: int = 0
    open_to_all: bool = False
    """Stands for another backend, which takes what comes."""

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.exporter_endpoint = f"{self.address}{TRACES_PATH}"
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def variables(self) -> dict[str, str]:
        """The native SDK's own variables, as a user of this backend would set them."""
        return {
            "AGENTOPS_API_KEY": API_KEY,
            "AGENTOPS_API_ENDPOINT": self.address,
            "AGENTOPS_EXPORTER_ENDPOINT": self.exporter_endpoint,
        }

    def hang(self) -> int:
        """Answer when the test is over, or lets go."""
        self.released.wait(60)
        return 503

    def to(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    @property
    def spans(self) -> list[Span]:
        """All spans that were taken, as often as they came, by their start."""
        taken = [each for each in self.requests if each.status == 200 and each.path.endswith(TRACES_PATH)]
        found = [span for request in taken for span in _spans(request.body)]
        return sorted(found, key=lambda span: (span.start, -span.end))

    def wait_for(self, condition: Callable[[], object], timeout: float = 5.0) -> None:
        """Wait until requests made the condition true.

        Raises:
            TimeoutError: they did not.
        """
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise TimeoutError(f"not so within {timeout} s: {[each.path for each in self.requests]}")

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def span(self, name: str) -> Span:
        found = self.named(name)
        assert len(found) == 1, [span.name for span in self.spans]
        return found[0]

    def revoke(self) -> None:
        """Let all tokens that were given out be worth nothing."""
        self.valid.clear()

    def give_token(self) -> str:
        now = time.time()
        claims = {"iat": now, "exp": now + self.lifetime_seconds, "n": len(self.requests)}
        token = ".".join(_part(each) for each in ({"alg": "none"}, claims, {}))
        self.valid.add(token)
        return token


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Who asked may have gone away before the answer: that is what some tests are about."""


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            status, answer = self.answer(headers, body)
            with receiver.changed:
                receiver.requests.append(Request(path=self.path, headers=headers, body=body, status=status))
                receiver.changed.notify_all()
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def answer(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
            if self.path == TOKEN_PATH:
                status = receiver.token_answers.pop(0)() if receiver.token_answers else 200
                known = json.loads(body) == {"api_key": API_KEY}
                if status != 200 or not known:
                    return (status if status != 200 else 401), {"error": "no"}
                return 200, {"token": receiver.give_token(), "project_id": "p", "project_prem_status": "pro"}
            if receiver.open_to_all:
                return 200, {}
            if headers.get("authorization", "").removeprefix("Bearer ") not in receiver.valid:
                return 401, {}
            return (receiver.trace_answers.pop(0)() if receiver.trace_answers else 200), {}

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
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex() or None,
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    status=STATUSES[span.status.code],
                    message=span.status.message,
                    attributes=_attributes(span.attributes),
                    links=tuple((each.trace_id.hex(), each.span_id.hex()) for each in span.links),
                    resource=about,
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
