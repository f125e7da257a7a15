"""OpenTelemetry's active span, if the app uses OpenTelemetry: nothing is imported that it has not loaded."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

from threadtrail._guard import guard


class SpanHeaders(NamedTuple):
    """A span as the headers of W3C's Trace Context name it; ``trace_id`` is that in ``traceparent``."""

    traceparent: str
    tracestate: str | None
    trace_id: str


def active_span() -> SpanHeaders | None:
    """Return the span that is active here; ``None`` if there is none."""
    module = sys.modules.get("opentelemetry.trace")
    return None if module is None else guard.call("reading the active span", _read, module)


def _read(module: Any) -> SpanHeaders | None:
    context = module.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    trace_id = f"{context.trace_id:032x}"
    # The format has only the first of the flags: sampled.
    parent = f"00-{trace_id}-{context.span_id:016x}-{context.trace_flags & 1:02x}"
    return SpanHeaders(parent, context.trace_state.to_header() or None, trace_id)
