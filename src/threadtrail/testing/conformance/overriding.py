"""The check that an author's class overrides no rule silently."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


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
