"""Spans in OpenTelemetry contexts, and links to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, TraceFlags, get_current_span, set_span_in_context

from threadtrail.shape import trace_id_for, unfinished_span_id

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from threadtrail.events import RunEnded

__all__ = ["as_context", "below", "links_between", "links_to_unfinished", "span_context_in"]


def as_context(value: object) -> Context | None:
    """Return the value that the hook ``capture_context`` returned if it is a context, else ``None``."""
    return value if isinstance(value, Context) else None


def below(span: Span, context: Context | None = None) -> Context:
    """Return a context whose active span is ``span``, and which is otherwise like ``context``."""
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


def links_to_unfinished(event: RunEnded, parent: Context | None) -> list[Link]:
    """Return a link to the agent span of the run that was published as unfinished, if it was.

    For providers that choose ids. ``parent`` is the parent of that agent span; ``None``: it is in the run's
    own trace.
    """
    if not event.supersedes:
        return []
    around = span_context_in(parent)
    trace_id = around.trace_id if around is not None else int(trace_id_for(event.run.key), 16)
    span_id, sampled = int(unfinished_span_id(event.run.key), 16), TraceFlags(TraceFlags.SAMPLED)
    return [Link(SpanContext(trace_id, span_id, is_remote=False, trace_flags=sampled))]
