"""What a source gives: the methods to patch, and readers of what passes through them.

The rest of the package knows no API. It patches the methods of each source, notes the calls, and has the
source read the notes: the app's side in ``streams``, ``next_page`` and ``stream_managers``, the recorder's
side in ``reader`` and ``fetch_details``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from threadtrail.recording.observation import Operation
from threadtrail.recording.reading import FollowedRuns, Reader

if TYPE_CHECKING:
    from threadtrail.context import Scope
    from threadtrail.recording.observation import OfCall
    from threadtrail.recording.reading import FollowedRun


@dataclass(frozen=True, slots=True)
class Method:
    """One row of a source's table: a method of a resource class, sync and async.

    Attributes:
        name: the method's name.
        positional: its arguments that are ids and may come by position (or by keyword).
        keyword: its arguments that are ids and come by keyword alone.
        like: the path of the method that it does the same as.
        opens_manager: it returns a stream manager, which makes the request when it is entered.
        begins: what the call begins: ``assistant``, ``thread``, ``message``, ``run``, or ``generation`` for a
            run with ``one_generation``.
        learnt_from: how a run that it returns becomes known: a word of ``StatusChange.learnt_from``.
        polls: it polls by other methods of the table.
        reads_details: it reads steps or messages of runs: a run that has ended waits for such a call.
        captures_context: something starts here that exporters may tie to its surroundings.
        since: the first version of the SDK that has it, where older ones are supported: there it is not
            missing.
        argument: the argument that holds, as text, what the call returns, for a method that makes no
            request; it may come first by position.
    """

    name: str
    positional: tuple[str, ...] = ()
    keyword: tuple[str, ...] = ()
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

    ``path`` is where apps find it below the API's root, as in ``threads.runs``. ``optional``: versions of the
    SDK differ in where it is, so that it is not missing if it is not there.
    """

    module: str
    name: str
    path: str
    methods: tuple[Method, ...]
    optional: bool = False


class Row(NamedTuple):
    """A method with what the table says of it: where it is, and what a call of it is."""

    resource: Resource
    method: Method
    operation: Operation


class NextPage(NamedTuple):
    """The call that fetches the next page of a list: what it is, its ids, and its other arguments."""

    operation: Operation
    ids: dict[str, str]
    given: dict[str, Any]


class StreamNotes(Protocol):
    """Where the reader of a stream puts what is worth noting."""

    is_closed: bool

    def note(self, name: str, data: Any) -> None:
        """Note one event of the stream; ``data`` must be a copy that nothing can change."""

    def first_output(self) -> None:
        """Note that output passed; only the first time counts."""

    def unkept(self) -> None:
        """Count a piece that is not kept, since the pieces before it take too much room."""


class StreamReader(Protocol):
    """Reads one stream in the app's thread.

    Attributes:
        reads_text: it wants the events as they were sent (``event`` and ``data`` of a server-sent event), and
            not what the SDK makes of them.
    """

    reads_text: bool

    def event(self, event: Any) -> None:
        """Look at an event of the SDK before the app gets it; must take a few microseconds at most."""

    def text(self, name: str, data: bytes) -> None:
        """Look at an event as it was sent, where the app reads the stream itself; it may have no name."""

    def pieces(self) -> list[tuple[str, Any]]:
        """Return, once, what is known of objects that were never completed: (event name, data)."""


Get = Callable[[str, dict[str, Any], dict[str, str]], dict[str, Any]]
"""Makes a GET request with the app's client: path, query and headers to the parsed answer."""


class FetchDetails(Protocol):
    """Fetches what the app never looked at of a run that has ended."""

    def __call__(self, run: FollowedRun, client: Any, scope: Scope, get: Get) -> Iterable[OfCall]:
        """Yield the answers as observations of calls by ``client`` in ``scope``; ``get`` requests them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One API, as far as the rest of the package has to know it.

    Attributes:
        name: carried by every event (``openai.assistants``).
        resources: the table of methods.
        id_names: the names that ``RequestFailed`` has for ids, by the SDK's names, where these differ.
        stream_managers: attributes in which the SDK's stream managers keep the request that they make when
            they are entered.
        stream_wrappers: module and name of classes that keep a stream in ``_raw_stream``, and whose ``close``
            closes it without that stream's own.
        streams: makes the reader of a stream.
        next_page: reads off a page of a list what the request for the next one is; ``None`` if the list is
            none of this source's. Called in the app's thread.
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
        """Yield every method of the table, with the operation that a call of it is."""
        for resource in self.resources:
            for method in resource.methods:
                yield Row(resource, method, operation_of(self.name, resource, method))


def operation_of(source: str, resource: Resource, method: Method) -> Operation:
    """Return what a call of the method is."""
    path = f"{resource.path}.{method.name}"
    return Operation(
        source=source,
        name=path,
        does=method.like or path,
        begins=method.begins,
        learnt_from=method.learnt_from,
        polls=method.polls,
        reads_details=method.reads_details,
        captures_context=method.captures_context,
    )
