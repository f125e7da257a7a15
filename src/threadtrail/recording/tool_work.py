"""``threadtrail.tool()``: when the app worked on a tool call, and which call a run within it belongs to."""

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
"""The maximum number of calls that are kept by id, of those asked for and of those worked on."""


@dataclass(slots=True)
class _Work:
    """The work on a call; ``blocks`` is how many are open at once, nested or in several threads."""

    started_at: int
    blocks: int = 1
    ended_at: int | None = None
    error: Failure | None = None


class ToolWork:
    """Keeps calls by their id alone, since ``threadtrail.tool()`` does not know the server."""

    def __init__(self) -> None:
        self._work: Bounded[str, _Work] = Bounded(CALLS)
        self._asked: Bounded[str, Caller] = Bounded(CALLS)

    def start(self, started: ToolStarted) -> None:
        """See that the app begins to work on a call, which perhaps was not seen to be asked for yet."""
        work = self._work.get(started.call_id)
        if work is not None and work.blocks:
            work.blocks += 1
        else:
            self._work.put(started.call_id, _Work(started.time))

    def end(self, ended: ToolEnded) -> None:
        """See that the app has worked on a call."""
        work = self._work.get(ended.call_id)
        if work is not None:
            work.blocks = max(0, work.blocks - 1)
            work.ended_at, work.error = ended.time, ended.error

    def ask(self, call: ToolCall, run_id: str, turn_id: str) -> None:
        """See that a run of this turn asks for a call."""
        if not call.hosted:
            self._asked.put(call.id, Caller(call_id=call.id, run_id=run_id, turn_id=turn_id))

    def worked_on(self, call: ToolCall) -> ToolCall:
        """Return a complete call with the times of the work on it, if the app used ``threadtrail.tool()``."""
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
        """Return the call of this id, with the run and the turn that asked for it, if these are known."""
        return self._asked.get(call_id) or Caller(call_id=call_id)
