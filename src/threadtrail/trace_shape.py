"""The public name of ``threadtrail.shape``: runs and turns as trees of neutral spans."""

from __future__ import annotations

from threadtrail.shape import (
    Span,
    SpanKind,
    in_turn,
    late_tool_span,
    shape,
    span_id_for,
    spans_in_turn,
    trace_id_for,
    turn_id_of,
    turn_span,
    turn_span_id,
)

__all__ = [
    "Span",
    "SpanKind",
    "in_turn",
    "late_tool_span",
    "shape",
    "span_id_for",
    "spans_in_turn",
    "trace_id_for",
    "turn_id_of",
    "turn_span",
    "turn_span_id",
]
