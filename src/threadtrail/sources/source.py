"""What a source provides: the methods to patch, and readers of what passes through them.

The rest of the package knows no API. It patches the methods of each source, notes the calls, and lets the
source read the notes: in the app's thread with ``streams``, ``next_page`` and ``stream_managers``, in the
recorder's thread with ``reader`` and ``fetch_details``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from threadtrail.recording.observation import Operation
from threadtrail.recording.paths import renamed
from threadtrail.recording.reading import FollowedRuns, Reader

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.observation import OfCall
    from threadtrail.recording.reading import FollowedRun

BY_KEYWORD = 99
"""The position of an argument that can only be given by keyword."""


@dataclass(frozen=True, slots=True)
class Method:
    """One row of a source's table: a method of a resource class, sync and async.

    Attributes:
        name: the method's name.
        positional: its arguments that are ids and may be given by position (or by keyword).
        keyword: its arguments that are ids and can only be given by keyword.
        path: the path that its request asks for below the API's root, with the names of ids in braces
            (``/threads/{thread_id}/runs``). Another request that is made within the call is known by it. Left
            out if the method makes no request of its own, or asks for various paths.
        like: the path of the method that does the same.
        opens_manager: whether it returns a stream manager, which makes the request when it is entered.
        begins: what the call begins: ``assistant``, ``thread``, ``message``, ``run``, or ``generation`` for a
            run with ``one_generation``.
        learnt_from: how the status of a run that it returns was learnt: a value of
            ``StatusChange.learnt_from``.
        polls: whether it polls by calling other methods of the table.
        reads_details: whether it reads steps or messages of runs; a run that has ended waits for such calls.
        captures_context: whether it begins something that exporters may link to the caller's context.
        since: the first version of the SDK that has it, if older ones are supported; in those it does not
            count as missing.
        argument: for a method that makes no request, the argument that holds as text what the call returns;
            it may also be given as the first by position.
    """

    name: str
    positional: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
    path: str | None = None
    like: str | None = None
    opens_manager: bool = False
    begins: str | None = None
    learnt_from: str | None = None
    polls: bool = False
    reads_details: bool = False
    captures_context: bool = False
    since: str | None = None
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource class of the SDK (``Runs``; its async twin is ``AsyncRuns``) and its methods.

    ``path`` is where apps find it below the API's root, as in ``threads.runs``. An ``optional`` one does not
    count as missing: versions of the SDK differ in where it is.
    """

    module: str
    name: str
    path: str
    methods: tuple[Method, ...]
    optional: bool = False


class Row(NamedTuple):
    """A method of the table with its resource, and the operation that a call of it is."""

    resource: Resource
    method: Method
    operation: Operation


class NextPage(NamedTuple):
    """The call that fetches the next page of a list: its operation, its ids, and its other arguments."""

    operation: Operation
    ids: dict[str, str]
    given: dict[str, Any]


class StreamNotes(Protocol):
    """Takes what the reader of a stream notes."""

    def note(self, name: str, data: Any) -> None:
        """Note one event of the stream by its name and its text."""

    def first_output(self) -> None:
        """Note that the app saw output; only the first call counts."""

    def unkept(self) -> None:
        """Count a piece that is not kept for lack of room."""


class StreamReader(Protocol):
    """Reads one stream in the app's thread, until it is closed."""

    def event(self, event: Any) -> None:
        """Look at an event as it was sent (``event`` and ``data`` of the SDK's server-sent event).

        The app gets what the SDK makes of it after that: this must take a few microseconds at most.
        """

    def text(self, name: str, data: bytes) -> None:
        """Look at an event as it was sent, for an app that reads the stream itself; ``name`` may be empty."""

    def pieces(self) -> list[tuple[str, Any]]:
        """Return and forget the events of objects that were never completed: (event name, text)."""


Get = Callable[[str, dict[str, Any], dict[str, str]], dict[str, Any]]
"""Makes a GET request with the app's client: takes path, query and headers, returns the parsed answer."""


class FetchDetails(Protocol):
    """Fetches the details of a run that has ended, if the app never looked at them."""

    def __call__(self, run: FollowedRun, client: Any, scope: Scope, get: Get) -> Iterable[OfCall]:
        """Yield the answers as observations of calls by ``client`` in ``scope``; ``get`` requests them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One API, as far as the rest of the package needs to know it.

    Attributes:
        name: the ``source`` of its events (``openai.assistants``).
        resources: the table of methods.
        id_names: maps the SDK's names of ids to the names in ``RequestFailed``, where they differ.
        stream_managers: attributes in which the SDK's stream managers keep the request that they make when
            they are entered.
        stream_wrappers: module and name of classes that keep a stream in ``_raw_stream``, and whose ``close``
            closes it without calling that stream's own ``close``.
        streams: makes the reader of a stream.
        next_page: returns the call for the page after a page of a list; ``None`` if the list is not one of
            this source. Called in the app's thread.
        reader: makes the reader of observations.
        fetch_details: for ``fetch_run_details``; ``None`` if the API has nothing to fetch.
    """

    name: str
    resources: tuple[Resource, ...]
    streams: Callable[[StreamNotes], StreamReader]
    reader: Callable[[FollowedRuns], Reader]
    id_names: Mapping[str, str] = field(default_factory=dict)
    stream_managers: tuple[str, ...] = ()
    stream_wrappers: tuple[tuple[str, str], ...] = ()
    next_page: Callable[[Any], NextPage | None] = lambda _page: None
    fetch_details: FetchDetails | None = None

    def rows(self) -> Iterator[Row]:
        """Yield every method of the table with its operation."""
        for resource in self.resources:
            for method in resource.methods:
                yield Row(resource, method, operation_of(self.name, resource, method, self.id_names))


def operation_of(
    source: str, resource: Resource, method: Method, id_names: Mapping[str, str] | None = None
) -> Operation:
    """Return the operation that a call of the method is; ``id_names`` as in ``Source``."""
    name = f"{resource.path}.{method.name}"
    known_as = id_names or {}
    places = {argument: place for place, argument in enumerate(method.positional, start=1)}
    arguments = (*method.positional, *method.keyword)
    return Operation(
        source=source,
        name=name,
        does=method.like or name,
        path=None if method.path is None else renamed(method.path, known_as),
        id_arguments=tuple(
            (each, places.get(each, BY_KEYWORD), known_as.get(each, each)) for each in arguments
        ),
        begins=method.begins,
        learnt_from=method.learnt_from,
        polls=method.polls,
        reads_details=method.reads_details,
        captures_context=method.captures_context,
    )
