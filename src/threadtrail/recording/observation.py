"""What instrumentation hands over: raw notes of what was called and what came back, not interpreted.

The user's thread makes them, so they hold copies of the few values that matter and nothing that could
still change. Times are Unix nanoseconds of the local clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from threadtrail.values import NO_ATTRIBUTES, Attributes, Failure


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What is in force in a place of the app: attributes, enclosing trace, the exporters' contexts."""

    attributes: Attributes = NO_ATTRIBUTES
    trace_id: str | None = None
    contexts: Mapping[str, object] | None = None


@dataclass(slots=True, eq=False)
class Call:
    """One call of a patched method.

    ``name`` is the SDK's path below ``client.beta`` and ``operation`` what it does, where a helper does
    the same as another method; ``arguments`` holds copies of those arguments that the answer does not
    repeat (data other than text as bytes, until ``unpack``); ``client`` is the SDK's client,
    kept only for as long as its observations are unread (and, with ``fetch_run_details``, until its runs
    have ended). ``run_id`` is filled in by the recorder, for a stream whose run becomes known by its first
    event; ``loop`` is the event loop of an async call, where ``fetch_run_details`` needs it; ``response``
    is the HTTP response, until its body was noted; ``failed_within`` says that another call that this one
    made has raised, and was noted.
    """

    operation: str
    started_at: int
    arguments: dict[str, Any]
    client: Any
    scope: Scope
    name: str = ""
    retry_count: int = 0
    run_id: str | None = None
    loop: Any = None
    response: Any = None
    failed_within: bool = False


@dataclass(slots=True)
class Returned:
    """A call came back.

    ``result`` is bytes (the body of the response, not yet parsed), or a dict or a list of dicts (copies of
    the SDK's objects, where there is no body).
    """

    call: Call
    time: int
    result: Any


@dataclass(slots=True)
class Raised:
    """A call raised; the app got the exception unchanged."""

    call: Call
    time: int
    error: Failure
    status_code: int | None = None
    request_id: str | None = None


class Stream(Protocol):
    """A stream that is being read by the app."""

    def closed(self) -> None:
        """Hand over, in a ``StreamClosed``, what was seen so far; from now on nothing more."""


@dataclass(slots=True)
class StreamOpened:
    """A stream was opened; nothing has passed through it yet."""

    call: Call
    time: int
    stream: Stream


@dataclass(slots=True)
class StreamEvent:
    """One event of a stream, other than a delta: ``data`` is a copy of the SDK's object."""

    call: Call
    time: int
    name: str
    data: Any


@dataclass(slots=True)
class FirstOutput:
    """The first delta of a stream: when the user saw the first output of the run."""

    call: Call
    time: int


@dataclass(slots=True)
class StreamClosed:
    """A stream ended, however it did. ``deltas`` are those of objects that were never completed."""

    call: Call
    time: int
    error: Failure | None = None
    deltas: list[tuple[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class GroupStarted:
    """``threadtrail.trace()`` was entered."""

    time: int
    trace_id: str
    name: str
    parent_trace_id: str | None
    scope: Scope


@dataclass(slots=True)
class GroupEnded:
    """``threadtrail.trace()`` was left."""

    time: int
    trace_id: str
    error: Failure | None = None


Observation = (
    Returned | Raised | StreamOpened | StreamEvent | FirstOutput | StreamClosed | GroupStarted | GroupEnded
)
