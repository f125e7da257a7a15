"""The stream of an event: all events of one run go to one stream, from every process."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from threadtrail.events import TurnEnded

if TYPE_CHECKING:
    from threadtrail.events import Event

IDS = ("run_id", "trace_id", "thread_id", "assistant_id")
"""The fields of an event that decide its stream: the first that is set."""


def place(event: Event, streams: int) -> int:
    """Return the number of the event's stream, the same in every process.

    A run's id alone decides: processes may have different values for other fields of a run, such as its
    trace, and different addresses of its server. A turn is in the stream of its first run. An event without a
    run is in the stream of its trace, thread or assistant.
    """
    return stream_of(_key(event), streams)


def stream_of(key: str, streams: int) -> int:
    """Return the number of the stream for the id of a run, a turn or a trace."""
    return crc32(key.encode()) % streams


def _key(event: Event) -> str:
    if isinstance(event, TurnEnded):
        return event.turn.id
    for name in IDS:
        value = getattr(event, name, None)
        if value is not None:
            return str(value)
    assistant = getattr(event, "assistant", None)
    return event.type if assistant is None else str(assistant.id)
