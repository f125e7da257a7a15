"""Places in other processes, by carriers from them: a span of the app, and the span of a ``trace()``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from threadtrail.carrying.w3c import read_trace_id
from threadtrail.events import Event, RunCreated, RunEnded
from threadtrail.otlp.context import span_context_in
from threadtrail.shape import span_id_for, trace_id_for

if TYPE_CHECKING:
    from threadtrail.values import Carried

__all__ = ["app_span_of", "as_created", "trace_span_of"]

AnyEvent = TypeVar("AnyEvent", bound=Event)

_W3C = TraceContextTextMapPropagator()


def app_span_of(carried: Carried | None) -> Context | None:
    """Return a context below the span that was active where the carrier was made; ``None`` without one."""
    if carried is None or carried.traceparent is None:
        return None
    headers = {"traceparent": carried.traceparent, "tracestate": carried.tracestate or ""}
    context = _W3C.extract(headers, context=Context())
    return context if span_context_in(context) is not None else None


def as_created(event: AnyEvent, context: Context | None) -> tuple[AnyEvent, Context | None]:
    """Return an event, and the context around it, as they would be in the process where it began.

    A run of another process is below the app's span there, whatever span is active here. An event that began
    here,
    with what was carried, is there as well, except within a span of the same trace, which is nearer.
    """
    creator, began_here = app_span_of(event.carried), _began_here(event)
    there, active = span_context_in(creator), span_context_in(context)
    if there is None or (began_here and active is not None and active.trace_id == there.trace_id):
        return event, context
    if not began_here and event.carried is not None and event.carried.trace_id is None:
        event = replace(event, trace_id=None)
    return event, creator


def _began_here(event: Event) -> bool:
    if isinstance(event, RunEnded):
        return event.run.observed_from_start
    return not isinstance(event, RunCreated) or event.observed_from_start


def trace_span_of(carried: Carried | None, *, span_id: str | None = None) -> Context | None:
    """Return a context below the span of another process's ``trace()``; ``None`` without one.

    For exporters that choose ids, the same ones in all processes. ``span_id`` is the id of that span, if it
    is not the default one.
    """
    if carried is None or carried.trace_id is None:
        return None
    # A recording may come from anywhere, and hold any value.
    around = read_trace_id(carried.around)
    trace_id = around or trace_id_for(carried.outermost_trace_id or carried.trace_id)
    found = SpanContext(
        int(trace_id, 16),
        int(span_id or span_id_for(carried.trace_id), 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(found), Context())
