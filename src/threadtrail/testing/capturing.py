"""`capture()`: record what an application does with assistants, and look at it in a test."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import threadtrail
from threadtrail._api import capturing
from threadtrail.config.settings import keyword_settings
from threadtrail.events import Event, RunEnded
from threadtrail.hookspecs import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.values import Run

E = TypeVar("E", bound=Event)


class Memory:
    """An exporter that keeps every event, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @hookimpl
    def export(self, events: Sequence[Event]) -> None:
        """Keep the events."""
        self.events.extend(events)


class Captured:
    """What was recorded so far. Each look flushes first, so that nothing is missing that was seen.

    ``over``: the block was left, and nothing more will come.
    """

    def __init__(self, memory: Memory, flush_timeout: float) -> None:
        self._memory = memory
        self._flush_timeout = flush_timeout
        self.over = False

    @property
    def events(self) -> list[Event]:
        """Every event, in the order in which exporters get them.

        Raises:
            TimeoutError: the flush took longer than ``flush_timeout`` seconds.
        """
        if not self.over and not threadtrail.flush(self._flush_timeout) and self._waits():
            raise TimeoutError(f"threadtrail.flush() was not done in {self._flush_timeout} s")
        return list(self._memory.events)

    def _waits(self) -> bool:
        """Whether something is still on its way here, and not only to an exporter of the application."""
        status = threadtrail.status()
        lane = status.exporters.get(type(self._memory).__name__)
        return bool(status.observations_waiting or (lane is not None and lane.queued))

    def of(self, event_class: type[E]) -> list[E]:
        """The events of one class."""
        return [event for event in self.events if isinstance(event, event_class)]

    @property
    def runs(self) -> list[Run]:
        """The runs that were told to their end, whole.

        A run that has not ended is not among them before `capture()` is left: only then is it told, as
        unfinished.
        """
        return [event.run for event in self.of(RunEnded)]

    def run(self, run_id: str | None = None) -> Run:
        """The one run there is, or the one with this id.

        Raises:
            AssertionError: there is none, or more than one.
        """
        runs = self.runs
        found = [run for run in runs if run_id in (None, run.id)]
        if len(found) != 1:
            wanted = "one run" if run_id is None else f"one run {run_id}"
            raise AssertionError(f"expected {wanted}; recorded were: {[run.id for run in runs]}")
        return found[0]


@contextmanager
def capture(*, flush_timeout: float = 5.0, **settings: Any) -> Iterator[Captured]:
    """Record what happens in this block; what was recorded can be looked at during it and after it.

    Settings are those given here and the defaults, whatever the environment and configuration files say.
    An ``instrument()`` that the application calls within the block does what it does, and what it records
    is captured as well. What was instrumented before the block rests during it, and goes on after it.

    Example:
        with capture() as captured:
            answer_the_customer()
        assert captured.run().status == "completed"

    Args:
        flush_timeout: how many seconds each look may wait for the recording to catch up.
        **settings: as for `threadtrail.instrument()`, without `exporters`.

    Raises:
        ConfigurationError: a setting is wrong.
    """
    memory = Memory()
    captured = Captured(memory, flush_timeout)
    try:
        with capturing(keyword_settings(exporters=[memory], **settings)):
            yield captured
    finally:
        captured.over = True
