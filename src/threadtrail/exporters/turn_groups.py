"""Holds the runs of an open turn until it ends, so that they are printed together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from threadtrail.exporters.lines import Node, is_left_open, tool_node
from threadtrail.exporters.run_tree import run_node
from threadtrail.exporters.turn_tree import (
    Generation,
    continued_node,
    generation_of,
    open_node,
    turn_node,
)
from threadtrail.notebook.cells import Cell
from threadtrail.prices import Cost, total
from threadtrail.shape.times import Interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.events import Event, RunEnded, ToolCallCompleted, TurnEnded
    from threadtrail.values import Run

MAX_HELD = 1000
"""The maximum number of held runs, and of open turns; beyond it, all held runs are printed."""

MAX_KNOWN = 10_000
"""The maximum number of runs of open turns; beyond it, later runs of these turns are printed alone."""

Key = tuple[object, ...]
"""A run, or a turn, with its server."""


class Shown(NamedTuple):
    """A tree to print, the trace that it belongs to, and its number of runs."""

    trace_id: str | None
    node: Node
    runs: int


@dataclass(slots=True)
class _OpenTurn:
    """A turn that has not ended.

    ``shown``: the runs that were printed before; ``late``: calls of these that were answered since.
    ``cell`` is the cell of its first run; ``costs`` are those of all runs so far.
    """

    trace_id: str | None
    cell: Cell | None = None
    name: str = ""
    held: dict[str, Generation] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    late: list[Node] = field(default_factory=list)
    costs: dict[str, Cost] = field(default_factory=dict)

    def in_order(self) -> list[Generation]:
        """Return the held runs in the order in which they began."""
        return sorted(self.held.values(), key=lambda each: each.created_at)

    def take_all(self) -> list[Shown]:
        """Return the held runs as a turn so far; from now on they count as printed."""
        generations = self.in_order()
        if len(generations) == 1 and not self.shown:
            node = generations[0].alone
        elif generations or self.late:
            node = open_node(self.name, generations, self.late, begun=bool(self.shown))
        else:
            return []
        self.shown.update(self.held)
        self.held, self.late = {}, []
        return [Shown(self.trace_id, replace(node, cell=self.cell), len(generations))]


class TurnGroups:
    """The open turns, each with the lines of its runs so far; content is cut after ``length`` characters.

    ``price`` returns the cost of a run, or ``None`` if it is not to be shown.
    """

    def __init__(self, length: int, price: Callable[[RunEnded], Cost | None] = lambda _: None) -> None:
        self._length = length
        self._price = price
        self._open: dict[Key, _OpenTurn] = {}
        self._turn_of_run: dict[Key, Key] = {}
        self._ended: dict[Key, None] = {}

    def run_ended(self, event: RunEnded, cell: Cell | None = None) -> list[Shown]:
        """Hold a run if it is part of a turn; return what must be printed now."""
        run = event.run
        turn_key = _key(event, run.turn_id or run.id)
        if run.turn_id == run.id and not event.supersedes:
            self._ended.pop(turn_key, None)  # the server has used the id before
        if not self._is_part(run, turn_key):
            node = run_node(event, self._length, self._price(event))
            return [Shown(event.trace_id, replace(node, cell=cell), 1)]
        shown = self._make_room()
        turn = self._open.setdefault(turn_key, _OpenTurn(event.trace_id, cell))
        cost = self._price(event)
        turn.held[run.id] = generation = generation_of(event, self._length, cost)
        if cost is not None:
            turn.costs[run.id] = cost
        turn.name = turn.name or generation.name
        self._turn_of_run[_key(event, run.id)] = turn_key
        return shown

    def _is_part(self, run: Run, turn_key: Key) -> bool:
        """Return whether a run is part of a turn that has not ended."""
        part = run.shares_turn or turn_key in self._open
        return run.one_generation and part and turn_key not in self._ended

    def call_completed(self, event: ToolCallCompleted) -> None:
        """Take a call that was answered, or failed, after its run was published; ignore others."""
        turn = self._open.get(self._turn_of_run.get(_key(event, event.run_id), ()))
        call = event.tool_call
        answered = bool(call.results) or any(
            value is not None for value in (call.output, call.error, call.approved)
        )
        if turn is None or not answered:
            return
        known = call.started_at is not None and call.ended_at is not None
        interval = Interval(call.started_at or 0, call.ended_at or 0) if known else None
        node = tool_node(call, interval, self._length)
        if event.run_id in turn.held:
            turn.held[event.run_id].answer(call.id, node)
        else:
            turn.late.append(node)

    def turn_ended(self, event: TurnEnded) -> list[Shown]:
        """Return what must be printed of a turn that has ended."""
        key = _key(event, event.turn.id)
        turn = self._open.pop(key, None)
        if turn is None:
            return []
        self._ended[key] = None
        if len(self._ended) > MAX_HELD:
            del self._ended[next(iter(self._ended))]
        for run_id in (*turn.held, *turn.shown):
            self._turn_of_run.pop(_key(event, run_id), None)
        generations = turn.in_order()
        cost = total(turn.costs.values()) if turn.costs else None
        if not turn.shown:
            is_one = len(generations) == 1 and not is_left_open(event.turn)
            node = generations[0].alone if is_one else turn_node(event, generations, cost)
        elif generations or turn.late or len(turn.shown) > 1:
            node = continued_node(event, turn.name, generations, turn.late, cost)
        else:
            return []
        return [Shown(event.trace_id, replace(node, cell=turn.cell), len(generations))]

    def release(self) -> list[Shown]:
        """Return the held runs, each turn as it is so far. Turns stay open."""
        return [shown for turn in self._open.values() for shown in turn.take_all()]

    def forget(self) -> None:
        """Drop everything; called in a forked child, since the parent prints it."""
        self._open.clear()
        self._turn_of_run.clear()

    def _make_room(self) -> list[Shown]:
        held = sum(len(turn.held) for turn in self._open.values())
        too_many = len(self._open) >= MAX_HELD or len(self._turn_of_run) >= MAX_KNOWN
        if held < MAX_HELD and not too_many:
            return []
        shown = self.release()
        if too_many:
            self.forget()
        return shown


def _key(event: Event, name: str | None) -> Key:
    return event.source, event.server_address, event.server_port, name
