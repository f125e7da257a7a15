"""A server on loopback with answers that a test chooses, for what the local server does not do."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Answer = Callable[[str, str], Any]
    """From method and path to a body: a dict is sent as JSON, a list of (event, data) as an event stream."""


@contextmanager
def canned(answer: Answer) -> Iterator[str]:
    """Serve the answers; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._send(answer("POST", self.path))

        def do_GET(self) -> None:
            self._send(answer("GET", self.path))

        def _send(self, body: Any) -> None:
            streamed = isinstance(body, list)
            text = _event_stream(body) if streamed else json.dumps(body)
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if streamed else "application/json")
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _event_stream(events: Iterable[tuple[str, Any]]) -> str:
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


def run_object(status: str, **more: Any) -> dict[str, Any]:
    """A run as a server returns it."""
    return {
        "id": "run_1",
        "object": "thread.run",
        "created_at": 1_790_000_000,
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "model": "gpt-4o",
        "status": status,
        "tools": [],
        "instructions": "",
        **more,
    }


def message_object(text: str, **more: Any) -> dict[str, Any]:
    """A message that the run wrote, as a server returns it."""
    return {
        "id": "msg_1",
        "object": "thread.message",
        "created_at": 1_790_000_000,
        "run_id": "run_1",
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "role": "assistant",
        "status": "in_progress",
        "content": [{"type": "text", "text": {"value": text, "annotations": []}}],
        **more,
    }


def step_object(output: str | None = None, **more: Any) -> dict[str, Any]:
    """A step with one function call, as a server returns it."""
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "f", "arguments": "{}", "output": output},
    }
    return {
        "id": "step_1",
        "object": "thread.run.step",
        "created_at": 1_790_000_000,
        "run_id": "run_1",
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "type": "tool_calls",
        "status": "in_progress",
        "step_details": {"type": "tool_calls", "tool_calls": [call]},
        **more,
    }
