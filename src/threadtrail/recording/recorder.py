"""The recorder: one thread that takes observations from the app's threads and publishes events."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from threadtrail._late import Late, event, reentrant_lock, simple_queue
from threadtrail.recording.details import DetailFetcher
from threadtrail.recording.interpreter import Interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail._guard import Guard
    from threadtrail.config.settings import Settings
    from threadtrail.delivery.delivery import Delivery
    from threadtrail.events import Event
    from threadtrail.recording.observation import Observation
    from threadtrail.sources.source import Source

GATHER_SECONDS = 0.2
"""After waking, the thread lets observations gather this long: it wakes five times a second at most,
and competes less with the app's threads for the interpreter."""

LONGEST_SLEEP_SECONDS = 1.0
"""While runs are open, the thread looks up this often: what a finaliser put in wakes nobody."""

TO_PUBLISH = 0.6
"""The share of a timeout that is left for publishing and delivering, however slow details are."""

START_AGAIN_SECONDS = 1.0
"""How long after a thread could not be started it is tried again, with the next observation."""

MAX_WAITING = 200_000
"""The maximum number of observations that wait unread; more are dropped and counted, never waited for."""


@dataclass(slots=True, eq=False)
class _Request:
    """A message to the recorder's thread; ``done`` is set when it is answered, after ``then`` was called."""

    what: Literal["read on", "settle", "leave"]
    then: Callable[[], None] | None = None
    done: threading.Event = field(default_factory=threading.Event)


class Recorder:
    """Turns observations into events, exactly once per fact.

    ``put`` is what the app's threads call: it takes a microsecond and neither blocks nor raises.
    """

    # Made with the first observation, as the thread is.
    # The lock is reentrant: garbage collection may strike at any point, and put an observation from there.
    _lock = Late(reentrant_lock)
    _queue: Late[queue.SimpleQueue[Observation | _Request]] = Late(simple_queue)
    _request_waits = Late(event)

    def __init__(
        self, settings: Settings, delivery: Delivery, guard: Guard, sources: Sequence[Source]
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._guard = guard
        self._sources = tuple(sources)
        self.dropped = 0
        self._reset()

    def _reset(self) -> None:
        readers = {source.name: source.reader for source in self._sources}
        self._interpreter = Interpreter(self._publish, readers)
        self._configure(self._settings, self._delivery)
        for late in (Recorder._lock, Recorder._queue, Recorder._request_waits):
            late.forget(self)
        self._busy = False
        self._thread: threading.Thread | None = None
        self._may_start_at = 0.0
        self._closed = False

    def _configure(self, settings: Settings, delivery: Delivery) -> None:
        self._settings, self._delivery = settings, delivery
        self._fetcher = self._new_fetcher() if settings.fetch_run_details else None
        self._interpreter.configure(
            settle_seconds=settings.settle_seconds,
            run_timeout_seconds=settings.run_timeout_seconds,
            max_open_runs=settings.max_open_runs,
            publish_runs=settings.publish_runs,
            on_end=self._fetcher.fetch if self._fetcher is not None else None,
        )

    def _new_fetcher(self) -> DetailFetcher:
        fetches: dict[str, Any] = {
            source.name: source.fetch_details for source in self._sources if source.fetch_details is not None
        }
        # Past the limit of `put`: what was asked for is not dropped.
        return DetailFetcher(self._queue_put, self._guard, fetches)

    def _queue_put(self, observation: Observation) -> None:
        self._queue.put(observation)

    def _publish(self, event: Event, contexts: Mapping[str, object] | None) -> None:
        self._delivery.publish(event, contexts)

    # -- the app's threads ------------------------------------------------------------------------

    def put(self, observation: Observation) -> None:
        """Take an observation; the first one starts the threads."""
        if self._thread is None:
            self._start()
        self.put_from_finaliser(observation)

    def put_from_finaliser(self, observation: Observation) -> None:
        """Take an observation without a lock or a new thread: it may come amid garbage collection."""
        if self._closed or self._queue.qsize() >= MAX_WAITING:
            self.dropped += 1
        else:
            self._queue.put(observation)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or self._closed or time.monotonic() < self._may_start_at:
                return
            # The lanes' workers start here too, in the app's thread: once the interpreter is
            # exiting, no thread can be started any more.
            self._delivery.start()
            thread = threading.Thread(target=self._work, name="threadtrail-recorder", daemon=True)
            _, error = self._guard.catch(thread.start)
            if error is None:
                self._thread = thread
                return
            self._may_start_at = time.monotonic() + START_AGAIN_SECONDS
        happened = "cannot start a thread; what is observed waits for the exit of the process, or for flush()"
        self._guard.report("recording", happened, error=error)

    # -- the recorder's own thread ----------------------------------------------------------------

    def _work(self) -> None:
        while True:
            request = self._wait_and_take()
            self._guard.call("recording", self._interpreter.tick, time.monotonic())
            if request is not None:
                self._guard.call("recording", self._answer, request)
                request.done.set()
                if request.what == "leave":
                    return

    def _wait_and_take(self) -> _Request | None:
        """Sleep until there is something to do, take what has gathered, stop at a request.

        While observations keep coming, the thread sleeps by the clock: a put that wakes it would make it
        queue for the interpreter lock, and whoever holds that then pays at each of its own releases.
        """
        item: Observation | _Request | None = None
        if not self._busy:
            try:
                item = self._queue.get(timeout=self._sleep_seconds())
            except queue.Empty:
                return None
        if not isinstance(item, _Request):
            self._request_waits.wait(GATHER_SECONDS)
            self._request_waits.clear()  # it is set after the request was put, which is in the queue by now
        self._busy = item is not None
        while not isinstance(item, _Request):
            if item is not None:
                self._take(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return None
            self._busy = True
        # Whoever asks (a flush) is likely to go on: wait by the clock once more before sleeping deep.
        self._busy = True
        return item

    def _sleep_seconds(self) -> float | None:
        next_deadline = self._interpreter.next_deadline
        deadline: float | None = self._guard.call("recording", next_deadline, default=math.inf)
        if deadline is None:
            return None
        return max(0.0, min(deadline - time.monotonic(), LONGEST_SLEEP_SECONDS))

    def _read(self) -> None:
        """Take everything that is there, and wait for nothing."""
        while not self._queue.empty():
            item = self._queue.get_nowait()
            if isinstance(item, _Request):
                item.done.set()  # it came while the recorder was leaving
            else:
                self._take(item)

    def _take(self, observation: Observation) -> None:
        self._guard.call("recording", self._interpreter.handle, observation, time.monotonic())

    def _answer(self, request: _Request) -> None:
        if request.what == "settle":
            self._interpreter.settle()
        elif request.what == "leave":
            self._interpreter.close_streams()
            self._read()
            self._interpreter.end_all(time.time_ns())
        if request.then is not None:
            request.then()

    def _answered_here(self, request: _Request) -> bool:
        """Answer in this thread if the recorder's own does not run; return whether that was so."""
        if Recorder._lock.made(self) is None and Recorder._queue.made(self) is None:
            # Nothing was observed yet, so there is no lock either, and nothing to publish.
            if request.then is not None:
                request.then()
            return True
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            self._read()
            self._answer(request)
            return True

    # -- flush, shutdown, fork ----------------------------------------------------------------------

    def flush(self, timeout: float) -> bool:
        """Publish all that was observed before this call; runs that have ended wait no longer.

        Returns False if ``timeout`` seconds did not suffice.
        """
        return self._finish(_Request("settle"), timeout)

    def change_to(self, settings: Settings, delivery: Delivery, timeout: float) -> bool:
        """Go on with another configuration; the runs that are open then belong to the new ``delivery``.

        Runs that have ended are published to the former one. Returns False if ``timeout`` seconds did not
        suffice for that; the change then comes as soon as it can.
        """
        former = self._fetcher
        change = _Request("settle", then=lambda: self._configure(settings, delivery))
        changed = self._finish(change, timeout)
        if former is not None:
            former.close()
        if self._thread is not None:
            delivery.start()
        return changed

    def shutdown(self, timeout: float) -> bool:
        """As ``flush``; then publish what is still open as unfinished, and stop the thread."""
        finished = self._finish(_Request("leave"), timeout)
        self._closed = True
        if self._fetcher is not None:
            self._fetcher.close()
        return finished

    def _finish(self, request: _Request, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        fetched = True
        if self._fetcher is not None:
            # Only what was read can have asked for details, and only what was fetched can be published. An
            # API that hangs must leave time to publish without details.
            self._ask(_Request("read on"), deadline)
            left = deadline - time.monotonic() - timeout * TO_PUBLISH
            fetched = self._fetcher.wait(max(0.0, left))
            if request.what == "leave":
                self._fetcher.give_up()
        return self._ask(request, deadline) and fetched

    def _ask(self, request: _Request, deadline: float) -> bool:
        if self._closed:
            return True
        if self._guard.call("recording", self._answered_here, request, default=True):
            return True
        self._queue.put(request)
        self._request_waits.set()
        return request.done.wait(max(0.0, deadline - time.monotonic()))

    def after_fork_in_child(self) -> None:
        """The parent's thread, queue and open runs stay with the parent: begin anew, with none of them."""
        self._reset()

    # -- what is going on ---------------------------------------------------------------------------

    @property
    def open_runs(self) -> int:
        """How many runs are being followed."""
        return self._interpreter.open_runs

    @property
    def waiting(self) -> int:
        """How many observations wait to be read."""
        waiting = Recorder._queue.made(self)
        return waiting.qsize() if waiting is not None else 0

    @property
    def details_missed(self) -> int:
        """Runs whose steps or messages could not be fetched (``fetch_run_details``)."""
        return self._fetcher.missed if self._fetcher is not None else 0
