"""Observations: notes of what was called and what came back, not interpreted.

The app's threads make them, so they hold bytes and copies that nobody can change. Times are Unix nanoseconds
of the local clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from threadtrail._frozen import clean_text
from threadtrail.context import Scope
from threadtrail.recording.paths import Path
from threadtrail.values import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a call of one patched method does.

    Attributes:
        source: the name of the source that reads it.
        name: the SDK's own path of the method.
        does: the path of the method that does the same if ``name`` is a helper; else ``name``.
        begins: what the call begins, in the words of ``RequestFailed.begins``.
        learnt_from: how the status of a run that the call returns was learnt, in the words of
            ``StatusChange.learnt_from``; ``None`` for a call that returns no run.
        polls: whether the method is a helper that polls by calling patched methods.
        reads_details: whether it reads steps or messages, for which a run that has ended waits.
        captures_context: whether it begins something that exporters may link to the caller's context.
        path: the path that its request asks for below the API's root, with the names of ids in braces
            (``/threads/{thread_id}/runs``); ``None`` if that is not known.
        id_arguments: its arguments that are ids: name, position (0 is the resource), and name in ``path``.
        keeps_ids: whether the ids must be noted when it is called, since its request's path does not have
            them all, or since they are needed before the request is made.
        parsed_path: the path, taken apart.
        creates_run: whether the call creates a run.
        looks_at_run: whether the call is a single look at one run.
    """

    source: str
    name: str
    does: str
    begins: str | None = None
    learnt_from: str | None = None
    polls: bool = False
    reads_details: bool = False
    captures_context: bool = False
    path: str | None = None
    id_arguments: tuple[tuple[str, int, str], ...] = ()
    keeps_ids: bool = field(init=False)
    parsed_path: Path = field(init=False, repr=False)
    creates_run: bool = field(init=False)
    looks_at_run: bool = field(init=False)

    def __post_init__(self) -> None:
        # Each call reads these, so they are computed once.
        object.__setattr__(self, "creates_run", self.learnt_from == "create")
        object.__setattr__(self, "looks_at_run", self.learnt_from == "poll" and not self.polls)
        object.__setattr__(self, "parsed_path", Path(self.path or ""))
        hidden = {name for _, _, name in self.id_arguments} - self.parsed_path.ids.keys()
        object.__setattr__(self, "keeps_ids", bool(hidden) or self.reads_details)

    def asks_for(self, url: str) -> bool:
        """Return whether a request with this URL may be one of the operation."""
        return self.path is None or self.parsed_path.ends(url)

    def ids_among(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> dict[str, str]:
        """Return the ids among the arguments of a call; the first of ``args`` is the resource."""
        ids: dict[str, str] = {}
        for name, place, known_as in self.id_arguments:
            value = given.get(name)
            if value is None and place < len(args):
                value = args[place]
            if isinstance(value, str):
                ids[known_as] = clean_text(value)
        return ids


@dataclass(slots=True, eq=False, weakref_slot=True)
class Call:
    """One call of a patched method, and the exchange that it led to.

    Attributes:
        operation: what the call is.
        started_at: when it was made, or when its request was made, if that was later.
        known_ids: its ids, if they were noted; see ``ids``.
        client: the SDK's client. Kept while observations of the call are unread, and with
            ``fetch_run_details`` until its runs have ended.
        scope: what was in force when it was made.
        given: the keyword arguments, until the request was noted.
        args: the others; the first is the resource.
        first_look_at: the id of the run that it looks at, if no other call did before.
        url: what its request asked for, if that has its ids.
        retry_count: how often the SDK repeated the request.
        request: the body of the request as it was sent; ``{}`` or a copy of the arguments if the SDK does not
            show the body.
        query: the query of the request's URL.
        run_id: the run that it created or streams; set by the recorder when the run is first seen.
        origin: where the request went; set by the recorder.
        loop: the event loop of an async call, if ``fetch_run_details`` needs it.
        response: the HTTP response, until its body was noted.
        is_stream: whether the response is an event stream, even one that is complete already, as from a mock.
        request_id: the server's id of the request, for calls that create a run.
        links: the links from the run that it creates to earlier ones; set by the recorder.
        failed_within: whether another call, made by this one, has raised and was noted.
    """

    operation: Operation
    started_at: int
    known_ids: dict[str, str] | None
    client: Any
    scope: Scope
    given: dict[str, Any] | None = None
    args: tuple[Any, ...] = ()
    first_look_at: str | None = None
    url: str | None = None
    retry_count: int = 0
    request: Any = b""
    query: bytes = b""
    run_id: str | None = None
    origin: Any = None
    loop: Any = None
    response: Any = None
    is_stream: bool = False
    request_id: str | None = None
    links: tuple[Any, ...] = ()
    failed_within: bool = False

    @property
    def ids(self) -> Mapping[str, str]:
        """The ids among its arguments, by their names in ``RequestFailed`` (``run_id``, …).

        They are read when they are needed, from the URL or from the arguments: that is seldom in the app's
        thread.
        """
        if self.known_ids is None:
            operation, url = self.operation, self.url
            if url is None:
                self.known_ids = self._ids_given()
            else:
                path = operation.parsed_path
                self.known_ids = {name: path.id_in(url, name) for *_, name in operation.id_arguments}
        return self.known_ids

    def _ids_given(self) -> dict[str, str]:
        return self.operation.ids_among(self.args, self.given or {})

    def forget_arguments(self) -> None:
        """Let the arguments go, which are the app's objects; the ids among them stay known."""
        if self.url is None and self.known_ids is None:
            self.known_ids = self._ids_given()
        self.given, self.args = None, ()


@dataclass(slots=True)
class Returned:
    """A call returned.

    ``result`` is the body of the response as bytes; if there is no body, it is a dict or a list of dicts
    (copies of the SDK's objects).
    """

    call: Call
    time: int
    result: Any


@dataclass(slots=True)
class Raised:
    """A call raised; the app got the exception unchanged.

    ``answer`` is the body of a successful answer that the SDK, or a model of the app, could not read. It may
    have cost tokens.
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
        """Note what was seen so far in a ``StreamClosed``; note nothing after that."""


@dataclass(slots=True)
class StreamOpened:
    """A stream was opened; nothing has passed through it yet."""

    call: Call
    time: int
    stream: Stream


@dataclass(slots=True)
class StreamEvent:
    """One event of a stream; ``data`` is its text, as it was sent."""

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
    """A stream ended, in whatever way.

    ``pieces`` are (event name, text) of objects that were never completed, in order of arrival, and perhaps
    of some that were.
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
    """``fetch_run_details`` has fetched what it could of the run with this key, and has put the answers."""

    key: tuple[Any, str]


OfCall = Returned | Raised | StreamOpened | StreamEvent | FirstOutput | StreamClosed
"""What is observed of a call, and read by a source."""

Observation = OfCall | Call | GroupStarted | GroupEnded | ToolStarted | ToolEnded | DetailsFetched
"""What is observed. A bare ``Call`` says that the request of a call that reads details is being made."""

OBSERVATION_BYTES = 1_000
"""The memory that an observation takes, apart from the bodies."""
