"""Reads a stream in the app's thread: keeps deltas as they were sent, until what they belong to is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from threadtrail.sources.source import StreamNotes

MAX_PIECES = 200_000
"""The maximum number of deltas that are kept of one stream."""

MAX_BYTES = 16_777_216
"""The maximum length of their texts, in characters."""


class DeltaStream:
    """What the readers of streams share; each has a ``text`` of its own."""

    KEPT: ClassVar[AbstractSet[str]] = frozenset()
    """The names of the deltas that are kept, in case the stream is cut."""

    def __init__(self, notes: StreamNotes) -> None:
        self._notes = notes
        self._deltas: list[tuple[str, Any]] = []
        self._length = 0
        self._open = 0
        self._output = False

    def event(self, event: Any) -> None:
        """Look at a server-sent event: its name and its text, which nobody changes."""
        name: str = event.event or ""
        if name in self.KEPT and self._output:
            # Nearly all events are this one, so it takes the shortest way.
            self._keep(name, event.data)
        else:
            self.text(name, event.data)

    def text(self, name: str, data: Any) -> None:
        """Look at an event by name and text."""
        raise NotImplementedError

    def pieces(self) -> list[tuple[str, Any]]:
        """Return the deltas of objects that were never completed, and perhaps of some that were."""
        kept = self._deltas
        self._forget()
        return kept

    def _keep(self, name: str, data: Any) -> None:
        """Keep a delta if there is room; one that is not kept is counted."""
        self._length += len(data)
        if self._length <= MAX_BYTES and len(self._deltas) < MAX_PIECES:
            self._deltas.append((name, data))
        else:
            self._notes.unkept()

    def _forget(self) -> None:
        self._deltas, self._length = [], 0

    def _see_output(self) -> None:
        """Note the first output, and no other."""
        if not self._output:
            self._output = True
            self._notes.first_output()

    def _begin(self) -> None:
        """See that an object begins, of which deltas may come."""
        self._open += 1

    def _end(self) -> None:
        """See that an object is whole; forget the deltas once every one that was begun is."""
        self._open -= 1
        if self._open <= 0:
            self._open = 0
            self._forget()
