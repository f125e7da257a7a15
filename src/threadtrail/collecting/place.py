"""The interface of a place to collect events from: files, or what a plugin reads.

A plugin offers one by an entry point of the group ``threadtrail.places``. Its name is the scheme of the
addresses that it takes (``redis`` for ``redis://…``); it is called with the address, and with options by
keyword, and returns a ``Place``. Making one opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

ENTRY_POINTS = "threadtrail.places"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event as it stands in a place.

    Attributes:
        token: names the entry to its place; nobody else looks into it. Equal tokens are one entry.
        line: the event as JSON, as ``Event.to_json()`` writes it.
        group: what has one owner at a time, such as a stream; ``Place.lost`` names it.
        attempts: one more than the deliveries of it that were begun and never came back, if the place counts.
    """

    token: Any
    line: bytes
    group: str = ""
    attempts: int = 1


class Place(Protocol):
    """A place to collect from. One thread uses it, and no method waits longer than its timeout.

    An entry that is not acknowledged is read again by the next collector: so nothing is lost if this one
    dies, and what it waited for is waited for again. A place that cannot be reached raises ``OSError``, or
    returns nothing, and is asked again a little later.

    A place may have more than this: ``turns`` (``TurnIndex``), ``marks`` (``Marks``),
    ``is_at(address) -> bool``, which says whether an exporter with this address would write to it, and
    ``attempt(tokens, count)``, which is called with 1 when the exporters are about to get these entries, and
    with -1 if they did not take them: what ``Entry.attempts`` counts are the deliveries that a collector did
    not survive. With ``fetch(tokens)``, which returns the lines of entries that were not acknowledged
    (``None`` for one that is gone; ``OSError`` while the place is away), a collector that waits for many runs
    need not have all lines in memory.
    """

    def open(self) -> None:
        """Get ready to read.

        Raises:
            ConfigurationError: it cannot be read, for a reason that does not pass by itself.
        """

    def read(self, timeout: float) -> Sequence[Entry]:
        """Return the next entries; an empty sequence if there are none within ``timeout`` seconds.

        They include those that a collector left when it died. An entry is not returned again, unless its
        group was lost in the meantime.
        """

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Note that these entries were delivered: they are never read again.

        Those of a group that was lost are left to its new owner.
        """

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:
        """Put entries aside which cannot be delivered, and count them; they are never read again."""

    def lost(self) -> Collection[str]:
        """Return the groups that have another owner since this was asked for last."""

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether everything that stands there now was read; where it never ends, False."""

    def status(self) -> Mapping[str, Any]:
        """Return the state of the place, as JSON values: its name, what it holds, what it owns."""

    def close(self) -> None:
        """Release what is owned, so that another collector can continue at once."""


class TurnIndex(Protocol):
    """Joins turns whose runs stand in different groups: the attribute ``turns`` of a place that has one.

    Such a place has two methods as well. ``group_of(key) -> str`` returns the group that a run, a turn or a
    trace is at home in, by its id. ``move(tokens, lines, key) -> bool`` acknowledges entries and appends
    events to the home of ``key``, in one step; it returns False, and does nothing, if the group was lost.
    """

    def put(self, server: str, calls: Mapping[str, str]) -> None:
        """Keep the turn, or the trace, to which a call or a run belongs, by the id of that."""

    def get(self, server: str, calls: Sequence[str]) -> Mapping[str, str]:
        """Return those of these calls and runs that are known."""


class Marks(Protocol):
    """Remembers which runs were exported: the attribute ``marks`` of a place that can."""

    def put(self, marks: Mapping[str, str]) -> None:
        """Keep a mark for each name."""

    def get(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the marks of those names that have one."""
