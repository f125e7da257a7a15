"""Which runs are one turn, when the turn is over, and its one ``TurnEnded``."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from threadtrail.events import TurnEnded
from threadtrail.recording.bounded import Bounded
from threadtrail.recording.publishing import publish_event
from threadtrail.recording.runs import RunKey, RunRecord
from threadtrail.turn import turn_of
from threadtrail.values import Run

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.groups import Groups
    from threadtrail.recording.links import Name
    from threadtrail.recording.publishing import Publish
    from threadtrail.values import ToolCall

TURNS = 4_096
"""The maximum number of turns that are open; of more, the one where nothing came for longest is ended."""

IDS = 65_536
"""The maximum number of runs whose turn is known by their id, and of ended turns that are recognised."""


@dataclass(slots=True)
class _Part:
    """A published run of a turn, and its record: calls may be answered after it was published."""

    run: Run
    record: RunRecord


@dataclass(slots=True)
class _OpenTurn:
    """``waits_for``: its runs that are not published. ``due``: when it ends if nothing more comes."""

    first: RunRecord
    waits_for: set[RunKey] = field(default_factory=set)
    parts: dict[RunKey, _Part] = field(default_factory=dict)
    due: float = math.inf

    def take(self, record: RunRecord, run: Run) -> None:
        """Take a run that was published. What later runs were sent again is kept once."""
        if self.parts and record.key not in self.parts:
            run = replace(run, input=())
        self.parts[record.key] = _Part(run, record)

    @property
    def last(self) -> _Part | None:
        """The published run that began last."""
        return next(reversed(self.parts.values()), None)

    @property
    def has_open_calls(self) -> bool:
        """Whether the app, or a person, has a call still to answer."""
        return any(part.record.steps.awaited() for part in self.parts.values())

    def runs(self) -> list[Run]:
        """Return its runs, with what is known of their calls now."""
        return [with_calls(part.run, part.record.steps.calls()) for part in self.parts.values()]


class Turns:
    """The turns that are open; times are ``time.monotonic()`` seconds.

    A turn is open from when a run of it asks the app, or a person, to answer a call, until a run of it
    asked nothing more. ``forgotten`` counts those that were ended early for lack of room.
    """

    def __init__(self, publish: Publish, groups: Groups) -> None:
        self._publish = publish
        self._groups = groups
        self._open: OrderedDict[Name, _OpenTurn] = OrderedDict()
        self._ended: Bounded[Name, bool] = Bounded(IDS)
        self._of_run: Bounded[str, str] = Bounded(IDS)
        self.patience = math.inf
        self.retry_seconds = 0.0
        self.forgotten = 0

    # -- its runs -----------------------------------------------------------------------------------

    def is_over(self, name: Name) -> bool:
        """Whether this turn was ended: a run that answers a call of it begins one of its own."""
        return name in self._ended

    def begin(self, record: RunRecord, now: float) -> None:
        """See that a run begins; it knows its turn."""
        name = _name(record)
        self._of_run.put(record.id, record.chain.turn_id)
        if record.chain.turn_id == record.id and record.created_here and not record.published_unfinished:
            self._ended.pop(name)  # the server has used the id before
        turn = self._open.get(name)
        if turn is not None:
            self._wait_for(turn, record, now)

    def ask(self, record: RunRecord, now: float) -> None:
        """See that a run leaves calls to the app, or to a person."""
        turn = self._opened(record)
        if turn is not None:
            self._wait_for(turn, record, now)

    def _wait_for(self, turn: _OpenTurn, record: RunRecord, now: float) -> None:
        turn.waits_for.add(record.key)
        self._touch(turn, now)

    def _touch(self, turn: _OpenTurn, now: float) -> None:
        self._open.move_to_end(_name(turn.first))
        turn.due = now + self.patience

    def _opened(self, record: RunRecord) -> _OpenTurn | None:
        name = _name(record)
        turn = self._open.get(name)
        if turn is None and name not in self._ended:
            turn = self._open[name] = _OpenTurn(record)
            self._groups.turn_began(record.scope.trace_id, name)
            if len(self._open) > TURNS:
                self._end(next(iter(self._open.values())))
                self.forgotten += 1
        return turn

    def end_run(self, record: RunRecord, run: Run | None, now: float) -> None:
        """See that a run is followed no longer; ``run`` is what was published of it, if it was."""
        turn = self._open.get(_name(record))
        if turn is None and run is not None and any(not call.hosted for call in run.tool_calls):
            turn = self._opened(record)
        if turn is None:
            return
        turn.waits_for.discard(record.key)
        if run is not None:
            turn.take(record, run)
        self._touch(turn, now)
        self.look(record, now)

    # -- its end ------------------------------------------------------------------------------------

    def look(self, record: RunRecord, now: float) -> None:
        """End the turn of a run if it is over."""
        turn = self._open.get(_name(record))
        if turn is None or turn.waits_for or turn.last is None:
            return
        last = turn.last
        if turn.has_open_calls or last.record.waits_for_outputs or not last.run.finished:
            return
        if last.record.status is not None and last.record.status.succeeded:
            self._end(turn)
        else:
            # The app may send the same outputs again.
            turn.due = min(turn.due, now + self.retry_seconds)

    def tick(self, now: float) -> None:
        """End the turns whose time has come."""
        for turn in [turn for turn in self._open.values() if turn.due <= now and not turn.waits_for]:
            self._end(turn)

    def next_deadline(self) -> float | None:
        """Return when ``tick`` has something to do next."""
        return min((turn.due for turn in self._open.values() if not turn.waits_for), default=None)

    def end_all(self) -> None:
        """End every turn: nothing more will be seen."""
        for turn in list(self._open.values()):
            self._end(turn)

    def _end(self, turn: _OpenTurn) -> None:
        name, first, last = _name(turn.first), turn.first, turn.last
        del self._open[name]
        self._ended.put(name, value=True)
        end = 0
        if last is not None:
            answered = not last.record.waits_for_outputs and not turn.has_open_calls
            value = turn_of(turn.runs(), finished=last.run.finished and answered)
            end = max(part.record.last_seen_at for part in turn.parts.values())
            end = max(end, value.ended_at or 0)
            publish_event(self._publish, TurnEnded, end, first.origin, first.scope, turn=value)
        self._groups.turn_ended(first.scope.trace_id, name, end)

    # -- what is known ------------------------------------------------------------------------------

    def turn_id(self, run_id: str) -> str | None:
        """Return the turn of a run; None if the run is not known, or was too long ago. Any thread may ask."""
        return self._of_run.peek(run_id)

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """End the oldest turns until the others take ``max_bytes`` at most."""
        sizes = {name: size([part.run for part in turn.parts.values()]) for name, turn in self._open.items()}
        total = sum(sizes.values())
        for name, each in sizes.items():
            if total <= max_bytes:
                break
            self._end(self._open[name])
            self.forgotten += 1
            total -= each


def with_calls(run: Run, calls: list[ToolCall]) -> Run:
    """Return the run with what became known of its calls after it was published."""
    late = {call.id: call for call in calls if call.ended_at is not None}
    if all(call.ended_at is not None for call in run.tool_calls):
        return run
    steps = [
        replace(
            step,
            tool_calls=tuple(
                late.get(call.id, call) if call.ended_at is None else call for call in step.tool_calls
            ),
        )
        for step in run.steps
    ]
    return replace(run, steps=tuple(steps))


def _name(record: RunRecord) -> Name:
    return record.origin.server, record.chain.turn_id
