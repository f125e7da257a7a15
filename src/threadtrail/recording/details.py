"""``fetch_run_details``: the steps and messages that the app never looked at, read once at a run's end.

Off by default: these are API calls that the user did not make. They are made with the user's own
client, away from the user's threads: by a thread of their own for a sync client, on the client's own
event loop for an async one. If that loop is gone, the details are missed, and counted.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

from threadtrail.recording.observation import Call, Returned

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail._guard import Guard
    from threadtrail.recording.runs import RunRecord

REQUEST_SECONDS = 10.0
HEADERS = {"OpenAI-Beta": "assistants=v2"}
PAGES = 10
"""Pages of 100 steps or messages, at the most."""


class DetailFetcher:
    """Fetches the missing details of ended runs, one run after the other.

    Hands the answers over as if the app had listed them, then the run's id: there is no more to come.
    """

    def __init__(self, put: Callable[[Any], None], guard: Guard) -> None:
        self._put = put
        self._guard = guard
        self._wanted: queue.SimpleQueue[RunRecord | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pending = 0
        self._changed = threading.Condition()
        self.missed = 0

    def fetch(self, record: RunRecord) -> bool:
        """Ask for what is missing of an ended run; returns whether there is something to wait for."""
        if record.client is None or record.thread_id is None:
            return False
        with self._changed:
            self._pending += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="threadtrail-details", daemon=True)
                self._thread.start()
        self._wanted.put(record)
        return True

    def wait(self, timeout: float) -> bool:
        """Wait until everything that was asked for has been handed over, ``timeout`` seconds at most."""
        with self._changed:
            return self._changed.wait_for(lambda: self._pending == 0, timeout)

    def close(self) -> None:
        """Let the thread end."""
        self._wanted.put(None)

    def _work(self) -> None:
        while (record := self._wanted.get()) is not None:
            if not self._guard.call("fetching run details", self._fetch, record, default=False):
                self.missed += 1
            record.client = None
            self._put(record.id)
            with self._changed:
                self._pending -= 1
                self._changed.notify_all()

    def _fetch(self, record: RunRecord) -> bool:
        thread = f"/threads/{record.thread_id}"
        steps = self._pages(record, f"{thread}/runs/{record.id}/steps", {})
        messages = self._pages(record, f"{thread}/messages", {"run_id": record.id})
        for operation, objects in (("threads.runs.steps.list", steps), ("threads.messages.list", messages)):
            arguments = {"thread_id": record.thread_id, "run_id": record.id, "order": "asc"}
            call = Call(operation, time.time_ns(), arguments, record.client, record.scope)
            self._put(Returned(call, time.time_ns(), objects))
        return True

    def _pages(self, record: RunRecord, path: str, query: dict[str, Any]) -> list[Any]:
        objects: list[Any] = []
        params = {"order": "asc", "limit": 100, **query}
        for _ in range(PAGES):
            page = self._get(record, path, params)
            data = page.get("data")
            objects += data if isinstance(data, list) else []
            if not page.get("has_more") or not data:
                break
            params["after"] = data[-1]["id"]
        return objects

    def _get(self, record: RunRecord, path: str, params: dict[str, Any]) -> dict[str, Any]:
        # `client.get` is public, passes none of the patched methods, and warns of no deprecation.
        options = {
            "params": dict(params),
            "headers": dict(HEADERS),
            "timeout": REQUEST_SECONDS,
            "max_retries": 1,
        }
        answer = record.client.get(path, cast_to=object, options=options)
        if asyncio.iscoroutine(answer):
            loop = record.loop
            if loop is None or not loop.is_running():
                answer.close()
                raise RuntimeError("the event loop of the async client is gone")
            answer = asyncio.run_coroutine_threadsafe(answer, loop).result(2 * REQUEST_SECONDS)
        return answer if isinstance(answer, dict) else {}
