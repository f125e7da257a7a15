"""``fetch_run_details``: what the app never looked at of a run, fetched once when the run has ended.

Off by default, since these are API calls that the app did not make. They are made by the app's own client,
away from the app's threads: by a thread of their own for a sync client, on the client's own event loop for
an async one. If that loop is gone, the details are missed and counted.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from typing import TYPE_CHECKING, Any

from threadtrail.recording.observation import DetailsFetched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from threadtrail._guard import Guard
    from threadtrail.recording.runs import RunRecord

REQUEST_SECONDS = 10.0


class DetailFetcher:
    """Fetches the missing details of ended runs, one run after the other.

    Puts the answers as if the app had asked for them, then ``DetailsFetched``. ``fetches`` has, for each
    source by its name, what fetches the details of its runs.
    """

    def __init__(
        self, put: Callable[[Any], None], guard: Guard, fetches: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._put = put
        self._guard = guard
        self._fetches = fetches
        self._wanted: queue.SimpleQueue[RunRecord | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pending = 0
        self._changed = threading.Condition()
        self.missed = 0

    def fetch(self, record: RunRecord) -> bool:
        """Ask for what is missing of an ended run; return whether there is something to wait for."""
        if record.client is None or record.thread_id is None or record.origin.source not in self._fetches:
            return False
        with self._changed:
            self._pending += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="threadtrail-details", daemon=True)
                self._thread.start()
        self._wanted.put(record)
        return True

    def wait(self, timeout: float) -> bool:
        """Wait until everything that was asked for has been put, for ``timeout`` seconds at most."""
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
            self._put(DetailsFetched(record.key))
            with self._changed:
                self._pending -= 1
                self._changed.notify_all()

    def _fetch(self, record: RunRecord) -> bool:
        def get(path: str, query: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
            return _get(record, path, query, headers)

        fetch = self._fetches[record.origin.source]
        for observation in fetch(run=record, client=record.client, scope=record.scope, get=get):
            self._put(observation)
        return True


def _get(record: RunRecord, path: str, query: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    # `client.get` is public, passes none of the patched methods, and warns of no deprecation.
    options = {
        "params": dict(query),
        "headers": dict(headers),
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
