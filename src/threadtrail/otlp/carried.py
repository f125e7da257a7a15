"""Places in other processes, by what came from them: a span of the app, and that of a ``trace()``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from threadtrail.otlp.context import span_context_in
from threadtrail.shape import span_id_for, trace_id_for

if TYPE_CHECKING:
    from threadtrail.values import Carried

__all__ = ["app_span_of", "trace_span_of"]

_W3C = TraceContextTextMapPropagator()


def app_span_of(carried: Carried | None) -> Context | None:
    """Return a context below the span that was active where the carrier was made; ``None`` without one."""
    if carried is None or carried.traceparent is None:
        return None
    headers = {"traceparent": carried.traceparent, "tracestate": carried.tracestate or ""}
    context = _W3C.extract(headers, context=Context())
    return context if span_context_in(context) is not None else None


def trace_span_of(carried: Carried | None, *, span_id: str | None = None) -> Context | None:
    """Return a context below the span of another process's ``trace()``; ``None`` without one.

    For exporters that choose ids, in all processes alike. ``span_id`` is that span's, where it is not the one
    that is derived by default.
    """
    if carried is None or carried.trace_id is None:
        return None
    trace_id = carried.around or trace_id_for(carried.outermost_trace_id or carried.trace_id)
    found = SpanContext(
        int(trace_id, 16),
        int(span_id or span_id_for(carried.trace_id), 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
    return set_span_in_context(NonRecordingSpan(found), Context())
