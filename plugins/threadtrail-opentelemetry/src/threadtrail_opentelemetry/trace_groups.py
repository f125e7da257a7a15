"""Emits ``threadtrail.trace()``: one span around its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import SpanKind

from threadtrail.otlp.context import below, links_between, span_context_in
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.attributes import of_caller
from threadtrail_opentelemetry.outcomes import error_status
from threadtrail_opentelemetry.run_place import Place, creator_of, is_in_trace, links_to

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext

    from threadtrail.events import Event, TraceEnded, TraceStarted
    from threadtrail.otlp.emitting import Emitter


class TraceGroups:
    """The spans of the open traces, by the trace's id."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._open: dict[str, tuple[Span, SpanContext | None]] = {}

    def start(self, event: TraceStarted, context: Context | None) -> None:
        """Open the span of a trace, below that of the trace around it or the active span."""
        trace_id = event.trace_id or ""
        parent, links, _ = self.place(event, context, within=event.parent_trace_id)
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
        """Return whether the trace has a span that is open."""
        return trace_id in self._open

    @property
    def chooses_ids(self) -> bool:
        """Whether the span of a trace has an id by which other processes know it."""
        return self._emitter.chooses_ids

    def place(self, event: Event, context: Context | None, *, within: str | None) -> Place:
        """Return the place of a span that began ``within`` a trace: below that trace's span, if it is open.

        A span of the app that was opened inside the trace is linked, since it cannot be a second parent. Work
        that continues that of another process is in its trace, also below a span of this process.
        """
        group, around = self._open.get(within or "", (None, None))
        if group is not None:
            return Place(below(group, context), links_between(context, around), in_trace=True)
        creator, active = creator_of(event.carried, chooses_ids=self.chooses_ids), span_context_in(context)
        there = span_context_in(creator)
        if creator is None or there is None or (active is not None and active.trace_id == there.trace_id):
            return Place(context, [])
        return Place(creator, links_to(context), in_trace=is_in_trace(event.carried))
