"""Decides which runs this process follows and publishes: other processes may look at the same runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.recording.timeline import SECOND

if TYPE_CHECKING:
    from threadtrail.recording.facts import RunSeen
    from threadtrail.recording.runs import RunRecord


@dataclass(frozen=True, slots=True)
class Ownership:
    """Decides by two settings: ``publish_runs`` and ``run_timeout_seconds``."""

    publish_runs: str
    run_timeout_seconds: float

    def is_history(self, seen: RunSeen) -> bool:
        """Return whether this first look is at a run that had long ended: it is not this program's work.

        A run that ended within ``run_timeout_seconds`` is not history, unless it is in a list: perhaps nobody
        else has seen its end. If another process passed the run on to this one by a carrier, the time of that
        counts instead of now, however long the run then waited.
        """
        operation = seen.call.operation
        if operation.creates_run or operation.polls or seen.status is None or not seen.status.ended:
            return False
        if not seen.outlives_call:
            return True
        ended_at = seen.ended_at if seen.ended_at is not None else seen.time
        return seen.listed or _carried_at(seen) - ended_at > self.run_timeout_seconds * SECOND

    def publishes(self, record: RunRecord) -> bool:
        """Return whether this process publishes the run itself.

        The process that sees the end publishes the run. A run that was not seen to end is published by the
        process that created it.
        """
        if self.publish_runs == "none":
            return False
        return record.ended or (record.created_here and self.publish_runs == "all")


def _carried_at(seen: RunSeen) -> int:
    carried = seen.call.scope.carried
    return seen.time if carried is None or carried.made_at is None else min(carried.made_at, seen.time)
