"""The recorder: takes observations from the app's threads and publishes events, in a thread of its own."""

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
    from threadtrail.delivery.delivery import Delivery
    from threadtrail.events import Event
    from threadtrail.recording.observation import Observation
    from threadtrail.sources.source import Source

TO_PUBLISH = 0.6
"""The share of a timeout that is left for publishing and delivering, however slow details are."""


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
        self._interpreter.following.configure(
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
        # Past the bounds: what was asked for is not dropped.
        return DetailFetcher(self._loop.inbox.put_anyway, self._guard, fetches)

    def _publish(self, event: Event, contexts: Mapping[str, object] | None) -> None:
        self._delivery.publish(event, contexts)

    # -- the app's threads ------------------------------------------------------------------------

    def put(self, observation: Observation, size: int | None = None) -> None:
        """Take an observation of this size in bytes, if it is known; the first one starts the threads."""
        loop = self._loop
        if loop.thread is None:
            self._start()
        if loop.closed:
            self._refused += 1
        else:
            self._put(observation, size)

    def put_from_finaliser(self, observation: Observation) -> None:
        """Take an observation without a lock or a new thread: it may come amid garbage collection."""
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
        """Publish the runs whose time has come; report what was dropped, off the app's threads."""
        self._report_dropped()
        self._interpreter.tick(now)

    def next_deadline(self) -> float | None:
        """Return when ``tick`` has something to do next."""
        return self._interpreter.following.next_deadline()

    def answer(self, request: Request) -> None:
        """Do what a request asks for."""
        if request.what == "settle":
            self._interpreter.following.settle()
        elif request.what == "change":
            self._interpreter.following.settle(fetching=False)
        elif request.what == "end":
            self._interpreter.close_streams()
            self._loop.read()
            self._interpreter.end_all(time.time_ns())
        elif request.what == "leave":
            self._interpreter.close_streams()
            self._loop.close()
            self._interpreter.end_all(time.time_ns())
        if request.then is not None:
            request.then()

    # -- flush, change, shutdown, fork --------------------------------------------------------------

    def flush(self, timeout: float, *, open_runs: bool = False) -> bool:
        """Publish all that was observed before this call; runs that have ended wait no longer.

        ``open_runs``: publish them as unfinished, too. Returns False if ``timeout`` seconds did not suffice,
        or if observations were lost since the previous flush.
        """
        request = Request("end" if open_runs else "settle")
        return self._finish(request, timeout) and self._lost_nothing_new()

    @property
    def is_recording_here(self) -> bool:
        """Whether this thread is just now recording, so that it cannot wait for the end of that."""
        return self._loop.is_here

    def change_to(self, settings: Settings, delivery: Delivery, then: Callable[[], object]) -> None:
        """Go on with another configuration as soon as what was observed before is read; wait for nothing.

        Runs that have ended are published to the former ``delivery``. Those that are open, or whose details
        are being fetched, belong to the new one. ``then`` is called after that.
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
        """As ``flush``; then publish what is still open as unfinished, and stop the thread."""
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
            # Only what was read can have asked for details, and only what was fetched can be published. An
            # API that hangs must leave time to publish without details.
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
        """Whether no observation was lost since the previous call; so each loss is reported once."""
        before, self._reported_lost = self._reported_lost, self._loop.inbox.dropped + self._loop.misread
        return self._reported_lost == before

    def after_fork_in_child(self) -> None:
        """The parent's thread, queue and open runs stay with the parent: begin anew, with none of them."""
        self._reset()

    def turn_id(self, run_id: str, timeout: float) -> str | None:
        """Return the turn of a run; wait ``timeout`` seconds at most until what was observed is read."""
        following = self._interpreter.following
        known = following.turn_id(run_id)
        if known is None:  # what is no longer waiting may still be being read
            self._loop.ask(Request("read on"), time.monotonic() + timeout)
            known = following.turn_id(run_id)
        return known

    # -- what is going on ---------------------------------------------------------------------------

    @property
    def open_runs(self) -> int:
        """How many runs are being followed."""
        return len(self._interpreter.following.runs)

    @property
    def has_seen_calls(self) -> bool:
        """Whether a call of the app was seen, whatever became of it; a trace is none."""
        return self._interpreter.has_read or self.waiting > 0 or self.dropped > 0

    @property
    def background_unfinished(self) -> tuple[str, ...]:
        """The ids of background runs that were created here and given up before their end was seen."""
        return self._interpreter.following.background_unfinished

    @property
    def waiting(self) -> int:
        """How many observations wait to be read."""
        return len(self._loop.inbox)

    @property
    def dropped(self) -> int:
        """How many observations will never be read."""
        return self._loop.inbox.dropped + self._refused

    def count_unkept(self, what: str) -> None:
        """Count something that an app's thread did not keep, since it takes too much room."""
        self._unkept[what] = self._unkept.get(what, 0) + 1

    @property
    def forgotten(self) -> dict[str, int]:
        """How much was forgotten for lack of room, by what it was."""
        counts = {**self._interpreter.forgotten, **self._unkept}
        return {what: count for what, count in counts.items() if count}

    @property
    def details_missed(self) -> int:
        """Runs whose steps or messages could not be fetched (``fetch_run_details``)."""
        return self._fetcher.missed if self._fetcher is not None else 0
