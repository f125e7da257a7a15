"""The units that wait until they are complete or their time is up; bounded in memory."""

from __future__ import annotations

import heapq
import itertools
import math
from typing import TYPE_CHECKING

from threadtrail import _json
from threadtrail.collecting.keys import keys_of
from threadtrail.collecting.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.place import Entry
    from threadtrail.events import Event

MAX_BYTES = 536_870_912
"""The maximum size of what waits: 512 MiB. Of more, what was waited for longest is taken as it is."""

KEPT = 0.9
"""The share of ``MAX_BYTES`` that is kept then."""

AWAY_SECONDS = 1.0
"""When it is looked again, if the place did not say where the rest of a unit is."""


class Waiting:
    """Puts events into units, and says which of them are due. Times are seconds of a monotonic clock.

    Args:
        settle_seconds: how long a unit that is whole is waited for: other processes may have more of it.
        timeout_seconds: how long any other unit is waited for since something of it came last.
        max_bytes: the maximum size of all units.
    """

    leaves: Callable[[Unit], bool] = staticmethod(lambda _unit: False)
    """Whether the rest of a unit is waited for elsewhere, once its runs have ended."""

    def __init__(self, settle_seconds: float, timeout_seconds: float, max_bytes: int = MAX_BYTES) -> None:
        self._settle = settle_seconds
        self._timeout = max(settle_seconds, timeout_seconds)
        self._max_bytes = max_bytes
        self._by_key: dict[Key, Unit] = {}
        self._units: dict[int, Unit] = {}
        self._queue: list[tuple[float, int, Unit]] = []
        self._order = itertools.count()
        self._bytes = 0
        self.taken_early: int = 0

    def __len__(self) -> int:
        """Return how many units wait."""
        return len(self._units)

    def __contains__(self, unit: Unit) -> bool:
        """Return whether a unit waits, as it is."""
        return id(unit) in self._units

    @property
    def size(self) -> int:
        """How many bytes of memory they take, roughly."""
        return self._bytes

    @property
    def open_runs(self) -> int:
        """The number of waiting runs whose end was not seen; any thread may ask."""
        units = list(self._units.values())
        return sum(not ended for unit in units for ended in list(unit.runs.values()))

    @property
    def oldest(self) -> float | None:
        """When the oldest waiting entry was read; any thread may ask."""
        return min((unit.began for unit in list(self._units.values())), default=None)

    def take(self, entry: Entry, event: Event, now: float) -> None:
        """Put an event into the unit that it belongs to; it may join several."""
        keys = set(keys_of(event))
        known = {id(unit): unit for key in keys if (unit := self._by_key.get(key)) is not None}
        unit = max(known.values(), key=lambda each: len(each.entries), default=None)
        if unit is None:
            unit = Unit(began=now, touched=now)
            self._units[id(unit)] = unit
        for other in known.values():
            if other is not unit:
                unit.take(other)
                del self._units[id(other)]
                self._by_key.update(dict.fromkeys(other.keys, unit))
        size = unit.size
        unit.add(entry, event, now)
        self._bytes += unit.size - size
        self._by_key.update(dict.fromkeys(keys - unit.keys, unit))
        unit.keys |= keys
        self._look_at(unit, max(now + self._settle, unit.put_off_until))

    def _look_at(self, unit: Unit, time: float) -> None:
        if time < unit.queued_for:
            unit.queued_for = time
            heapq.heappush(self._queue, (time, next(self._order), unit))

    def due(self, now: float) -> list[Unit]:
        """Return the units that are whole, or whose time is up; they stay until they are removed."""
        units: list[Unit] = []
        while self._queue and self._queue[0][0] <= now:
            time, _, unit = heapq.heappop(self._queue)
            if id(unit) not in self._units or time != unit.queued_for:
                continue
            unit.queued_for = math.inf
            try:
                is_ready = unit.is_whole or (unit.has_ended and self.leaves(unit))
            except OSError:
                self._look_at(unit, now + AWAY_SECONDS)
                continue
            wait = self._settle if is_ready else self._timeout
            due_at = max(unit.touched + wait, unit.put_off_until)
            if due_at <= now:
                units.append(unit)
            else:
                self._look_at(unit, due_at)
        return units + self._too_many(units)

    def _too_many(self, due: Collection[Unit]) -> list[Unit]:
        """Return the units that were waited for longest, if all take too much room."""
        if self._bytes <= self._max_bytes:
            return []
        left, early = self._bytes, []
        chosen = {id(unit) for unit in due}
        for unit in sorted(self._units.values(), key=lambda each: each.touched):
            if left <= self._max_bytes * KEPT:
                break
            left -= unit.size
            if id(unit) not in chosen:
                early.append(unit)
        self.taken_early += len(early)
        return early

    def put_off(self, unit: Unit, until: float) -> None:
        """Let a unit be due again, but not before then."""
        unit.put_off_until = until
        unit.queued_for = math.inf
        self._look_at(unit, until)

    def remove(self, unit: Unit) -> None:
        """Wait for a unit no longer."""
        if self._units.pop(id(unit), None) is not None:
            self._bytes -= unit.size
            for key in unit.keys:
                if self._by_key.get(key) is unit:
                    del self._by_key[key]

    def forget(self, groups: Collection[str]) -> None:
        """Forget what was read of these groups: another collector reads it again."""
        for unit in list(self._units.values()):
            lost = [entry for entry in unit.entries if entry.group in groups]
            if lost:
                self.take_out(unit, lost)

    def take_out(self, unit: Unit, entries: Iterable[Entry]) -> None:
        """Wait for some entries of a unit no longer, and for the others as before."""
        gone = {id(entry) for entry in entries}
        self.remove(unit)
        for entry in unit.entries:
            if id(entry) not in gone:
                self.take(entry, _json.load(entry.line), unit.touched)

    def all(self, *, whole: bool = False) -> list[Unit]:
        """Return all units, or those that are ``whole``, in the order in which they began."""
        units = (unit for unit in self._units.values() if unit.is_whole or not whole)
        return sorted(units, key=lambda unit: unit.began)

    def next_look(self) -> float:
        """Return when ``due`` may have something to return next."""
        return self._queue[0][0] if self._queue else math.inf
