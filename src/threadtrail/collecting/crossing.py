"""Joins a turn, or a trace, whose runs are in different groups of a place, with several owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail import _json
from threadtrail.collecting.keys import asked_by, brought_by
from threadtrail.events import RunCreated, RunEnded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.collecting.place import Entry, Place
    from threadtrail.collecting.units import Unit
    from threadtrail.events import Event


class Crossing:
    """Moves what is due to the group of its trace, else of its turn, where the rest of that is met.

    Does nothing where a place has one group, as files have.
    """

    def __init__(self, place: Place) -> None:
        self._turns: Any = getattr(place, "turns", None)
        self._group_of: Any = getattr(place, "group_of", None)
        self._move: Any = getattr(place, "move", None)
        self._unkept: dict[str, dict[str, str]] = {}

    def see(self, event: Event) -> None:
        """See which calls an event asks for; ``keep`` tells their turn to the owners of other groups."""
        if self._turns is None or not (calls := asked_by(event)):
            return
        run: Any = event.run if isinstance(event, RunEnded) else event
        turn_id = str(getattr(run, "turn_id", None) or getattr(event, "run_id", ""))
        self._unkept.setdefault(_server(event), {}).update(dict.fromkeys(calls, turn_id))

    def keep(self) -> None:
        """Keep the turns of the calls that were seen.

        Raises:
            OSError: the place is away; the next call keeps them.
        """
        while self._unkept:
            server, turns = next(iter(self._unkept.items()))
            self._turns.put(server, turns)
            del self._unkept[server]

    def leaves(self, unit: Unit) -> bool:
        """Whether some of a unit is at home in another group.

        Raises:
            OSError: the place is away.
        """
        return bool(self._strangers(unit)[1])

    def move(self, unit: Unit) -> list[Entry]:
        """Move what is at home in another group there; return the entries that were moved.

        Raises:
            OSError: the place is away.
        """
        home, strangers = self._strangers(unit)
        moved: list[Entry] = []
        for entries in strangers:
            events = _events(entries)
            if self._turns is not None:
                for event in events:
                    if calls := asked_by(event):
                        self._turns.put(_server(event), dict.fromkeys(calls, home))
            # As they are: merged here, they would say that one process saw all of it.
            lines = [entry.line for entry in entries]
            if self._move([entry.token for entry in entries], lines, home):
                moved += entries
        return moved

    def _strangers(self, unit: Unit) -> tuple[str | None, list[list[Entry]]]:
        """Return where a unit is at home, and its entries that are in other groups, group by group."""
        if self._move is None or self._group_of is None:
            return None, []
        home = self._home(_events(unit.entries))
        groups: dict[str, list[Entry]] = {}
        for entry in unit.entries if home is not None else ():
            groups.setdefault(entry.group, []).append(entry)
        if home is not None:
            groups.pop(self._group_of(home), None)
        return home, list(groups.values())

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


def _events(entries: Iterable[Entry]) -> list[Any]:
    return [_json.load(entry.line) for entry in entries]


def _server(event: Event) -> str:
    return f"{event.source} {event.server_address}:{event.server_port}"
