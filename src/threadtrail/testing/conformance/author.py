"""What the kit asks the author's test class: what arrived, and how long things may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class Author(Protocol):
    """The author's subclass of ``ExporterConformance``, which has these names with their defaults."""

    deadline_seconds: ClassVar[float]
    start_seconds: ClassVar[float]
    sample: ClassVar[str]

    def delivered(self) -> Collection[str] | None:
        """Return the id of each run that arrived at the backend, as often as it did."""

    def written(self) -> str | bytes | None:
        """Return all that the backend got, where the kit cannot see it itself."""
