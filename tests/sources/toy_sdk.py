"""A resource of an API that does not exist, written as the SDK writes its own, and a server for it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from openai._models import BaseModel
from openai._resource import AsyncAPIResource, SyncAPIResource

if TYPE_CHECKING:
    from collections.abc import Iterator

STATES = ("waiting", "working", "done")


class Job(BaseModel):
    id: str
    state: str


class Jobs(SyncAPIResource):
    def create(self, *, task: str) -> Any:
        return self._post("/jobs", body={"task": task}, cast_to=Job)

    def retrieve(self, job_id: str) -> Any:
        return self._get(f"/jobs/{job_id}", cast_to=Job)


class AsyncJobs(AsyncAPIResource):
    async def create(self, *, task: str) -> Any:
        return await self._post("/jobs", body={"task": task}, cast_to=Job)

    async def retrieve(self, job_id: str) -> Any:
        return await self._get(f"/jobs/{job_id}", cast_to=Job)


class _Handler(BaseHTTPRequestHandler):
    looks = 0

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        type(self).looks = 0
        self._answer()

    def do_GET(self) -> None:
        type(self).looks += 1
        self._answer()

    def _answer(self) -> None:
        state = STATES[min(self.looks, len(STATES) - 1)]
        job = {
            "id": "job_1",
            "state": state,
            "answer": "x = 1" if state == "done" else None,
            "tokens": [7, 5],
        }
        body = json.dumps(job).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Log nothing."""


@contextmanager
def jobs_server() -> Iterator[str]:
    """Serve the API on loopback; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
