"""Facts: what a source reads out of observations, in the words of ``values.py``.

A source knows what its API's statuses and objects mean, and says so here; the recorder compares, keeps and
publishes without knowing these words. Each fact has the call that it was seen by (``call.operation.source``
names the source) and the time of that (Unix nanoseconds, the local clock).
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
    """Make a dataclass of it that type checkers take as frozen.

    At run time it is not: nearly a fifth of the recorder's time was spent on the slow constructors of frozen
    ones, and facts live until the next one is read.
    """
    return dataclass(slots=True, kw_only=True)(cls)


@fact
class RunSeen:
    """A run object was seen, in an answer, a list or a stream.

    Attributes:
        run_id: the run.
        status: its status; ``None`` if the object has none.
        learnt_from: as in ``StatusChange``.
        asked_at: when this state was asked for (Unix nanoseconds); a stream's events are asked for as they
            come.
        opening: reads what is only needed where the run begins; called once, if it does.
        streamed: it was seen in a stream.
        listed: it was seen in a list of what was.
        outlives_call: the server goes on with the run when the call that created it is over.
        followed_by_parts: facts of the same look follow, up to a ``RunLookedAt``.
        model: the model that worked on it, by the server's name.
        created_at: the server's stamp (Unix nanoseconds), as ``started_at`` and ``ended_at``.
        metadata: ``None`` if the object has none; without what is in ``carried``.
        carried: what the creator put into the metadata by ``threadtrail.carrier()``.
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
    """All that one look at a run shows was seen. ``whole``: the run is over, and nothing of it is missing."""

    call: Call
    time: int
    run_id: str
    whole: bool = False


@fact
class RunLost:
    """Nothing more of a run will be seen, ended or not: it is deleted, or the server does not know it."""

    call: Call
    time: int
    run_id: str
    error: Failure | None = None
    deleted: bool = False


@fact
class StepSeen:
    """A step of a run was seen, in a stream (``live``) or in an answer.

    Steps of the same second stand in the order of ``place``.
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

    ``type`` is that of the event which publishes its end. ``ended``: the API says so; ``partial``: it says
    that more will come. Neither, if it says nothing. ``place`` is as in ``StepSeen``.
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

    ``run_id`` is the run that asked for them; ``None`` if the API goes by the calls' ids alone.
    ``thread_id``: they were put on this thread, for its next run.
    """

    call: Call
    time: int
    run_id: str | None
    tool_calls: tuple[ToolCall, ...]
    thread_id: str | None = None


@fact
class InputSeen:
    """What a run has to answer became known; ``listed``: it was read off a list that holds all of it."""

    call: Call
    time: int
    run_id: str
    messages: tuple[Message, ...]
    listed: bool


@fact
class StreamEnded:
    """A stream ended; whatever it held was seen before.

    ``run_id``: the run that it was about. ``error``: what ended it, also for the run if that ends with it.
    """

    call: Call
    time: int
    run_id: str | None
    error: Failure | None = None


@fact
class AssistantChanged:
    """The app created, updated or deleted an assistant; of a deleted one only the id is known."""

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
    """The app put a message on a thread; ``type`` is that of the event which publishes it."""

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
