"""Units that have got no event for a while: they are on disk, so that memory is flat however many wait.

A database that cannot be read ends the collector. Nothing is lost: the next one reads the place again.
"""

from __future__ import annotations

import logging
import pickle
import sqlite3
import weakref
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from threadtrail._guard import guard
from threadtrail.collecting.place import Entry
from threadtrail.collecting.temporary import TemporaryDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.units import Unit

logger: logging.Logger = logging.getLogger("threadtrail")

PAGE = 500
"""The number of units that are read at once when all are gone through."""

HASHES = "q"
"""The type code of arrays of hashes."""

TABLES = """
CREATE TABLE units (
  number INTEGER PRIMARY KEY, open_runs INTEGER, began REAL, touched REAL, keys BLOB, entries BLOB
);
CREATE INDEX units_by_began ON units (began);
CREATE INDEX units_by_touched ON units (touched);
CREATE TABLE keys (hash INTEGER PRIMARY KEY, unit INTEGER);
"""

ADD_UNIT = "INSERT INTO units VALUES (?, ?, ?, ?, ?, ?)"
ADD_KEY = "INSERT OR REPLACE INTO keys VALUES (?, ?)"
KEEP_ENTRIES = "UPDATE units SET entries = ? WHERE number = ?"
REMOVE_UNIT = "DELETE FROM units WHERE number = ?"
REMOVE_KEY = "DELETE FROM keys WHERE hash = ? AND unit = ?"
UNIT_OF_KEY = "SELECT unit FROM keys WHERE hash = ?"
UNIT = "SELECT * FROM units WHERE number = ?"
UNITS_AFTER = "SELECT * FROM units WHERE number > ? ORDER BY number LIMIT ?"
UNTOUCHED = "SELECT * FROM units WHERE touched <= ? ORDER BY touched, number LIMIT ?"
FIRST = "SELECT (SELECT min(began) FROM units), (SELECT min(touched) FROM units)"


@dataclass(frozen=True, slots=True)
class Parked:
    """A parked unit; ``keys`` are the hashes of its keys."""

    number: int
    open_runs: int
    began: float
    touched: float
    keys: array[int]
    entries: tuple[Entry, ...]


class Parking:
    """The parked units. One thread uses it; any may read the attributes and the length.

    Attributes:
        open_runs: the number of runs whose end was not seen.
        oldest: when the oldest entry was read; ``None`` if there is none.
        untouched_since: when the unit with the oldest last event got that event; ``None`` if there is none.
        trouble: why no unit can be parked at present; ``None`` if they can.
    """

    def __init__(self) -> None:
        self._count = 0
        self._database: TemporaryDatabase | None = None
        self.close: Callable[[], object] = lambda: None
        self.open_runs: int = 0
        self.oldest: float | None = None
        self.untouched_since: float | None = None
        self.trouble: str | None = None

    def __len__(self) -> int:
        """Return the number of units."""
        return self._count

    def put(self, units: Sequence[Unit], *, lines: bool) -> bool:
        """Park units, with or without their ``lines``; return False and park none if there is no room."""
        _, error = guard.catch(self._put, units, lines=lines)
        if error is not None:
            if self.trouble is None:
                logger.warning("collect: runs that wait for long stay in memory: temporary file: %s", error)
            self.trouble = f"temporary file: {error}"
            return False
        self.trouble = None
        self._note(len(units), sum(unit.open_runs for unit in units))
        return True

    def _put(self, units: Sequence[Unit], *, lines: bool) -> None:
        if self._database is None:
            self._database = TemporaryDatabase(TABLES)
            self.close = weakref.finalize(self, self._database.close)
        if self._database.is_full:
            raise sqlite3.OperationalError("it has its maximum size")
        with self._database.connection as connection:
            connection.executemany(ADD_UNIT, (_row(unit, lines=lines) for unit in units))
            connection.executemany(ADD_KEY, ((hash(key), unit.number) for unit in units for key in unit.keys))

    def knows(self, key: Key) -> bool:
        """Return whether an event with this key is parked."""
        return bool(self._select(UNIT_OF_KEY, hash(key)))

    def of(self, keys: Iterable[Key]) -> list[Parked]:
        """Return the units that events with these keys may belong to."""
        if not self._count:
            return []
        numbers = {number for key in keys for (number,) in self._select(UNIT_OF_KEY, hash(key))}
        return [parked for number in sorted(numbers) for parked in self._units(UNIT, number)]

    def untouched(self, since: float, limit: int) -> list[Parked]:
        """Return at most ``limit`` units without an event after ``since``, the oldest last event first."""
        if self.untouched_since is None or self.untouched_since > since:
            return []
        return self._units(UNTOUCHED, since, limit)

    def remove(self, units: Sequence[Parked]) -> None:
        """Remove units."""
        if self._database is None or not units:
            return
        with self._database.connection as connection:
            connection.executemany(REMOVE_UNIT, ((unit.number,) for unit in units))
            connection.executemany(REMOVE_KEY, ((key, unit.number) for unit in units for key in unit.keys))
        self._note(-len(units), -sum(unit.open_runs for unit in units))

    def forget(self, groups: Collection[str]) -> None:
        """Forget the entries of these groups, which another collector reads again."""
        page = self._units(UNITS_AFTER, -1, PAGE)
        while page:
            left = [_without(each, groups) for each in page]
            self._keep(
                new for old, new in zip(page, left, strict=True) if len(new.entries) < len(old.entries)
            )
            self.remove([each for each in left if not each.entries])
            page = self._units(UNITS_AFTER, page[-1].number, PAGE)

    def _keep(self, units: Iterable[Parked]) -> None:
        """Keep only these entries of the units."""
        if self._database is not None:
            with self._database.connection as connection:
                rows = ((pickle.dumps(unit.entries), unit.number) for unit in units)
                connection.executemany(KEEP_ENTRIES, rows)

    def _note(self, count: int, open_runs: int) -> None:
        """Update the attributes, which other threads read."""
        self._count += count
        self.open_runs += open_runs
        ((self.oldest, self.untouched_since),) = self._select(FIRST)

    def _units(self, statement: str, *values: object) -> list[Parked]:
        return [_parked(row) for row in self._select(statement, *values)]

    def _select(self, statement: str, *values: object) -> list[Any]:
        if self._database is None:
            return []
        return self._database.connection.execute(statement, values).fetchall()


def _row(unit: Unit, *, lines: bool) -> tuple[object, ...]:
    entries = unit.entries if lines else (replace(entry, line=b"") for entry in unit.entries)
    keys = array(HASHES, {hash(key) for key in unit.keys})
    return unit.number, unit.open_runs, unit.began, unit.touched, keys.tobytes(), pickle.dumps(tuple(entries))


def _parked(row: Sequence[Any]) -> Parked:
    number, open_runs, began, touched, keys, entries = row
    return Parked(number, open_runs, began, touched, array(HASHES, keys), pickle.loads(entries))  # noqa: S301 - our own


def _without(unit: Parked, groups: Collection[str]) -> Parked:
    return replace(unit, entries=tuple(entry for entry in unit.entries if entry.group not in groups))
