"""The block that ``trace()``, ``attributes()``, ``tool()`` and ``carried()`` return."""

from __future__ import annotations

import functools
import inspect
import uuid
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

from threadtrail._active_span import active_span
from threadtrail._frozen import clean_text
from threadtrail._guard import guard
from threadtrail.context import Entry, Outermost, Scope, here, in_force, put_in_force
from threadtrail.values import Attributes, Carried, Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

P = ParamSpec("P")
R = TypeVar("R")


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
        self._open: list[Entry] = []

    def _again(self) -> Block:
        return Block(self._attributes, self._name, self._call_id, self._carried)

    def __repr__(self) -> str:
        if self._call_id is not None:
            return f"<threadtrail.tool {self._call_id!r}>"
        if self._carried is not None:
            return "<threadtrail.carried>"
        return "<threadtrail.attributes>" if self._name is None else f"<threadtrail.trace {self._name!r}>"

    def __enter__(self) -> Self:
        outer = here()
        trace_id = None if self._name is None else uuid.uuid4().hex
        observer = None if trace_id is None and self._call_id is None else in_force.sink
        outermost = None if trace_id is None or outer.outermost else _outermost(trace_id, self._name)
        entry = Entry(self, self._attributes, trace_id, self._call_id, observer, outermost, self._carried)
        put_in_force(entry.within(outer))
        self._open.append(entry)
        entry.started(self._name, outer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        entry = self._leave()
        if entry is not None:
            entry.ended(None if kind is None else Failure(type=kind.__qualname__, message=_words(error)))

    def _leave(self) -> Entry | None:
        """Remove the innermost entry of this block from the values in force here, and nothing else.

        Blocks may be left in another order than they were entered in: generators that are read side by side
        share a context. They may also be left in another context: a thread pool that runs a generator gives
        it a new copy for each step, in which the block was never in force.
        """
        if not self._open:
            return None
        scope: Scope | None = here()
        inner: list[Entry] = []
        while scope is not None and scope.entry is not None:
            if scope.entry.block is self and scope.entry in self._open:
                self._open.remove(scope.entry)
                rest = scope.outer or Scope()
                for entry in reversed(inner):
                    rest = entry.within(rest)
                put_in_force(rest)
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
        return here().trace_id

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


def _is_coroutine_function(function: object) -> bool:
    """Return whether it is a coroutine function, or an object that is called like one."""
    call = getattr(type(function), "__call__", None)  # noqa: B004 - it is looked at, not called
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _outermost(trace_id: str, name: str | None) -> Outermost:
    active = active_span()
    return Outermost(trace_id, name, None if active is None else active.trace_id)


def _words(error: BaseException | None) -> str | None:
    """Return the exception's own text; an exception whose ``str()`` fails has none."""
    words, _ = guard.catch(str, error)
    return clean_text(words) if words else None
