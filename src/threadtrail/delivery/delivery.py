"""From an event to all exporters: processors once, then the sampler, then each exporter's lane."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from threadtrail._guard import guard as default_guard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail._guard import Guard
    from threadtrail.delivery.lane import Lane
    from threadtrail.delivery.processors import Processor
    from threadtrail.delivery.sampling import Sampler
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.events import Event


class Delivery:
    """Takes events in and sees them to every exporter; never raises, never waits, except where it says so."""

    def __init__(
        self,
        lanes: Sequence[Lane],
        *,
        processors: Sequence[Processor] = (),
        sampler: Sampler | None = None,
        guard: Guard = default_guard,
    ) -> None:
        self._lanes = tuple(lanes)
        self._processors = tuple(processors)
        self._sampler = sampler
        self._guard = guard
        self._capturing = tuple(
            (lane.name, f"exporter {lane.name!r}, capture_context", lane.hooks.capture_context)
            for lane in lanes
            if lane.hooks.capture_context is not None
        )

    def start(self) -> None:
        """Start the lanes' workers now rather than with the first event.

        Worth it when a run is first seen: Python 3.12 starts no thread any more while the interpreter
        exits, which in a short script is when the first event comes.
        """
        for lane in self._lanes:
            lane.start_worker()

    def publish(self, event: Event, contexts: Mapping[str, object] | None = None) -> None:
        """Send an event on its way; ``contexts`` is what ``capture`` returned where the event began."""
        for process in self._processors:
            # Fails closed: what could not be processed could hold what was to be kept out.
            processed = self._guard.call("processing an event (it is dropped)", process, event)
            if processed is None:
                return
            event = processed
        if self._sampler is None:
            self._put(event, contexts)
            return
        for admitted, its_contexts in self._sampler.admit(event, contexts):
            self._put(admitted, its_contexts)

    def capture(self) -> dict[str, object] | None:
        """Ask the exporters what ties the current code to its surroundings, in the user's thread.

        Returns values by exporter name; ``None`` if there are none, which costs next to nothing.
        """
        if not self._capturing:
            return None
        captured: dict[str, object] = {}
        for name, what, capture_context in self._capturing:
            value = self._guard.call(what, capture_context)
            if value is not None:
                captured[name] = value
        return captured or None

    def flush(self, timeout: float) -> bool:
        """Wait until all exporters delivered what was published.

        Returns False if one took over ``timeout`` s, said that it could not, or lost events since the last
        flush.
        """
        deadline = time.monotonic() + timeout
        pending = [lane.begin_flush(deadline) for lane in self._lanes]
        answers = [each.wait(deadline) for each in pending]  # every one, whatever the one before said
        return all(answers)

    def shutdown(self, timeout: float) -> bool:
        """Deliver the rest and close all exporters; those not done within ``timeout`` s are given up."""
        deadline = time.monotonic() + timeout
        pending = [lane.begin_shutdown(deadline) for lane in self._lanes]
        answers = [each.wait(deadline) for each in pending]
        return all(answers)

    def status(self) -> dict[str, LaneStatus]:
        """Return each exporter's counters."""
        return {lane.name: lane.status() for lane in self._lanes}

    def after_fork_in_child(self) -> None:
        """Begin anew in a forked child: locks, queues, workers and counters; the events are the parent's."""
        self._guard.after_fork_in_child()
        if self._sampler is not None:
            self._sampler.after_fork_in_child()
        for lane in self._lanes:
            lane.after_fork_in_child()

    def _put(self, event: Event, contexts: Mapping[str, object] | None) -> None:
        for lane in self._lanes:
            lane.put(event, contexts.get(lane.name) if contexts else None)
