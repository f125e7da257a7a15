"""The units whose lines are in memory: puts events into them, and joins those that belong together."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from threadtrail import _json
from threadtrail.collecting.keys import keys_of
from threadtrail.collecting.units import Unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.place import Entry
    from threadtrail.events import Event


class Awake:
    """The units with their lines. One thread uses it; any may read properties and the length."""

    def __init__(self) -> None:
        self._by_key: dict[Key, Unit] = {}
        self._units: dict[int, Unit] = {}
        self._numbers = itertools.count()
        self.size: int = 0

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self._units)

    def __iter__(self) -> Iterator[Unit]:
        """Iterate over the present units."""
        return iter(list(self._units.values()))

    def __contains__(self, unit: Unit) -> bool:
        """Return whether this very unit is here."""
        return self._units.get(unit.number) is unit

    def knows(self, key: Key) -> bool:
        """Return whether an event with this key is here."""
        return key in self._by_key

    def numbered(self, number: int) -> Unit | None:
        """Return the unit of this number."""
        return self._units.get(number)

    def longest_untouched(self) -> list[Unit]:
        """Return all units, the one with the oldest last event first."""
        return sorted(self._units.values(), key=lambda unit: unit.touched)

    @property
    def open_runs(self) -> int:
        """The number of runs whose end was not seen."""
        return sum(unit.open_runs for unit in self)

    @property
    def oldest(self) -> float | None:
        """When the oldest entry was read."""
        return min((unit.began for unit in self), default=None)

    def put(self, entry: Entry, event: Event, now: float) -> Unit:
        """Put an event into the unit that it belongs to, and return the unit; this may join several."""
        keys = set(keys_of(event))
        known = {unit.number: unit for key in keys if (unit := self._by_key.get(key)) is not None}
        unit = max(known.values(), key=lambda each: len(each.entries), default=None)
        before = sum(each.size for each in known.values())
        if unit is None:
            unit = Unit(number=next(self._numbers), began=now, touched=now)
            self._units[unit.number] = unit
        for other in known.values():
            if other is not unit:
                unit.take(other)
                del self._units[other.number]
                self._by_key.update(dict.fromkeys(other.keys, unit))
        unit.add(entry, event, now)
        self.size += unit.size - before
        self._by_key.update(dict.fromkeys(keys - unit.keys, unit))
        unit.keys |= keys
        return unit

    def remove(self, unit: Unit) -> None:
        """Remove a unit."""
        if self._units.pop(unit.number, None) is not None:
            self.size -= unit.size
            for key in unit.keys:
                if self._by_key.get(key) is unit:
                    del self._by_key[key]

    def take_out(self, unit: Unit, entries: Collection[Entry]) -> list[Unit]:
        """Remove some entries of a unit; return the units that the other entries make up."""
        gone = {id(entry) for entry in entries}
        self.remove(unit)
        left = [entry for entry in unit.entries if id(entry) not in gone]
        units = [self.put(entry, _json.load(entry.line), unit.touched) for entry in left]
        return [each for each in dict.fromkeys(units) if each in self]
