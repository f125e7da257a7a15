"""From a run to a tree of neutral spans: the translation that every tracing backend needs, written once."""

from __future__ import annotations

from threadtrail.shape.operations import operation_key, operation_span_id
from threadtrail.shape.spans import (
    Span,
    SpanKind,
    model_of,
    run_name,
    span_id_for,
    trace_id_for,
    unfinished_span_id,
)
from threadtrail.shape.tree import shape
from threadtrail.shape.turns import (
    in_turn,
    late_tool_span,
    spans_in_turn,
    turn_id_of,
    turn_span,
    turn_span_id,
)
from threadtrail.turn import add_usages

__all__ = [
    "Span",
    "SpanKind",
    "add_usages",
    "in_turn",
    "late_tool_span",
    "model_of",
    "operation_key",
    "operation_span_id",
    "run_name",
    "shape",
    "span_id_for",
    "spans_in_turn",
    "trace_id_for",
    "turn_id_of",
    "turn_span",
    "turn_span_id",
    "unfinished_span_id",
]
