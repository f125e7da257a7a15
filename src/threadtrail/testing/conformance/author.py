"""The author's test class: what the kit reads from it, and whether it overrides no rule silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


class Author(Protocol):
    """The author's subclass of ``ExporterConformance``, which has defaults for these names."""

    deadline_seconds: ClassVar[float]
    start_seconds: ClassVar[float]
    sample: ClassVar[str]

    def delivered(self) -> Collection[str] | None:
        """Return the id of each run that arrived at the backend, once per arrival."""

    def written(self) -> str | bytes | None:
        """Return everything that the backend received, if the kit cannot see it."""


def silently_overridden(kit: type, author: type) -> Iterator[str]:
    """Yield the tests of the kit that the author's class overrides or removes without an xfail mark."""
    for name in vars(kit):
        if name.startswith("test_"):
            own: Any = getattr(author, name, None)
            if own is not getattr(kit, name) and not _is_expected_to_fail(own):
                yield name


def _is_expected_to_fail(test: object) -> bool:
    marks: list[Any] = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
