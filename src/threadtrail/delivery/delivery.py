"""Deliver an event to all exporters: through the processors and the sampler to each exporter's lane."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from threadtrail._guard import guard as default_guard
from threadtrail.delivery.sizes import size_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail._guard import Guard
    from threadtrail.delivery.lane import Lane
    from threadtrail.delivery.processors import Processor
    from threadtrail.delivery.sampling import Sampler
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.delivery.worker import Pending
    from threadtrail.events import Event

    Published = tuple[Event, Mapping[str, object] | None]
    """An event, and what ``capture`` returned when it began."""


class Delivery:
    """Delivers events to all exporters. Only ``flush`` and ``shutdown`` wait; no method raises.

    The ``processors`` see every event that is larger than ``unprocessed_bytes`` (by ``size_of``).
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        processors: Sequence[Processor] = (),
        unprocessed_bytes: int = 0,
        sampler: Sampler | None = None,
        guard: Guard = default_guard,
    ) -> None:
        self._lanes = tuple(lanes)
        self._processors = tuple(processors)
        self._unprocessed_bytes = unprocessed_bytes
        self._sampler = sampler
        self._guard = guard
        self._capturing = tuple(
            (lane.name, f"exporter {lane.name!r}, capture_context", lane.hooks.capture_context)
            for lane in lanes
            if lane.hooks.capture_context is not None and not lane.is_switched_off
        )

    def start(self) -> None:
        """Start the lanes' workers, which otherwise start with the first event.

        Called when a run is first seen. In a short script the first event comes while the interpreter
        exits, and from Python 3.12 on no thread can be started then.
        """
        for lane in self._lanes:
            lane.start_worker()

    def publish(self, event: Event, contexts: Mapping[str, object] | None = None) -> None:
        """Publish an event; ``contexts`` is what ``capture`` returned where the event began."""
        self.publish_all([(event, contexts)])

    def publish_all(self, published: Sequence[Published]) -> None:
        """Publish events in order, each with its contexts; a lane's lock is taken once for all of them."""
        admitted: list[tuple[Event, Mapping[str, object] | None, int]] = []
        for event, contexts in published:
            size = size_of(event)
            left = self._process(event) if size > self._unprocessed_bytes else event
            if left is None:
                continue
            if self._sampler is not None:
                admitted += [(each, its, size_of(each)) for each, its in self._sampler.admit(left, contexts)]
            else:
                admitted.append((left, contexts, size if left is event else size_of(left)))
        if not admitted:
            return
        for lane in self._lanes:
            name = lane.name
            lane.put_all([(event, its.get(name) if its else None, size) for event, its, size in admitted])

    def _process(self, event: Event) -> Event | None:
        """Return the event as the processors leave it; None if it is dropped."""
        for process in self._processors:
            # Fails closed: an event that was not processed may hold content that must not be exported.
            processed, error = self._guard.catch(process, event)
            if error is not None:
                self._guard.report("processing an event (it is dropped)", error=error)
                self._drop()
            if processed is None:
                return None
            event = processed
        return event

    @property
    def captures(self) -> bool:
        """Whether there is an exporter with a ``capture_context`` that ``capture`` calls."""
        return bool(self._capturing)

    def capture(self) -> dict[str, object] | None:
        """Call the exporters' ``capture_context``, in the app's thread.

        Returns the values by exporter name, or ``None`` if there are none.
        """
        if not self._capturing:
            return None
        captured: dict[str, object] = {}
        for name, what, capture_context in self._capturing:
            value = self._guard.call(what, capture_context)
            if value is not None:
                captured[name] = value
        return captured or None

    def drain(self, timeout: float) -> bool:
        """Wait until all events published before were exported or lost, so that all queues have room.

        Returns False if that took longer than ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        return _wait_for_all([lane.begin_drain(deadline) for lane in self._lanes], deadline)

    def flush(self, timeout: float) -> bool:
        """Wait until all exporters have delivered what was published before.

        Returns False if an exporter took longer than ``timeout`` seconds, its ``flush`` failed or returned
        False, or it lost events since the previous flush.
        """
        deadline = time.monotonic() + timeout
        return _wait_for_all([lane.begin_flush(deadline) for lane in self._lanes], deadline)

    def begin_shutdown(self, deadline: float) -> list[Pending]:
        """Request the delivery of the rest and the shutdown of all exporters; do not wait.

        The exporters may work until ``deadline`` (a time of ``time.monotonic()``).
        """
        return [lane.begin_shutdown(deadline) for lane in self._lanes]

    @property
    def result(self) -> bool | None:
        """The result of the shutdown; None until all exporters were shut down, or given up."""
        results = [lane.result for lane in self._lanes]
        return None if None in results else all(results)

    def shutdown(self, timeout: float) -> bool:
        """Deliver the rest and shut down all exporters; return False if one was not done in ``timeout`` s."""
        deadline = time.monotonic() + timeout
        return _wait_for_all(self.begin_shutdown(deadline), deadline)

    def status(self) -> dict[str, LaneStatus]:
        """Return each exporter's counters."""
        return {lane.name: lane.status() for lane in self._lanes}

    @property
    def forgotten(self) -> dict[str, int]:
        """The number of events held for sampling that were dropped before the end of their turn was known."""
        dropped = self._sampler.dropped if self._sampler is not None else 0
        return {"events held for sampling": dropped} if dropped else {}

    def after_fork_in_child(self) -> None:
        """Reset locks, queues, workers and counters in a forked child; the events stay with the parent."""
        self._guard.after_fork_in_child()
        if self._sampler is not None:
            self._sampler.after_fork_in_child()
        for lane in self._lanes:
            lane.after_fork_in_child()

    def _drop(self) -> None:
        for lane in self._lanes:
            lane.drop()


def _wait_for_all(pending: Sequence[Pending], deadline: float) -> bool:
    """Wait for all of them, also after a False.

    Workers work at the same time. If the waiting thread does their work, one after the other, each gets its
    share of the remaining time.
    """
    here = [each for each in pending if each.work is not None]
    answers = [each.wait(deadline) for each in pending if each.work is None]
    for number, each in enumerate(here):
        now = time.monotonic()
        answers.append(each.wait(now + max(0.0, deadline - now) / (len(here) - number)))
    return all(answers)
