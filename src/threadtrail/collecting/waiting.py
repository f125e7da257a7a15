"""Decides which units are due: those that are whole, and those whose time is up."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

from threadtrail.collecting.keeping import AWAKE_BYTES, Keeping

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from threadtrail.collecting.place import Entry
    from threadtrail.collecting.units import Unit
    from threadtrail.events import Event

MAX_BYTES = 536_870_912
"""The maximum size of the units in memory: 512 MiB. Above it, the ones idle for longest are due early."""

KEPT = 0.9
"""The share of this size that is left when it was exceeded."""

MAX_WOKEN = 500
"""The maximum number of units in memory that were woken because their time is up."""

MIN_UNITS_TO_PAUSE = 100
"""The minimum number of undelivered units for reading to pause: fewer may be refused for what they hold."""

SPARE = 1_000
"""How many entries the queue may have in addition to two for each unit."""

AWAY_SECONDS = 1.0
"""The pause after the place did not answer."""


class Waiting:
    """The units that wait. Times are seconds of a monotonic clock.

    Args:
        settle_seconds: how long a whole unit waits, since other processes may have seen more of it.
        timeout_seconds: how long any other unit waits after its last event.
        max_bytes: the maximum size of the units in memory.
        awake_bytes: the size of the units in memory above which some are parked.

    Attributes:
        units: the units.
        unread_until: when reading was last paused. The ends of runs may be among what was not read before.
        taken_early: how many units were due early, since there were too many in memory.
    """

    leaves: Callable[[Unit], bool] = staticmethod(lambda _unit: False)
    """Returns whether a unit whose runs have ended is to be moved to another group."""

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
        self._woken: list[Unit] = []
        self._wake_not_before = -math.inf
        self._queue: list[tuple[float, int]] = []
        self.units: Keeping = Keeping(awake_bytes)
        self.unread_until: float = -math.inf
        self.taken_early: int = 0

    def take(self, read: Sequence[tuple[Entry, Event]], now: float) -> list[Unit]:
        """Put events into the units that they belong to; return these units, and others that were woken.

        Raises:
            OSError: the place is away and the lines of such a unit cannot be fetched; nothing has changed.
        """
        return self._schedule_all(self.units.take(read, now))

    def take_out(self, unit: Unit, entries: Collection[Entry]) -> None:
        """Remove some entries of a unit; the others keep waiting."""
        self._schedule_all(self.units.take_out(unit, entries))

    def forget(self, groups: Collection[str]) -> None:
        """Forget the entries of these groups, which another collector reads again."""
        self._schedule_all(self.units.forget(groups))

    def _schedule_all(self, units: list[Unit]) -> list[Unit]:
        for unit in units:
            self._schedule(unit, max(unit.touched + self._settle, unit.put_off_until))
        return units

    def _schedule(self, unit: Unit, time: float) -> None:
        if time < unit.queued_for:
            unit.queued_for = time
            heapq.heappush(self._queue, (time, unit.number))
            if len(self._queue) > 2 * len(self.units.awake) + SPARE:
                # Most of its entries are of units that were delivered, or have an earlier one.
                self._queue = [(each.queued_for, each.number) for each in self.units.awake]
                heapq.heapify(self._queue)

    def put_off(self, unit: Unit, until: float) -> None:
        """Make a unit due again at ``until``."""
        unit.put_off_until = until
        unit.queued_for = math.inf
        self._schedule(unit, until)

    def due(self, now: float) -> list[Unit]:
        """Return the units that have waited long enough; they stay here until they are removed."""
        self._wake_due(now)
        units: list[Unit] = []
        while self._queue and self._queue[0][0] <= now:
            time, number = heapq.heappop(self._queue)
            unit = self.units.awake.numbered(number)
            if unit is None or time != unit.queued_for:
                continue
            unit.queued_for = math.inf
            try:
                is_ready = unit.is_whole or (unit.has_ended and self.leaves(unit))
            except OSError:
                self._schedule(unit, now + AWAY_SECONDS)
                continue
            due_at = max(self._waits_until(unit, is_ready=is_ready), unit.put_off_until)
            if due_at <= now:
                units.append(unit)
            else:
                self._schedule(unit, due_at)
        return units + self._too_many(units)

    def _waits_until(self, unit: Unit, *, is_ready: bool) -> float:
        if is_ready:
            return unit.touched + self._settle
        since = unit.touched if unit.is_overdue else max(unit.touched, self.unread_until)
        return since + self._timeout

    @property
    def is_full(self) -> bool:
        """Whether enough is in memory that is due, or will be without another event, to stop reading."""
        if self.units.awake.size <= self.units.awake_bytes:
            return False
        sizes = [unit.size for unit in self.units.awake if unit.is_whole or unit.is_overdue]
        return len(sizes) >= MIN_UNITS_TO_PAUSE and sum(sizes) > self.units.awake_bytes

    def _wake_due(self, now: float) -> None:
        """Wake the parked units whose time is up, as many as there is room for."""
        room = self._room_to_wake()
        if room <= 0 or now < max(self._wake_not_before, self.unread_until + self._timeout):
            return
        try:
            self._woken += self._schedule_all(self.units.wake(now - self._timeout, room))
        except OSError:
            self._wake_not_before = now + AWAY_SECONDS

    def _room_to_wake(self) -> int:
        """Return how many units may be woken: those that exporters refuse must not fill the memory."""
        self._woken = [unit for unit in self._woken if unit in self.units]
        return MAX_WOKEN - len(self._woken)

    def _too_many(self, due: Collection[Unit]) -> list[Unit]:
        """Return the units with the oldest last events, if all in memory take too much."""
        left = self.units.awake.size
        if left <= self._max_bytes:
            return []
        early: list[Unit] = []
        chosen = set(due)
        for unit in self.units.awake.longest_untouched():
            if left <= self._max_bytes * KEPT:
                break
            if unit not in chosen:
                left -= unit.size
                early.append(unit)
        self.taken_early += len(early)
        return early

    def next_due(self) -> float:
        """Return the earliest time at which ``due`` may have something to return."""
        awake = self._queue[0][0] if self._queue else math.inf
        if self._room_to_wake() <= 0:
            return awake
        time_is_up = max(self.units.parked_since, self.unread_until) + self._timeout
        return min(awake, max(time_is_up, self._wake_not_before))

    def whole(self) -> list[Unit]:
        """Return the whole units, in the order in which they began."""
        return _by_beginning(unit for unit in self.units.awake if unit.is_whole)

    def all(self) -> Iterator[list[Unit]]:
        """Yield all units, some at a time; nothing may be added in the meantime."""
        awake = _by_beginning(self.units.awake)
        while math.isfinite(self.units.parked_since):
            yield _by_beginning(self.units.wake(math.inf, MAX_WOKEN))
        yield awake


def _by_beginning(units: Iterable[Unit]) -> list[Unit]:
    return sorted(units, key=lambda unit: unit.began)
