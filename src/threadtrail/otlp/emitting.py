"""Starts spans in the past, at the times of events; makes none of them current."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.context import Context

from threadtrail.trace_shape import span_id_for, trace_id_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.trace import Link, Span, SpanKind, Tracer

    from threadtrail.otlp.provider import ChosenIds

__all__ = ["Emitter", "known"]


class Emitter:
    """Starts spans on one tracer.

    Args:
        tracer: the tracer.
        ids: the ids of the tracer's provider, if it is a private one. Ids then derive from those of
            runs, so that every process chooses the same ones.
    """

    def __init__(self, tracer: Tracer, ids: ChosenIds | None = None) -> None:
        self._tracer = tracer
        self._ids = ids

    @property
    def chooses_ids(self) -> bool:
        """Whether ids derive from those of runs, so that links to spans sent before are possible."""
        return self._ids is not None

    def start(  # noqa: PLR0913 - all of it is needed, and only by name
        self,
        name: str,
        *,
        kind: SpanKind,
        start: int,
        attributes: Mapping[str, Any],
        parent: Context | None = None,
        links: Sequence[Link] = (),
        trace_of: str | None = None,
        span_id: str | None = None,
    ) -> Span:
        """Start a span at ``start`` (Unix nanoseconds), below ``parent``, or else as a root.

        ``trace_of`` is the id of a run or trace that the trace id derives from, if there is no parent;
        ``span_id`` derives from it too by default. Attributes without a value are left out.
        """
        if self._ids is not None and trace_of is not None:
            self._ids.choose(trace_id_for(trace_of), span_id or span_id_for(trace_of))
        # An empty context, since `None` would mean the current context of this thread.
        return self._tracer.start_span(
            name,
            context=parent if parent is not None else Context(),
            kind=kind,
            attributes=known(attributes),
            links=list(links),
            start_time=start,
        )


def known(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those that are ``None``."""
    return {name: value for name, value in values.items() if value is not None}
