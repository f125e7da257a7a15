"""Exports merged events through the same lanes as live ones, and returns whether all exporters have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._guard import Guard, describe
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.lane import BATCH_SIZE, Lane
from threadtrail.delivery.paced import deliver
from threadtrail.delivery.processors import build_processors

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.config.registry import LoadedExporter
    from threadtrail.config.settings import Settings
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.events import Event

REFUSED = "events refused"
"""What the log calls events that an exporter did not take: they are not lost, but exported again."""


class Reports(Guard):
    """Logs as usual, and keeps the last failure."""

    last: str | None = None

    def report(
        self, what: str, consequence: str = "", *, error: BaseException | None = None, always: bool = False
    ) -> bool:
        """Log a contained failure, and keep it."""
        self.last = f"{what}: {describe(error) if error is not None else consequence}"
        return super().report(what, consequence, error=error, always=always)


class Outlet:
    """Delivers to exporters that have started.

    The events were redacted and shortened when they were recorded, so only the setting ``capture_content`` is
    applied again.

    Args:
        exporters: the exporters.
        settings: those of threadtrail.
        timeout: how many seconds all exporters may take for a batch.
    """

    def __init__(self, exporters: Sequence[LoadedExporter], settings: Settings, timeout: float) -> None:
        self._reports = Reports()
        size = settings.queue_size
        lanes = [
            Lane(each.name, each.hooks, queue_size=size, guard=self._reports, losses=REFUSED)
            for each in exporters
        ]
        processors = () if settings.capture_content else build_processors(capture_content=False)
        self._delivery = Delivery(lanes, processors=processors, guard=self._reports)
        self._timeout = timeout
        self._room = min(BATCH_SIZE, size)

    def deliver(self, events: Iterable[Event]) -> bool:
        """Export events; return whether the flush of every exporter confirmed them."""
        self._reports.last = None
        return deliver(self._delivery, events, room=self._room, timeout=self._timeout)

    @property
    def trouble(self) -> str | None:
        """Why the last delivery failed; ``None`` if no reason was given."""
        return self._reports.last

    def status(self) -> dict[str, LaneStatus]:
        """Return each exporter's counters."""
        return self._delivery.status()

    def close(self) -> bool:
        """Shut the exporters down; return False if one of them did not finish in time."""
        return self._delivery.shutdown(self._timeout)
