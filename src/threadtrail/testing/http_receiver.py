"""`HttpReceiver`: an HTTP server on loopback that plays a backend in tests of exporters."""

from __future__ import annotations

import contextlib
import gzip
import socket
import sys
import threading
import zlib
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HttpReceiver", "ReceivedRequest", "Reply", "unused_port"]

DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "deflate": zlib.decompress}
ACCEPTED = range(200, 300)


@dataclass(kw_only=True)
class ReceivedRequest:
    """A request as it came.

    ``path`` includes the query, names of ``headers`` are in lower case, ``body`` is decompressed.
    ``connection`` is the client's address: equal for all requests of one connection. ``status`` is that of
    the answer, ``None`` while there is none.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: Any
    status: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether it was answered with a status from 200 to 299."""
        return self.status in ACCEPTED


@dataclass(frozen=True, kw_only=True)
class Reply:
    """The answer to a request."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class HttpReceiver:
    """A running HTTP server on 127.0.0.1 that keeps every request.

    Example:
        with HttpReceiver() as backend:
            exporter = MyExporter(endpoint=backend.url)
            ...
            assert backend.requests[0].headers["authorization"] == "Bearer key"

    Every request is answered with ``status``, and ``location`` as the target of a redirect; a subclass
    that overrides ``reply`` answers as its backend does.

    Attributes:
        url: the server's address, without a slash at its end.
        requests: all requests so far, in the order in which they came.
        status: the status of the answers, and ``reason`` their reason phrase; ``None`` is the usual one.
        location: the target of the answers, if they are redirects.
        answering: while this event is cleared, requests are kept and not answered.
        malformed: errors of requests that are no HTTP, as two processes send that share a connection.
        connections: how many connections were opened.
    """

    def __init__(self) -> None:
        self.requests: list[ReceivedRequest] = []
        self.status = 200
        self.reason: str | None = None
        self.location: str | None = None
        self.answering: threading.Event = threading.Event()
        self.malformed: list[str] = []
        self.connections = 0
        self.url: str = ""

    def __enter__(self) -> Self:
        self.answering.set()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()

    def reply(self, request: ReceivedRequest) -> Reply:  # noqa: ARG002 - for those who override it
        """Return the answer to a request; called in a thread of its connection, so it may wait."""
        headers = {} if self.location is None else {"location": self.location}
        return Reply(status=self.status, headers=headers)

    def to(self, path: str) -> list[ReceivedRequest]:
        """Return the requests to this path."""
        return [request for request in list(self.requests) if request.path == path]

    def wait_for(self, condition: Callable[[], object], timeout: float = 120.0) -> None:
        """Wait until requests have made the condition true.

        Raises:
            TimeoutError: they have not, within ``timeout`` seconds; the message lists what came.
        """
        try:
            wait_until(condition, timeout=timeout)
        except TimeoutError as error:
            came = [f"{request.method} {request.path}" for request in self.requests]
            raise TimeoutError(f"{error}; received: {came}") from None

    @property
    def wire(self) -> bytes:
        """Everything that came in: paths, headers, and bodies decompressed."""
        requests = list(self.requests)
        return b"\n".join(f"{each.path} {each.headers}".encode() + each.body for each in requests)


def unused_port() -> int:
    """Return a port of 127.0.0.1 at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that went away is no error
            super().handle_error(request, client_address)


def _handler(receiver: HttpReceiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            receiver.connections += 1
            super().setup()

        def answer(self) -> None:
            request = self.received()
            receiver.requests.append(request)
            receiver.answering.wait()
            reply = receiver.reply(request)
            request.status = reply.status
            with contextlib.suppress(ConnectionError):  # the client may have given up meanwhile
                self.send_response(reply.status, receiver.reason)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - names that the base class calls

        def received(self) -> ReceivedRequest:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            decompress = DECOMPRESS.get(headers.get("content-encoding", ""))
            return ReceivedRequest(
                method=self.command,
                path=self.path,
                headers=headers,
                body=decompress(body) if decompress else body,
                connection=self.client_address,
            )

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            receiver.malformed.append(f"{code} {message}")
            super().send_error(code, message, explain)

        def log_message(self, *_: object) -> None:
            """Keep the terminal as it is."""

    return Handler
