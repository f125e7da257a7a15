"""Where a run stands among other spans: below the one it was created in, or linked to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.trace import Link
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from threadtrail_opentelemetry.emitting import span_context_in

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

    A run that another process created began before the span that is active here, so it is no child of
    it but linked to it. Its creator is known if the app put a W3C ``traceparent`` into the run's metadata:
    linked too, or with the policy ``child`` the parent.
    """
    if not from_elsewhere:
        return groups.place(event.trace_id, context)
    creator = _creator(event)
    parent = creator if policy == "child" else None
    found = [span_context_in(each) for each in (creator if parent is None else None, context)]
    return parent, [Link(each) for each in found if each is not None]


def _creator(event: RunEnded) -> Context | None:
    """The creating span, as the app wrote it into the run's metadata with an OpenTelemetry propagator."""
    carrier = {key: value for key, value in event.run.metadata.items() if isinstance(value, str)}
    context = _W3C.extract(carrier, context=Context())
    return context if span_context_in(context) is not None else None
