"""Keeps units: in memory or, if there are many, parked when they have got no event for a while."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail import _json
from threadtrail.collecting.awake import Awake
from threadtrail.collecting.keys import keys_of
from threadtrail.collecting.parked import Parking

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from threadtrail.collecting.keys import Key
    from threadtrail.collecting.parked import Parked
    from threadtrail.collecting.place import Entry
    from threadtrail.collecting.units import Unit
    from threadtrail.events import Event

AWAKE_BYTES = 33_554_432
"""The size of the units in memory above which some are parked: 32 MiB."""

KEPT = 0.9
"""The share of this size that is left in memory then."""

NO_ROOM_SECONDS = 10.0
"""The pause after a unit could not be parked for lack of room."""

AT_ONCE = 500
"""The maximum number of units that are parked at once."""


class Keeping:
    """The units. One thread changes them; any may read properties and the length.

    Attributes:
        awake_bytes: the size of the units in memory above which those with the oldest last events are parked.
    """

    fetch: Callable[[Sequence[Any]], Sequence[bytes | None]] | None = None
    """Returns the lines of entries by their tokens, if the place can; units are then parked without lines."""

    def __init__(self, awake_bytes: int) -> None:
        self.awake_bytes: int = awake_bytes
        self._park_above: float = awake_bytes
        self._park_not_before = -math.inf
        self._awake = Awake()
        self._parked = Parking()

    def __len__(self) -> int:
        """Return the number of units."""
        return len(self._awake) + len(self._parked)

    def __contains__(self, unit: Unit) -> bool:
        """Return whether this very unit is in memory."""
        return unit in self._awake

    @property
    def awake(self) -> Awake:
        """The units in memory."""
        return self._awake

    @property
    def parked(self) -> int:
        """The number of parked units."""
        return len(self._parked)

    @property
    def open_runs(self) -> int:
        """The number of runs whose end was not seen."""
        return self._awake.open_runs + self._parked.open_runs

    @property
    def oldest(self) -> float | None:
        """When the oldest entry was read."""
        times = (self._awake.oldest, self._parked.oldest)
        return min((time for time in times if time is not None), default=None)

    @property
    def parked_since(self) -> float:
        """When the parked unit with the oldest last event got that event; infinity if none is parked."""
        return math.inf if self._parked.untouched_since is None else self._parked.untouched_since

    @property
    def trouble(self) -> str | None:
        """Why no units can be parked at present, so that they stay in memory; ``None`` if they can."""
        return self._parked.trouble

    def knows(self, key: Key) -> bool:
        """Return whether an event with this key is here."""
        return self._awake.knows(key) or self._parked.knows(key)

    def take(self, read: Sequence[tuple[Entry, Event]], now: float) -> list[Unit]:
        """Put events into the units that they belong to; return these units, and others that were woken.

        Raises:
            OSError: the place is away and the lines of such a unit cannot be fetched; nothing has changed.
        """
        woken: list[Unit] = []
        if len(self._parked):
            keys = {key for _, event in read for key in keys_of(event)}
            woken = self._wake(self._parked.of(key for key in keys if not self._awake.knows(key)))
        units = [self._awake.put(entry, event, now) for entry, event in read]
        return self._there([*woken, *units])

    def wake(self, since: float, limit: int) -> list[Unit]:
        """Wake units that have got no event after ``since``, those with the oldest last event first.

        Raises:
            OSError: the place is away; nothing has changed.
        """
        return self._wake(self._parked.untouched(since, limit))

    def _wake(self, parked: Sequence[Parked]) -> list[Unit]:
        entries = [entry for each in parked for entry in each.entries]
        lines: Sequence[bytes | None] = [entry.line for entry in entries]
        if self.fetch is not None and entries:
            lines = self.fetch([entry.token for entry in entries])
        self._parked.remove(parked)
        left = iter(lines)
        units: list[Unit] = []
        for each in parked:
            for entry, line in zip(each.entries, left, strict=False):
                if line is not None:  # else another collector has delivered it
                    unit = self._awake.put(replace(entry, line=line), _json.load(line), each.touched)
                    unit.began = min(unit.began, each.began)
                    units.append(unit)
        return self._there(units)

    def _there(self, units: Iterable[Unit]) -> list[Unit]:
        """Return, once each, those of these units that were not joined into another one."""
        return [unit for unit in dict.fromkeys(units) if unit in self._awake]

    def park(self, now: float) -> None:
        """Park units if those in memory take too much: first those with the oldest last events."""
        left = self._awake.size
        if left <= self._park_above or now < self._park_not_before:
            return
        units: list[Unit] = []
        for unit in self._awake.longest_untouched():
            if left <= self.awake_bytes * KEPT:
                break
            if not (unit.put_off_until or unit.is_whole):
                left -= unit.size
                units.append(unit)
        for start in range(0, len(units), AT_ONCE):
            some = units[start : start + AT_ONCE]
            if not self._parked.put(some, lines=self.fetch is None):
                self._park_not_before = now + NO_ROOM_SECONDS
                return
            for unit in some:
                self._awake.remove(unit)
        self._park_above = max(self.awake_bytes, self._awake.size / KEPT)

    def remove(self, unit: Unit) -> None:
        """Remove a unit that is in memory."""
        self._awake.remove(unit)

    def forget(self, groups: Collection[str]) -> list[Unit]:
        """Forget the entries of these groups; return what is left of the units in memory that had some."""
        self._parked.forget(groups)
        left: list[Unit] = []
        for unit in self._awake:
            lost = [entry for entry in unit.entries if entry.group in groups]
            if lost:
                left += self._awake.take_out(unit, lost)
        return left

    def take_out(self, unit: Unit, entries: Collection[Entry]) -> list[Unit]:
        """Remove some entries of a unit; return the units that the other entries make up."""
        return self._awake.take_out(unit, entries)

    def close(self) -> None:
        """Close the parked units; their number stays known."""
        self._parked.close()
