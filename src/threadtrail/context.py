"""What is in force where the app calls: attributes, the enclosing trace, and who notes their ends.

It lives in a ContextVar, so it follows asyncio tasks and does not leak between threads. A run takes what is
in force where it is created; polling it elsewhere does not move it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from threadtrail._frozen import freeze
from threadtrail.values import NO_ATTRIBUTES, Attributes, Carried, Failure

if TYPE_CHECKING:
    from collections.abc import Callable


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
    entry: Entry | None = None
    outer: Scope | None = None
    tool_call_id: str | None = None
    outermost: Outermost | None = None
    carried: Carried | None = None


_here: ContextVar[Scope] = ContextVar("threadtrail", default=Scope())  # noqa: B039 - frozen


here: Callable[[], Scope] = _here.get
"""Return the values in force in this context."""

put_in_force: Callable[[Scope], object] = _here.set
"""Have another scope in force in this context from here on."""


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
    does not import. If threadtrail is switched off, a call costs one attribute read, which is slower if the
    class has an attribute of that name, too.
    """

    def __init__(self) -> None:
        self.sink: Any = None


in_force: _InForce = _InForce()


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One time that a block was entered, until it is left."""

    block: object
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


def merge(outer: Attributes, inner: Attributes) -> Attributes:
    """Return both together: tags and metadata join, an inner user or session wins."""
    return Attributes(
        user_id=inner.user_id if inner.user_id is not None else outer.user_id,
        session_id=inner.session_id if inner.session_id is not None else outer.session_id,
        tags=tuple(dict.fromkeys((*outer.tags, *inner.tags))),
        metadata=freeze({**outer.metadata, **inner.metadata}),
    )
