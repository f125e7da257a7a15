"""Observations: notes of what was called and what came back, not interpreted.

The app's threads make them, so they hold bytes and copies that nothing can change any more. Times are Unix
nanoseconds of the local clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from threadtrail.context import Scope
from threadtrail.values import Failure

REQUEST_ID = "x-request-id"
"""The header in which the server names the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a call of one patched method is.

    Attributes:
        source: the name of the source that reads it.
        name: the SDK's own path of the method.
        does: the path of the method that does the same, where ``name`` is a helper; else ``name``.
        begins: what the call begins, in the words of ``RequestFailed.begins``.
        learnt_from: how a run that the call returns becomes known, in the words of
            ``StatusChange.learnt_from``; ``None`` for a call that returns no run.
        polls: the method is a helper that polls by methods which are patched themselves.
        reads_details: it reads steps or messages, which a run that has ended waits for.
        captures_context: something begins here that exporters may tie to its surroundings.
        creates_run: the call creates a run.
        looks_at_run: the call is one look at one run.
    """

    source: str
    name: str
    does: str
    begins: str | None = None
    learnt_from: str | None = None
    polls: bool = False
    reads_details: bool = False
    captures_context: bool = False
    creates_run: bool = field(init=False)
    looks_at_run: bool = field(init=False)

    def __post_init__(self) -> None:
        # Asked for at each call, so found out once.
        object.__setattr__(self, "creates_run", self.learnt_from == "create")
        object.__setattr__(self, "looks_at_run", self.learnt_from == "poll" and not self.polls)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Call:
    """One call of a patched method, and the exchange that it led to.

    Attributes:
        operation: what the call is.
        started_at: when it was made, or when its request was made, if that comes later.
        ids: the ids among its arguments, by the names that ``RequestFailed`` has for them (``run_id``, …).
        client: the SDK's client. Kept while observations of the call are unread, and with
            ``fetch_run_details`` until its runs have ended.
        scope: what was in force where it was made.
        retry_count: how often the SDK repeated the request.
        request: the body of the request as it was sent; ``{}``, or a copy of the arguments, where the SDK
            does not let it be seen.
        query: the query of the request's address.
        run_id: the run that it created or streams, set by the recorder when it is first seen.
        origin: where it went, set by the recorder.
        loop: the event loop of an async call, where ``fetch_run_details`` needs it.
        response: the HTTP response, until its body was noted.
        is_stream: the response is an event stream, also if all of it is there already, as from a mock.
        given: the keyword arguments, until the request was noted.
        headers: those of the response to a call that creates a run, until the recorder has read them.
        request_id: the server's id of the request, of a call that creates a run, set by the recorder.
        links: what links the run that it creates to earlier ones, set by the recorder.
        failed_within: another call, made by this one, has raised and was noted.
    """

    operation: Operation
    started_at: int
    ids: dict[str, str]
    client: Any
    scope: Scope
    given: dict[str, Any] | None = None
    retry_count: int = 0
    request: Any = b""
    query: bytes = b""
    run_id: str | None = None
    origin: Any = None
    loop: Any = None
    response: Any = None
    is_stream: bool = False
    headers: Any = None
    request_id: str | None = None
    links: tuple[Any, ...] = ()
    failed_within: bool = False

    def read_headers(self) -> None:
        """Take the id of the request from the headers, and drop these."""
        if self.headers is not None:
            self.request_id, self.headers = self.headers.get(REQUEST_ID), None


@dataclass(slots=True)
class Returned:
    """A call returned.

    ``result`` is the body of the response as bytes, or a dict or a list of dicts (copies of the SDK's
    objects, where there is no body).
    """

    call: Call
    time: int
    result: Any


@dataclass(slots=True)
class Raised:
    """A call raised; the app got the exception unchanged.

    ``answer`` is the body of an answer that came nevertheless, with success, and that the SDK or the app's
    own model cannot read. It may have been paid for.
    """

    call: Call
    time: int
    error: Failure
    status_code: int | None = None
    request_id: str | None = None
    answer: bytes | None = None


class Stream(Protocol):
    """A stream that the app is reading."""

    def closed(self) -> None:
        """Note what was seen so far in a ``StreamClosed``, and nothing after that."""


@dataclass(slots=True)
class StreamOpened:
    """A stream was opened; nothing has passed through it yet."""

    call: Call
    time: int
    stream: Stream


@dataclass(slots=True)
class StreamEvent:
    """One event of a stream that is read by itself: ``data`` is a copy of what the SDK made of it."""

    call: Call
    time: int
    name: str
    data: Any


@dataclass(slots=True)
class FirstOutput:
    """The first output of a run passed through a stream."""

    call: Call
    time: int


@dataclass(slots=True)
class StreamClosed:
    """A stream ended, however it did.

    ``pieces`` are (event name, data) of objects that were never completed, in order of arrival.
    """

    call: Call
    time: int
    error: Failure | None = None
    pieces: list[tuple[str, Any]] = field(default_factory=list)


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


@dataclass(slots=True)
class ToolStarted:
    """``threadtrail.tool()`` was entered."""

    time: int
    call_id: str


@dataclass(slots=True)
class ToolEnded:
    """``threadtrail.tool()`` was left."""

    time: int
    call_id: str
    error: Failure | None = None


@dataclass(slots=True)
class DetailsFetched:
    """``fetch_run_details`` has fetched what it could of a run, named by its key; the answers came before."""

    key: tuple[Any, str]


OfCall = Returned | Raised | StreamOpened | StreamEvent | FirstOutput | StreamClosed
"""What is observed of a call: a source reads it."""

Observation = OfCall | Call | GroupStarted | GroupEnded | ToolStarted | ToolEnded | DetailsFetched
"""What is observed. A ``Call`` by itself: the request of a call that reads details is made."""

OBSERVATION_BYTES = 1_000
"""What an observation takes in memory besides the bodies."""
