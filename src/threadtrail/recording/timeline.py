"""The times of one run: the local clock's for what was seen live, the server's seconds for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._quick import changed

if TYPE_CHECKING:
    from threadtrail.recording.facts import RunSeen
    from threadtrail.recording.meaning import RunStatus
    from threadtrail.values import Message, Step, ToolCall

SECOND = 1_000_000_000
SKEW = 2 * SECOND
"""Clocks count as different above this: timestamps are whole seconds, and requests take time."""


class Timeline:
    """Keeps the times of a run in order: no interval is negative, no child lies outside its parent.

    All times are Unix nanoseconds. ``created_at`` is the start of the call that created the run, if this
    process made it. Its difference from the server's timestamp is the offset of the server's clock, by which
    all of the server's timestamps are shifted.
    """

    __slots__ = (
        "_called_at",
        "_offset",
        "_reached",
        "_server_created",
        "_server_ended",
        "_server_started",
        "created_at",
        "started_at",
    )

    def __init__(self, called_at: int | None) -> None:
        self._called_at = called_at
        self._offset = 0
        self._server_created: int | None = None
        self._server_started: int | None = None
        self._server_ended: int | None = None
        self._reached = 0
        self.created_at: int = called_at or 0
        self.started_at: int | None = None

    def created(self, called_at: int) -> None:
        """See the call that created the run, after something else of the run was seen."""
        self._called_at = called_at
        self.created_at = min(self.created_at, called_at)

    def server(self, seen: RunSeen) -> None:
        """See the server's timestamps of the run."""
        created = seen.created_at
        if created is not None and self._server_created is None:
            self._server_created = created
            if self._called_at is not None and abs(created - self._called_at) > SKEW:
                self._offset = self._called_at - created
            elif self._called_at is None and created - seen.time > SKEW:
                # Created elsewhere, and seen here before that: the server's clock is ahead at least this far.
                self._offset = seen.time - created
        self._server_started = seen.started_at or self._server_started
        self._server_ended = seen.ended_at or self._server_ended

    @property
    def server_created_at(self) -> int:
        """The server's own timestamp of the run's creation; the local time if it gave none."""
        return self._server_created or self.created_at

    def stamp_of(self, status: RunStatus) -> int | None:
        """Return the server's own timestamp of a status; ``None`` if it gives none for that."""
        if status.ended:
            return self._server_ended
        if status.started:
            return self._server_started
        return self._server_created if status.rank == 0 else None

    def local(self, stamp: int | None) -> int | None:
        """Return a timestamp of the server as a time of the local clock."""
        return None if stamp is None else stamp + self._offset

    def placed(self, stamp: int | None, seen_at: int) -> int | None:
        """Return a timestamp as ``local`` does, but not before the run began nor after it was seen."""
        return self._between(self.local(stamp), self.created_at, max(seen_at, self.created_at))

    def begin(self, time: int) -> None:
        """See that the run was first seen at ``time``."""
        if self._called_at is None:
            self.created_at = min(self.local(self._server_created) or time, time)

    def reach(self, status: RunStatus, time: int, *, live: bool) -> int:
        """Return when the run took on ``status``, which was seen at ``time``.

        That is not before the status that it had, though the clock may have been set back.
        """
        starts = status.started and self.started_at is None
        if live:
            stamp = time
        elif status.ended:
            stamp = self.local(self._server_ended) or time
        else:
            stamp = (self.local(self._server_started) or time) if starts else self.created_at
        self._reached = max(min(stamp, time), self._reached, self.created_at)
        if status.ended:
            if self.started_at is None and self._server_started is not None:
                self.started_at = self._between(
                    self.local(self._server_started), self.created_at, self._reached
                )
        elif starts:
            self.started_at = self._reached
        return self._reached

    def end(self, status: RunStatus | None, last_seen_at: int) -> int:
        """Return when the run, whose latest status is ``status``, ended, or was last seen."""
        if status is not None and status.ended:
            return self._reached
        return max(last_seen_at, self.created_at)

    def within(self, step: Step, end: int) -> Step:
        """Return the step and its tool calls, with times inside the run."""
        start = self._between(step.started_at, self.created_at, end) or self.created_at
        finish = end if step.ended_at is None else max(start, min(step.ended_at, end))
        calls = tuple(self._call_within(call, start, finish) for call in step.tool_calls)
        return changed(step, started_at=start, ended_at=finish, tool_calls=calls)

    def message_within(self, message: Message, end: int) -> Message:
        """Return a message with times inside the run that wrote it: it may have been read much later."""
        created_at = self._between(message.created_at, self.created_at, end)
        completed_at = self._between(message.completed_at, created_at or self.created_at, end)
        return changed(message, created_at=created_at, completed_at=completed_at)

    def _call_within(self, call: ToolCall, start: int, end: int) -> ToolCall:
        begun = self._between(call.started_at, start, end) or start
        return changed(call, started_at=begun, ended_at=self._between(call.ended_at, begun, end))

    @staticmethod
    def _between(stamp: int | None, lower: int, upper: int) -> int | None:
        return None if stamp is None else max(lower, min(stamp, upper))
