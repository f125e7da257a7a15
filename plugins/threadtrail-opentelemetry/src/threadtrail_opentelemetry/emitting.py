"""Starts and ends spans in the past, at the events' own times; makes none of them current anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanKind, get_current_span, set_span_in_context

from threadtrail.trace_shape import span_id_for, trace_id_for
from threadtrail_opentelemetry.attributes import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.trace import Span, SpanContext, Tracer

    from threadtrail_opentelemetry.attributes import Values
    from threadtrail_opentelemetry.private_providers import ChosenIds

CLIENT, INTERNAL = SpanKind.CLIENT, SpanKind.INTERNAL


class Emitter:
    """One tracer. With a provider of our own, ids derive from the run's: a second look gives the same."""

    def __init__(self, tracer: Tracer, ids: ChosenIds | None = None) -> None:
        self._tracer = tracer
        self._ids = ids

    def start(  # noqa: PLR0913 - all of it is needed, and only by name
        self,
        name: str,
        *,
        kind: SpanKind,
        start: int,
        attributes: Values,
        parent: Context | None = None,
        links: Sequence[Link] = (),
        trace_of: str | None = None,
        span_id: str | None = None,
    ) -> Span:
        """Start a span at ``start`` (Unix nanoseconds), below ``parent`` or else as a root.

        ``trace_of`` is the run or trace whose id the trace id derives from, if it has no parent.
        """
        if self._ids is not None and trace_of is not None:
            self._ids.choose(trace_id_for(trace_of), span_id or span_id_for(trace_of))
        # An empty context and not none at all: `None` would mean whatever is current in this thread.
        return self._tracer.start_span(
            name,
            context=parent if parent is not None else Context(),
            kind=kind,
            attributes=known(attributes),
            links=list(links),
            start_time=start,
        )


def below(span: Span, context: Context | None = None) -> Context:
    """A context whose current span is ``span``; baggage stays that of ``context``."""
    return set_span_in_context(span, context if context is not None else Context())


def span_context_in(context: Context | None) -> SpanContext | None:
    """What is needed to link to the span that was active in ``context``, if any was."""
    if context is None:
        return None
    found = get_current_span(context).get_span_context()
    return found if found.is_valid else None


def title(*words: str | None) -> str:
    """A span's name: the operation, and the name of what it was done with, where there is one."""
    return " ".join(word for word in words if word)


def set_known(span: Span, values: dict[str, Any]) -> None:
    """Set those attributes that have a value."""
    span.set_attributes(known(values))
