"""Keeps one value in place of equal ones, so that a thousand runs of an assistant share one request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

V = TypeVar("V")

VALUES = 256
"""The maximum number of values that are kept to be compared with later ones."""


class Shared:
    """Remembers the latest value of each kind."""

    def __init__(self) -> None:
        self._latest: Bounded[Hashable, Any] = Bounded(VALUES)

    def one(self, kind: Hashable, value: V) -> V:
        """Return the latest value of this kind if it is equal; else keep and return this one."""
        latest: V | None = self._latest.get(kind)
        if latest is value or latest == value:
            return latest
        self._latest.put(kind, value)
        return value

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget the oldest values until the others take ``max_bytes`` at most."""
        self._latest.shrink(max_bytes, size)
