"""The place of a run among other spans: below the span in which it was created, or linked to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import Link
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from threadtrail.otlp.context import span_context_in

if TYPE_CHECKING:
    from threadtrail.events import RunEnded
    from threadtrail_opentelemetry.options import FromElsewhere
    from threadtrail_opentelemetry.trace_groups import TraceGroups

_W3C = TraceContextTextMapPropagator()


def place_of(
    event: RunEnded,
    context: Context | None,
    groups: TraceGroups,
    *,
    from_elsewhere: bool,
    policy: FromElsewhere,
) -> tuple[Context | None, list[Link]]:
    """Return the parent context (``None``: a root) and the links of a run's span.

    A run that another process created began before the span that is active here. So it is linked to that
    span instead of being its child, unless the app grouped it by ``threadtrail.trace()``. Its creator is
    known if the app put a W3C ``traceparent`` into the run's metadata: it is linked too, or is the parent
    (policy ``child``).
    """
    if not from_elsewhere:
        return groups.place(event.trace_id, context)
    creator = _creator(event)
    if creator is not None and policy == "child":
        return creator, _links(context)
    if groups.is_open(event.trace_id):
        parent, links = groups.place(event.trace_id, context)
        return parent, [*_links(creator), *links]
    return None, _links(creator, context)


def _links(*contexts: Context | None) -> list[Link]:
    return [Link(found) for context in contexts if (found := span_context_in(context)) is not None]


def _creator(event: RunEnded) -> Context | None:
    """Return the creating span, which the app wrote into the run's metadata with a propagator."""
    carrier = {key: value for key, value in event.run.metadata.items() if isinstance(value, str)}
    context = _W3C.extract(carrier, context=Context())
    return context if span_context_in(context) is not None else None
