"""The statuses that one run took on, each once; an answer that another one overtook changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.values import StatusChange

if TYPE_CHECKING:
    from threadtrail.recording.facts import RunSeen
    from threadtrail.recording.meaning import RunStatus
    from threadtrail.recording.timeline import Timeline


class StatusHistory:
    """The ``current`` status of a run, and the ``changes`` that led to it."""

    __slots__ = ("_answered_at", "_changes", "_resumed_at", "current")

    def __init__(self) -> None:
        self.current: RunStatus | None = None
        self._changes: StatusChange | tuple[StatusChange, ...] = ()
        self._answered_at = 0
        self._resumed_at = 0

    @property
    def changes(self) -> tuple[StatusChange, ...]:
        """The changes so far. A single one, all that most open runs have, is kept without a tuple."""
        changes = self._changes
        return changes if isinstance(changes, tuple) else (changes,)

    def has_overtaken(self, status: RunStatus, seen: RunSeen) -> bool:
        """Return whether a newer answer was seen before this one, which was asked for earlier.

        This happens with two pollers, or when one polls while the app submits outputs.
        """
        if status.ended or seen.learnt_from == "submit" or self.current is None:
            return False
        if seen.asked_at < self._resumed_at:
            return True
        return seen.asked_at < self._answered_at and status.rank < self.current.rank

    def take(
        self, status: RunStatus, seen: RunSeen, timeline: Timeline, *, created_here: bool
    ) -> StatusChange | None:
        """Take a status that was seen; return the change, or ``None`` if nothing changed."""
        self._answered_at = max(self._answered_at, seen.time)
        previous = self.current
        if previous is not None and status.name == previous.name:
            if status.ended:  # it was only announced before, as by a webhook
                self.current = status
                timeline.reach(status, seen.time, live=True)
            return None
        self.current = status
        if previous is not None and previous.awaits_outputs and not status.ended:
            self._resumed_at = seen.time
        first_look = previous is None and not created_here
        change = StatusChange(
            status=status.name,
            time=timeline.reach(status, seen.time, live=not first_look),
            learnt_from=seen.learnt_from,
            type=status.type,
            server_time=timeline.stamp_of(status),
            seen_at=seen.time if first_look else None,
            stage=status.stage,
        )
        self._changes = (*self.changes, change) if self._changes else change
        return change
