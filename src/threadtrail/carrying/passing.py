"""``carrier()`` for the process that passes work on, ``carried()`` for the process that continues it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from threadtrail._active_span import active_span
from threadtrail._guard import guard
from threadtrail.blocks import Block
from threadtrail.carrying import pairs as format_of_pairs
from threadtrail.context import here
from threadtrail.values import NO_ATTRIBUTES, Carried

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.context import Scope


class Pairs(Protocol):
    """A mapping, or headers of a library that are none."""

    def items(self) -> Iterable[tuple[Any, Any]]:
        """Return names and values."""


def carrier(attributes: bool = False) -> dict[str, str]:
    """Return pairs that name the current trace for other processes, to send as metadata or in queue messages.

    They hold OpenTelemetry's active span, as W3C's ``traceparent``, and the enclosing ``trace()``: two pairs
    at most, of 512 characters at most; ``{}`` if there is nothing to pass on. Every process that retrieves a
    run or a response gets its metadata, and these pairs in it::

        client.responses.create(..., metadata={**threadtrail.carrier(), "mine": "x"})

    Args:
        attributes: whether user, session, tags and metadata of ``threadtrail.attributes()`` are passed on as
            well. If all of it is too long, metadata, tags, user and session are left out, in that order.
    """
    written: dict[str, str] = guard.call("making a carrier", _pairs, here(), attributes=attributes) or {}
    return written


def _pairs(scope: Scope, *, attributes: bool) -> dict[str, str]:
    return format_of_pairs.write(_carried(scope, attributes=attributes))


def _carried(scope: Scope, *, attributes: bool) -> Carried:
    active, outer, outermost = active_span(), scope.carried or Carried(), scope.outermost
    if active is not None and outer.traceparent is not None and active.trace_id not in outer.traceparent:
        active = None  # work that continues another trace belongs to that trace, not to the span's
    carried = replace(
        outer,
        trace_id=scope.trace_id,
        trace_name=outermost.name if outermost else None,
        outermost_trace_id=outermost.trace_id if outermost and outermost.trace_id != scope.trace_id else None,
        around=outermost.around if outermost else None,
        attributes=scope.attributes if attributes else NO_ATTRIBUTES,
        made_at=time.time_ns(),
    )
    if active is None:
        return carried
    return replace(carried, traceparent=active.traceparent, tracestate=active.tracestate)


def carried(pairs: Pairs | None) -> Block:
    """Continue, in this block, the trace that another process has passed on by ``threadtrail.carrier()``.

    Runs that begin in it belong to that process's trace, and have its user, session, tags and metadata if
    these were passed on. A user or session that this process has set stays. Use it as ``with``,
    ``async with`` or a decorator.

    Args:
        pairs: what ``carrier()`` returned, also among other pairs: the metadata of a run, the headers of a
            message or a request, in capitals or not. Pairs that are malformed are ignored, and so is None.

    Raises:
        TypeError: ``pairs`` is not a mapping, and has no ``items()``.
    """
    if pairs is not None and not hasattr(pairs, "items"):
        raise TypeError(f"carried() takes pairs, such as the metadata of a run, not {type(pairs).__name__}")
    found, _ = guard.catch(_found, pairs or {})
    return Block(NO_ATTRIBUTES, carried=found)


def _found(pairs: Pairs) -> Carried | None:
    """Return the carrier; libraries write the names of headers as they like."""
    named: dict[str, Any] = {}
    for name, value in pairs.items():
        if isinstance(name, str) and (lower := name.lower()) in format_of_pairs.NAMES:
            if name == lower:
                named[name] = value
            else:
                named.setdefault(lower, value)
    return format_of_pairs.parse(named)
