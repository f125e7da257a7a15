"""What happens around runs: assistants, threads, messages that the app adds, requests that fail."""

from __future__ import annotations

from dataclasses import replace
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
from threadtrail.recording import assistants as read
from threadtrail.recording.known import Bounded, WaitingMessages
from threadtrail.recording.origin import origin_of

if TYPE_CHECKING:
    from threadtrail.recording.observation import Call, Raised, Scope
    from threadtrail.recording.runs import Publish
    from threadtrail.values import Assistant, Message

KNOWN_ASSISTANTS = 1_024
KNOWN_THREADS = 4_096

ASSISTANT_EVENTS = {"assistants.create": AssistantCreated, "assistants.update": AssistantUpdated}


class Surroundings:
    """Tells the events that belong to no run, and remembers what later runs will need of them."""

    def __init__(self, publish: Publish) -> None:
        self._publish = publish
        self._assistants: Bounded[str, Assistant] = Bounded(KNOWN_ASSISTANTS)
        self._waiting = WaitingMessages(KNOWN_THREADS)

    def assistant(self, assistant_id: Any) -> Assistant | None:
        """What is known of an assistant, if the app ever made or looked at it."""
        return self._assistants.get(str(assistant_id))

    def see_assistant(self, data: dict[str, Any], call: Call, time: int) -> None:
        """An assistant was created, changed, retrieved or listed."""
        value = read.assistant(data)
        self._assistants.put(value.id, value)
        event_class = ASSISTANT_EVENTS.get(call.operation)
        if event_class is not None:
            self._tell(event_class, call, time, assistant=value, started_at=call.started_at)

    def assistant_deleted(self, data: dict[str, Any], call: Call, time: int) -> None:
        """An assistant was deleted."""
        identity = str(data.get("id") or call.arguments.get("assistant_id"))
        self._assistants.pop(identity)
        self._tell(AssistantDeleted, call, time, assistant_id=identity)

    def see_thread(self, data: dict[str, Any], call: Call, time: int) -> None:
        """A thread was created (also within ``create_and_run``), or just looked at."""
        if call.operation not in {"threads.create", "threads.create_and_run"}:
            return
        thread_id = str(data.get("id"))
        if call.operation == "threads.create":
            self._waiting.add(thread_id, _sent(call.arguments.get("messages"), thread_id))
        self._tell(ThreadCreated, call, time, thread_id=thread_id, started_at=call.started_at)

    def thread_deleted(self, data: dict[str, Any], call: Call, time: int) -> None:
        """A thread was deleted."""
        thread_id = str(data.get("id") or call.arguments.get("thread_id"))
        self._waiting.forget(thread_id)
        self._tell(ThreadDeleted, call, time, thread_id=thread_id)

    def message_added(self, message: Message, call: Call, time: int) -> None:
        """The app put a message on a thread: it is input of the thread's next run."""
        thread_id = message.thread_id or read.text_or_none(call.arguments.get("thread_id"))
        message = replace(message, thread_id=thread_id)
        self._waiting.add(thread_id or "", [message])
        self._tell(
            MessageCreated, call, time, message=message, thread_id=thread_id, started_at=call.started_at
        )

    def input_of_new_run(self, thread_id: str | None, call: Call) -> tuple[Message, ...]:
        """What a run that ``call`` created has to answer: what waited on its thread and what came along."""
        thread = read.mapping(call.arguments.get("thread"))
        with_it = [
            *_sent(thread.get("messages"), thread_id),
            *_sent(call.arguments.get("additional_messages"), thread_id),
        ]
        return (*self._waiting.take(thread_id), *with_it)

    def request_failed(self, raised: Raised, run_id: str | None, scope: Scope) -> None:
        """A call raised; if it was about a run, ``scope`` is that run's."""
        call = raised.call
        self._tell(
            RequestFailed,
            call,
            raised.time,
            scope=scope,
            operation=call.name or call.operation,
            error=raised.error,
            status_code=raised.status_code,
            request_id=raised.request_id,
            retry_count=call.retry_count,
            run_id=run_id,
            thread_id=read.text_or_none(call.arguments.get("thread_id")),
            assistant_id=read.text_or_none(call.arguments.get("assistant_id")),
            started_at=call.started_at,
        )

    def _tell(
        self, event_class: Any, call: Call, time: int, scope: Scope | None = None, **fields: Any
    ) -> None:
        origin = origin_of(call.client)
        scope = scope or call.scope
        event = event_class(
            time=time,
            source=origin.source,
            provider=origin.provider,
            server_address=origin.server_address,
            server_port=origin.server_port,
            attributes=scope.attributes,
            trace_id=scope.trace_id,
            **fields,
        )
        self._publish(event, scope.contexts)


def _sent(messages: Any, thread_id: str | None) -> list[Message]:
    """Messages as the app sends them along with a thread or a run: they have no ids yet."""
    dicts = [message for message in read.items(messages) if isinstance(message, dict)]
    return [replace(read.message(message), thread_id=thread_id) for message in dicts]
