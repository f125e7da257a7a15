"""Finds out which runs are one turn and when the turn is over, and publishes its ``TurnEnded``."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail._quick import changed
from threadtrail.events import TurnEnded
from threadtrail.recording.bounded import Bounded
from threadtrail.recording.links import Name
from threadtrail.recording.publishing import publish_event
from threadtrail.recording.runs import RunKey, RunRecord
from threadtrail.turn import turn_of
from threadtrail.values import EMPTY, NO_REQUEST, Run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from threadtrail.recording.groups import Groups
    from threadtrail.recording.publishing import Publish
    from threadtrail.turn import Turn
    from threadtrail.values import ToolCall

TURNS = 4_096
"""The maximum number of open turns; above it, the one that has been idle for longest is ended."""

IDS = 65_536
"""The maximum number of runs whose turns are remembered, and of ended turns that are recognised."""


@dataclass(slots=True)
class _Part:
    """A published run of a turn, and its record, since calls may be answered after it was published."""

    run: Run
    record: RunRecord


@dataclass(slots=True)
class _OpenTurn:
    """An open turn; ``first`` is the run that first asked for a call, ``trace_id`` the trace around it.

    ``waits_for`` are its runs that are not published yet. ``asked`` are the calls whose outputs were brought
    by no run that has ended; ``tried`` those whose outputs were brought by a run that failed, so that the app
    may send them again. ``due`` is when the turn ends if nothing more comes.
    """

    first: RunRecord
    trace_id: str | None
    waits_for: set[RunKey] = field(default_factory=set)
    asked: set[Name] = field(default_factory=set)
    tried: set[Name] = field(default_factory=set)
    parts: dict[RunKey, _Part] = field(default_factory=dict)
    due: float = math.inf

    def take(self, record: RunRecord, run: Run) -> None:
        """Take a run that was published, without the parts that its ``Turn`` does not need."""
        given = run.input if record is self.first else ()
        slim = changed(run, input=given, request=NO_REQUEST, metadata=EMPTY, status_history=())
        self.parts[record.key] = _Part(slim, record)

    @property
    def is_waiting(self) -> bool:
        """Whether more of it will, or may, be seen."""
        goes_on = (not part.run.finished and part.record.outlives_call for part in self.parts.values())
        return bool(self.waits_for or self.asked) or any(goes_on)

    @property
    def in_order(self) -> list[_Part]:
        """Its published runs, in the order in which they began."""
        return sorted(self.parts.values(), key=lambda part: part.run.created_at or 0)

    def value(self) -> Turn:
        """Return the ``Turn``, with calls that were answered after their run was published."""
        parts = self.in_order
        runs = [with_calls(part.run, part.record.steps.calls.values()) for part in parts]
        return turn_of(runs, finished=runs[-1].finished and not self.asked)


class Turns:
    """The turns that are open; times are ``time.monotonic()`` seconds.

    A turn opens when one of its runs asks the app, or a person, to answer a call. It is over when completed
    runs have brought the outputs of all calls and asked for no more. ``give_up`` completes a call without an
    output. ``forgotten`` counts the turns that were ended early for lack of room.
    """

    def __init__(self, publish: Publish, groups: Groups, give_up: Callable[[Name], None]) -> None:
        self._publish = publish
        self._groups = groups
        self._give_up = give_up
        self._open: OrderedDict[Name, _OpenTurn] = OrderedDict()
        self._ended: Bounded[Name, bool] = Bounded(IDS)
        self._joined: Bounded[str, str] = Bounded(IDS)
        self.patience: float = math.inf
        self.retry_seconds: float = 0.0
        self._next_look = math.inf
        self.forgotten: int = 0

    # -- its runs -----------------------------------------------------------------------------------

    def is_over(self, name: Name) -> bool:
        """Return whether this turn was ended: a run that answers one of its calls then begins a new turn."""
        return name in self._ended

    def begins_with(self, record: RunRecord) -> bool:
        """Return whether an open turn began with this run."""
        turn = self._open.get(_name(record))
        return turn is not None and turn.first is record

    def begin(self, record: RunRecord, now: float) -> None:
        """See that a run begins; its turn is set already."""
        name = _name(record)
        if record.chain.turn_id == record.id:
            self._joined.pop(record.id)
        else:
            self._joined.put(record.id, record.chain.turn_id)
        turn = self._open.get(name)
        if record.chain.turn_id == record.id and record.created_here and not record.published_unfinished:
            if turn is not None and turn.first is not record:
                self._end(turn)
                turn = None
            self._ended.pop(name)  # the server has used the id before
        if turn is not None:
            turn.waits_for.add(record.key)
            self._look(turn, now)

    def ask(self, record: RunRecord, calls: Iterable[Name], now: float) -> None:
        """See that a run leaves calls to the app, or to a person."""
        turn = self._opened(record)
        if turn is not None:
            turn.asked.update(calls)
            turn.waits_for.add(record.key)
            self._look(turn, now)

    def _opened(self, record: RunRecord) -> _OpenTurn | None:
        name = _name(record)
        turn = self._open.get(name)
        if turn is None and name not in self._ended:
            turn = self._open[name] = _OpenTurn(record, record.scope.trace_id)
            self._groups.turn_began(turn.trace_id, name)
            if len(self._open) > TURNS:
                self._end_one_but(turn)
                self.forgotten += 1
        return turn

    def _end_one_but(self, newest: _OpenTurn) -> None:
        oldest = next(iter(self._open.values()))
        idle = next(each for each in self._open.values() if not each.waits_for)
        self._end(oldest if idle is newest else idle)

    def end_run(self, record: RunRecord, run: Run | None, now: float) -> None:
        """See that a run is not followed any more; ``run`` is what was published, ``None`` if nothing was."""
        turn = self._open.get(_name(record))
        if turn is None and run is not None and run.asks_app:
            turn = self._opened(record)
        if turn is None:
            return
        turn.waits_for.discard(record.key)
        if run is not None:
            turn.take(record, run)
        # If it waited for outputs, publishing it brings nothing new, so the turn does not wait longer.
        self._look(turn, None if record.settling.for_outputs else now)

    # -- its calls ----------------------------------------------------------------------------------

    def brought(self, name: Name, calls: Iterable[Name], now: float, *, completed: bool) -> None:
        """See that a run that brought outputs of these calls has ended; a failed one may be repeated."""
        turn = self._open.get(name)
        if turn is None:
            return
        for call in calls:
            turn.asked.discard(call)
            turn.tried.discard(call)
            if not completed:
                turn.tried.add(call)
        self._look(turn, now)

    def answer(self, record: RunRecord, now: float) -> None:
        """See that a call of a run was answered: another run is likely to follow."""
        turn = self._open.get(_name(record))
        if turn is not None:
            self._look(turn, now)

    # -- its end ------------------------------------------------------------------------------------

    def _look(self, turn: _OpenTurn, now: float | None) -> None:
        """End the turn if it is over; else, if something came at ``now``, wait longer."""
        self._open.move_to_end(_name(turn.first))
        if not turn.is_waiting and not turn.tried:
            self._end(turn)
            return
        if now is not None:
            turn.due = now + (self.patience if turn.is_waiting else self.retry_seconds)
        if not turn.waits_for:
            self._next_look = min(self._next_look, turn.due)

    def tick(self, now: float) -> None:
        """End the turns that are due."""
        if now < self._next_look:
            return
        for turn in [turn for turn in self._open.values() if turn.due <= now and not turn.waits_for]:
            self._end(turn)
        dues = (turn.due for turn in self._open.values() if not turn.waits_for)
        self._next_look = min(dues, default=math.inf)

    def next_deadline(self) -> float | None:
        """Return the earliest time at which ``tick`` may have something to do."""
        return self._next_look if self._next_look < math.inf else None

    def end_all(self) -> None:
        """End every turn: nothing more will be seen."""
        for turn in list(self._open.values()):
            self._end(turn)

    def _end(self, turn: _OpenTurn) -> None:
        name, first = _name(turn.first), turn.first
        del self._open[name]
        self._ended.put(name, value=True)
        for call in turn.asked:
            self._give_up(call)
        end = 0
        if turn.parts:
            value = turn.value()
            end = max(value.ended_at or 0, *(part.record.last_seen_at for part in turn.parts.values()))
            fields = {"time": end, "turn": value}
            publish_event(self._publish, TurnEnded, first.origin, first.scope, fields)
        self._groups.turn_ended(turn.trace_id, name, end)

    # -- what is known ------------------------------------------------------------------------------

    def joined(self, run_id: str) -> str | None:
        """Return the turn that a run joined; None if it began its own. Any thread may call this."""
        return self._joined.peek(run_id)

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """End the oldest turns until the others take ``max_bytes`` at most."""
        sizes = {name: size([part.run for part in turn.parts.values()]) for name, turn in self._open.items()}
        total = sum(sizes.values())
        for name in sorted(sizes, key=lambda name: bool(self._open[name].waits_for)):
            if total <= max_bytes:
                break
            self._end(self._open[name])
            self.forgotten += 1
            total -= sizes[name]


def with_calls(run: Run, calls: list[ToolCall]) -> Run:
    """Return the run, updated by what was seen of its calls after it was published."""
    late = {call.id: call for call in calls if call.ended_at is not None}
    if all(call.ended_at is not None for call in run.tool_calls):
        return run
    steps = [
        changed(
            step,
            tool_calls=tuple(
                late.get(call.id, call) if call.ended_at is None else call for call in step.tool_calls
            ),
        )
        for step in run.steps
    ]
    return changed(run, steps=tuple(steps))


def _name(record: RunRecord) -> Name:
    return record.origin.server, record.chain.turn_id
