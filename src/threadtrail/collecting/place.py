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
    """One event in a place.

    Attributes:
        token: identifies the entry to its place, and is opaque to the collector, which may pickle it. Equal
            tokens are one entry.
        line: the event as JSON, as ``Event.to_json()`` writes it.
        group: the part of the place, such as a stream, that has one owner at a time; see ``Place.lost``.
        attempts: 1, plus the number of its deliveries that were begun and never reported back, if the place
            counts them.
    """

    token: Any
    line: bytes
    group: str = ""
    attempts: int = 1


class Place(Protocol):
    """A place to collect from. One thread uses it, and no method waits longer than its timeout.

    An entry that is not acknowledged is read again by the next collector, so nothing is lost if this one
    dies: the next one waits for the same runs again. A place that cannot be reached raises ``OSError``, or
    returns nothing, and is called again a little later.

    A place may have more than this:

    - ``turns``, a ``TurnIndex``, and ``marks``, a ``Marks``;
    - ``is_at(address) -> bool``: whether an exporter with this address would write to it;
    - ``attempt(tokens, count)``, called with 1 when the exporters are about to get these entries, and with -1
      if they did not take them: ``Entry.attempts`` counts the deliveries that a collector did not survive;
    - ``pause(timeout)``, called instead of ``read`` while exporters take nothing and enough was read: it
      waits, keeps what is owned, and shares it with other collectors;
    - ``stop()``, called when the collector is to stop, perhaps by a signal handler: no method waits for long
      after that, in case the place is away;
    - ``fetch(tokens)``, which returns the lines of entries that were not acknowledged (``None`` for one that
      is gone; ``OSError`` while the place is away). With it, a collector that waits for many runs writes
      none of their lines to a temporary file.
    """

    def open(self) -> None:
        """Get ready to read.

        Raises:
            ConfigurationError: the place cannot be read, for a reason that waiting does not remove.
        """

    def read(self, timeout: float) -> Sequence[Entry]:
        """Return the next entries; an empty sequence if none come within ``timeout`` seconds.

        They include those that a dead collector did not acknowledge. An entry is not returned again, unless
        its group was lost in the meantime.
        """

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Note that these entries were delivered: they are never read again.

        Those of a group that was lost are left to its new owner.
        """

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:
        """Put aside entries that cannot be delivered, and count them; they are never read again."""

    def lost(self) -> Collection[str]:
        """Return the groups that have got another owner since the last call."""

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether everything in the place was read; always False for a place that never ends."""

    def status(self) -> Mapping[str, Any]:
        """Return the state of the place, as JSON values: its name, what it holds, what it owns."""

    def close(self) -> None:
        """Release what is owned, so that another collector can continue at once."""


class TurnIndex(Protocol):
    """Tells where turns are whose runs are in different groups: the attribute ``turns`` of a place.

    Such a place also has two methods. ``group_of(key) -> str`` returns the group that a run, a turn or a
    trace is at home in, by its id. ``move(tokens, lines, key) -> bool`` acknowledges entries and appends
    events to the home of ``key``, in one step; it returns False, and does nothing, if their group was lost.
    """

    def put(self, server: str, calls: Mapping[str, str]) -> None:
        """Keep the turn or the trace that each call or run belongs to, by the id of the call or run."""

    def get(self, server: str, calls: Sequence[str]) -> Mapping[str, str]:
        """Return the turns or traces of those calls and runs that are known."""


class Marks(Protocol):
    """Remembers which runs were exported: the attribute ``marks`` of a place that can."""

    def put(self, marks: Mapping[str, str]) -> None:
        """Keep a mark for each name."""

    def get(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the marks of those names that have one."""
