"""The place of a run among other spans: below the span in which it was created, in any process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.trace import Link

from threadtrail.otlp.carried import app_span_of, trace_span_of
from threadtrail.otlp.context import span_context_in

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import Event
    from threadtrail.values import Carried
    from threadtrail_opentelemetry.options import FromElsewhere
    from threadtrail_opentelemetry.trace_groups import TraceGroups


class Place(NamedTuple):
    """A parent (``None``: a root), and links. ``in_trace``: it is in a ``threadtrail.trace()``."""

    parent: Context | None
    links: list[Link]
    in_trace: bool = False


def place_of(
    event: Event,
    context: Context | None,
    groups: TraceGroups,
    *,
    from_elsewhere: bool,
    policy: FromElsewhere,
) -> Place:
    """Return the place of a run.

    A run of another process began before the span that is active here. So it is the child of the span
    in which it was created, if that is known by a carrier (policy ``link``: it is linked to that), and linked
    to the active one. If it is not known, and the app did not group it by ``threadtrail.trace()``, it is a
    root with a link.
    """
    if not from_elsewhere:
        return groups.place(event, context, within=event.trace_id)
    creator = creator_of(event.carried, chooses_ids=groups.chooses_ids)
    if creator is not None and policy == "child":
        return Place(creator, links_to(context), in_trace=is_in_trace(event.carried))
    if groups.is_open(event.trace_id):
        place = groups.place(event, context, within=event.trace_id)
        return place._replace(links=[*links_to(creator), *place.links])
    return Place(None, links_to(creator, context))


def creator_of(carried: Carried | None, *, chooses_ids: bool) -> Context | None:
    """Return the place in the creator's process: below the app's span, else that of its ``trace()``.

    The latter is known only if its id was chosen.
    """
    return app_span_of(carried) or (trace_span_of(carried) if chooses_ids else None)


def is_in_trace(carried: Carried | None) -> bool:
    """Return whether an event of another process belongs to a ``threadtrail.trace()``."""
    return carried is not None and carried.trace_id is not None


def links_to(*contexts: Context | None) -> list[Link]:
    """Return links to the spans that are active in these contexts."""
    return [Link(found) for context in contexts if (found := span_context_in(context)) is not None]
