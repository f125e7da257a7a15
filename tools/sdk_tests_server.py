"""A server with canned answers for the SDK's own tests, which need no more than that.

The tests that openai generates from its API description send one request each and look only at the
type of what comes back, so one fixed object per path is enough. `TEST_API_BASE_URL` points them here.
"""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import sdk_tests_assistants
import sdk_tests_responses

if TYPE_CHECKING:
    from collections.abc import Iterator

APIS = (sdk_tests_assistants, sdk_tests_responses)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffered, so that head and body leave in one packet: two would cost 40 ms of delayed
    # acknowledgement for each test.
    wbufsize = -1

    def _serve(self) -> None:
        sent = self.rfile.read(int(self.headers.get("content-length") or 0))
        address = urlsplit(self.path)
        for api in APIS:
            body = api.answer(self.command, address.path)
            if body is not None:
                if _asks_for_stream(sent, address.query):
                    self._reply(200, "text/event-stream", api.sse(body))
                else:
                    self._reply(200, "application/json", json.dumps(body).encode())
                return
        missing = {"error": {"message": f"no canned answer for {self.path}", "type": "test"}}
        self._reply(404, "application/json", json.dumps(missing).encode())

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

    def _reply(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing: the tests show what went wrong."""


def _asks_for_stream(sent: bytes, query: str) -> bool:
    if parse_qs(query).get("stream") == ["true"]:
        return True
    return sent.startswith(b"{") and json.loads(sent).get("stream") is True


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """Serve canned answers on a free loopback port and yield the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    worker = threading.Thread(target=server.serve_forever, daemon=True)
    worker.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
