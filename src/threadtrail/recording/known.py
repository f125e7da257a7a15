"""What is remembered between calls, bounded: assistants by id, and messages that wait for a run."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.values import Message

K = TypeVar("K")
V = TypeVar("V")

MESSAGES_PER_THREAD = 200


class Bounded(Generic[K, V]):
    """A mapping that forgets what was used longest ago, once it holds ``limit`` entries."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, or ``None``; looking at it counts as use."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember the value."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        if len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def pop(self, key: K) -> V | None:
        """Forget the value and return it, or ``None``."""
        return self._entries.pop(key, None)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __len__(self) -> int:
        return len(self._entries)


class WaitingMessages:
    """Messages put on a thread since its last run began: they are the input of its next one."""

    def __init__(self, threads: int) -> None:
        self._by_thread: Bounded[str, list[Message]] = Bounded(threads)

    def add(self, thread_id: str, messages: Iterable[Message]) -> None:
        """Remember messages in the order they were added, the newest if there are too many."""
        waiting = [*(self._by_thread.get(thread_id) or []), *messages]
        if waiting:
            self._by_thread.put(thread_id, waiting[-MESSAGES_PER_THREAD:])

    def take(self, thread_id: str | None) -> list[Message]:
        """Return what waits on the thread; it waits no longer."""
        return (self._by_thread.pop(thread_id) or []) if thread_id is not None else []

    def forget(self, thread_id: str) -> None:
        """The thread is gone."""
        self._by_thread.pop(thread_id)
