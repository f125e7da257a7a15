"""The recorder: takes observations from the app's threads, and publishes events in a thread of its own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from threadtrail._waiting import seconds_until
from threadtrail.recording.details import DetailFetcher
from threadtrail.recording.interpreter import Interpreter
from threadtrail.recording.loop import RecordingLoop, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from threadtrail._guard import Guard
    from threadtrail.config.settings import Settings
    from threadtrail.delivery.delivery import Delivery, Published
    from threadtrail.events import Event
    from threadtrail.recording.observation import Observation
    from threadtrail.sources.source import Source

PUBLISHED_AT_ONCE = 128
"""The maximum number of events that are collected before the exporters' queues get them all at once.

The lock of each queue is then taken once for all of them."""

TO_PUBLISH = 0.6
"""The share of a timeout that is left for publishing and delivering if details are slow to fetch."""


class Recorder:
    """Turns observations into events, exactly once per fact.

    ``put`` is what the app's threads call: it takes a microsecond and neither blocks nor raises.
    """

    def __init__(
        self, settings: Settings, delivery: Delivery, guard: Guard, sources: Sequence[Source]
    ) -> None:
        self._settings = settings
        self._delivery = delivery
        self._guard = guard
        self._sources = tuple(sources)
        self._reset()

    def _reset(self) -> None:
        self._published: list[Published] = []
        readers = {source.name: source.reader for source in self._sources}
        self._interpreter = Interpreter(self._publish, readers)
        self._loop = RecordingLoop(self, self._guard)
        self._put = self._loop.inbox.put
        self._refused = 0
        self._unkept: dict[str, int] = {}
        self._reported_lost = 0
        self._logged_dropped = 0
        self._configure(self._settings, self._delivery)

    def _configure(self, settings: Settings, delivery: Delivery) -> None:
        self._settings, self._delivery = settings, delivery
        self._fetcher = self._new_fetcher() if settings.fetch_run_details else None
        self._interpreter.following.ends.configure(
            settle_seconds=settings.settle_seconds,
            tool_wait_seconds=settings.tool_wait_seconds,
            run_timeout_seconds=settings.run_timeout_seconds,
            max_open_runs=settings.max_open_runs,
            publish_runs=settings.publish_runs,
            on_end=self._fetcher.fetch if self._fetcher is not None else None,
        )

    def _new_fetcher(self) -> DetailFetcher:
        fetches: dict[str, Any] = {
            source.name: source.fetch_details for source in self._sources if source.fetch_details is not None
        }
        # Regardless of the bounds: fetched details are not dropped.
        return DetailFetcher(self._loop.inbox.put_anyway, self._guard, fetches)

    def _publish(self, event: Event, contexts: Mapping[str, object] | None) -> None:
        self._published.append((event, contexts))
        if len(self._published) >= PUBLISHED_AT_ONCE:
            self._hand_over()

    def _hand_over(self) -> None:
        """Give the lanes the events that were published since the last time."""
        if self._published:
            published, self._published = self._published, []
            self._delivery.publish_all(published)

    # -- the app's threads ------------------------------------------------------------------------

    def put(self, observation: Observation, size: int | None = None) -> None:
        """Take an observation; the first one starts the threads. ``size`` is in bytes, if it is known."""
        loop = self._loop
        if loop.thread is None:
            self._start()
        if loop.closed:
            self._refused += 1
        else:
            self._put(observation, size)

    def put_from_finaliser(self, observation: Observation) -> None:
        """Take an observation without a lock or a new thread: the finaliser may run at any point."""
        if self._loop.closed:
            self._refused += 1
        else:
            self._put(observation)

    def _start(self) -> None:
        if not self._loop.closed:
            # The lanes' workers start here too, in the app's thread: once the interpreter is
            # exiting, no thread can be started any more.
            self._delivery.start()
            self._loop.start()

    # -- called by the loop -----------------------------------------------------------------------

    def take(self, observation: Observation, now: float) -> None:
        """Take an observation."""
        self._interpreter.handle(observation, now)

    def tick(self, now: float) -> None:
        """Publish the runs that are due; report what was dropped, which the app's threads do not do."""
        self._report_dropped()
        try:
            self._interpreter.tick(now)
        finally:
            self._hand_over()

    def next_deadline(self) -> float | None:
        """Return the time at which ``tick`` has something to do next."""
        return self._interpreter.following.ends.next_deadline()

    def answer(self, request: Request) -> None:
        """Do what a request asks for."""
        try:
            self._do(request)
        finally:
            self._hand_over()
        if request.then is not None:
            request.then()

    def _do(self, request: Request) -> None:
        if request.what == "settle":
            self._interpreter.following.ends.settle()
        elif request.what == "change":
            self._interpreter.following.ends.settle(fetching=False)
        elif request.what == "end":
            self._interpreter.close_streams()
            self._loop.read()
            self._interpreter.end_all(time.time_ns())
        elif request.what == "leave":
            self._interpreter.close_streams()
            self._loop.close()
            self._interpreter.end_all(time.time_ns())

    # -- flush, change, shutdown, fork --------------------------------------------------------------

    def flush(self, timeout: float, *, open_runs: bool = False) -> bool:
        """Publish all that was observed before this call, and runs that have ended without more waiting.

        With ``open_runs``, publish open runs too, as unfinished. Return False if ``timeout`` seconds were
        not enough, or if observations were lost since the previous flush.
        """
        request = Request("end" if open_runs else "settle")
        return self._finish(request, timeout) and self._lost_nothing_new()

    @property
    def is_recording_here(self) -> bool:
        """Whether the calling thread is the one that is recording, so that it must not wait for it."""
        return self._loop.is_here

    def change_to(self, settings: Settings, delivery: Delivery, then: Callable[[], object]) -> None:
        """Change the configuration once all earlier observations are read; return without waiting for that.

        Runs that have ended are published to the former ``delivery``. Runs that are open, or whose details
        are being fetched, are published to the new one. ``then`` is called after that.
        """

        def change() -> None:
            former = self._fetcher
            self._configure(settings, delivery)
            if former is not None:
                former.close()
            then()

        if self._loop.thread is not None:
            delivery.start()
        self._loop.request(Request("change", then=change))

    def shutdown(self, timeout: float) -> bool:
        """Flush, publish open runs as unfinished, and stop the thread; return False as ``flush`` does."""
        finished = self._finish(Request("leave"), timeout)
        self._loop.closed = True
        if not finished and (self.waiting or self.open_runs):
            self._guard.report(
                "recording",
                f"not done in {timeout:g} s, the rest is lost: observations that were not read: "
                f"{self.waiting}, runs that were not published: {self.open_runs}",
                always=True,
            )
        self._report_dropped(always=True)
        if self._fetcher is not None:
            self._fetcher.close()
        return finished and self._lost_nothing_new()

    def _finish(self, request: Request, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        fetched = True
        if self._fetcher is not None:
            # Details are fetched for runs that were read, and published once they are fetched, so wait for
            # both in turn. If the API hangs, some time is left to publish without details.
            self._loop.ask(Request("read on"), deadline)
            fetched = self._fetcher.wait(seconds_until(deadline - timeout * TO_PUBLISH))
            if request.what == "leave":
                self._fetcher.give_up()
        return self._loop.ask(request, deadline) and fetched

    def _report_dropped(self, *, always: bool = False) -> None:
        dropped = self._loop.inbox.dropped
        if dropped > self._logged_dropped:
            happened = f"too many wait to be read; dropped so far: {dropped}"
            if self._guard.report("observations", happened, always=always):
                self._logged_dropped = dropped

    def _lost_nothing_new(self) -> bool:
        """Return whether no observation was lost since the previous call, so that each loss counts once."""
        before, self._reported_lost = self._reported_lost, self._loop.inbox.dropped + self._loop.misread
        return self._reported_lost == before

    def after_fork_in_child(self) -> None:
        """Start afresh in the child: the thread, the queue and the open runs belong to the parent."""
        self._reset()

    def turn_id(self, run_id: str, timeout: float) -> str | None:
        """Return the turn of a run; wait at most ``timeout`` seconds until earlier observations are read."""
        following = self._interpreter.following
        known = following.turn_id(run_id)
        if known is None:  # an observation of it may be waiting, or being read
            self._loop.ask(Request("read on"), time.monotonic() + timeout)
            known = following.turn_id(run_id)
        return known

    # -- status -------------------------------------------------------------------------------------

    @property
    def open_runs(self) -> int:
        """The number of runs that are followed."""
        return len(self._interpreter.following.runs)

    @property
    def has_seen_calls(self) -> bool:
        """Whether the app made a call that was noted, whatever became of it; ``trace()`` does not count."""
        return self._interpreter.has_read or self.waiting > 0 or self.dropped > 0

    @property
    def background_unfinished(self) -> tuple[str, ...]:
        """The ids of background runs that were created here and given up before their end was seen."""
        return self._interpreter.following.ends.background_unfinished

    @property
    def waiting(self) -> int:
        """The number of observations that wait to be read."""
        return len(self._loop.inbox)

    @property
    def dropped(self) -> int:
        """The number of observations that were dropped and will never be read."""
        return self._loop.inbox.dropped + self._refused

    def count_unkept(self, what: str) -> None:
        """Count something that an app's thread did not keep, since it would take too much memory."""
        self._unkept[what] = self._unkept.get(what, 0) + 1

    @property
    def forgotten(self) -> dict[str, int]:
        """How many things were forgotten for lack of room, by kind."""
        counts = {**self._interpreter.forgotten, **self._unkept}
        return {what: count for what, count in counts.items() if count}

    @property
    def details_missed(self) -> int:
        """The number of runs whose steps or messages could not be fetched (``fetch_run_details``)."""
        return self._fetcher.missed if self._fetcher is not None else 0
