"""Units of which nothing has come for a while: they take little memory, since the place has their lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from threadtrail.collecting.place import Entry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.units import Unit

PARKED_BYTES = 400
"""What a parked unit takes in memory, and each of its entries as well, roughly."""


@dataclass(frozen=True, slots=True, eq=False)
class Parked:
    """A unit without its lines; ``keys`` are the hashes of its keys."""

    entries: tuple[Entry, ...]
    keys: tuple[int, ...]
    began: float
    touched: float
    open_runs: int

    @property
    def size(self) -> int:
        """How many bytes of memory it takes, roughly."""
        return PARKED_BYTES * (1 + len(self.entries))


class Parking:
    """The parked units, those of which nothing has come for the longest time first."""

    def __init__(self) -> None:
        self._units: dict[int, Parked] = {}
        self._by_key: dict[int, Parked] = {}
        self.size: int = 0

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._units)

    def all(self) -> list[Parked]:
        """Return all of them; any thread may ask."""
        return list(self._units.values())

    @property
    def oldest(self) -> Parked | None:
        """The one of which nothing has come for the longest time."""
        return next(iter(self._units.values()), None)

    def put(self, unit: Unit) -> None:
        """Park a unit."""
        self._put(
            Parked(
                entries=tuple(replace(entry, line=b"") for entry in unit.entries),
                keys=tuple({hash(key) for key in unit.keys}),
                began=unit.began,
                touched=unit.touched,
                open_runs=sum(not ended for ended in unit.runs.values()),
            )
        )

    def _put(self, parked: Parked) -> None:
        self._units[id(parked)] = parked
        self._by_key.update(dict.fromkeys(parked.keys, parked))
        self.size += parked.size

    def of(self, keys: Iterable[Key]) -> list[Parked]:
        """Return the units that an event with these keys may belong to."""
        if not self._units:
            return []
        found = (self._by_key.get(hash(key)) for key in keys)
        return list({id(each): each for each in found if each is not None}.values())

    def untouched_since(self, time: float, limit: int) -> list[Parked]:
        """Return units of which nothing has come since then."""
        units: list[Parked] = []
        for parked in self._units.values():
            if parked.touched > time or len(units) == limit:
                break
            units.append(parked)
        return units

    def remove(self, parked: Parked) -> None:
        """Take a unit out."""
        if self._units.pop(id(parked), None) is not None:
            self.size -= parked.size
            for key in parked.keys:
                if self._by_key.get(key) is parked:
                    del self._by_key[key]

    def forget(self, groups: Collection[str]) -> None:
        """Forget entries of these groups: another collector reads them again."""
        for parked in self.all():
            kept = tuple(entry for entry in parked.entries if entry.group not in groups)
            if len(kept) < len(parked.entries):
                self.remove(parked)
                if kept:
                    self._put(replace(parked, entries=kept))
