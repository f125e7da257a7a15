"""The events that exporters receive, the same for every API and every backend.

Every event is a frozen, slotted, keyword-only dataclass; fields are only ever added, with defaults. ``type``
is OpenAI's own event string wherever one exists (API reference, "Assistant stream events"). Where none exists
(marked below), it has the same pattern. ``event`` is the name of the class, so that an event can be read back
from JSON. Times are Unix nanoseconds.

For one run in one process there is one ``RunCreated``, one ``RunStatusChanged`` per real change, one
``StepCompleted`` per step, one ``ToolCallRequested`` and one ``ToolCallCompleted`` per tool call, and, last,
one ``RunEnded``. It does not matter how the app mixes create, poll, stream, list and retrieve. Two things may
follow the ``RunEnded``: the ``ToolCallCompleted`` of a call that was still open; and, if the run was
published as unfinished and is then seen to finish, its other events and a second ``RunEnded``, with
``supersedes``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from threadtrail._quick import construct_quickly
from threadtrail.turn import Turn
from threadtrail.values import (
    NO_ATTRIBUTES,
    NO_REQUEST,
    Assistant,
    Attributes,
    Caller,
    Carried,
    Failure,
    FilePart,
    ImagePart,
    Message,
    OtherPart,
    Part,
    ReasoningPart,
    RefusalPart,
    Run,
    RunRequest,
    StatusChange,
    Step,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
    Usage,
)

if TYPE_CHECKING:
    from typing import Self

__all__ = [
    "EVENT_CLASSES",
    "AnyEvent",
    "Assistant",
    "AssistantCreated",
    "AssistantDeleted",
    "AssistantUpdated",
    "Attributes",
    "Caller",
    "Carried",
    "Event",
    "Failure",
    "FilePart",
    "ImagePart",
    "Message",
    "MessageCompleted",
    "MessageCreated",
    "OtherPart",
    "Part",
    "ReasoningPart",
    "RefusalPart",
    "RequestFailed",
    "Run",
    "RunCreated",
    "RunEnded",
    "RunRequest",
    "RunStatusChanged",
    "StatusChange",
    "Step",
    "StepCompleted",
    "StepCreated",
    "TextPart",
    "ThreadCreated",
    "ThreadDeleted",
    "ToolCall",
    "ToolCallCompleted",
    "ToolCallPart",
    "ToolCallRequested",
    "ToolResultPart",
    "TraceEnded",
    "TraceStarted",
    "Turn",
    "TurnEnded",
    "Usage",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The fields that every event has.

    Attributes:
        event: the name of the class.
        type: OpenAI's event string, or one like it.
        time: when it happened, in Unix nanoseconds.
        source: the API, ``openai.assistants`` or ``openai.responses``.
        provider: OpenTelemetry's name of a known provider (``openai``, ``azure.ai.openai``, ``groq``, …),
            else the host of the client's ``base_url``.
        server_address: the host of the API.
        server_port: its port.
        attributes: those in force when the run, or the operation, began.
        trace_id: the enclosing ``threadtrail.trace()``, if there was one.
        carried: what another process passed on by ``threadtrail.carrier()``.
    """

    event: str
    type: str
    time: int
    source: str = "openai.assistants"
    provider: str = "openai"
    server_address: str | None = None
    server_port: int | None = None
    attributes: Attributes = NO_ATTRIBUTES
    trace_id: str | None = None
    carried: Carried | None = None

    def to_json(self) -> str:
        """Return the event as one line of JSON; ``from_json`` gives back an equal event."""
        from threadtrail import _json  # noqa: PLC0415 - pydantic is not loaded by `import threadtrail`

        return _json.dump(self)

    @classmethod
    def from_json(cls, line: str | bytes) -> Self:
        """Read back what ``to_json`` wrote.

        Raises:
            ValueError: the text is not an event of this class (any event, if called on ``Event``).
        """
        from threadtrail import _json  # noqa: PLC0415 - pydantic is not loaded by `import threadtrail`

        event = _json.load(line)
        if not isinstance(event, cls):
            message = f"expected {cls.__name__}, the line holds {type(event).__name__}"
            raise ValueError(message)  # noqa: TRY004 - the line is a wrong value, not a wrong type
        return event


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantCreated(Event):
    """The app created an assistant; the call lasted from ``started_at`` to ``time``."""

    event: Literal["AssistantCreated"] = "AssistantCreated"
    type: str = "assistant.created"  # no OpenAI string exists
    assistant: Assistant
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantUpdated(Event):
    """The app changed an assistant; the call lasted from ``started_at`` to ``time``."""

    event: Literal["AssistantUpdated"] = "AssistantUpdated"
    type: str = "assistant.updated"  # no OpenAI string exists
    assistant: Assistant
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantDeleted(Event):
    """The app deleted an assistant."""

    event: Literal["AssistantDeleted"] = "AssistantDeleted"
    type: str = "assistant.deleted"  # no OpenAI string exists
    assistant_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadCreated(Event):
    """The app created a thread (a conversation); ``started_at``: when it made the call."""

    event: Literal["ThreadCreated"] = "ThreadCreated"
    type: str = "thread.created"
    thread_id: str
    started_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadDeleted(Event):
    """The app deleted a thread."""

    event: Literal["ThreadDeleted"] = "ThreadDeleted"
    type: str = "thread.deleted"  # no OpenAI string exists
    thread_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCreated(Event):
    """A message was added by the app, or begun by the model in a stream.

    ``started_at``: when the app made the call that added it.
    """

    event: Literal["MessageCreated"] = "MessageCreated"
    type: str = "thread.message.created"
    message: Message
    thread_id: str | None = None
    run_id: str | None = None
    started_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCompleted(Event):
    """The model finished a message, or stopped in it (``thread.message.incomplete``)."""

    event: Literal["MessageCompleted"] = "MessageCompleted"
    type: str = "thread.message.completed"
    message: Message
    thread_id: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCreated(Event):
    """A run began; or this process saw it for the first time, and ``observed_from_start`` is false.

    ``turn_id`` is the first run of its turn; ``called_by`` is the tool call that the run was begun for, in
    ``threadtrail.tool()``.
    """

    event: Literal["RunCreated"] = "RunCreated"
    type: str = "thread.run.created"
    run_id: str
    thread_id: str | None = None
    assistant: Assistant | None = None
    request: RunRequest = NO_REQUEST
    observed_from_start: bool = True
    turn_id: str | None = None
    called_by: Caller | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatusChanged(Event):
    """The run has a new status, which is the end of ``type``.

    The first status that is seen is a change from ``None``. ``server_time``, ``seen_at`` and ``stage`` are as
    in ``StatusChange``.
    """

    event: Literal["RunStatusChanged"] = "RunStatusChanged"
    run_id: str
    thread_id: str | None = None
    previous: str | None = None
    status: str
    learnt_from: str
    server_time: int | None = None
    seen_at: int | None = None
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCreated(Event):
    """A step of a run was seen for the first time."""

    event: Literal["StepCreated"] = "StepCreated"
    type: str = "thread.run.step.created"
    run_id: str
    thread_id: str | None = None
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCompleted(Event):
    """A step has ended; in a run of an assistant, the end of ``type`` is its status."""

    event: Literal["StepCompleted"] = "StepCompleted"
    run_id: str
    thread_id: str | None = None
    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRequested(Event):
    """The model called a tool."""

    event: Literal["ToolCallRequested"] = "ToolCallRequested"
    type: str = "tool_call.requested"  # no OpenAI string exists
    run_id: str
    thread_id: str | None = None
    step_id: str | None = None
    tool_call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallCompleted(Event):
    """A tool call has its output, or failed, or its run ended without an output."""

    event: Literal["ToolCallCompleted"] = "ToolCallCompleted"
    type: str = "tool_call.completed"  # no OpenAI string exists
    run_id: str
    thread_id: str | None = None
    step_id: str | None = None
    tool_call: ToolCall


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """The end of a run, with everything known of it.

    A run that was published as unfinished may be seen to finish later. Then it is published once more, with
    ``supersedes``; only the usage of that event counts.
    """

    event: Literal["RunEnded"] = "RunEnded"
    type: str = "thread.run.ended"  # no OpenAI string exists
    run: Run
    supersedes: bool = False

    @property
    def run_id(self) -> str:
        """The run's id, as on the other events of the run."""
        return self.run.id

    @property
    def thread_id(self) -> str | None:
        """The run's thread, as on the other events of the run."""
        return self.run.thread_id


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded(Event):
    """A turn in which the app, or a person, had calls to answer has ended.

    It comes once, after the ``RunEnded`` of its last run, and before the ``TraceEnded`` around it.
    ``attributes`` and ``trace_id`` are those in force when its first run began.
    """

    event: Literal["TurnEnded"] = "TurnEnded"
    type: str = "turn.ended"  # no OpenAI string exists
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(Event):
    """A call of the SDK raised; the app got that exception unchanged.

    ``operation`` is the SDK's name of the method (``threads.runs.create``); ``error.type`` is the API's error
    code, or the exception's class if there is none; ``status_code`` is the HTTP status if there was a
    response. ``begins`` is what the call would have begun: ``assistant``, ``thread``, ``message``, ``run``,
    ``generation`` (a run with ``one_generation``) or ``None``.
    """

    event: Literal["RequestFailed"] = "RequestFailed"
    type: str = "error"
    operation: str
    begins: str | None = None
    error: Failure
    status_code: int | None = None
    request_id: str | None = None
    retry_count: int = 0
    run_id: str | None = None
    thread_id: str | None = None
    assistant_id: str | None = None
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStarted(Event):
    """A ``threadtrail.trace()`` was entered; its runs have its ``trace_id``.

    ``parent_trace_id`` is that of the trace around it, if there is one.
    """

    event: Literal["TraceStarted"] = "TraceStarted"
    type: str = "trace.started"  # no OpenAI string exists
    name: str
    parent_trace_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEnded(Event):
    """A ``threadtrail.trace()`` was left; published after the end of the runs that began in it.

    ``error`` is the exception that left the block, if one did.
    """

    event: Literal["TraceEnded"] = "TraceEnded"
    type: str = "trace.ended"  # no OpenAI string exists
    name: str
    parent_trace_id: str | None = None
    started_at: int
    error: Failure | None = field(default=None)


EVENT_CLASSES: tuple[type[Event], ...] = (
    AssistantCreated,
    AssistantUpdated,
    AssistantDeleted,
    ThreadCreated,
    ThreadDeleted,
    MessageCreated,
    MessageCompleted,
    RunCreated,
    RunStatusChanged,
    StepCreated,
    StepCompleted,
    ToolCallRequested,
    ToolCallCompleted,
    RunEnded,
    TurnEnded,
    RequestFailed,
    TraceStarted,
    TraceEnded,
)
"""Every event class, in the order of the events of a run."""

construct_quickly(*EVENT_CLASSES)

AnyEvent: TypeAlias = (
    AssistantCreated
    | AssistantUpdated
    | AssistantDeleted
    | ThreadCreated
    | ThreadDeleted
    | MessageCreated
    | MessageCompleted
    | RunCreated
    | RunStatusChanged
    | StepCreated
    | StepCompleted
    | ToolCallRequested
    | ToolCallCompleted
    | RunEnded
    | TurnEnded
    | RequestFailed
    | TraceStarted
    | TraceEnded
)
"""Any of these classes: what ``export`` receives, and what a file holds. Type checkers infer the class after
``event.event == "RunEnded"``. A later version may have more.
"""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of one event as ``to_json`` writes it."""
    from threadtrail import _json  # noqa: PLC0415 - pydantic is not loaded by `import threadtrail`

    return _json.schema()
