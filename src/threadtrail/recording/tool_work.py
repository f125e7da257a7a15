"""What ``threadtrail.tool()`` says: when the app worked on a call, and which runs it began meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._quick import changed
from threadtrail.recording.bounded import Bounded
from threadtrail.values import Caller, Failure

if TYPE_CHECKING:
    from threadtrail.recording.observation import ToolEnded, ToolStarted
    from threadtrail.values import ToolCall

CALLS = 4_096
"""The maximum number of calls that are known by their id, asked for or worked on."""


@dataclass(slots=True)
class _Work:
    """The work on a call, in ``blocks`` that are open at once, one within the other or side by side."""

    started_at: int
    blocks: int = 1
    ended_at: int | None = None
    error: Failure | None = None


class ToolWork:
    """Knows calls by their id alone: ``threadtrail.tool()`` does not say whose server asked."""

    def __init__(self) -> None:
        self._work: Bounded[str, _Work] = Bounded(CALLS)
        self._asked: Bounded[str, Caller] = Bounded(CALLS)

    def start(self, started: ToolStarted) -> None:
        """See that the app begins to work on a call. It may not be known yet that it was asked for."""
        work = self._work.get(started.call_id)
        if work is not None and work.blocks:
            work.blocks += 1
        else:
            self._work.put(started.call_id, _Work(started.time))

    def end(self, ended: ToolEnded) -> None:
        """See that it has done so."""
        work = self._work.get(ended.call_id)
        if work is not None:
            work.blocks = max(0, work.blocks - 1)
            work.ended_at, work.error = ended.time, ended.error

    def ask(self, call: ToolCall, run_id: str, turn_id: str) -> None:
        """See that a run of this turn asks for a call."""
        if not call.hosted:
            self._asked.put(call.id, Caller(call_id=call.id, run_id=run_id, turn_id=turn_id))

    def worked_on(self, call: ToolCall) -> ToolCall:
        """Return the call, which is complete, with the times of the work on it, if the app said them."""
        work = self._work.pop(call.id)
        if work is None or call.hosted:
            return call
        ended_at = call.ended_at if work.ended_at is None else work.ended_at
        return changed(
            call,
            started_at=work.started_at,
            ended_at=ended_at,
            error=call.error or work.error,
            seen_live=True,
        )

    def caller(self, call_id: str) -> Caller:
        """Return the call in whose block a run began, with what is known of who asked for it."""
        return self._asked.get(call_id) or Caller(call_id=call_id)
