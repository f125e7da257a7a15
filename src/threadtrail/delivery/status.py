"""What a lane says of itself."""

from __future__ import annotations

from dataclasses import dataclass


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
