"""Joins a turn, or a trace, whose runs are in different groups of a place, with several owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.collecting.keys import names_of
from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.collecting.keys import Name
    from threadtrail.collecting.place import Entry, Place
    from threadtrail.collecting.units import Unit

HOMES = 100_000
"""The maximum number of runs and calls of which it is known where they are at home."""

HOPS = 5
"""How often it is asked where the rest of a run is that is at home with another one, and so on."""


class Crossing:
    """Moves units to the group of their trace, else of their turn, where the rest of that is met.

    What is moved leaves its address behind, in the index of the place: later events of the same run follow.
    Does nothing where a place has one group, as files have.
    """

    def __init__(self, place: Place) -> None:
        self._turns: Any = getattr(place, "turns", None)
        self._group_of: Any = getattr(place, "group_of", None)
        self._move: Any = getattr(place, "move", None)
        self._homes: Bounded[Name, str] = Bounded(HOMES)

    def leaves(self, unit: Unit) -> bool:
        """Whether some of a unit is at home in another group.

        Raises:
            OSError: the place is away.
        """
        return bool(list(self._leaving([unit])))

    def move(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, list[Entry]]]:
        """Move what is at home in another group there; yield the entries of each unit that were moved.

        Raises:
            OSError: the place is away.
        """
        by_group: dict[str, list[tuple[Unit, list[Entry], str]]] = {}
        for unit, entries, home in self._leaving(units):
            by_group.setdefault(self._group_of(home), []).append((unit, entries, home))
        for parts in by_group.values():
            for unit, _, home in parts:
                self._keep(dict.fromkeys((*names_of(unit.runs), *names_of(unit.asked)), home))
            entries = [entry for _, of_unit, _ in parts for entry in of_unit]
            # As they are: merged here, they would say that one process saw all of it.
            lines = [entry.line for entry in entries]
            if self._move([entry.token for entry in entries], lines, parts[0][2]):
                yield from ((unit, of_unit) for unit, of_unit, _ in parts)

    def _leaving(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, list[Entry], str]]:
        """Yield each unit of which entries are at home elsewhere, these, and what they belong to."""
        if self._move is None or self._group_of is None:
            return
        self._ask(units)
        for unit in units:
            home = self._home(unit)
            if home is not None:
                group = self._group_of(home)
                entries = [entry for entry in unit.entries if entry.group != group]
                if entries:
                    yield unit, entries, home

    def _home(self, unit: Unit) -> str | None:
        """Return the trace or the run whose group a unit belongs to, or nothing if it may stay."""
        own = set(names_of(unit.runs))
        own_ids = {run_id for _, run_id in own}
        moved = {self._follow(name) for name in own} - own_ids - {None}
        if moved or unit.trace_ids:
            return min(moved or unit.trace_ids)  # type: ignore[type-var]  # there is no None in it
        joined = {self._follow(name) or name[1] for name in unit.turns if name not in own}
        joined |= {home for name in unit.brought if (home := self._follow(name)) is not None}
        return min(joined - own_ids, default=None)

    def _follow(self, name: Name) -> str | None:
        """Return where a run or a call is at home, as far as that is known."""
        home: str | None = None
        for _ in range(HOPS):
            further = self._homes.peek((name[0], home) if home is not None else name)
            if further is None or further == home:
                break
            home = further
        return home

    def _ask(self, units: Iterable[Unit]) -> None:
        """Ask the place for the homes that are not known, and for those of what is at home there."""
        if self._turns is None:
            return
        names = {name for unit in units for name in (*names_of(unit.runs), *unit.turns, *unit.brought)}
        for _ in range(HOPS):
            by_server: dict[str, list[str]] = {}
            for server, name in sorted(names):
                if (server, name) not in self._homes:
                    by_server.setdefault(server, []).append(name)
            names = set()
            for server, asked in by_server.items():
                for name, home in self._turns.get(server, asked).items():
                    self._homes.put((server, name), home)
                    names.add((server, home))
            if not names:
                break

    def keep_calls(self, units: Iterable[Unit]) -> None:
        """Tell the owners of other groups to which turn the calls of these units belong.

        Raises:
            OSError: the place is away.
        """
        asked = [each for unit in units for each in unit.asked.items()]
        runs = {name: str(asking[2]) for call, asking in asked for name in names_of([call])}
        self._keep({name: run_id for name, run_id in runs.items() if name not in self._homes})

    def _keep(self, homes: dict[Name, str]) -> None:
        by_server: dict[str, dict[str, str]] = {}
        for (server, name), home in homes.items():
            by_server.setdefault(server, {})[name] = home
        for server, of_server in by_server.items():
            if self._turns is not None:
                self._turns.put(server, of_server)
        for each, home in homes.items():
            self._homes.put(each, home)
