"""Spans of operations outside of runs: assistants created, failed requests, threads and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from threadtrail.events import ThreadCreated
from threadtrail.shape import operation_key, operation_span_id
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry import messages as m
from threadtrail_opentelemetry.attributes import at_server, of_caller, set_known, title
from threadtrail_opentelemetry.content import as_texts, filled
from threadtrail_opentelemetry.outcomes import error_status
from threadtrail_opentelemetry.run_spans import request_values

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from threadtrail.events import AssistantCreated, Event, MessageCreated, RequestFailed
    from threadtrail.otlp.emitting import Emitter
    from threadtrail_opentelemetry.options import Options
    from threadtrail_opentelemetry.trace_groups import TraceGroups

OPERATIONS = {"assistant": c.CREATE_AGENT, "run": c.INVOKE_AGENT, "generation": c.CHAT}
"""The operation of a failed request, by what it would have begun."""
THREAD_OPERATIONS = {"thread": c.CREATE_THREAD, "message": c.CREATE_MESSAGE}
"""The same for operations that get a span only with the option ``thread_spans``."""


def failed_operation(event: RequestFailed, *, thread_spans: bool) -> str | None:
    """Return the operation that the failed request would have begun; ``None`` if that gets no span."""
    operations = {**OPERATIONS, **THREAD_OPERATIONS} if thread_spans else OPERATIONS
    return operations.get(event.begins or "")


class Operations:
    """Emits single operations as spans of their own."""

    def __init__(self, emitter: Emitter, groups: TraceGroups, options: Options) -> None:
        self._emitter = emitter
        self._groups = groups
        self._options = options

    def assistant_created(self, event: AssistantCreated, context: Context | None) -> None:
        """Emit ``create_agent {name}``, which lasts as long as the call."""
        assistant = event.assistant
        start = {
            **at_server(event, c.CREATE_AGENT),
            c.REQUEST_MODEL: assistant.model,
            c.AGENT_ID: assistant.id,
            c.AGENT_NAME: assistant.name,
        }
        span = self._start(event, title(c.CREATE_AGENT, assistant.name), start, event.started_at, context)
        content = filled({c.SYSTEM_INSTRUCTIONS: m.instructions_only(assistant.instructions)})
        if self._options.content_format != "structured":
            content = as_texts(content)
        set_known(span, {c.AGENT_DESCRIPTION: assistant.description, **content})
        span.end(event.time)

    def request_failed(self, event: RequestFailed, operation: str, context: Context | None) -> None:
        """Emit a span of the operation that failed."""
        start = {
            **at_server(event, operation),
            c.AGENT_ID: event.assistant_id,
            c.CONVERSATION_ID: event.thread_id,
        }
        span = self._start(event, operation, start, event.started_at, context)
        set_known(span, request_values(event))
        span.set_status(error_status(event.error))
        span.end(event.time)

    def of_thread(self, event: ThreadCreated | MessageCreated, context: Context | None) -> None:
        """Emit ``create_thread`` or ``create_message``, if the option asks for it."""
        if not self._options.thread_spans:
            return
        if isinstance(event, ThreadCreated):
            self._thread_created(event, context)
        elif event.run_id is None:  # the model's messages are the run's output
            self._message_created(event, context)

    def _thread_created(self, event: ThreadCreated, context: Context | None) -> None:
        start = {**at_server(event, c.CREATE_THREAD), c.CONVERSATION_ID: event.thread_id}
        self._start(event, c.CREATE_THREAD, start, event.time, context).end(event.time)

    def _message_created(self, event: MessageCreated, context: Context | None) -> None:
        start = {
            **at_server(event, c.CREATE_MESSAGE),
            c.CONVERSATION_ID: event.thread_id,
            c.OWN_MESSAGE_ID: event.message.id,
        }
        self._start(event, c.CREATE_MESSAGE, start, event.time, context).end(event.time)

    def _start(
        self, event: Event, name: str, values: dict[str, Any], time: int, context: Context | None
    ) -> Span:
        parent, links, _ = self._groups.place(event, context, within=event.trace_id)
        return self._emitter.start(
            name,
            kind=SpanKind.CLIENT,
            start=time,
            attributes={**values, **of_caller(event.attributes, event.trace_id)},
            parent=parent,
            links=links,
            trace_of=operation_key(event),
            span_id=operation_span_id(event),
        )
