"""Emits operations outside of runs: assistants created, requests that failed before there was a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentops.semconv import AgentAttributes
from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind

from threadtrail.trace_shape import span_id_for
from threadtrail_agentops.attributes import INSTRUCTIONS, THREAD_ID, of_root
from threadtrail_agentops.emitting import MICROSECOND, Emitter, Values, end
from threadtrail_agentops.messages import as_json
from threadtrail_agentops.sessions import Place, caller_of

if TYPE_CHECKING:
    from threadtrail.events import AssistantCreated, Event, RequestFailed
    from threadtrail.values import Failure

FAILED_OPERATIONS = {"assistant": "create_assistant", "run": "create_run", "generation": "create_response"}
"""The name of a failed request's span, by what it would have begun."""


class Operations:
    """Emits single operations: below the trace that they belong to, else as a trace of one span."""

    def __init__(self, emitter: Emitter, tags: tuple[str, ...]) -> None:
        self._emitter = emitter
        self._tags = tags

    def assistant_created(self, event: AssistantCreated, place: Place) -> None:
        """Emit ``create_assistant {name}``, which lasts as long as the call."""
        assistant = event.assistant
        tools = [str(tool.get("type")) for tool in assistant.tools]
        values: Values = {
            AgentAttributes.AGENT_ID: assistant.id,
            AgentAttributes.AGENT_NAME: assistant.name,
            AgentAttributes.AGENT_TOOLS: as_json(tools) if tools else None,
            AgentAttributes.AGENT_MODELS: as_json([assistant.model]) if assistant.model else None,
            INSTRUCTIONS: assistant.instructions,
        }
        name = f"create_assistant {assistant.name or assistant.id}"
        self._emit(event, name, place, values, identifier=assistant.id, start=event.started_at)

    def request_failed(self, event: RequestFailed, place: Place) -> None:
        """Emit a failed request that would have begun something; others belong to a run, or are not shown."""
        name = FAILED_OPERATIONS.get(event.begins or "")
        if name is None or event.run_id is not None:
            return
        values: Values = {
            "threadtrail.request.operation": event.operation,
            "threadtrail.request.id": event.request_id,
            "threadtrail.request.retries": event.retry_count or None,
            "http.status_code": event.status_code,
            AgentAttributes.AGENT_ID: event.assistant_id,
            THREAD_ID: event.thread_id,
        }
        identifier = f"{event.operation} {event.started_at} {event.request_id}"
        self._emit(
            event,
            name,
            place,
            values,
            identifier=identifier,
            start=event.started_at,
            failure=event.error,
        )

    def _emit(  # noqa: PLR0913 - what one span needs
        self,
        event: Event,
        name: str,
        place: Place,
        values: Values,
        *,
        identifier: str,
        start: int,
        failure: Failure | None = None,
    ) -> None:
        root = of_root(self._tags, event.attributes) if place.parent is None else {}
        start = max(start, place.floor + MICROSECOND)
        span = self._emitter.start(
            name,
            Kind.OPERATION,
            start=start,
            span_id=span_id_for(identifier, name),
            trace_of=identifier,
            values={**values, **root, **caller_of(place, event.attributes)},
            parent=place.parent,
            links=place.links,
        )
        until = max(start, event.time)
        end(span, until, failure)
        place.extend(until)
