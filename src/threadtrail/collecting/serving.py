"""Serves a collector's status on this computer, for the health check of an orchestrator."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from threadtrail._own_work import start_thread
from threadtrail.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ADDRESS = "127.0.0.1"
OK, MISDIRECTED, NOT_FOUND, UNAVAILABLE = 200, 421, 404, 503

Status = tuple[bool, "Mapping[str, Any]"]
"""Whether there is no trouble, and the status as JSON values."""


class StatusServer:
    """Answers ``GET /status`` on loopback: 200, or 503 if something is wrong.

    Args:
        status: returns the status; called in another thread.
        port: where to listen; 0 for any port that is free.

    Raises:
        ConfigurationError: the port is taken.
    """

    def __init__(self, status: Callable[[], Status], port: int) -> None:
        try:
            self._server = ThreadingHTTPServer((ADDRESS, port), _handler(status))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigurationError(f"cannot listen on {ADDRESS}:{port}: {reason}") from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]

    def start(self) -> None:
        """Begin to answer requests."""
        start_thread(self._server.serve_forever, "threadtrail-status")

    def stop(self) -> None:
        """Stop answering requests, and close the port."""
        self._server.shutdown()
        self._server.server_close()


def _handler(status: Callable[[], Status]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "threadtrail"
        sys_version = ""

        def do_GET(self) -> None:
            host = self.headers.get("Host", "").rpartition(":")[0] or self.headers.get("Host", "")
            if host not in {ADDRESS, "localhost"}:
                # DNS rebinding: the domain of a web page that was made to point to this address.
                self._answer(MISDIRECTED, {"error": "this address is not served"})
            elif self.path.partition("?")[0] != "/status":
                self._answer(NOT_FOUND, {"error": "there is only /status"})
            else:
                is_well, known = status()
                self._answer(OK if is_well else UNAVAILABLE, known)

        def _answer(self, code: int, value: Mapping[str, Any]) -> None:
            body = json.dumps(value, default=str).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    return Handler
