"""The recorder's queue: observations, bounded by number and by size, and requests between them."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from threadtrail._late import Late, simple_queue
from threadtrail.recording.observation import (
    OBSERVATION_BYTES,
    Raised,
    Returned,
    StreamClosed,
    StreamEvent,
    StreamOpened,
)

if TYPE_CHECKING:
    import queue

    from threadtrail.recording.observation import Observation

MAX_WAITING = 200_000
"""The maximum number of unread observations; more are dropped and counted, so that no thread ever waits."""

MAX_WAITING_BYTES = 268_435_456
"""The maximum size of the unread observations, by ``size_of``: 256 MiB."""

ENTRY_BYTES = 64
"""The memory that an entry of a dict or a list takes, apart from its text."""

Request = TypeVar("Request")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request between observations."""

    request: Any


class Inbox(Generic[Request]):
    """A queue into which any thread may put, even in a finaliser or a signal handler: putting never waits.

    ``dropped`` counts the observations for which there was no room.
    """

    _queue: Late[queue.SimpleQueue[Any]] = Late(simple_queue)

    def __init__(self) -> None:
        self._bytes = 0
        self.dropped: int = 0

    def put(self, observation: Observation, size: int | None = None) -> None:
        """Put an observation, or drop it if there is no room. In an empty queue it may have any size.

        ``size`` is what ``size_of`` returns for it, if the caller knows that already, as on the hot path.
        """
        # Not named like the module: for methods of imported names, Python 3.11 makes an object per call.
        waiting = self._queue
        if size is None:
            size = size_of(observation)
        if waiting.qsize() >= MAX_WAITING or (self._bytes + size > MAX_WAITING_BYTES and self._bytes > 0):
            self.dropped += 1
        else:
            self._bytes += size
            waiting.put(observation)

    def put_anyway(self, observation: Observation) -> None:
        """Put an observation that the recorder asked for, regardless of the bounds."""
        self._bytes += size_of(observation)
        self._queue.put(observation)

    def ask(self, request: Request) -> None:
        """Put a request."""
        self._queue.put(_Asked(request))

    def take(self, timeout: float | None = 0.0) -> tuple[Observation | None, Request | None]:
        """Take an observation or a request; neither, if none comes within ``timeout`` seconds."""
        try:
            item = self._queue.get_nowait() if timeout == 0.0 else self._queue.get(timeout=timeout)
        except Empty:
            # Threads put without a lock, so the sum may be off: an empty queue corrects it.
            self._bytes = 0
            return None, None
        if type(item) is _Asked:
            return None, item.request
        self._bytes -= size_of(item)
        return item, None

    def __len__(self) -> int:
        made = Inbox._queue.made(self)
        return 0 if made is None else made.qsize()


def size_of(observation: Observation) -> int:
    """Return the memory that an observation takes, roughly, in bytes. This is fast if bodies are bytes."""
    if isinstance(observation, Returned):
        result, request = observation.result, observation.call.request
        if type(result) is bytes and type(request) is bytes:  # nearly always, and on the hot path
            return OBSERVATION_BYTES + len(result) + len(request)
        return OBSERVATION_BYTES + _measured(result) + _measured(request)
    if isinstance(observation, StreamEvent):
        return OBSERVATION_BYTES + _measured(observation.data)
    if isinstance(observation, StreamClosed):
        return OBSERVATION_BYTES + _measured(observation.pieces)
    if isinstance(observation, (Raised, StreamOpened)):
        answer = observation.answer if isinstance(observation, Raised) else None
        return OBSERVATION_BYTES + len(answer or b"") + _measured(observation.call.request)
    return OBSERVATION_BYTES


def _measured(value: Any) -> int:
    """Return the size of text or bytes, or of everything in a JSON value."""
    if isinstance(value, (bytes, str)):
        return len(value)
    total, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        total += ENTRY_BYTES
        if isinstance(item, (bytes, str)):
            total += len(item)
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, (list, tuple)):
            waiting += item
    return total
