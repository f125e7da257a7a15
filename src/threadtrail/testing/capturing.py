"""`capture()`: record what an application does with Responses and Assistants, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import threadtrail
from threadtrail._in_force import capturing
from threadtrail.config.settings import keyword_settings
from threadtrail.events import AnyEvent, Event, RunEnded
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.values import Run

E = TypeVar("E", bound=Event)


class Memory:
    """An exporter that keeps every event, in order."""

    def __init__(self) -> None:
        self.events: list[AnyEvent] = []

    @hookimpl
    def export(self, events: Sequence[AnyEvent]) -> None:
        """Keep the events."""
        self.events.extend(events)


class Captured:
    """What was recorded so far. Each access flushes first, so that nothing is missing.

    ``over``: the block has ended, so nothing more is recorded.
    """

    def __init__(self, memory: Memory, flush_timeout: float) -> None:
        self._memory = memory
        self._flush_timeout = flush_timeout
        self.over = False

    @property
    def events(self) -> list[AnyEvent]:
        """Every event, in the order in which exporters receive them.

        Raises:
            TimeoutError: the flush took longer than ``flush_timeout`` seconds.
        """
        if not self.over and not threadtrail.flush(self._flush_timeout) and self._waits():
            raise TimeoutError(f"threadtrail.flush() did not finish in {self._flush_timeout} s")
        return list(self._memory.events)

    def _waits(self) -> bool:
        """Return whether events are still waiting for this exporter, not only for one of the application."""
        status = threadtrail.status()
        lane = status.exporters.get(type(self._memory).__name__)
        return bool(status.observations_waiting or (lane is not None and lane.queued))

    def of(self, event_class: type[E]) -> list[E]:
        """Return the events of one class."""
        return [event for event in self.events if isinstance(event, event_class)]

    @property
    def runs(self) -> list[Run]:
        """The runs that were published when they ended.

        A run that has not ended is missing until the block ends: only then is it published, as unfinished.
        """
        return [event.run for event in self.of(RunEnded)]

    def run(self, run_id: str | None = None) -> Run:
        """Return the only run, or the run with this id.

        Raises:
            AssertionError: there is no such run, or more than one.
        """
        runs = self.runs
        found = [run for run in runs if run_id in (None, run.id)]
        if len(found) != 1:
            wanted = "one run" if run_id is None else f"one run {run_id}"
            raise AssertionError(f"expected {wanted}; recorded: {[run.id for run in runs]}")
        return found[0]


SETTLE_SECONDS = 600.0
"""How long a run that has ended waits for what may follow, unless the recording is looked at before."""


@contextmanager
def capture(*, flush_timeout: float = 60.0, **settings: Any) -> Iterator[Captured]:
    """Record what happens in the block. The recorded events can be read in the block and after it.

    Settings that are not given have their defaults; the environment and configuration files are ignored. But
    ``settle_seconds`` is 600: on however slow a machine, a run that has ended waits for the application's
    last calls until the recording is looked at.

    The application may call ``instrument()`` within the block: what that records is captured as well. A
    recording that was active before the block pauses during it.

    Example:
        with capture() as captured:
            answer_the_customer()
        assert captured.run().status == "completed"

    Args:
        flush_timeout: the maximum number of seconds that an access waits for the flush.
        **settings: as for `threadtrail.instrument()`, without `exporters`.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    memory = Memory()
    captured = Captured(memory, flush_timeout)
    settings.setdefault("settle_seconds", SETTLE_SECONDS)
    try:
        with capturing(keyword_settings(exporters=[memory], **settings)):
            yield captured
    finally:
        captured.over = True
