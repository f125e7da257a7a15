"""``threadtrail.trace()``: publishes its start before its runs, and its end after the last of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail.events import TraceEnded, TraceStarted
from threadtrail.recording.observation import GroupEnded, GroupStarted

if TYPE_CHECKING:
    from threadtrail.recording.links import Name
    from threadtrail.recording.publishing import Publish
    from threadtrail.recording.runs import RunRecord


MAX_OPEN = 10_000
"""The maximum number of open traces; above it, the one that began first is ended."""


@dataclass(slots=True)
class _Group:
    started: GroupStarted
    ended: GroupEnded | None = None
    last_end: int = 0
    waits_for: set[object] = field(default_factory=set)


class Groups:
    """The open traces, each with what it still waits for: runs, turns and traces within it.

    ``forgotten`` counts the traces that were ended early, since too many were open.
    """

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._groups: dict[str, _Group] = {}
        self.forgotten: int = 0

    def start(self, started: GroupStarted) -> None:
        """Publish the start of a trace."""
        if len(self._groups) >= MAX_OPEN:
            self._publish_end(self._groups.pop(next(iter(self._groups))), started.time)
            self.forgotten += 1
        self._groups[started.trace_id] = _Group(started)
        parent = self._groups.get(started.parent_trace_id or "")
        if parent is not None:
            parent.waits_for.add(started.trace_id)
        event = TraceStarted(
            time=started.time,
            name=started.name,
            trace_id=started.trace_id,
            parent_trace_id=started.parent_trace_id,
            attributes=started.scope.attributes,
            carried=started.scope.carried,
        )
        self._publish(event, started.scope.contexts)

    def end(self, ended: GroupEnded) -> None:
        """End the block; its end is published as soon as nothing within it is open."""
        group = self._groups.get(ended.trace_id)
        if group is not None:
            group.ended = ended
            self._close(group)

    def run_began(self, record: RunRecord) -> None:
        """Let the trace wait for a run that began within it."""
        self._wait_for(record.scope.trace_id, record.key)

    def turn_began(self, trace_id: str | None, name: Name) -> None:
        """Let the trace wait for a turn whose first run began within it."""
        self._wait_for(trace_id, ("turn", name))

    def turn_ended(self, trace_id: str | None, name: Name, time: int) -> None:
        """Let the trace stop waiting for a turn."""
        self._release(trace_id, ("turn", name), time)

    def _wait_for(self, trace_id: str | None, waited_for: object) -> None:
        group = self._groups.get(trace_id or "")
        if group is not None:
            group.waits_for.add(waited_for)

    def run_ended(self, record: RunRecord) -> None:
        """Let the trace stop waiting for a run, which was published."""
        self._release(record.scope.trace_id, record.key, record.last_seen_at)

    def end_all(self, time: int) -> None:
        """Publish the end of every open trace, the innermost first."""
        for group in reversed(list(self._groups.values())):
            self._publish_end(group, time)
        self._groups.clear()

    def _release(self, trace_id: str | None, waited_for: object, time: int) -> None:
        group = self._groups.get(trace_id or "")
        if group is None:
            return
        group.waits_for.discard(waited_for)
        group.last_end = max(group.last_end, time)
        self._close(group)

    def _close(self, group: _Group) -> None:
        if group.ended is None or group.waits_for:
            return
        started = group.started
        del self._groups[started.trace_id]
        end = self._publish_end(group, group.ended.time)
        self._release(started.parent_trace_id, started.trace_id, end)

    def _publish_end(self, group: _Group, time: int) -> int:
        started = group.started
        end = max(time, group.last_end, started.time)
        event = TraceEnded(
            time=end,
            name=started.name,
            trace_id=started.trace_id,
            parent_trace_id=started.parent_trace_id,
            started_at=started.time,
            error=group.ended.error if group.ended else None,
            attributes=started.scope.attributes,
            carried=started.scope.carried,
        )
        self._publish(event, started.scope.contexts)
        return end
