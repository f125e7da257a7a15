"""Spans in OpenTelemetry contexts, and links to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import Link, get_current_span, set_span_in_context

if TYPE_CHECKING:
    from opentelemetry.trace import Span, SpanContext

__all__ = ["as_context", "below", "links_between", "span_context_in"]


def as_context(value: object) -> Context | None:
    """Return what the hook ``capture_context`` gave if it is a context, else ``None``."""
    return value if isinstance(value, Context) else None


def below(span: Span, context: Context | None = None) -> Context:
    """Return a context whose active span is ``span``; all else in it is that of ``context``."""
    return set_span_in_context(span, context if context is not None else Context())


def span_context_in(context: Context | None) -> SpanContext | None:
    """Return the span context of the span that was active in ``context``, or ``None``."""
    if context is None:
        return None
    found = get_current_span(context).get_span_context()
    return found if found.is_valid else None


def links_between(context: Context | None, around: SpanContext | None) -> list[Link]:
    """Return a link to the app's span in ``context``, unless it is ``around``.

    For something whose parent is the span of a ``threadtrail.trace()``: a span that the app opened inside
    that block cannot be a second parent. ``around`` is the app's span that was active outside the block.
    """
    active = span_context_in(context)
    if active is None or (around is not None and active.span_id == around.span_id):
        return []
    return [Link(active)]
