"""The units that wait until they are complete or their time is up; bounded in memory."""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail import _json
from threadtrail.collecting.keys import keys_of
from threadtrail.collecting.parked import Parking
from threadtrail.collecting.units import Unit

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.parked import Parked
    from threadtrail.collecting.place import Entry
    from threadtrail.events import Event

MAX_BYTES = 536_870_912
"""The maximum size of what waits: 512 MiB. Of more, what was waited for longest is taken as it is."""

KEPT = 0.9
"""The share of these sizes that is kept then."""

AWAKE_BYTES = 33_554_432
"""The maximum size of what waits with its lines, where the place has them as well: 32 MiB."""

WOKEN = 500
"""The maximum number of units whose lines are fetched at once because their time is up."""

SPARE = 1_000
"""How many looks may be queued, besides two for each unit."""

AWAY_SECONDS = 1.0
"""When it is looked again, if the place did not say where the rest of a unit is."""


class Waiting:
    """Puts events into units, and says which of them are due. Times are seconds of a monotonic clock.

    Args:
        settle_seconds: how long a unit that is whole is waited for: other processes may have more of it.
        timeout_seconds: how long any other unit is waited for since something of it came last.
        max_bytes: the maximum size of all units.
        awake_bytes: the maximum size of those with their lines, if the place has the lines as well.
    """

    leaves: Callable[[Unit], bool] = staticmethod(lambda _unit: False)
    """Whether the rest of a unit is waited for elsewhere, once its runs have ended."""

    fetch: Callable[[Sequence[Any]], Sequence[bytes | None]] | None = None
    """Returns the lines of entries by their tokens, if the place can: then not all have to be in memory."""

    def __init__(
        self,
        settle_seconds: float,
        timeout_seconds: float,
        max_bytes: int = MAX_BYTES,
        awake_bytes: int = AWAKE_BYTES,
    ) -> None:
        self._settle = settle_seconds
        self._timeout = max(settle_seconds, timeout_seconds)
        self._max_bytes = max_bytes
        self._awake_bytes = awake_bytes
        self._park_above: float = awake_bytes
        self._by_key: dict[Key, Unit] = {}
        self._units: dict[int, Unit] = {}
        self._parked = Parking()
        self._wake_not_before = -math.inf
        self._queue: list[tuple[float, int]] = []
        self._numbers = itertools.count()
        self._bytes = 0
        self.taken_early: int = 0

    def __len__(self) -> int:
        """Return how many units wait."""
        return len(self._units) + len(self._parked)

    def __contains__(self, unit: Unit) -> bool:
        """Return whether a unit waits, as it is."""
        return self._units.get(unit.number) is unit

    def knows(self, key: Key) -> bool:
        """Return whether something of this waits."""
        return key in self._by_key or bool(self._parked.of([key]))

    @property
    def size(self) -> int:
        """How many bytes of memory they take, roughly."""
        return self._bytes + self._parked.size

    @property
    def open_runs(self) -> int:
        """The number of waiting runs whose end was not seen; any thread may ask."""
        units = list(self._units.values())
        awake = sum(not ended for unit in units for ended in list(unit.runs.values()))
        return awake + sum(parked.open_runs for parked in self._parked.all())

    @property
    def oldest(self) -> float | None:
        """When the oldest waiting entry was read; any thread may ask."""
        awake = (unit.began for unit in list(self._units.values()))
        return min((*awake, *(parked.began for parked in self._parked.all())), default=None)

    def take(self, entry: Entry, event: Event, now: float) -> Unit:
        """Put an event into the unit that it belongs to, and return that; it may join several.

        Raises:
            OSError: the place is away, which has the lines of that unit; nothing has changed.
        """
        keys = set(keys_of(event))
        self._wake(self._parked.of(keys))
        return self._put(entry, event, keys, now)

    def _put(self, entry: Entry, event: Event, keys: set[Key], now: float) -> Unit:
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
        self._bytes += unit.size - before
        self._by_key.update(dict.fromkeys(keys - unit.keys, unit))
        unit.keys |= keys
        self._look_at(unit, max(now + self._settle, unit.put_off_until))
        return unit

    def park(self) -> None:
        """Leave lines to the place if they take too much memory: those of what waits for the longest time."""
        if self.fetch is None or self._bytes <= self._park_above:
            return
        for unit in sorted(self._units.values(), key=lambda each: each.touched):
            if self._bytes <= self._awake_bytes * KEPT:
                break
            if not (unit.tries or unit.is_whole):
                self.remove(unit)
                self._parked.put(unit)
        self._park_above = max(self._awake_bytes, self._bytes / KEPT)

    def _wake(self, parked: Sequence[Parked]) -> list[Unit]:
        """Fetch the lines of parked units; return these units."""
        if not (parked and self.fetch is not None):
            return []
        lines = iter(self.fetch([entry.token for each in parked for entry in each.entries]))
        units: dict[int, Unit] = {}
        for each in parked:
            self._parked.remove(each)
            for entry, line in zip(each.entries, lines, strict=False):
                if line is not None:  # else another collector has delivered it
                    event = _json.load(line)
                    unit = self._put(replace(entry, line=line), event, set(keys_of(event)), each.touched)
                    unit.began = min(unit.began, each.began)
                    units[unit.number] = unit
        return [unit for unit in units.values() if unit in self]

    def _wake_due(self, now: float) -> None:
        """Wake the units whose time is up, some at a time."""
        if now < self._wake_not_before:
            return
        try:
            self._wake(self._parked.untouched_since(now - self._timeout, WOKEN))
        except OSError:
            self._wake_not_before = now + AWAY_SECONDS

    def _look_at(self, unit: Unit, time: float) -> None:
        if time < unit.queued_for:
            unit.queued_for = time
            heapq.heappush(self._queue, (time, unit.number))
            if len(self._queue) > 2 * len(self._units) + SPARE:
                # Most are of units that were delivered, or are looked at sooner.
                self._queue = [(each.queued_for, each.number) for each in self._units.values()]
                heapq.heapify(self._queue)

    def due(self, now: float) -> list[Unit]:
        """Return the units that are whole, or whose time is up; they stay until they are removed."""
        self._wake_due(now)
        units: list[Unit] = []
        while self._queue and self._queue[0][0] <= now:
            time, number = heapq.heappop(self._queue)
            unit = self._units.get(number)
            if unit is None or time != unit.queued_for:
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
        left = self.size
        if left <= self._max_bytes:
            return []
        early: list[Unit] = self._longest_parked(left - int(self._max_bytes * KEPT))
        left = self.size - sum(unit.size for unit in early)
        chosen = {unit.number for unit in (*due, *early)}
        for unit in sorted(self._units.values(), key=lambda each: each.touched):
            if left <= self._max_bytes * KEPT:
                break
            if unit.number not in chosen:
                left -= unit.size
                early.append(unit)
        self.taken_early += len(early)
        return early

    def _longest_parked(self, size: int) -> list[Unit]:
        """Wake what was parked for the longest time, some at a time."""
        chosen: list[Parked] = []
        for parked in self._parked.untouched_since(math.inf, WOKEN):
            if size <= 0:
                break
            size -= parked.size
            chosen.append(parked)
        try:
            return self._wake(chosen)
        except OSError:
            return []

    def put_off(self, unit: Unit, until: float) -> None:
        """Let a unit be due again, but not before then."""
        unit.put_off_until = until
        unit.queued_for = math.inf
        self._look_at(unit, until)

    def remove(self, unit: Unit) -> None:
        """Wait for a unit no longer."""
        if self._units.pop(unit.number, None) is not None:
            self._bytes -= unit.size
            for key in unit.keys:
                if self._by_key.get(key) is unit:
                    del self._by_key[key]

    def forget(self, groups: Collection[str]) -> None:
        """Forget what was read of these groups: another collector reads it again."""
        self._parked.forget(groups)
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
                event = _json.load(entry.line)
                self._put(entry, event, set(keys_of(event)), unit.touched)

    def all(self, *, whole: bool = False) -> list[Unit]:
        """Return all units, or those that are ``whole``, in the order in which they began."""
        if not whole:
            self._wake(self._parked.all())
        units = (unit for unit in self._units.values() if unit.is_whole or not whole)
        return sorted(units, key=lambda unit: unit.began)

    def next_look(self) -> float:
        """Return when ``due`` may have something to return next."""
        parked = self._parked.oldest
        awake = self._queue[0][0] if self._queue else math.inf
        if parked is None:
            return awake
        return min(awake, max(parked.touched + self._timeout, self._wake_not_before))
