"""What a lane says of itself, and how it is told in a few words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneStatus:
    """An exporter's counters, in events of this process; their sum is what the lane was given.

    ``delivered``: its ``export`` returned. ``failed``: its ``export`` raised. ``dropped``: never handed over
    (full queue, after shutdown). ``queued``: waiting, or in the hands of ``export`` now. ``last_error``: what
    ``export`` raised last.
    """

    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    queued: int = 0
    last_error: str | None = None

    @property
    def lost(self) -> int:
        """Events that will never reach the backend."""
        return self.failed + self.dropped

    def __str__(self) -> str:
        others = {"failed": self.failed, "dropped": self.dropped, "queued": self.queued}
        told = ", ".join([f"{self.delivered:,} delivered", *_counts(others)])
        return told if self.last_error is None else f"{told}; last error: {self.last_error}"


def summary(state: str, counts: Mapping[str, int], exporters: Mapping[str, LaneStatus]) -> str:
    """Return the state with every count that is not 0, and a line for each exporter."""
    first = ", ".join(_counts(counts))
    lines = [f"{name}: {status}" for name, status in exporters.items()]
    return "\n".join([f"{state}: {first}" if first else state, *lines])


def _counts(counts: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {what}" for what, count in counts.items() if count]
