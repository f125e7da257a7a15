"""An OTLP backend that can be up, be gone, hang, and refuse."""

from __future__ import annotations

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from threadtrail.testing import unused_port
from threadtrail.testing.otlp import spans_in
from threadtrail.testing.waiting import wait_until

MODES = ("up", "gone", "hangs", "401", "500")
RUN_ID = "threadtrail.run.id"


class Backend:
    """Keeps the ids of the spans and runs that it received.

    Attributes:
        spans: how often each span arrived, since they were last cleared.
        runs: the runs that arrived, since they were last cleared.
        mode: one of ``MODES``.
    """

    def __init__(self) -> None:
        self.spans: Counter[str] = Counter()
        self.runs: set[str] = set()
        self.mode = "gone"
        self._port = unused_port()
        self._server: ThreadingHTTPServer | None = None
        self._hanging = 0
        self._released = threading.Event()
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address."""
        return f"http://127.0.0.1:{self._port}"

    def become(self, mode: str) -> None:
        """Change to another mode."""
        if mode == "gone" or self._server is not None:
            self._stop()
        self.mode = mode
        self._released.clear()
        if mode != "gone":
            self._server = _Server(("127.0.0.1", self._port), _handler(self))
            threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def let_go(self) -> None:
        """Close the hanging requests without an answer."""
        self._released.set()
        wait_until(lambda: not self._hanging)

    def _stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def status(self, path: str, body: bytes) -> int | None:
        """Return the status that a request is answered with; ``None`` for no answer."""
        if self.mode == "hangs":
            with self._lock:
                self._hanging += 1
            self._released.wait()
            with self._lock:
                self._hanging -= 1
            return None
        if self.mode != "up":
            return int(self.mode)
        if path.endswith("/v1/traces"):
            spans = list(spans_in(body))
            with self._lock:
                self.spans.update(span.span_id for span in spans)
                self.runs.update(str(span.attributes[RUN_ID]) for span in spans if RUN_ID in span.attributes)
        return 200


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


def _handler(backend: Backend) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = backend.status(self.path, body)
            if status is not None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
