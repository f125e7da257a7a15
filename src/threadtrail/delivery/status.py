"""A lane's counters, and their short text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """An exporter's counters: events of this process. Their sum is the number of events published to it.

    - ``delivered``: ``export`` returned.
    - ``failed``: ``export`` raised.
    - ``dropped``: never exported, because the queue was full, the exporter was shut down, or ``export`` did
      not return before the shutdown timed out.
    - ``queued``: waiting, or in ``export`` at this moment.
    - ``last_error``: the last error that ``export`` raised.
    - ``switched_off``: why the exporter exports nothing, if it does not; its events are dropped.
    """

    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    queued: int = 0
    last_error: str | None = None
    switched_off: str | None = None

    @property
    def lost(self) -> int:
        """The number of events that will never reach the backend."""
        return self.failed + self.dropped

    def __str__(self) -> str:
        others = {"failed": self.failed, "dropped": self.dropped, "queued": self.queued}
        counts = ", ".join([f"{self.delivered:,} delivered", *_counts(others)])
        if self.switched_off is not None:
            return f"{counts}; switched off: {self.switched_off}"
        return counts if self.last_error is None else f"{counts}; last error: {self.last_error}"


def summary(state: str, counts: Mapping[str, int], exporters: Mapping[str, LaneStatus]) -> str:
    """Return a line with the state and every count that is not 0, then a line for each exporter."""
    first = ", ".join(_counts(counts))
    lines = [f"{name}: {status}" for name, status in exporters.items()]
    return "\n".join([f"{state}: {first}" if first else state, *lines])


def _counts(counts: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {what}" for what, count in counts.items() if count]
