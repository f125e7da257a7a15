"""Grouping and attribution: ``threadtrail.trace()`` and ``threadtrail.attributes()``.

Both live in a ContextVar, so they follow asyncio tasks and do not leak between threads. A run takes
what is in force where it is created; polling it elsewhere does not move it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import time
import uuid
from collections.abc import Iterable, Mapping
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

from threadtrail._frozen import clean_text, freeze
from threadtrail._guard import guard
from threadtrail.values import NO_ATTRIBUTES, Attributes, Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """What is in force in a place of the app: attributes, enclosing trace, the exporters' contexts."""

    attributes: Attributes = NO_ATTRIBUTES
    trace_id: str | None = None
    contexts: Mapping[str, object] | None = None


_here: ContextVar[Scope] = ContextVar("threadtrail", default=Scope())  # noqa: B039 - frozen


here = _here.get
"""What is in force in this context."""


class Observer(Protocol):
    """Notes the beginning and the end of a ``trace()``."""

    def trace_started(self, time: int, trace_id: str, name: str, parent_trace_id: str | None) -> None:
        """A trace was entered; its attributes are those in force."""

    def trace_ended(self, time: int, trace_id: str, error: Failure | None) -> None:
        """A trace was left, by ``error`` if there was one."""


class _InForce:
    """Holds the sink of the runtime in force, or ``None``.

    The sink is an ``Observer`` for this module, and a ``Sink`` for ``instrumentation``, which this module
    does not import. One attribute read per call is what being switched off costs.
    """

    sink: Any = None


in_force = _InForce()


class Block:
    """A ``with`` or ``async with`` block that also decorates functions, plain and async.

    May be entered again, nested and by several tasks; a decorated function gets a block per call.
    """

    def __init__(self, attributes: Attributes, name: str | None = None) -> None:
        self._attributes = attributes
        self._name = name
        self._entered: dict[int, tuple[Scope, Token[Scope], Observer | None]] = {}

    def __repr__(self) -> str:
        return "<threadtrail.attributes>" if self._name is None else f"<threadtrail.trace {self._name!r}>"

    def __enter__(self) -> Self:
        outer = _here.get()
        merged = _merge(outer.attributes, self._attributes)
        trace_id = outer.trace_id if self._name is None else uuid.uuid4().hex
        inner = Scope(merged, trace_id)
        token = _here.set(inner)
        observer: Observer | None = in_force.sink if self._name is not None else None
        self._entered[id(inner)] = (inner, token, observer)
        if observer is not None:
            observer.trace_started(time.time_ns(), str(trace_id), str(self._name), outer.trace_id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        current = id(_here.get())
        key = current if current in self._entered else next(reversed(self._entered))
        inner, token, observer = self._entered.pop(key)
        with contextlib.suppress(ValueError):
            # ValueError: left in another context than it was entered in (a generator closed
            # elsewhere); that context never had it, so there is nothing to put back.
            _here.reset(token)
        if observer is not None:
            failure = None if kind is None else Failure(type=kind.__qualname__, message=_words(error))
            observer.trace_ended(time.time_ns(), str(inner.trace_id), failure)

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
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def call_async(*args: Any, **kwargs: Any) -> Any:
                with self:
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", call_async)

        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(
                f"threadtrail cannot decorate the generator function {function.__qualname__}: "
                "a block that is open across `yield` would leak into its caller. Use `with` inside it."
            )

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            with self:
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


def attributes(
    *,
    user_id: str | None = None,
    session_id: str | None = None,
    tags: Iterable[str] = (),
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    """Add attributes of the caller to the runs that begin in this block.

    Nested blocks add up: tags and metadata join, an inner ``user_id`` or ``session_id`` wins.

    Ids, names and tags that are no text, such as numbers, are taken as ``str()`` has them.

    Raises:
        TypeError: ``tags`` is no list of texts (a single text would be taken letter by letter), or
            ``metadata`` no mapping.
    """
    return Block(_attributes(user_id, session_id, tags, metadata))


def _attributes(
    user_id: str | None, session_id: str | None, tags: Iterable[str], metadata: Mapping[str, Any] | None
) -> Attributes:
    return Attributes(
        user_id=None if user_id is None else clean_text(str(user_id)),
        session_id=None if session_id is None else clean_text(str(session_id)),
        tags=_tags(tags),
        metadata=_metadata(metadata),
    )


# What follows takes any object: not every app is checked for types.


def _trace_name(name: object) -> str:
    if name is None or inspect.isroutine(name):
        raise TypeError(f'a trace needs a name, such as threadtrail.trace("answer a question"), not {name!r}')
    return clean_text(str(name))


def _metadata(metadata: object) -> Mapping[str, Any]:
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f'metadata must be a mapping, such as {{"plan": "pro"}}, not {metadata!r}')
    frozen: Mapping[str, Any] = freeze(dict(metadata))
    return frozen


def _tags(tags: object) -> tuple[str, ...]:
    if isinstance(tags, str):
        raise TypeError(f"tags must be a list of strings, not one string: tags=[{tags!r}]")
    given = list(tags) if isinstance(tags, Iterable) else [None]
    if any(tag is None for tag in given):
        raise TypeError(f'tags must be a list of strings, such as ["beta"], not {tags!r}')
    return tuple(clean_text(str(tag)) for tag in given)


def _merge(outer: Attributes, inner: Attributes) -> Attributes:
    return Attributes(
        user_id=inner.user_id if inner.user_id is not None else outer.user_id,
        session_id=inner.session_id if inner.session_id is not None else outer.session_id,
        tags=tuple(dict.fromkeys((*outer.tags, *inner.tags))),
        metadata=freeze({**outer.metadata, **inner.metadata}),
    )


def _words(error: BaseException | None) -> str | None:
    """The exception's own words; an exception whose ``str()`` fails has none."""
    words, _ = guard.catch(str, error)
    return clean_text(words) if words else None
