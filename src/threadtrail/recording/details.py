"""``fetch_run_details``: fetches, once a run has ended, the details that the app never looked at.

It is off by default, since these are API calls that the app did not make. A separate thread makes them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from threadtrail._late import Late, condition, simple_queue
from threadtrail._own_work import start_thread
from threadtrail.recording.observation import DetailsFetched
from threadtrail.recording.own_requests import own_request

if TYPE_CHECKING:
    import queue
    import threading
    from collections.abc import Callable, Mapping

    from threadtrail._guard import Guard
    from threadtrail.recording.runs import RunRecord


class DetailFetcher:
    """Fetches the missing details of ended runs, one run after the other.

    It puts the answers as if the app had made the calls, then ``DetailsFetched``. ``fetches`` has, by the
    name of each source, the function that fetches the details of its runs.
    """

    _wanted: Late[queue.SimpleQueue[RunRecord | None]] = Late(simple_queue)
    _changed = Late(condition)

    def __init__(
        self, put: Callable[[Any], None], guard: Guard, fetches: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._put = put
        self._guard = guard
        self._fetches = fetches
        self._thread: threading.Thread | None = None
        self._pending = 0
        self._given_up = False
        self.missed: int = 0
        self._missed_before = 0

    def fetch(self, record: RunRecord) -> bool:
        """Queue an ended run, whose missing details are to be fetched; return whether to wait for them."""
        if record.connection is None or record.thread_id is None or record.origin.source not in self._fetches:
            return False
        with self._changed:
            if not self._started():
                self.missed += 1
                return False
            self._pending += 1
        self._wanted.put(record)
        return True

    def _started(self) -> bool:
        """Start the thread unless it runs; return whether it runs. None can be started during an exit."""
        if self._thread is None:
            self._thread, _ = self._guard.catch(start_thread, self._work, "threadtrail-details")
        return self._thread is not None

    def wait(self, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds until the details of all queued runs have been put.

        Return False if they were not, or if details of a run were missed since the last call.
        """
        if DetailFetcher._changed.made(self) is None:
            return True
        with self._changed:
            done = self._changed.wait_for(lambda: self._pending == 0, timeout)
        before, self._missed_before = self._missed_before, self.missed
        return done and self.missed == before

    def give_up(self) -> None:
        """Stop fetching, since the process is exiting; count the queued runs as missed."""
        with self._changed:
            self._given_up = True
            self.missed += self._pending

    def close(self) -> None:
        """Let the thread end after the runs that are queued."""
        if self._thread is not None:
            self._wanted.put(None)

    def _work(self) -> None:
        while (record := self._wanted.get()) is not None:
            _, error = self._guard.catch(self._fetch, record)
            if self._given_up:
                return
            if error is not None:
                self._guard.report("fetching run details", error=error)
                self.missed += 1
            record.connection = None
            self._put(DetailsFetched(record.key))
            with self._changed:
                self._pending -= 1
                self._changed.notify_all()

    def _fetch(self, record: RunRecord) -> None:
        client, loop = record.connection or (None, None)

        def get(path: str, query: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
            return own_request(client, loop, path, query, headers)

        fetch = self._fetches[record.origin.source]
        for observation in fetch(run=record, client=client, scope=record.scope, get=get):
            self._put(observation)
