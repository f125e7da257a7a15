"""Grouping and attributes of runs: ``threadtrail.trace()``, ``attributes()`` and ``tool()``.

All are kept in a ContextVar, so they follow asyncio tasks and do not leak between threads. A run takes the
values in force where it is created; polling it elsewhere does not change them.
"""

from __future__ import annotations

import functools
import inspect
import time
import uuid
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, Protocol, TypeVar, cast

from threadtrail._active_span import active_span
from threadtrail._foreign import freeze_any, text_of
from threadtrail._frozen import clean_text, freeze
from threadtrail._guard import guard
from threadtrail.values import NO_ATTRIBUTES, Attributes, Carried, Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")


class Outermost(NamedTuple):
    """The outermost ``trace()``; ``around`` is the W3C trace id of the app's span in which it was entered."""

    trace_id: str
    name: str | None
    around: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The values in force at a place in the app: attributes, enclosing trace, the exporters' contexts.

    ``tool_call_id`` is the call that the app answers here. ``carried`` is what another process passed on.
    ``entry`` is the block that was entered last, ``outer`` the values in force around it.
    """

    attributes: Attributes = NO_ATTRIBUTES
    trace_id: str | None = None
    contexts: Mapping[str, object] | None = None
    entry: _Entry | None = None
    outer: Scope | None = None
    tool_call_id: str | None = None
    outermost: Outermost | None = None
    carried: Carried | None = None


_here: ContextVar[Scope] = ContextVar("threadtrail", default=Scope())  # noqa: B039 - frozen


here: Callable[[], Scope] = _here.get
"""Return the values in force in this context."""


class Observer(Protocol):
    """Notes the beginning and the end of a ``trace()`` and of a ``tool()``."""

    def trace_started(self, time: int, trace_id: str, name: str, parent_trace_id: str | None) -> None:
        """Note that a trace was entered; its attributes are those in force."""

    def trace_ended(self, time: int, trace_id: str, error: Failure | None) -> None:
        """Note that a trace was left, by ``error`` if there was one."""

    def tool_started(self, time: int, call_id: str) -> None:
        """Note that the app began to answer a call."""

    def tool_ended(self, time: int, call_id: str, error: Failure | None) -> None:
        """Note that the app has done the work of a call; ``error`` is what left the block, if it raised."""


class _InForce:
    """Holds the sink of the runtime in force, or ``None``.

    The sink is an ``Observer`` for this module, and a ``Sink`` for ``instrumentation``, which this module
    does not import. If threadtrail is switched off, a call costs one attribute read.
    """

    sink: Any = None


in_force: _InForce = _InForce()


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """One time that a block was entered, until it is left."""

    block: Block
    attributes: Attributes
    trace_id: str | None
    tool_call_id: str | None
    observer: Observer | None
    outermost: Outermost | None = None
    carried: Carried | None = None

    def within(self, outer: Scope) -> Scope:
        """Return the values in force in the block, given those around it."""
        if self.carried is not None:
            return self._carried_within(outer, self.carried)
        return Scope(
            merge(outer.attributes, self.attributes),
            self.trace_id or outer.trace_id,
            None,
            self,
            outer,
            self.tool_call_id or outer.tool_call_id,
            outer.outermost or self.outermost,
            outer.carried,
        )

    def _carried_within(self, outer: Scope, carried: Carried) -> Scope:
        """Return them for a carrier: its trace wins over one in force, its attributes do not."""
        outermost = outer.outermost
        if carried.trace_id is not None:
            first = carried.outermost_trace_id or carried.trace_id
            outermost = Outermost(first, carried.trace_name, carried.around)
        return Scope(
            merge(carried.attributes, outer.attributes),
            carried.trace_id or outer.trace_id,
            None,
            self,
            outer,
            outer.tool_call_id,
            outermost,
            carried,
        )

    def started(self, name: str | None, outer: Scope) -> None:
        """Note that a trace, or the work of a tool, begins."""
        if self.observer is None:
            return
        if self.trace_id is not None:
            self.observer.trace_started(time.time_ns(), self.trace_id, str(name), outer.trace_id)
        elif self.tool_call_id is not None:
            self.observer.tool_started(time.time_ns(), self.tool_call_id)

    def ended(self, error: Failure | None) -> None:
        """Note that it ends."""
        if self.observer is None:
            return
        if self.trace_id is not None:
            self.observer.trace_ended(time.time_ns(), self.trace_id, error)
        elif self.tool_call_id is not None:
            self.observer.tool_ended(time.time_ns(), self.tool_call_id, error)


class Block:
    """A ``with`` or ``async with`` block that also decorates functions, plain and async.

    May be entered again, nested and by several tasks; a decorated function gets a block per call.
    """

    def __init__(
        self,
        attributes: Attributes,
        name: str | None = None,
        call_id: str | None = None,
        carried: Carried | None = None,
    ) -> None:
        self._attributes = attributes
        self._name = name
        self._call_id = call_id
        self._carried = carried
        self._open: list[_Entry] = []

    def _again(self) -> Block:
        return Block(self._attributes, self._name, self._call_id, self._carried)

    def __repr__(self) -> str:
        if self._call_id is not None:
            return f"<threadtrail.tool {self._call_id!r}>"
        if self._carried is not None:
            return "<threadtrail.carried>"
        return "<threadtrail.attributes>" if self._name is None else f"<threadtrail.trace {self._name!r}>"

    def __enter__(self) -> Self:
        outer = _here.get()
        trace_id = None if self._name is None else uuid.uuid4().hex
        observer = None if trace_id is None and self._call_id is None else in_force.sink
        outermost = None if trace_id is None or outer.outermost else _outermost(trace_id, self._name)
        entry = _Entry(self, self._attributes, trace_id, self._call_id, observer, outermost, self._carried)
        _here.set(entry.within(outer))
        self._open.append(entry)
        entry.started(self._name, outer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        entry = self._leave()
        if entry is not None:
            entry.ended(None if kind is None else Failure(type=kind.__qualname__, message=_words(error)))

    def _leave(self) -> _Entry | None:
        """Remove the innermost entry of this block from the values in force here, and nothing else.

        Blocks may be left in another order than they were entered in: generators that are read side by side
        share a context. They may also be left in another context: a thread pool that runs a generator gives
        it a new copy for each step, in which the block was never in force.
        """
        if not self._open:
            return None
        scope: Scope | None = _here.get()
        inner: list[_Entry] = []
        while scope is not None and scope.entry is not None:
            if scope.entry.block is self and scope.entry in self._open:
                self._open.remove(scope.entry)
                rest = scope.outer or Scope()
                for entry in reversed(inner):
                    rest = entry.within(rest)
                _here.set(rest)
                return scope.entry
            inner.append(scope.entry)
            scope = scope.outer
        guard.report(
            "attributes(), trace() or tool()",
            "a block was left in another context than it was entered in, as in a generator that a thread "
            "pool runs; runs that began in between lack its attributes. Enter the block where the run begins",
        )
        return self._open.pop(0)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    @property
    def trace_id(self) -> str | None:
        """The id of the innermost trace here, as on the events of its runs."""
        return _here.get().trace_id

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function or a coroutine function: each call is a block of its own."""
        if _is_coroutine_function(function):

            @functools.wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                called: Any = function
                with self._again():
                    return await called(*args, **kwargs)

            return cast("Callable[P, R]", call_async)

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"threadtrail cannot decorate the generator function {function.__qualname__}: "
                "a block that is open across `yield` would leak into its caller. Use `with` inside it."
            )

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self._again():
                return function(*args, **kwargs)

        return call


def trace(
    name: str,
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    """Group the runs that begin in this block into one trace, in every exporter.

    Use it as ``with``, ``async with`` or a decorator. The other arguments are as for ``attributes()``.

    Raises:
        TypeError: ``name`` is None or a function (``@trace`` without a name), or as for ``attributes()``.
    """
    return Block(_attributes(user_id, session_id, tags, metadata), name=_trace_name(name))


def tool(call_id: str) -> Block:
    """Mark this block as the work of a tool call.

    The call then lasts as long as the block, rather than from its request until its output is sent;
    an exception that leaves the block is the call's error. Runs that begin in the block are below the call.
    Use it as ``with``, ``async with``, or around a function: ``threadtrail.tool(call_id)(look_up)(city)``.

    Args:
        call_id: ``item.call_id`` of a response's function call, ``tool_call.id`` of an assistant's run.

    Raises:
        TypeError: ``call_id`` is None, a function (``@tool`` without an id), or the call itself.
    """
    return Block(NO_ATTRIBUTES, call_id=_call_id(call_id))


def attributes(
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    """Add attributes of the caller to the runs that begin in this block.

    Nested blocks add up: tags and metadata join, an inner ``user_id`` or ``session_id`` wins.

    Ids, names and tags that are not strings, such as numbers, are converted by ``str()``.

    Raises:
        TypeError: ``tags`` is not a list of strings (a single string would be read letter by letter), or
            ``metadata`` is not a mapping.
    """
    return Block(_attributes(user_id, session_id, tags, metadata))


def _attributes(
    user_id: str | None, session_id: str | None, tags: Iterable[str], metadata: Mapping[str, Any] | None
) -> Attributes:
    return Attributes(
        user_id=None if user_id is None else text_of(user_id),
        session_id=None if session_id is None else text_of(session_id),
        tags=_tags(tags),
        metadata=_metadata(metadata),
    )


# What follows takes any object: not every app is checked for types.


def _is_coroutine_function(function: object) -> bool:
    """Return whether it is a coroutine function, or an object that is called like one."""
    call = getattr(type(function), "__call__", None)  # noqa: B004 - it is looked at, not called
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _trace_name(name: object) -> str:
    if name is None or inspect.isroutine(name):
        raise TypeError(f'a trace needs a name, such as threadtrail.trace("answer a question"), not {name!r}')
    return text_of(name)


def _call_id(call_id: object) -> str:
    if call_id is None or inspect.isroutine(call_id):
        raise TypeError(f"a tool needs the id of its call: threadtrail.tool(item.call_id), not {call_id!r}")
    itself, _ = guard.catch(_is_call, call_id)
    if itself:
        given = type(call_id).__name__
        raise TypeError(f"a tool needs the id of its call: threadtrail.tool(item.call_id), not the {given}")
    return text_of(call_id)


def _is_call(given: object) -> bool:
    """Return whether this is a call, of an SDK or as a dictionary, rather than its id."""
    return isinstance(given, Mapping) or hasattr(given, "call_id") or hasattr(given, "id")


def _metadata(metadata: object) -> Mapping[str, Any]:
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f'metadata must be a mapping, such as {{"plan": "pro"}}, not {metadata!r}')
    frozen: Mapping[str, Any] = freeze_any(metadata)
    return frozen


def _tags(tags: object) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise TypeError(f"tags must be a list of strings, not one string: tags=[{tags!r}]")
    given = list(tags) if isinstance(tags, Iterable) else [None]
    if any(tag is None for tag in given):
        raise TypeError(f'tags must be a list of strings, such as ["beta"], not {tags!r}')
    return tuple(text_of(tag) for tag in given)


def _outermost(trace_id: str, name: str | None) -> Outermost:
    active = active_span()
    return Outermost(trace_id, name, None if active is None else active.trace_id)


def merge(outer: Attributes, inner: Attributes) -> Attributes:
    """Return both together: tags and metadata join, an inner user or session wins."""
    return Attributes(
        user_id=inner.user_id if inner.user_id is not None else outer.user_id,
        session_id=inner.session_id if inner.session_id is not None else outer.session_id,
        tags=tuple(dict.fromkeys((*outer.tags, *inner.tags))),
        metadata=freeze({**outer.metadata, **inner.metadata}),
    )


def _words(error: BaseException | None) -> str | None:
    """Return the exception's own text; an exception whose ``str()`` fails has none."""
    words, _ = guard.catch(str, error)
    return clean_text(words) if words else None
