"""A lane's bounded queue: events in order; when it is full, details are dropped before the ends of runs."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

from threadtrail.delivery.sizes import EVENT_BYTES
from threadtrail.events import RunEnded, ToolCallCompleted, TraceEnded, TraceStarted, TurnEnded

if TYPE_CHECKING:
    from threadtrail.events import Event

_ESSENTIAL = frozenset({RunEnded, TurnEnded, TraceStarted, TraceEnded})

MAX_BYTES = 268_435_456
"""The maximum size of the events that wait for an exporter, by ``size_of``: 256 MiB."""

Message = TypeVar("Message")
Entry = tuple[int, "Event", object, int]
"""A waiting event: its number, the event, its context, its size."""


class Backlog(Generic[Message]):
    """Events waiting for one exporter, and messages (flush, shutdown) among them.

    Two queues share one sequence number, so that the oldest detail in a full queue is found without a
    search: the queue is full when an exporter hangs.

    Not thread-safe, except for messages, which any thread may add and remove at any time.
    """

    def __init__(self, size: int, max_bytes: int = MAX_BYTES) -> None:
        self._size = size
        self._max_bytes = max_bytes
        self._bytes = 0
        self._sequence = 0
        self._details: deque[Entry] = deque()
        self._essentials: deque[Entry] = deque()
        self._messages: deque[tuple[int, Message]] = deque()

    def __len__(self) -> int:
        """Return the number of events; messages do not count."""
        return len(self._details) + len(self._essentials)

    def add(self, event: Event, context: object, size: int = EVENT_BYTES) -> int:
        """Append an event of this size in bytes; return how many were dropped, which may be this one.

        An event that is alone in the queue may have any size.
        """
        details, essentials = self._details, self._essentials
        # No later event may hold the same facts: a late call's output is in no `RunEnded`.
        late = isinstance(event, ToolCallCompleted) and not event.tool_call.hosted
        essential = late or type(event) in _ESSENTIAL
        dropped = 0
        while (waiting := len(details) + len(essentials)) and (
            waiting >= self._size or self._bytes + size > self._max_bytes
        ):
            dropped += 1
            if details:
                self._bytes -= details.popleft()[3]
            elif essential:
                self._bytes -= essentials.popleft()[3]
            else:
                return dropped
        self._sequence += 1
        self._bytes += size
        (essentials if essential else details).append((self._sequence, event, context, size))
        return dropped

    def add_message(self, message: Message) -> None:
        """Append a message; it is taken after all events before it."""
        self._messages.append((self._sequence, message))

    def remove_message(self, message: Message) -> None:
        """Remove a message whose caller has stopped waiting."""
        for item in list(self._messages):
            if item[1] is message:
                with suppress(ValueError):  # the worker has taken it
                    self._messages.remove(item)

    @property
    def has_message(self) -> bool:
        """Whether any message is in the queue."""
        return bool(self._messages)

    def take(self, limit: int) -> tuple[list[Event], list[object]]:
        """Remove up to ``limit`` events from the front, in order, up to the first message."""
        events: list[Event] = []
        contexts: list[object] = []
        first = self._first_message()
        barrier = self._sequence if first is None else first[0]
        while len(events) < limit:
            queue = self._oldest()
            if queue is None or queue[0][0] > barrier:
                break
            _, event, context, size = queue.popleft()
            self._bytes -= size
            events.append(event)
            contexts.append(context)
        return events, contexts

    def take_message(self) -> Message | None:
        """Remove and return the first message, unless an event is before it."""
        queue, first = self._oldest(), self._first_message()
        if first is None or (queue is not None and queue[0][0] <= first[0]):
            return None
        try:
            self._messages.remove(first)
        except ValueError:  # its caller has removed it
            return None
        return first[1]

    def clear_events(self) -> int:
        """Remove all events; return their number."""
        count = len(self)
        self._details.clear()
        self._essentials.clear()
        self._bytes = 0
        return count

    def _first_message(self) -> tuple[int, Message] | None:
        try:
            return self._messages[0]
        except IndexError:
            return None

    def _oldest(self) -> deque[Entry] | None:
        if not self._details:
            return self._essentials or None
        if not self._essentials:
            return self._details
        return self._details if self._details[0][0] < self._essentials[0][0] else self._essentials
