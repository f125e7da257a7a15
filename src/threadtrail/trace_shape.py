"""The name under which exporters import ``threadtrail.shape``: a run as a tree of neutral spans."""

from __future__ import annotations

from threadtrail.shape import Span, SpanKind, shape, span_id_for, trace_id_for

__all__ = ["Span", "SpanKind", "shape", "span_id_for", "trace_id_for"]
