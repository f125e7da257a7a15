"""Joins what stands in different groups of a place: a turn, or a trace, whose runs have several owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail import _json
from threadtrail.collecting.keys import asked_by, brought_by
from threadtrail.events import RunCreated, RunEnded
from threadtrail.merging.merge import merge

if TYPE_CHECKING:
    from threadtrail.collecting.place import Place
    from threadtrail.collecting.units import Unit
    from threadtrail.events import Event


class Crossing:
    """Moves a unit that is due to the group of its trace, else of its turn, where the others meet it.

    Does nothing where a place has one group, as files have.
    """

    def __init__(self, place: Place) -> None:
        self._turns: Any = getattr(place, "turns", None)
        self._group_of: Any = getattr(place, "group_of", None)
        self._move: Any = getattr(place, "move", None)

    def see(self, event: Event) -> None:
        """Keep the turn of the calls that an event asks for, for the owners of other groups."""
        if self._turns is None or not (calls := asked_by(event)):
            return
        run: Any = event.run if isinstance(event, RunEnded) else event
        turn_id = getattr(run, "turn_id", None) or getattr(event, "run_id", "")
        self._turns.put(_server(event), dict.fromkeys(calls, turn_id))

    def leaves(self, unit: Unit) -> bool:
        """Whether a unit is at home in another group."""
        return self._where(unit, self._events(unit)) is not None

    def move(self, unit: Unit) -> bool:
        """Move a unit, if its trace or turn is at home in another group; return whether it was moved."""
        events = self._events(unit)
        home = self._where(unit, events)
        if home is None:
            return False
        if self._turns is not None:
            for event in events:
                if calls := asked_by(event):
                    self._turns.put(_server(event), dict.fromkeys(calls, home))
        lines = [event.to_json() for event in merge(events)]
        return bool(self._move([entry.token for entry in unit.entries], lines, home))

    def _events(self, unit: Unit) -> list[Any]:
        crosses = self._move is not None and self._group_of is not None
        return [_json.load(entry.line) for entry in unit.entries] if crosses else []

    def _where(self, unit: Unit, events: list[Any]) -> str | None:
        home = self._home(events)
        return None if home is None or self._group_of(home) == unit.entries[0].group else home

    def _home(self, events: list[Any]) -> str | None:
        traces: list[str] = sorted({event.trace_id for event in events if event.trace_id is not None})
        if traces:
            return traces[0]
        turns: set[str] = {
            event.turn_id for event in events if isinstance(event, RunCreated) and event.turn_id
        }
        turns |= {event.run.turn_id for event in events if isinstance(event, RunEnded) and event.run.turn_id}
        for event in events:
            if self._turns is not None and (calls := brought_by(event)):
                turns |= set(self._turns.get(_server(event), calls).values())
        own = {event.run_id for event in events if isinstance(event, (RunCreated, RunEnded))}
        return min(turns - own, default=None)


def _server(event: Event) -> str:
    return f"{event.source} {event.server_address}:{event.server_port}"
