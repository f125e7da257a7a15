"""Observations outside of runs: assistants created and changed, threads, messages, failed requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langfuse import LangfuseEvent, LangfuseSpan

from threadtrail.events import (
    AssistantCreated,
    AssistantDeleted,
    AssistantUpdated,
    MessageCreated,
    RequestFailed,
    ThreadCreated,
    ThreadDeleted,
)
from threadtrail.shape import operation_key, operation_span_id
from threadtrail_langfuse.content import chat_message, has_content, plain
from threadtrail_langfuse.fields import outcome
from threadtrail_langfuse.observations import Caller
from threadtrail_langfuse.run_tree import request_metadata

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import Event
    from threadtrail.values import Assistant
    from threadtrail_langfuse.observations import Observations
    from threadtrail_langfuse.trace_groups import TraceGroups


class Operations:
    """Emits single operations.

    Assistants created or changed and failed requests become a trace of their own if they have no parent.
    Threads, messages and deletions are emitted only below a parent: traces of single messages would hide
    the others, and each run shows its messages.
    """

    def __init__(self, groups: TraceGroups) -> None:
        self._groups = groups

    def emit(self, event: Event, context: Context | None, observations: Observations) -> None:
        """Emit one event; ignore those of other classes."""
        match event:
            case AssistantCreated():
                fields = _assistant(event.assistant)
                self._span(event, "create_assistant", context, observations, **fields)
            case AssistantUpdated():
                self._span(event, "update_assistant", context, observations, **_assistant(event.assistant))
            case RequestFailed():
                self._span(
                    event,
                    event.operation,
                    context,
                    observations,
                    session=event.thread_id,
                    metadata={**request_metadata(event), "assistant_id": event.assistant_id},
                    **outcome("failed", event.error),
                )
            case MessageCreated() if event.run_id is None:
                self._message(event, context, observations)
            case ThreadCreated() | ThreadDeleted():
                name = "create_thread" if isinstance(event, ThreadCreated) else "delete_thread"
                metadata = {"thread_id": event.thread_id}
                self._point(event, name, context, observations, event.thread_id, metadata=metadata)
            case AssistantDeleted():
                metadata = {"assistant_id": event.assistant_id}
                self._point(event, "delete_assistant", context, observations, metadata=metadata)

    def _message(self, event: MessageCreated, context: Context | None, observations: Observations) -> None:
        self._point(
            event,
            "create_message",
            context,
            observations,
            event.thread_id,
            input=chat_message(event.message) if has_content(event.message) else None,
            metadata={"message_id": event.message.id, "thread_id": event.thread_id},
        )

    def _span(
        self,
        event: AssistantCreated | AssistantUpdated | RequestFailed,
        name: str,
        context: Context | None,
        observations: Observations,
        *,
        session: str | None = None,
        **fields: Any,
    ) -> None:
        """Emit a span that lasts as long as its call."""
        parent, trace_name = self._groups.place(event.trace_id, context, name)
        caller = Caller(attributes=event.attributes, session=session, trace_name=trace_name)
        span = observations.start(
            LangfuseSpan,
            name,
            start=event.started_at,
            parent=parent,
            caller=caller,
            trace_of=operation_key(event),
            span_id=operation_span_id(event),
            **fields,
        )
        observations.end(span, event.time)

    def _point(
        self,
        event: Event,
        name: str,
        context: Context | None,
        observations: Observations,
        session: str | None = None,
        **fields: Any,
    ) -> None:
        """Emit an event at one moment, if there is a parent for it."""
        parent, trace_name = self._groups.place(event.trace_id, context, None)
        if not self._groups.is_below(event.trace_id, context):
            return
        caller = Caller(attributes=event.attributes, session=session, trace_name=trace_name)
        point = observations.start(
            LangfuseEvent,
            name,
            start=event.time,
            parent=parent,
            caller=caller,
            span_id=operation_span_id(event),
            **fields,
        )
        observations.end(point, event.time)


def _assistant(assistant: Assistant) -> dict[str, Any]:
    settings = {
        "name": assistant.name,
        "description": assistant.description,
        "model": assistant.model,
        "instructions": assistant.instructions,
        "tools": plain(assistant.tools) or None,
        "temperature": assistant.temperature,
        "top_p": assistant.top_p,
        "reasoning_effort": assistant.reasoning_effort,
    }
    return {
        "input": {name: value for name, value in settings.items() if value is not None},
        "output": {"id": assistant.id},
        "metadata": {**plain(assistant.metadata), "assistant_id": assistant.id},
    }
