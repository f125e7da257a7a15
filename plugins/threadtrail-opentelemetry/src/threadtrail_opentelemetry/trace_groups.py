"""Emits ``threadtrail.trace()``: one span around the runs that began in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind

from threadtrail.otlp.context import below, links_between, span_context_in
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.attributes import of_caller
from threadtrail_opentelemetry.outcomes import error_status

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanContext

    from threadtrail.events import TraceEnded, TraceStarted
    from threadtrail.otlp.emitting import Emitter


class TraceGroups:
    """The spans of the traces that are open, by the trace's id."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._open: dict[str, tuple[Span, SpanContext | None]] = {}

    def start(self, event: TraceStarted, context: Context | None) -> None:
        """Open the span of a trace, below that of the trace around it or the active span."""
        trace_id = event.trace_id or ""
        parent, links = self.place(event.parent_trace_id, context)
        span = self._emitter.start(
            event.name,
            kind=SpanKind.INTERNAL,
            start=event.time,
            attributes=of_caller(event.attributes, trace_id),
            parent=parent,
            links=links,
            trace_of=trace_id,
        )
        self._open[trace_id] = (span, span_context_in(context))

    def end(self, event: TraceEnded) -> None:
        """Close the span of a trace; an exception that left the block is its error."""
        span, _ = self._open.pop(event.trace_id or "", (None, None))
        if span is None:
            return
        if event.error is not None:
            span.set_attribute(c.ERROR_TYPE, event.error.type)
            span.set_status(error_status(event.error))
        span.end(event.time)

    def is_open(self, trace_id: str | None) -> bool:
        """Whether the trace has a span that is open."""
        return trace_id in self._open

    def place(self, trace_id: str | None, context: Context | None) -> tuple[Context | None, list[Link]]:
        """Return the parent and the links of what began in ``trace_id``: that trace's span, if it is open.

        A span of the app that was opened inside the trace is linked, since it cannot be a second parent.
        """
        group, around = self._open.get(trace_id or "", (None, None))
        if group is None:
            return context, []
        return below(group, context), links_between(context, around)
