"""What became of entries: reports it to the place, counts it, and keeps what is wrong at present."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from threadtrail._guard import guard
from threadtrail.collecting.unended import unended

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from threadtrail.collecting.place import Entry, Place
    from threadtrail.events import Event

logger: logging.Logger = logging.getLogger("threadtrail")

READING, EXPORTING, PARKING = "reading", "exporting", "parking"
"""What may be in trouble."""


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


class Outcomes:
    """Reports to the place what became of entries. While the place is away, that is logged as a trouble.

    An entry whose report is lost is read again.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._attempt: Any = getattr(place, "attempt", None)
        self.counts: Counts = Counts()
        self.troubles: dict[str, str] = {}
        self.gave_up_because: str | None = None

    def begin(self, entries: Sequence[Entry]) -> None:
        """Report that the exporters are about to get these entries.

        Raises:
            OSError: the place is away.
        """
        if self._attempt is not None:
            self._attempt([entry.token for entry in entries], 1)

    def came_back(self, entries: Sequence[Entry]) -> None:
        """Report that a delivery failed without ending this collector."""
        if self._attempt is not None:
            self.quietly(self._attempt, [entry.token for entry in entries], -1)

    def lost(self) -> Collection[str]:
        """Return the groups that have got another owner since the last call."""
        return self._place.lost()

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """Report that entries were delivered."""
        if entries:
            self.quietly(self._place.acknowledge, [entry.token for entry in entries])

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:
        """Put aside entries that cannot be delivered; log the reason."""
        self.counts.given_up += len(entries)
        self.gave_up_because = reason
        logger.warning("collect: events given up: %d, %s", len(entries), reason)
        self.quietly(self._place.give_up, entries, reason)

    def name_unended(self, events: Sequence[Event]) -> None:
        """Log which of the exported runs were created and have not ended: probably nobody follows them."""
        text, _ = guard.catch(unended, events, time.time_ns())
        if text is not None:
            logger.warning("collect: %s", text)

    def quietly(self, function: Callable[..., object], *arguments: object) -> None:
        """Call a function of the place; note the trouble if the place is away."""
        try:
            function(*arguments)
        except OSError as error:
            self.report(READING, str(error))

    def report(self, what: str, problem: str) -> None:
        """Note a problem until ``is_well`` is called for it; log it when it begins."""
        if what not in self.troubles:
            logger.warning("collect: %s: %s", what, problem)
        self.troubles[what] = problem

    def is_well(self, what: str) -> None:
        """Note that a problem is over."""
        self.troubles.pop(what, None)
