"""A lane's bounded queue: events in order; when it is full, details are dropped before the ends of runs."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from threadtrail.events import RunEnded, TraceEnded, TraceStarted

if TYPE_CHECKING:
    from threadtrail.events import Event

_ESSENTIAL = frozenset({RunEnded, TraceStarted, TraceEnded})

Message = TypeVar("Message")


class Backlog(Generic[Message]):
    """Events waiting for one exporter, and messages (flush, shutdown) among them. Not thread-safe.

    Two queues share one sequence number, so that the oldest detail in a full queue is found without a
    search. The queue is full when an exporter hangs, and ``add`` runs in the app's thread.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._sequence = 0
        self._details: deque[tuple[int, Event, object]] = deque()
        self._essentials: deque[tuple[int, Event, object]] = deque()
        self._messages: deque[tuple[int, Message]] = deque()

    def __len__(self) -> int:
        """Return the number of events; messages do not count."""
        return len(self._details) + len(self._essentials)

    def add(self, event: Event, context: object) -> int:
        """Append an event; return how many events (0 or 1) were dropped, which may be this one."""
        essential = type(event) in _ESSENTIAL
        dropped = 0
        if len(self._details) + len(self._essentials) >= self._size:
            dropped = 1
            if self._details:
                self._details.popleft()
            elif essential:
                self._essentials.popleft()
            else:
                return dropped
        self._sequence += 1
        (self._essentials if essential else self._details).append((self._sequence, event, context))
        return dropped

    def add_message(self, message: Message) -> None:
        """Append a message; it is taken after all events before it."""
        self._sequence += 1
        self._messages.append((self._sequence, message))

    def remove_message(self, message: Message) -> None:
        """Remove a message whose caller has stopped waiting."""
        self._messages = deque(item for item in self._messages if item[1] is not message)

    @property
    def has_message(self) -> bool:
        """Whether any message is in the queue."""
        return bool(self._messages)

    def take(self, limit: int) -> tuple[list[Event], list[object]]:
        """Remove up to ``limit`` events from the front, in order, up to the first message."""
        events: list[Event] = []
        contexts: list[object] = []
        barrier = self._messages[0][0] if self._messages else self._sequence + 1
        while len(events) < limit:
            queue = self._oldest()
            if queue is None or queue[0][0] > barrier:
                break
            _, event, context = queue.popleft()
            events.append(event)
            contexts.append(context)
        return events, contexts

    def take_message(self) -> Message | None:
        """Remove and return the first message, unless an event is before it."""
        queue = self._oldest()
        if not self._messages or (queue is not None and queue[0][0] < self._messages[0][0]):
            return None
        return self._messages.popleft()[1]

    def clear_events(self) -> int:
        """Remove all events; return their number."""
        count = len(self)
        self._details.clear()
        self._essentials.clear()
        return count

    def _oldest(self) -> deque[tuple[int, Event, object]] | None:
        if not self._details:
            return self._essentials or None
        if not self._essentials:
            return self._details
        return self._details if self._details[0][0] < self._essentials[0][0] else self._essentials
