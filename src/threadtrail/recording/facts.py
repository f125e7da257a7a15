"""Facts: what a source reads from observations, in the words of ``values.py``.

A source knows what its API's statuses and objects mean, and states that in facts. The recorder compares,
keeps and publishes without knowing the API's words. Each fact has the call by which it was seen
(``call.operation.source`` names the source) and when (Unix nanoseconds, the local clock).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar, dataclass_transform

from threadtrail.recording.meaning import NO_PARTICULARS

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.meaning import Opening, Particulars, RunStatus, StepStatus
    from threadtrail.recording.observation import Call
    from threadtrail.values import (
        Assistant,
        Carried,
        Failure,
        JsonObject,
        Message,
        Step,
        ToolCall,
        Usage,
    )

Change = Literal["created", "updated", "deleted"]

Class = TypeVar("Class")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(cls: type[Class]) -> type[Class]:
    """Make the class a dataclass that type checkers treat as frozen.

    It is not frozen at run time: the slow constructors of frozen dataclasses took nearly a fifth of the
    recorder's time, and a fact only lives until the next one is read.
    """
    return dataclass(slots=True, kw_only=True)(cls)


@fact
class RunSeen:
    """A run object was seen, in an answer, a list or a stream.

    Attributes:
        run_id: the run.
        status: its status; ``None`` if the object has none.
        learnt_from: as in ``StatusChange``.
        asked_at: when this status was asked for (Unix nanoseconds); for an event of a stream, when it came.
        opening: reads what is only needed when the run begins; called at most once.
        streamed: whether it was seen in a stream.
        listed: whether it was seen in a list of runs.
        outlives_call: whether the server goes on with the run after the call that created it has ended.
        followed_by_parts: whether more facts of the same look follow, the last being a ``RunLookedAt``.
        model: the server's name of the model that worked on it.
        created_at: the server's timestamp (Unix nanoseconds), like ``started_at`` and ``ended_at``.
        metadata: without what is in ``carried``; ``None`` if the object has none.
        carried: what the creator put into the metadata with ``threadtrail.carrier()``.
        required_calls: the calls whose outputs the run waits for.
    """

    call: Call
    time: int
    run_id: str
    status: RunStatus | None
    learnt_from: str
    asked_at: int
    opening: Callable[[], Opening]
    streamed: bool = False
    listed: bool = False
    outlives_call: bool = True
    followed_by_parts: bool = False
    model: str | None = None
    particulars: Particulars = NO_PARTICULARS
    thread_id: str | None = None
    created_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    usage: Usage | None = None
    error: Failure | None = None
    incomplete_reason: str | None = None
    metadata: JsonObject | None = None
    carried: Carried | None = None
    required_calls: tuple[ToolCall, ...] = ()


@fact
class RunLookedAt:
    """All facts of one look at a run were seen. ``whole``: the run has ended, and nothing is missing."""

    call: Call
    time: int
    run_id: str
    whole: bool = False


@fact
class RunLost:
    """Nothing more of a run will be seen: it was deleted, or the server does not know it."""

    call: Call
    time: int
    run_id: str
    error: Failure | None = None
    deleted: bool = False


@fact
class StepSeen:
    """A step of a run was seen, in a stream (``live``) or in an answer.

    Steps of the same second are sorted by ``place``.
    """

    call: Call
    time: int
    run_id: str | None
    step: Step
    status: StepStatus
    live: bool
    place: int


@fact
class MessageSeen:
    """A message that a run wrote was seen, in a stream (``live``) or in an answer.

    ``type`` is the type of the event that publishes its end. ``ended`` means that the API says it is
    complete, ``partial`` that the API says more will come; both are false if it says neither. ``place`` is as
    in ``StepSeen``.
    """

    call: Call
    time: int
    run_id: str | None
    message: Message
    type: str
    ended: bool
    partial: bool
    live: bool
    place: int


@fact
class CallsAnswered:
    """The app submitted outputs of tool calls; each call holds its id, output and end.

    ``run_id`` is the run that asked for them, ``None`` if the API identifies calls by their ids alone.
    ``thread_id`` is the thread to which they were added for its next run.
    """

    call: Call
    time: int
    run_id: str | None
    tool_calls: tuple[ToolCall, ...]
    thread_id: str | None = None


@fact
class InputSeen:
    """The input of a run was seen; ``listed`` says that it was read from a list that holds all of it."""

    call: Call
    time: int
    run_id: str
    messages: tuple[Message, ...]
    listed: bool


@fact
class StreamEnded:
    """A stream ended, after all facts of its events.

    ``run_id`` is the run that it was about. ``error`` is what broke the stream, and its run if that ends too.
    """

    call: Call
    time: int
    run_id: str | None
    error: Failure | None = None


@fact
class AssistantChanged:
    """The app created, updated or deleted an assistant; a deleted one has only its id."""

    call: Call
    time: int
    change: Change
    assistant: Assistant


@fact
class ThreadChanged:
    """The app created or deleted a thread."""

    call: Call
    time: int
    change: Change
    thread_id: str
    type: str


@fact
class MessageAdded:
    """The app added a message to a thread; ``type`` is the type of the event that publishes it."""

    call: Call
    time: int
    message: Message
    type: str


@fact
class RequestRaised:
    """A call raised, or its stream brought an error."""

    call: Call
    time: int
    error: Failure
    status_code: int | None = None
    request_id: str | None = None


Fact = (
    RunSeen
    | RunLookedAt
    | RunLost
    | StepSeen
    | MessageSeen
    | CallsAnswered
    | InputSeen
    | StreamEnded
    | AssistantChanged
    | ThreadChanged
    | MessageAdded
    | RequestRaised
)
