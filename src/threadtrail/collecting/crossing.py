"""Brings together turns and traces whose runs are in several groups of a place, with several owners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.collecting.keys import names_of
from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.collecting.keys import Name
    from threadtrail.collecting.place import Entry, Place
    from threadtrail.collecting.units import Unit

HOMES = 20_000
"""The maximum number of runs and calls whose homes are in memory; the index of the place has all of them."""

HOPS = 5
"""The maximum length of a chain of homes: a run may be at home with a second one, that with a third."""


class Crossing:
    """Moves units to the group of their trace, else of their turn, so that all of it comes to one owner.

    That group is the unit's home. It is kept in the index of the place, so that later events of the same run
    follow. Nothing is moved in a place with a single group, such as files.
    """

    def __init__(self, place: Place) -> None:
        self._turns: Any = getattr(place, "turns", None)
        self._group_of: Any = getattr(place, "group_of", None)
        self._move: Any = getattr(place, "move", None)
        self._homes: Bounded[Name, str] = Bounded(HOMES)

    def leaves(self, unit: Unit) -> bool:
        """Return whether a part of a unit is at home in another group.

        Raises:
            OSError: the place is away.
        """
        return bool(list(self._leaving([unit])))

    def move(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, list[Entry]]]:
        """Move entries to the group where they are at home; yield the moved entries of each unit.

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
            # Not merged: merged entries would look as if a single process had seen all of it.
            lines = [entry.line for entry in entries]
            if self._move([entry.token for entry in entries], lines, parts[0][2]):
                yield from ((unit, of_unit) for unit, of_unit, _ in parts)

    def _leaving(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, list[Entry], str]]:
        """Yield each unit with entries that are at home elsewhere, these entries, and the home's name."""
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
        """Return the trace or the run whose group a unit belongs to; ``None`` if it may stay."""
        own = set(names_of(unit.runs))
        own_ids = {run_id for _, run_id in own}
        moved = {self._follow(name) for name in own} - own_ids - {None}
        if moved or unit.trace_ids:
            return min(moved or unit.trace_ids)  # type: ignore[type-var]  # there is no None in it
        joined = {self._follow(name) or name[1] for name in unit.turns if name not in own}
        joined |= {home for name in unit.brought if (home := self._follow(name)) is not None}
        return min(joined - own_ids, default=None)

    def _follow(self, name: Name) -> str | None:
        """Return the home of a run or a call, followed along the chain as far as it is known."""
        home: str | None = None
        for _ in range(HOPS):
            further = self._homes.peek((name[0], home) if home is not None else name)
            if further is None or further == home:
                break
            home = further
        return home

    def _ask(self, units: Iterable[Unit]) -> None:
        """Ask the place for homes that are not known yet, and for the homes of these homes."""
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
        """Put the turns of these units' calls into the index, for the owners of other groups.

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
