"""Reads a stream in the app's thread: keeps deltas as they were sent until their objects are whole."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from threadtrail.sources.source import StreamNotes

MAX_PIECES = 200_000
"""The maximum number of deltas that are kept of one stream."""

MAX_BYTES = 16_777_216
"""The maximum length of their texts, in characters."""


class DeltaStream(ABC):
    """The base of the sources' readers of streams; each has its own ``text``."""

    KEPT: ClassVar[AbstractSet[str]] = frozenset()
    """The names of the deltas that are kept, in case the stream breaks."""

    def __init__(self, notes: StreamNotes) -> None:
        self._notes = notes
        self._deltas: list[tuple[str, Any]] = []
        self._length = 0
        self._open = 0
        self._output = False

    def event(self, event: Any) -> None:
        """Look at a server-sent event: its name and its text, which nobody can change."""
        name: str = event.event or ""
        if name in self.KEPT and self._output:
            # Nearly all events are of this kind, so it is handled first and fast.
            self._keep(name, event.data)
        else:
            self.text(name, event.data)

    @abstractmethod
    def text(self, name: str, data: Any) -> None:
        """Look at an event by name and text."""

    def pieces(self) -> list[tuple[str, Any]]:
        """Return and forget the deltas of objects that were never completed, perhaps with some that were."""
        kept = self._deltas
        self._forget()
        return kept

    def _keep(self, name: str, data: Any) -> None:
        """Keep a delta if there is room, else count it as not kept."""
        self._length += len(data)
        if self._length <= MAX_BYTES and len(self._deltas) < MAX_PIECES:
            self._deltas.append((name, data))
        else:
            self._notes.unkept()

    def _forget(self) -> None:
        self._deltas, self._length = [], 0

    def _see_output(self) -> None:
        """Note the first output of the stream, and only that."""
        if not self._output:
            self._output = True
            self._notes.first_output()

    def _begin(self) -> None:
        """See that an object begins that may have deltas."""
        self._open += 1

    def _end(self) -> None:
        """See that an object is whole; forget the deltas once all objects that were begun are."""
        self._open -= 1
        if self._open <= 0:
            self._open = 0
            self._forget()
