"""The ids of spans of operations outside of runs: assistants, threads, messages, failed requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import AssistantCreated, MessageCreated, RequestFailed, ThreadCreated
from threadtrail.shape.spans import span_id_for

if TYPE_CHECKING:
    from threadtrail.events import Event

__all__ = ["operation_key", "operation_span_id"]


def operation_key(event: Event) -> str:
    """Return a name that only this operation has: the id of what it created, else its kind and its time."""
    match event:
        case AssistantCreated():
            return event.assistant.id
        case ThreadCreated():
            return event.thread_id
        case MessageCreated() if event.message.id is not None:
            return event.message.id
        case RequestFailed():
            return f"{event.operation} {event.started_at} {event.request_id}"
    return f"{event.event} {event.time}"


def operation_span_id(event: Event) -> str:
    """Return the id of the span of an operation outside of runs."""
    return span_id_for(operation_key(event), event.event)
