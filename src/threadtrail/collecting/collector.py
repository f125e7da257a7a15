"""The collector: reads what processes saw, merges it, and exports each run once."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from threadtrail import _json
from threadtrail.collecting.crossing import Crossing
from threadtrail.collecting.published import Published
from threadtrail.events import RunEnded
from threadtrail.merging.merge import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from threadtrail.collecting.outlet import Outlet
    from threadtrail.collecting.place import Entry, Place
    from threadtrail.collecting.units import Unit
    from threadtrail.collecting.waiting import Waiting
    from threadtrail.events import Event

logger: logging.Logger = logging.getLogger("threadtrail")

READ_SECONDS = 0.5
"""The longest wait for new entries, before a look at what is due."""

BATCH_EVENTS = 512
"""The maximum number of entries that are merged and exported at once, unless a unit has more."""

MAX_FAILURES = 3
"""The number of failures in a row after which no other unit is tried: a backend is probably down."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0


@dataclass(slots=True)
class Counts:
    """What a collector has done since it began."""

    read: int = 0
    unreadable: int = 0
    late: int = 0
    runs: int = 0
    events: int = 0
    deliveries: int = 0
    failures: int = 0
    given_up: int = 0
    moved: int = 0


class Collector:
    """Collects from one place.

    An entry is acknowledged when the flush of every exporter has confirmed what was made of it. A unit that
    exporters refuse is tried again, with growing pauses, and given up after ``max_attempts``; a try counts
    only if something else was delivered since the one before, so that a backend may be down for long.

    Args:
        place: where to collect from.
        outlet: the exporters.
        waiting: what is waited for.
        max_attempts: how often a unit is tried that exporters refuse while they take others.
        clock: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        place: Place,
        outlet: Outlet,
        waiting: Waiting,
        *,
        max_attempts: int = 5,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place = place
        self._outlet = outlet
        self._waiting = waiting
        self._max_attempts = max_attempts
        self._clock = clock
        self._published = Published(getattr(place, "marks", None))
        self._crossing = Crossing(place)
        waiting.leaves = self._crossing.leaves
        self._stopping = threading.Event()
        self._failed_in_a_row = 0
        self._paused_until = 0.0
        self._troubles: dict[str, str] = {}
        self.gave_up_because: str | None = None
        self.counts: Counts = Counts()

    # -- running ----------------------------------------------------------------------------------

    def run(self, *, follow: bool) -> None:
        """Collect until ``stop``; without ``follow``, until everything that is there was delivered."""
        try:
            while not self._stopping.is_set():
                read = self._read()
                self._deliver_due()
                if not (follow or read) and self._place.is_read_to_its_end:
                    self._deliver(self._waiting.all())
                    break
            else:
                self._deliver(self._waiting.all(whole=True))
        finally:
            self._place.close()

    def stop(self) -> None:
        """Stop soon: complete units are delivered, the rest stays in the place. Any thread may call this."""
        self._stopping.set()

    def _read(self) -> bool:
        """Read what there is; return whether there was something."""
        now = self._clock()
        timeout = max(0.0, min(READ_SECONDS, self._next_look() - now))
        try:
            entries = self._place.read(timeout)
            lost = self._place.lost()
        except OSError as error:
            self._report("reading", str(error))
            self._stopping.wait(FIRST_PAUSE_SECONDS)
            return True
        self._troubles.pop("reading", None)
        if lost:
            self._waiting.forget(lost)
        late: list[Entry] = []
        for entry in entries:
            if entry.group not in lost:
                self._take(entry, late)
        self._acknowledge(late)
        return bool(entries)

    def _next_look(self) -> float:
        return max(self._waiting.next_look(), self._paused_until)

    def _take(self, entry: Entry, late: list[Entry]) -> None:
        self.counts.read += 1
        try:
            event: Event = _json.load(entry.line)
        except ValueError as error:
            self.counts.unreadable += 1
            self._give_up([entry], f"not an event of this version: {str(error).partition(chr(10))[0]}")
            return
        if entry.attempts > self._max_attempts:
            self._give_up([entry], f"its delivery was begun {entry.attempts - 1} times and never confirmed")
        elif self._published.is_late(event):
            self.counts.late += 1
            late.append(entry)
        else:
            self._crossing.see(event)
            self._waiting.take(entry, event, self._clock())

    # -- delivering -------------------------------------------------------------------------------

    def _deliver_due(self) -> None:
        now = self._clock()
        if now >= self._paused_until:
            self._deliver(self._waiting.due(now))

    def _deliver(self, units: Iterable[Unit]) -> None:
        """Merge and export units in batches; one that fails is tried unit by unit."""
        todo = deque(_batches(self._stay(units)))
        while todo:
            batch = todo.popleft()
            if self._failed_in_a_row >= MAX_FAILURES:
                self._put_off(batch)
            elif self._try(batch):
                self._failed_in_a_row = 0
            elif len(batch) > 1:
                todo.extendleft([unit] for unit in reversed(batch))
            else:
                self._failed_in_a_row += 1
                self._refused(batch[0])
        if self._failed_in_a_row >= MAX_FAILURES:
            self._paused_until = self._clock() + self._pause(self._failed_in_a_row - MAX_FAILURES)
            self._failed_in_a_row = MAX_FAILURES - 1  # one try shows whether the backend is there again

    def _stay(self, units: Iterable[Unit]) -> Iterable[Unit]:
        """Yield the units that are where they are at home; what is not moves there, and is read again."""
        for unit in units:
            try:
                moved = self._crossing.move(unit)
            except OSError as error:
                self._report("reading", str(error))
                self._waiting.put_off(unit, self._clock() + FIRST_PAUSE_SECONDS)
                continue
            if moved:
                self.counts.moved += len(moved)
                self._waiting.take_out(unit, moved)
            else:
                yield unit

    def _try(self, units: Sequence[Unit]) -> bool:
        """Merge and export units, and acknowledge them; return whether all exporters have confirmed them."""
        for unit in units:
            if unit.delivered_before != self.counts.deliveries:
                self._attempt(unit)
        events = self._merged(units)
        delivered = self._outlet.deliver(events)
        if not delivered:
            self.counts.failures += 1
            because = self._outlet.trouble or "an exporter did not confirm, and did not say why"
            self._report("exporting", because)
            return False
        self._troubles.pop("exporting", None)
        self._quietly(self._published.note, events)
        self.counts.deliveries += 1
        self.counts.events += len(events)
        self.counts.runs += sum(isinstance(event, RunEnded) for event in events)
        for unit in units:
            self._waiting.remove(unit)
        self._acknowledge([entry for unit in units for entry in unit.entries])
        return True

    def _merged(self, units: Iterable[Unit]) -> list[Event]:
        known = self._published.assistants
        events: list[Event] = [_json.load(entry.line) for unit in units for entry in unit.entries]
        self._quietly(self._published.recall, events)
        merged = merge([*known, *(event for event in events if not self._published.is_late(event))])
        return list(self._published.anew(event for event in merged if event not in known))

    def _attempt(self, unit: Unit) -> None:
        """Count a try: something was delivered since the one before, or it is the first."""
        unit.tries += 1
        unit.delivered_before = self.counts.deliveries
        attempt: Any = getattr(self._place, "attempt", None)
        if attempt is not None:
            self._quietly(attempt, [entry.token for entry in unit.entries])

    def _refused(self, unit: Unit) -> None:
        if unit.tries > self._max_attempts:
            self._waiting.remove(unit)
            self._give_up(unit.entries, f"refused {unit.tries} times: {self._troubles.get('exporting')}")
        else:
            self._waiting.put_off(unit, self._clock() + self._pause(unit.tries))

    def _put_off(self, units: Iterable[Unit]) -> None:
        for unit in units:
            self._waiting.put_off(unit, self._clock())

    @staticmethod
    def _pause(count: int) -> float:
        return float(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(count, 10)))

    def _acknowledge(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._quietly(self._place.acknowledge, [entry.token for entry in entries])

    def _give_up(self, entries: Sequence[Entry], reason: str) -> None:
        self.counts.given_up += len(entries)
        self.gave_up_because = reason
        logger.warning("collect: events given up: %d, %s", len(entries), reason)
        self._quietly(self._place.give_up, entries, reason)

    def _quietly(self, function: Callable[..., object], *arguments: object) -> None:
        """Tell the place something; if it is away, its entries come again."""
        try:
            function(*arguments)
        except OSError as error:
            self._report("reading", str(error))

    def _report(self, what: str, problem: str) -> None:
        """Note a problem until it is over; log it when it begins."""
        if self._troubles.get(what) != problem:
            logger.warning("collect: %s: %s", what, problem)
        self._troubles[what] = problem

    # -- what is going on -------------------------------------------------------------------------

    def status(self) -> tuple[bool, dict[str, Any]]:
        """Return whether all is well, and the state for an orchestrator, as JSON values."""
        oldest = self._waiting.oldest
        waiting = {
            "units": len(self._waiting),
            "open_runs": self._waiting.open_runs,
            "bytes": self._waiting.size,
            "oldest_seconds": None if oldest is None else round(self._clock() - oldest, 3),
            "taken_early": self._waiting.taken_early,
        }
        return not self._troubles, {
            "troubles": dict(self._troubles),
            "waiting": waiting,
            "counts": asdict(self.counts),
            "exporters": {name: asdict(lane) for name, lane in self._outlet.status().items()},
            "place": dict(self._place.status()),
        }


def _batches(units: Iterable[Unit]) -> Iterable[list[Unit]]:
    batch: list[Unit] = []
    count = 0
    for unit in units:
        if batch and count + len(unit.entries) > BATCH_EVENTS:
            yield batch
            batch, count = [], 0
        batch.append(unit)
        count += len(unit.entries)
    if batch:
        yield batch
