"""Which runs are this process's: to follow, and to publish. Other processes may look at the same runs."""

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
        """Whether this first look is at a run that was over before: that is not this program's doing.

        A run that has ended lately may have been seen by nobody else, unless it stands in a list. Where this
        process goes on with what another one passed on, however long that took, it is the time of passing on
        from which lately counts.
        """
        operation = seen.call.operation
        if operation.creates_run or operation.polls or seen.status is None or not seen.status.ended:
            return False
        if not seen.outlives_call:
            return True
        ended_at = seen.ended_at if seen.ended_at is not None else seen.time
        return seen.listed or _carried_at(seen) - ended_at > self.run_timeout_seconds * SECOND

    def publishes(self, record: RunRecord) -> bool:
        """Whether the run itself is this process's to publish.

        Whoever saw the end publishes the run; what never was seen to end, whoever created it.
        """
        if self.publish_runs == "none":
            return False
        return record.ended or (record.created_here and self.publish_runs == "all")


def _carried_at(seen: RunSeen) -> int:
    carried = seen.call.scope.carried
    return seen.time if carried is None or carried.made_at is None else min(carried.made_at, seen.time)
