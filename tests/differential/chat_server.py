"""Chat completions on loopback, as much of them as the play asks for: the SDK's other API, for contrast."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self

ABOUT = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": "gpt-4o-2024-08-06"}
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
WORDS = ("It ", "is ", "sunny.")


class ChatServer:
    """A running server. It answers every question alike; `fails` is how many it answers with 500 first."""

    fails = 0

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: ChatServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if server.fails:
                server.fails -= 1
                self._answer(500, "application/json", _dump({"error": {"message": "No.", "type": "server"}}))
            elif request["model"] == "none":
                self._answer(404, "application/json", _dump({"error": {"message": "No such model."}}))
            elif request.get("stream"):
                self._answer(200, "text/event-stream", _stream())
            else:
                self._answer(200, "application/json", _dump(_completion()))

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            headers = {
                "content-type": kind,
                "content-length": str(len(body)),
                "retry-after-ms": "1",
                "x-request-id": "req_1",
            }
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    return Handler


def _completion() -> dict[str, Any]:
    message = {"role": "assistant", "content": "".join(WORDS)}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {**ABOUT, "object": "chat.completion", "choices": [choice], "usage": USAGE}


def _stream() -> bytes:
    choices: list[dict[str, Any]] = [{"delta": {"content": word}} for word in WORDS]
    choices.append({"delta": {}, "finish_reason": "stop"})
    chunk = {**ABOUT, "object": "chat.completion.chunk"}
    lines = [_dump({**chunk, "choices": [{"index": 0, **choice}]}) for choice in choices]
    return b"".join(b"data: " + line + b"\n\n" for line in [*lines, b"[DONE]"])


def _dump(value: Any) -> bytes:
    return json.dumps(value).encode()
