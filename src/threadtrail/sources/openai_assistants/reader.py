"""Reads observations of the Assistants API as facts, in the recorder's thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from threadtrail._quick import changed
from threadtrail.recording.facts import (
    AssistantChanged,
    CallsAnswered,
    MessageAdded,
    RequestRaised,
    StreamEnded,
    ThreadChanged,
)
from threadtrail.recording.meaning import Opening
from threadtrail.recording.observation import Raised, Returned, StreamClosed, StreamEvent, StreamOpened
from threadtrail.sources import json_values
from threadtrail.sources.bodies import parse, request_of
from threadtrail.sources.openai_assistants import statuses
from threadtrail.sources.openai_assistants import values as read
from threadtrail.sources.openai_assistants.deltas import joined
from threadtrail.sources.openai_assistants.glimpses import Glimpse, message_seen, run_seen, step_seen
from threadtrail.sources.openai_assistants.inputs import inputs_seen, wants_input
from threadtrail.sources.openai_assistants.memory import Memory
from threadtrail.values import Assistant, Failure, Message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from threadtrail.recording.facts import Change, Fact
    from threadtrail.recording.observation import Call, OfCall
    from threadtrail.recording.reading import FollowedRuns

CHANGES: dict[str, Change] = {"assistants.create": "created", "assistants.update": "updated"}
CREATES_THREAD = frozenset({"threads.create", "threads.create_and_run"})
LIST_MESSAGES = "threads.messages.list"
SUBMIT = "threads.runs.submit_tool_outputs"
MESSAGE = "thread.message"


class AssistantsReader:
    """Reads observations of calls and streams; ``runs`` are those that the recorder follows."""

    def __init__(self, runs: FollowedRuns) -> None:
        self._runs = runs
        self._memory = Memory()
        self._before: StreamEvent | None = None
        self._errors: WeakKeyDictionary[Call, tuple[int, Failure]] = WeakKeyDictionary()

    def read(self, observation: OfCall) -> Iterator[Fact]:
        """Yield the facts of one observation."""
        match observation:
            case Returned(call=call):
                if call.operation.does == SUBMIT:
                    yield from self._answers(call)
                yield from self._returned(observation)
            case StreamOpened(call=call):
                if call.operation.does == SUBMIT:
                    yield from self._answers(call)
            case StreamEvent():
                yield from self._streamed(observation)
            case StreamClosed():
                yield from self._stream_closed(observation)
            case Raised():
                yield RequestRaised(
                    call=observation.call,
                    time=observation.time,
                    error=observation.error,
                    status_code=observation.status_code,
                    request_id=observation.request_id,
                )

    def _answers(self, call: Call) -> Iterator[Fact]:
        """Yield the outputs that the call submitted, which come before the run's next status."""
        run_id = call.ids.get("run_id")
        if run_id:
            answered = read.answered_tool_calls(request_of(call).get("tool_outputs"), call.started_at)
            yield CallsAnswered(call=call, time=call.started_at, run_id=run_id, tool_calls=answered)

    # -- answers ----------------------------------------------------------------------------------

    def _returned(self, observation: Returned) -> Iterator[Fact]:
        call, time, result = observation.call, observation.time, parse(observation.result)
        if result is None:
            return
        if isinstance(result, list) or call.operation.does.endswith(".list"):
            objects = result if isinstance(result, list) else json_values.items(result.get("data"))
            yield from self._list(objects, observation)
        else:
            yield from self._object(result, Glimpse(call, time, time))

    def _list(self, noted: list[Any], observation: Returned) -> Iterator[Fact]:
        call, time = observation.call, observation.time
        asked = request_of(call)
        # Copied objects may each be JSON text; those of a body are parsed already.
        read_of = (parse(each) if isinstance(each, (bytes, str)) else each for each in noted)
        objects = [data for data in read_of if isinstance(data, dict)]
        newest_first = asked.get("order") != "asc"
        if newest_first:
            # This is the API's default; facts are read in the order in which they happened.
            objects.reverse()
        # A later page of such a list holds objects older than all that are known.
        place = -time if newest_first and asked.get("after") else time
        if call.operation.does == LIST_MESSAGES:
            yield from self._messages_listed(objects, asked, Glimpse(call, time, place))
        else:
            for data in objects:
                yield from self._object(data, Glimpse(call, time, place))

    def _messages_listed(
        self, objects: list[dict[str, Any]], asked: dict[str, Any], glimpse: Glimpse
    ) -> Iterator[Fact]:
        """Read the messages of a thread: most were seen before, or belong to runs that nobody follows."""
        runs = self._runs.on_thread(glimpse.call.ids.get("thread_id"))
        wanting = [run for run in runs if wants_input(run)]
        if not wanting:
            objects = [data for data in objects if self._is_answer(data)]
        listed = [read.message(data) for data in objects if (data.get("object") or MESSAGE) == MESSAGE]
        # Inputs come before answers: an answer may make the run complete, and then it is published.
        yield from inputs_seen(wanting, listed, asked, glimpse)
        for message in listed:
            if message.role == "assistant":
                yield message_seen(message, glimpse, message.run_id)

    def _is_answer(self, data: dict[str, Any]) -> bool:
        """Return whether this message is an answer of a run that is followed."""
        run_id = data.get("run_id")
        return isinstance(run_id, str) and self._runs.get(run_id) is not None

    def _object(self, data: dict[str, Any], glimpse: Glimpse) -> Iterator[Fact]:
        """Read one object by its kind; compatible servers may leave ``object`` out."""
        operation = glimpse.call.operation
        match json_values.text_or_none(data.get("object")) or kind_of_operation(operation.does):
            case "thread.run":
                yield from self._run(data, glimpse, operation.learnt_from or "poll")
            case "thread.run.step":
                yield step_seen(data, glimpse, json_values.text_or_none(data.get("run_id")))
            case "thread.message":
                yield from self._message(data, glimpse)
            case "thread":
                yield from self._thread(data, glimpse)
            case "assistant":
                yield from self._assistant(data, glimpse)
            case "assistant.deleted" | "thread.deleted" as kind:
                yield self._deleted(kind, data, glimpse)
            case "thread.message.deleted":
                thread_id = glimpse.call.ids.get("thread_id", "")
                self._memory.remove_message(thread_id, json_values.text_or_none(data.get("id")))

    def _run(self, data: dict[str, Any], glimpse: Glimpse, learnt_from: str) -> tuple[Fact, ...]:
        seen = run_seen(data, glimpse, learnt_from, partial(self._opening, data, glimpse.call))
        return () if seen is None else (seen,)

    def shrink(self, max_bytes: int, size: Callable[[Any], int]) -> None:
        """Forget the oldest assistants and messages until the others take ``max_bytes`` at most."""
        self._memory.shrink(max_bytes, size)

    @property
    def forgotten(self) -> int:
        """How many assistants, and how many threads' messages, were forgotten for lack of room."""
        return self._memory.forgotten

    def _opening(self, data: dict[str, Any], call: Call) -> Opening:
        """Read what a run begins with; its input is known only if ``call`` created it."""
        created = call.operation.creates_run
        sent = request_of(call) if created else {}
        thread_id = json_values.text_or_none(data.get("thread_id"))
        messages: list[Message] = []
        if created:
            with_thread = json_values.mapping(sent.get("thread")).get("messages")
            messages += self._memory.take_messages(thread_id)
            messages += sent_messages(with_thread, thread_id)
            messages += sent_messages(sent.get("additional_messages"), thread_id)
        identity = json_values.text_or_none(data.get("assistant_id"))
        known = self._memory.assistants.get(identity) if identity else None
        return Opening(
            types=statuses.TYPES,
            request=self._memory.requests.read(identity, data, sent),
            assistant=known or (Assistant(id=identity) if identity else None),
            input=tuple(messages),
        )

    def _message(self, data: dict[str, Any], glimpse: Glimpse) -> Iterator[Fact]:
        call = glimpse.call
        if call.operation.does == "threads.messages.create":
            message = read.message(data)
            thread_id = message.thread_id or call.ids.get("thread_id")
            message = changed(message, thread_id=thread_id)
            self._memory.add_messages(thread_id or "", [message])
            kind = statuses.TYPES.message_created
            yield MessageAdded(call=call, time=glimpse.time, message=message, type=kind)
        elif data.get("role") == "assistant":
            message = read.message(data)
            yield message_seen(message, glimpse, message.run_id)

    def _thread(self, data: dict[str, Any], glimpse: Glimpse) -> Iterator[Fact]:
        """Read a thread that a call created, perhaps ``create_and_run``; other calls give no fact."""
        call, thread_id = glimpse.call, json_values.text_or_none(data.get("id"))
        if thread_id is None or call.operation.does not in CREATES_THREAD:
            return
        if call.operation.does == "threads.create":
            messages = sent_messages(request_of(call).get("messages"), thread_id)
            self._memory.add_messages(thread_id, messages)
        yield thread_changed(glimpse, "created", thread_id)

    def _assistant(self, data: dict[str, Any], glimpse: Glimpse) -> Iterator[Fact]:
        assistant = read.assistant(data)
        self._memory.assistants.put(assistant.id, assistant)
        change = CHANGES.get(glimpse.call.operation.does)
        if change is not None:
            yield AssistantChanged(call=glimpse.call, time=glimpse.time, change=change, assistant=assistant)

    def _deleted(self, kind: str, data: dict[str, Any], glimpse: Glimpse) -> Fact:
        ids, identity = glimpse.call.ids, json_values.text_or_none(data.get("id"))
        if kind == "thread.deleted":
            thread_id = identity or ids.get("thread_id", "")
            self._memory.forget_thread(thread_id)
            return thread_changed(glimpse, "deleted", thread_id)
        gone = Assistant(id=identity or ids.get("assistant_id", ""))
        self._memory.assistants.pop(gone.id)
        return AssistantChanged(call=glimpse.call, time=glimpse.time, change="deleted", assistant=gone)

    # -- streams ----------------------------------------------------------------------------------

    def _streamed(self, event: StreamEvent) -> Iterator[Fact]:
        call = event.call
        if self._repeats(event):
            return
        self._before = event
        data = parse(event.data)
        if not isinstance(data, dict):
            return
        glimpse = Glimpse(call, event.time, event.time, live=True)
        known = json_values.text_or_none(data.get("status"))
        status = statuses.status_in_event(event.name, known)
        if status != known:
            data = {**data, "status": status}
        match kind_of_event(event.name, data):
            case "thread":
                yield from self._thread(data, glimpse)
            case "thread.run.step":
                yield step_seen(data, glimpse, call.run_id)
            case "thread.run":
                learnt_from = "create" if event.name == "thread.run.created" else "stream"
                yield from self._run(data, glimpse, learnt_from)
            case "thread.message":
                yield message_seen(read.message(data), glimpse, call.run_id)
            case "error":
                yield from self._error(event, data)

    def _error(self, event: StreamEvent, data: dict[str, Any]) -> Iterator[Fact]:
        """Read an error event; the SDK raises for one within ``error``, which is not a second failure."""
        within = json_values.mapping(data.get("error"))
        error = read.failure(within or data) or Failure(type="unknown")
        if within:
            self._errors[event.call] = event.time, error
        else:
            yield RequestRaised(call=event.call, time=event.time, error=error)

    def _repeats(self, event: StreamEvent) -> bool:
        """Return whether an event adds nothing to the one before, as "in_progress" after "created" may."""
        before = self._before
        if before is None or event.call is not before.call or event.data != before.data:
            return False
        return statuses.status_in_event(event.name, None) is None

    def _stream_closed(self, closed: StreamClosed) -> Iterator[Fact]:
        call, time = closed.call, closed.time
        self._before = None
        said = self._errors.pop(call, None)
        if closed.error is not None:
            yield RequestRaised(call=call, time=time, error=closed.error)
        elif said is not None:
            yield RequestRaised(call=call, time=said[0], error=said[1])
        run = self._runs.get(call.run_id or "")
        for (name, identity), blocks in joined(closed.pieces).items():
            if name == "thread.message.delta":
                message = Message(
                    id=identity,
                    role="assistant",
                    thread_id=run.thread_id if run is not None else None,
                    run_id=call.run_id,
                    status="in_progress",
                    parts=read.parts(blocks),
                )
                yield message_seen(message, Glimpse(call, time, time), call.run_id)
            else:
                step = {"id": identity, "type": "tool_calls", "step_details": {"tool_calls": blocks}}
                yield step_seen(step, Glimpse(call, time, time, live=True), call.run_id)
        yield StreamEnded(call=call, time=time, run_id=call.run_id)


def kind_of_operation(does: str) -> str:
    """Return the kind of object that an operation returns, for an object without the field ``object``."""
    if does.startswith("threads.runs.steps"):
        return "thread.run.step"
    if does.startswith("threads.runs") or does == "threads.create_and_run":
        return "thread.run"
    if does.startswith("threads.messages"):
        return "thread.message"
    return "assistant" if does.startswith("assistants") else "thread"


def kind_of_event(name: str, data: dict[str, Any]) -> str:
    """Return the kind of object in an event of a stream (API reference, "Assistant stream events").

    An event without a name has none, unless it is an error.
    """
    if not name:
        return "error" if "message" in data else ""
    kinds = ("thread.run.step", "thread.run", "thread.message", "thread")
    said = json_values.text_or_none(data.get("object"))
    return said or next((kind for kind in kinds if name.startswith(f"{kind}.")), name)


def thread_changed(glimpse: Glimpse, change: Change, thread_id: str) -> ThreadChanged:
    """Return the fact that a thread was created or deleted; for the latter no OpenAI string exists."""
    kind = f"thread.{change}"
    return ThreadChanged(call=glimpse.call, time=glimpse.time, change=change, thread_id=thread_id, type=kind)


def sent_messages(messages: Any, thread_id: str | None) -> list[Message]:
    """Return the messages that the app sent with a thread or a run; they have no ids yet."""
    sent = map(read.message, json_values.objects(messages))
    return [changed(message, thread_id=thread_id) for message in sent]
