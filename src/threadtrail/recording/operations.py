"""Publishes what is not part of a run: assistants, threads, messages that the app adds, failed requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.events import (
    AssistantCreated,
    AssistantDeleted,
    AssistantUpdated,
    MessageCreated,
    RequestFailed,
    ThreadCreated,
    ThreadDeleted,
)
from threadtrail.recording.publishing import origin_of, publish_event

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.facts import AssistantChanged, MessageAdded, RequestRaised, ThreadChanged
    from threadtrail.recording.observation import Call
    from threadtrail.recording.publishing import Publish


class Operations:
    """Publishes single operations, each by an event of its own."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish

    def assistant_changed(self, fact: AssistantChanged) -> None:
        """Publish that the app created, updated or deleted an assistant."""
        call, time = fact.call, fact.time
        if fact.change == "deleted":
            self._event(AssistantDeleted, call, time, assistant_id=fact.assistant.id)
            return
        event_class = AssistantCreated if fact.change == "created" else AssistantUpdated
        self._event(event_class, call, time, assistant=fact.assistant, started_at=call.started_at)

    def thread_changed(self, fact: ThreadChanged) -> None:
        """Publish that the app created or deleted a thread."""
        named: dict[str, Any] = {"type": fact.type, "thread_id": fact.thread_id}
        if fact.change != "deleted":
            named["started_at"] = fact.call.started_at
        event_class = ThreadDeleted if fact.change == "deleted" else ThreadCreated
        self._event(event_class, fact.call, fact.time, **named)

    def message_added(self, fact: MessageAdded) -> None:
        """Publish that the app added a message to a thread."""
        self._event(
            MessageCreated,
            fact.call,
            fact.time,
            type=fact.type,
            message=fact.message,
            thread_id=fact.message.thread_id,
            started_at=fact.call.started_at,
        )

    def request_failed(self, fact: RequestRaised, run_id: str | None, scope: Scope) -> None:
        """Publish that a call raised; if it was about a run, ``scope`` is that run's."""
        call, operation = fact.call, fact.call.operation
        ids: dict[str, Any] = {**call.ids, "run_id": run_id}
        self._event(
            RequestFailed,
            call,
            fact.time,
            scope=scope,
            operation=operation.name,
            begins=operation.begins,
            error=fact.error,
            status_code=fact.status_code,
            request_id=fact.request_id,
            retry_count=call.retry_count,
            started_at=call.started_at,
            **ids,
        )

    def _event(
        self, event_class: Any, call: Call, time: int, scope: Scope | None = None, **fields: Any
    ) -> None:
        fields["time"] = max(time, call.started_at)  # the clock may have been set back in the meantime
        publish_event(self._publish, event_class, origin_of(call), scope or call.scope, fields)
