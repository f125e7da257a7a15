"""Mappings of limited size, which forget their oldest entries."""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """A mapping of at most ``limit`` entries: a new one replaces the one that was used longest ago.

    ``forgotten`` counts the entries that were replaced.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.forgotten: int = 0
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return the value, or ``None``; this counts as use."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def peek(self, key: K) -> V | None:
        """Return the value, or ``None``; this does not count as use, and any thread may call it."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Set the value, which counts as use."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._forget_oldest()

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> int:
        """Forget the oldest values until the others take ``max_bytes`` at most; return how many they take."""
        sizes = [size(value) for value in self._entries.values()]
        total = sum(sizes)
        for each in sizes:
            if total <= max_bytes:
                break
            self._forget_oldest()
            total -= each
        return total

    def _forget_oldest(self) -> None:
        self._entries.popitem(last=False)
        self.forgotten += 1

    def pop(self, key: K) -> V | None:
        """Forget the value and return it, or ``None``."""
        return self._entries.pop(key, None)

    def values(self) -> tuple[V, ...]:
        """Return all values, the one used longest ago first."""
        return tuple(self._entries.values())

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)


class Latest(Generic[K, V]):
    """A mapping of the entries that were put last: at least ``limit`` of them, and at most an eighth more.

    It takes half the memory of ``Bounded`` for each entry. To find the oldest entry of a dict takes long, so
    that many are forgotten at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._at_once = limit // 8 + 1
        self._entries: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """Return the value, or ``None``; any thread may call this."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Set the value; the entry becomes the newest one."""
        entries = self._entries
        entries.pop(key, None)
        entries[key] = value
        if len(entries) >= self._limit + self._at_once:
            for oldest in list(islice(entries, self._at_once)):
                del entries[oldest]

    def pop(self, key: K) -> None:
        """Forget an entry, if there is one."""
        self._entries.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._entries
