"""A Langfuse server on loopback, as far as the SDK sees it: traces, scores and media, every byte kept."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

TRACES = "/api/public/otel/v1/traces"
MEDIA = "/api/public/media"
PROMPTS = "/api/public/v2/prompts/"
PROJECTS = "/api/public/projects"
PROJECT = {"id": "p", "name": "Lessons", "organization": {"id": "o", "name": "School"}, "metadata": {}}
LEVELS = {0: "DEFAULT", 1: "DEFAULT", 2: "ERROR"}


def until(condition: Callable[[], object], *, timeout: float = 5.0) -> None:
    """Return once ``condition()`` is true; TimeoutError if it never is."""
    deadline, pause = time.monotonic() + timeout, threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {timeout} s: {condition}")
        pause.wait(0.01)


@dataclass(frozen=True, kw_only=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes
    connection: Any = None

    @property
    def credentials(self) -> str:
        return base64.b64decode(self.headers["authorization"].removeprefix("Basic ")).decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Observation:
    """A span as the server reads it: only of the SDK's scope, with the project's key on it."""

    key: str
    type: str
    name: str
    trace_id: str
    id: str
    parent_id: str | None
    start: int
    end: int
    otel_status: str
    attributes: dict[str, Any]
    resource: dict[str, Any]

    def _get(self, name: str) -> Any:
        return self.attributes.get(f"langfuse.observation.{name}")

    def _json(self, name: str) -> Any:
        value = self._get(name)
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value

    @property
    def input(self) -> Any:
        return self._json("input")

    @property
    def output(self) -> Any:
        return self._json("output")

    @property
    def usage(self) -> dict[str, int] | None:
        usage: dict[str, int] | None = self._json("usage_details")
        return usage

    @property
    def model(self) -> str | None:
        name: str | None = self._get("model.name")
        return name

    @property
    def model_parameters(self) -> Any:
        return self._json("model.parameters")

    @property
    def level(self) -> str:
        return str(self._get("level") or "DEFAULT")

    @property
    def message(self) -> str | None:
        message: str | None = self._get("status_message")
        return message

    @property
    def metadata(self) -> dict[str, Any]:
        """Values as the server stores them: newer SDKs write JSON, older ones the text itself."""
        prefix = "langfuse.observation.metadata."
        found = {}
        for name, value in self.attributes.items():
            if name.startswith(prefix):
                try:
                    found[name.removeprefix(prefix)] = json.loads(value)
                except (TypeError, ValueError):
                    found[name.removeprefix(prefix)] = value
        return found

    @property
    def session(self) -> str | None:
        return self.attributes.get("session.id")

    @property
    def is_app_root(self) -> bool:
        return bool(self.attributes.get("langfuse.internal.is_app_root"))


@dataclass
class Receiver:
    """A running server. While ``answering`` is not set, it takes requests and says nothing."""

    requests: list[Request] = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)
    status: int = 200
    location: str | None = None
    corrupted: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.answering.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def wire(self) -> bytes:
        """Every byte that came in, decompressed, and every path and header."""
        requests = list(self.requests)
        return b"".join(f"{each.path} {each.headers}".encode() + each.body for each in requests)

    def to(self, path: str) -> list[Request]:
        return [request for request in list(self.requests) if request.path == path]

    @property
    def all_spans(self) -> list[Observation]:
        return [span for request in self.to(TRACES) for span in _spans(request.body)]

    @property
    def observations(self) -> list[Observation]:
        """Of all traces, by start; each must have come only once."""
        spans = self.all_spans
        ids = [(span.key, span.id) for span in spans]
        assert len(ids) == len(set(ids)), "an observation came twice"
        return sorted(spans, key=lambda span: (span.start, -span.end))

    def of(self, *types: str) -> list[Observation]:
        return [each for each in self.observations if each.type in types]

    def one(self, kind: str) -> Observation:
        found = self.of(kind)
        assert len(found) == 1, [(each.type, each.name) for each in self.observations]
        return found[0]

    def named(self, name: str) -> Observation:
        found = [each for each in self.observations if each.name == name]
        assert len(found) == 1, [(each.type, each.name) for each in self.observations]
        return found[0]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            receiver.corrupted.append(f"{code} {message}")
            super().send_error(code, message, explain)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append(
                Request(path=self.path, headers=headers, body=body, connection=self.client_address)
            )
            receiver.answering.wait()
            # No upload address: the server has this media already.
            answer = json.dumps({"mediaId": "m", "uploadUrl": None}).encode() if self.path == MEDIA else b""
            with contextlib.suppress(ConnectionError):  # who asked may have given up
                self.send_response(receiver.status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                if receiver.location is not None:
                    self.send_header("location", receiver.location)
                self.end_headers()
                self.wfile.write(answer)

        do_PATCH = do_POST  # noqa: N815 - the name that the base class calls

        def do_GET(self) -> None:
            """There is one project, and a prompt of every name, in its third version."""
            name = self.path.removeprefix(PROMPTS).partition("?")[0]
            prompt = {"type": "text", "name": name, "version": 3, "prompt": "You are patient."}
            found = {**prompt, "config": {}, "labels": ["production"], "tags": []}
            if self.path == PROJECTS:
                found = {"data": [PROJECT]}
            answer = json.dumps(found).encode()
            self.send_response(200 if self.path.startswith((PROMPTS, PROJECTS)) else 404)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    return Handler


def questions_in(request: Request) -> set[str]:
    """What the runs in a request asked."""
    return {str(span.input) for span in _spans(request.body) if span.type == "agent"}


def _spans(body: bytes) -> Iterator[Observation]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _attributes(resource.resource.attributes)
        for scope in resource.scope_spans:
            scope_attributes = _attributes(scope.scope.attributes)
            for span in scope.spans:
                attributes = _attributes(span.attributes)
                yield Observation(
                    key=str(scope_attributes.get("public_key")) if scope.scope.name == "langfuse-sdk" else "",
                    type=str(attributes.get("langfuse.observation.type", "span")),
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex() or None,
                    start=span.start_time_unix_nano,
                    end=span.end_time_unix_nano,
                    otel_status=LEVELS[span.status.code],
                    attributes=attributes,
                    resource=about,
                )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
