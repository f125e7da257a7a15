"""The collector: reads what processes saw, merges it, and exports each run once."""

from __future__ import annotations

import itertools
import logging
import time
from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from threadtrail import _json
from threadtrail._guard import guard
from threadtrail._waiting import Latch
from threadtrail.collecting.crossing import Crossing
from threadtrail.collecting.delivering import FIRST_PAUSE_SECONDS, MAX_FAILURES, Delivering
from threadtrail.collecting.keys import mark_key
from threadtrail.collecting.outcomes import PARKING, READING, Counts, Outcomes
from threadtrail.collecting.published import Published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from threadtrail.collecting.outlet import Outlet
    from threadtrail.collecting.place import Entry, Place
    from threadtrail.collecting.units import Unit
    from threadtrail.collecting.waiting import Waiting
    from threadtrail.events import Event

logger: logging.Logger = logging.getLogger("threadtrail")

AT_ONCE = 1_000
"""The maximum number of entries that are put into units at once."""

READ_SECONDS = 0.5
"""The longest wait for new entries before due units are delivered."""


class Collector:
    """Collects from one place.

    An entry is acknowledged when every exporter's flush has confirmed the events that it was merged into. A
    unit that exporters refuse is tried again, with growing pauses, and given up after ``max_attempts``. A try
    counts only if another unit was delivered since the last one, so a backend may be down for a long time.
    Reading pauses while exporters take nothing and ``Waiting.is_full``.

    Args:
        place: where to collect from.
        outlet: the exporters.
        waiting: the units that are not due yet.
        max_attempts: how often to try a unit that exporters refuse while they take others.
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
        self._outcomes = Outcomes(place)
        self._published = Published(getattr(place, "marks", None))
        self._crossing = Crossing(place)
        waiting.leaves = self._crossing.leaves
        waiting.units.fetch = getattr(place, "fetch", None)
        self._delivering = Delivering(
            outlet=outlet,
            waiting=waiting,
            published=self._published,
            crossing=self._crossing,
            outcomes=self._outcomes,
            max_attempts=max_attempts,
            clock=clock,
        )
        self._untaken: deque[Entry] = deque()
        self._touched: dict[int, Unit] = {}
        self._read_at = 0.0
        self._reading_paused = False
        self._stopping = Latch()
        self._pause: Callable[[float], object] = getattr(place, "pause", self._stopping.wait)
        self._stop_place: Callable[[], object] = getattr(place, "stop", lambda: None)

    @property
    def counts(self) -> Counts:
        """What it has counted since it began."""
        return self._outcomes.counts

    @property
    def gave_up_because(self) -> str | None:
        """Why events were last given up; ``None`` if none were."""
        return self._outcomes.gave_up_because

    # -- running ----------------------------------------------------------------------------------

    def run(self, *, follow: bool) -> None:
        """Collect until ``stop`` is called; without ``follow``, until all that is there was delivered."""
        try:
            while not self.is_stopped:
                read = self._read()
                self._deliver_due()
                if not (follow or read) and (self._reading_paused or self._place.is_read_to_its_end):
                    self._deliver_all()
                    if len(self._waiting.units) or not self._reading_paused:
                        break
            else:
                self._deliver_whole()
        finally:
            self._place.close()
            self._waiting.units.close()

    @property
    def is_stopped(self) -> bool:
        """Whether it was asked to stop."""
        return self._stopping.result is not None

    def _deliver_whole(self) -> None:
        """Deliver the whole units, unless a backend is away."""
        if not self._delivering.backend_is_away:
            self._delivering.deliver(self._waiting.whole())

    def _deliver_all(self) -> None:
        """Deliver all that waits; while a backend is away, the rest is left to the next collector."""
        for units in self._waiting.all():
            self._delivering.deliver(units)
            self._deliver_again(units)
            if self._delivering.paused_until > self._clock():
                break

    def _deliver_again(self, units: Iterable[Unit]) -> None:
        """Try what was put off until nothing is taken several times: only some of it may be refused."""
        failures = 0
        while self._delivering.backend_is_away and failures < MAX_FAILURES and not self.is_stopped:
            before = self.counts.deliveries
            self._delivering.deliver([unit for unit in units if unit in self._waiting.units])
            failures = failures + 1 if self.counts.deliveries == before else 0

    def stop(self) -> None:
        """Stop soon: whole units are delivered if they are taken at once, the rest stays in the place.

        Any thread may call this, and any signal handler.
        """
        self._stopping.set()
        self._delivering.is_stopping = True
        self._stop_place()

    def _read(self) -> bool:
        """Read the next entries; return whether there were any."""
        self._read_at = self._clock()
        timeout = max(0.0, min(READ_SECONDS, self._next_due() - self._read_at))
        try:
            if not self._untaken:
                self._untaken.extend(self._next_entries(timeout))
            read = bool(self._untaken)
            self._forget_lost()
            self._take_all()
        except OSError as error:
            self._outcomes.report(READING, str(error))
            self._stopping.wait(FIRST_PAUSE_SECONDS)
            return True
        self._outcomes.is_well(READING)
        return read

    def _next_entries(self, timeout: float) -> Sequence[Entry]:
        """Read the next entries, unless reading pauses."""
        paused = self._delivering.backend_is_away and self._waiting.is_full
        if paused != self._reading_paused:
            does = "pauses, since no exporter takes what was read" if paused else "continues"
            logger.warning("collect: reading %s", does)
            self._reading_paused = paused
        if not paused:
            return self._place.read(timeout)
        self._waiting.unread_until = self._read_at
        self._pause(timeout)
        return ()

    def _forget_lost(self) -> None:
        if lost := self._outcomes.lost():
            self._waiting.forget(lost)
            self._untaken = deque(entry for entry in self._untaken if entry.group not in lost)

    def _next_due(self) -> float:
        return max(self._waiting.next_due(), self._delivering.paused_until)

    def _take_all(self) -> None:
        """Put the entries that were read into units, some at a time, so that few are in memory as events.

        Raises:
            OSError: the place is away; the other entries are taken when it is back.
        """
        while True:
            self._take([*itertools.islice(self._untaken, AT_ONCE)])
            units = [unit for unit in self._touched.values() if unit in self._waiting.units]
            self._crossing.keep_calls(units)
            self._delivering.move(units)
            self._touched = {}
            if not self._untaken:
                break
        # Parked last: the entries that were read may belong to units that would have to be woken again.
        self._waiting.units.park(self._clock())

    def _take(self, entries: Sequence[Entry]) -> None:
        """Put these entries, the next ones, into units.

        Raises:
            OSError: the place is away; nothing was taken.
        """
        events = [guard.catch(_json.load, entry.line) for entry in entries]
        self._recall(event for event, error in events if error is None)
        wanted: list[tuple[Entry, Event]] = []
        late: list[Entry] = []
        refused: dict[str, list[Entry]] = {}
        for entry, (event, error) in zip(entries, events, strict=True):
            reason = self._reason_against(entry, error)
            if reason is not None:
                refused.setdefault(reason, []).append(entry)
            elif self._published.is_late(event):
                late.append(entry)
            else:
                wanted.append((entry, event))
        units = self._waiting.take(wanted, self._clock())
        self._touched.update((unit.number, unit) for unit in units)
        for _ in entries:
            self._untaken.popleft()
        self.counts.read += len(entries)
        self.counts.late += len(late)
        self.counts.unreadable += sum(error is not None for _, error in events)
        for reason, of_reason in refused.items():
            self._outcomes.give_up(of_reason, reason)
        self._outcomes.acknowledge(late)

    def _reason_against(self, entry: Entry, error: BaseException | None) -> str | None:
        """Return why an entry is given up; ``None`` if it is not."""
        if error is not None:
            return str(error)  # which says that it is not an event, and why
        if entry.attempts > self._max_attempts:
            return f"its delivery was begun {entry.attempts - 1} times and never confirmed"
        return None

    def _recall(self, events: Iterable[Event]) -> None:
        """Ask the place which of these runs were exported, perhaps by a collector that has died since."""
        keys = {key for event in events if (key := mark_key(event)) is not None}
        self._published.recall(key for key in keys if not self._waiting.units.knows(key))

    def _deliver_due(self) -> None:
        """Deliver what was due when the last read began.

        This process may have been suspended since: what was there by the end of a wait is read before.
        """
        if self._read_at >= self._delivering.paused_until:
            self._delivering.deliver(self._waiting.due(self._read_at))

    # -- status -----------------------------------------------------------------------------------

    def status(self) -> tuple[bool, dict[str, Any]]:
        """Return whether there is no trouble, and the status for an orchestrator, as JSON values."""
        oldest = self._waiting.units.oldest
        waiting = {
            "units": len(self._waiting.units),
            "parked": self._waiting.units.parked,
            "open_runs": self._waiting.units.open_runs,
            "bytes": self._waiting.units.awake.size,
            "oldest_seconds": None if oldest is None else round(self._clock() - oldest, 3),
            "taken_early": self._waiting.taken_early,
            "reading_paused": self._reading_paused,
        }
        place = dict(self._place.status())
        troubles = dict(self._outcomes.troubles)
        if place.get("trouble"):
            troubles.setdefault(READING, str(place["trouble"]))
        if self._waiting.units.trouble is not None:
            troubles[PARKING] = self._waiting.units.trouble
        return not troubles, {
            "troubles": troubles,
            "waiting": waiting,
            "counts": asdict(self.counts),
            "exporters": {name: asdict(lane) for name, lane in self._outlet.status().items()},
            "place": place,
        }
