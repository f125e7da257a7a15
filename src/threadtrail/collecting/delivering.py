"""Merges and exports units, and acknowledges what the exporters have confirmed."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from threadtrail import _json
from threadtrail._guard import guard
from threadtrail.collecting.outcomes import EXPORTING, READING
from threadtrail.events import RunEnded
from threadtrail.merging.merge import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from threadtrail.collecting.crossing import Crossing
    from threadtrail.collecting.outcomes import Outcomes
    from threadtrail.collecting.outlet import Outlet
    from threadtrail.collecting.place import Entry
    from threadtrail.collecting.published import Published
    from threadtrail.collecting.units import Unit
    from threadtrail.collecting.waiting import Waiting
    from threadtrail.events import Event

BATCH_EVENTS = 512
"""The maximum number of entries that are merged and exported at once, unless a unit has more."""

MAX_FAILURES = 3
"""After this many failures in a row, no other unit is tried: a backend is probably down."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


class Delivering:
    """Delivers units in batches, and the units of a batch that is refused one by one.

    Args:
        outlet: the exporters.
        waiting: the waiting units; those that were delivered are removed from it.
        published: what was exported before.
        crossing: moves units that are at home in another group.
        outcomes: reports to the place.
        max_attempts: how often to try a unit that exporters refuse while they take others.
        clock: a monotonic clock, in seconds.

    Attributes:
        paused_until: when the next delivery may be tried.
        backend_is_away: whether an exporter probably takes nothing at present.
        is_stopping: whether to try nothing else once something was refused.
    """

    def __init__(  # noqa: PLR0913 - keywords without defaults
        self,
        *,
        outlet: Outlet,
        waiting: Waiting,
        published: Published,
        crossing: Crossing,
        outcomes: Outcomes,
        max_attempts: int,
        clock: Callable[[], float],
    ) -> None:
        self._outlet = outlet
        self._waiting = waiting
        self._published = published
        self._crossing = crossing
        self._outcomes = outcomes
        self._max_attempts = max_attempts
        self._clock = clock
        self._failed_in_a_row = 0
        self.paused_until: float = 0.0
        self.backend_is_away: bool = False
        self.is_stopping: bool = False

    def deliver(self, units: Sequence[Unit]) -> None:
        """Merge and export units; while the place or a backend is away, they are put off."""
        todo = deque(_batches(self._at_home(units)))
        if self.backend_is_away and todo:
            # One unit shows whether it is back: other exporters may take again what is tried.
            first, *others = todo.popleft()
            todo.extendleft(batch for batch in (others, [first]) if batch)
        while todo:
            batch = todo.popleft()
            if self._failed_in_a_row >= MAX_FAILURES:
                self._put_off(batch)
                continue
            try:
                delivered = self._try(batch)
            except OSError as error:
                self._away(error, (unit for each in (batch, *todo) for unit in each))
                return
            if delivered:
                self._failed_in_a_row = 0
                self.backend_is_away = False
                self.paused_until = 0.0
            elif self.is_stopping:
                self.backend_is_away = True
                self._put_off(unit for each in (batch, *todo) for unit in each)
                return
            elif len(batch) > 1:
                todo.extendleft([unit] for unit in reversed(batch))
            else:
                self._failed_in_a_row += 1
                self._refused(batch[0])
        if self._failed_in_a_row >= MAX_FAILURES:
            self.backend_is_away = True
            self.paused_until = self._clock() + _pause(self._failed_in_a_row - MAX_FAILURES)
            self._failed_in_a_row = MAX_FAILURES - 1  # after the pause, one try shows whether it is back

    def _at_home(self, units: Sequence[Unit]) -> Sequence[Unit]:
        """Return the units that are at home here; the others are moved to their home and read again there."""
        try:
            self.move(units)
        except OSError as error:
            self._away(error, units)
            return ()
        return [unit for unit in units if unit in self._waiting.units]

    def move(self, units: Sequence[Unit]) -> None:
        """Move the units, or the parts of them, that are at home in another group.

        Raises:
            OSError: the place is away.
        """
        for unit, moved in self._crossing.move([unit for unit in units if unit in self._waiting.units]):
            self._outcomes.counts.moved += len(moved)
            self._waiting.take_out(unit, moved)

    def _away(self, error: OSError, units: Iterable[Unit]) -> None:
        """Put units off while the place is away: they could not be acknowledged, and may have a new owner."""
        self._outcomes.report(READING, str(error))
        self.paused_until = self._clock() + FIRST_PAUSE_SECONDS
        self._put_off(units)

    def _try(self, units: Sequence[Unit]) -> bool:
        """Merge and export units, and acknowledge them; return whether all exporters have confirmed them.

        Raises:
            OSError: the place is away; nothing was exported.
        """
        self._published.recall(key for unit in units for key in unit.published_as())
        units = self._begin(units)
        entries = [entry for unit in units for entry in unit.entries]
        if not units:
            return True
        events, error = guard.catch(self._merged, units)
        if error is not None or not self._outlet.deliver(events):
            self._failed(error, entries)
            return False
        counts = self._outcomes.counts
        self._outcomes.is_well(EXPORTING)
        self._outcomes.quietly(self._published.note, events)
        counts.deliveries += 1
        counts.events += len(events)
        counts.runs += sum(isinstance(event, RunEnded) for event in events)
        self._outcomes.name_unended(events)
        for unit in units:
            self._waiting.units.remove(unit)
        self._outcomes.acknowledge(entries)
        return True

    def _begin(self, units: Sequence[Unit]) -> list[Unit]:
        """Begin a delivery; return the units that this collector still owns."""
        self._outcomes.begin([entry for unit in units for entry in unit.entries])
        self._waiting.forget(self._outcomes.lost())
        return [unit for unit in units if unit in self._waiting.units]

    def _failed(self, error: BaseException | None, entries: Sequence[Entry]) -> None:
        self._outcomes.counts.failures += 1
        because = self._outlet.trouble or "an exporter did not confirm them, and gave no reason"
        if error is not None:
            because = f"cannot be merged: {error!r}"
        self._outcomes.report(EXPORTING, because)
        self._outcomes.came_back(entries)

    def _merged(self, units: Iterable[Unit]) -> list[Event]:
        known = self._published.assistants
        events: list[Event] = [_json.load(entry.line) for unit in units for entry in unit.entries]
        merged = merge([*known, *(event for event in events if not self._published.is_late(event))])
        return list(self._published.anew(event for event in merged if event not in known))

    def _refused(self, unit: Unit) -> None:
        """Put off a unit that was refused alone, or give it up.

        A try counts if it is the first, or if something was delivered since the one before.
        """
        unit.refused += 1
        if unit.delivered_before != self._outcomes.counts.deliveries:
            unit.tries += 1
            unit.delivered_before = self._outcomes.counts.deliveries
        if unit.tries > self._max_attempts:
            because = self._outcomes.troubles.get(EXPORTING)
            self._waiting.units.remove(unit)
            self._outcomes.give_up(unit.entries, f"refused {unit.tries} times: {because}")
        else:
            self._waiting.put_off(unit, self._clock() + _pause(unit.tries))

    def _put_off(self, units: Iterable[Unit]) -> None:
        for unit in units:
            self._waiting.put_off(unit, self._clock())


def _pause(count: int) -> float:
    return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(count, 10)))


def _batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Yield the units in batches, then one by one those whose delivery a collector did not survive.

    One of those may have killed it: delivered one by one, the others are not given up with it. Units that
    were refused less often come first, in batches of their own, so that the others do not hold them up.
    """
    suspects: list[Unit] = []
    batch: list[Unit] = []
    count = 0
    for unit in sorted(units, key=lambda unit: unit.refused):
        if any(entry.attempts > 1 for entry in unit.entries):
            suspects.append(unit)
            continue
        is_large = count + len(unit.entries) > BATCH_EVENTS
        if batch and (is_large or unit.refused > batch[-1].refused):
            yield batch
            batch, count = [], 0
        batch.append(unit)
        count += len(unit.entries)
    if batch:
        yield batch
    yield from ([unit] for unit in suspects)
