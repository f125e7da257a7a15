"""What the kit reads from the author's test class."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class Author(Protocol):
    """The author's subclass of ``ExporterConformance``, which has defaults for these names."""

    deadline_seconds: ClassVar[float]
    start_seconds: ClassVar[float]
    sample: ClassVar[str]

    def delivered(self) -> Collection[str] | None:
        """Return the id of each run that arrived at the backend, once per arrival."""

    def written(self) -> str | bytes | None:
        """Return everything that the backend received, if the kit cannot see it."""
