"""Roots of traces: a session for each ``threadtrail.trace()``, and one for each run outside of one.

The backend computes a trace from the starts of its spans: its name is that of the span that starts first, its
status that of the span that starts last, and its duration the time between the two. So a root starts before
all other spans, and a span that starts after all others closes it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agentops.sdk.attributes import get_session_end_attributes
from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanContext, get_current_span

from threadtrail.otlp.carried import trace_span_of
from threadtrail.otlp.context import below, links_between, span_context_in
from threadtrail.trace_shape import span_id_for
from threadtrail.values import EMPTY
from threadtrail_agentops.attributes import of_caller, of_content, of_root
from threadtrail_agentops.emitting import (
    MICROSECOND,
    Emitter,
    end,
    known,
    outcome_span_id,
    session_span_id,
)
from threadtrail_agentops.native import native_parent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from threadtrail.events import TraceEnded, TraceStarted
    from threadtrail.values import Attributes, Carried, Failure
    from threadtrail_agentops.options import Target

MAX_TRACES = 1_000
UNFINISHED = "unfinished"


@dataclass(slots=True)
class Root:
    """The span that others are below; ``own`` if it is the root of its trace."""

    span: Span
    own: bool
    identifier: str
    start: int
    last: int
    around: SpanContext | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a span: below ``parent`` (``None``: it is a root), after ``floor``, with links."""

    parent: Context | None = None
    floor: int = 0
    links: list[Link] = field(default_factory=list)
    root: Root | None = None

    def extend(self, time: int) -> None:
        """Extend the root above to ``time``."""
        if self.root is not None:
            self.root.last = max(self.root.last, time)


class Sessions:
    """Opens and closes roots, and finds the place of spans below them."""

    def __init__(self, emitter: Emitter, target: Target) -> None:
        self._emitter = emitter
        self._target = target
        self._open: dict[str, Root] = {}
        self._elsewhere: OrderedDict[str, Root] = OrderedDict()

    def know(self, carried: Carried | None) -> None:
        """Treat the trace of another process, from which an event came, as open."""
        if carried is None or carried.trace_id is None or carried.trace_id in self._open:
            return
        nested, identifier = carried.outermost_trace_id is not None, carried.trace_id
        # Here a trace is never below a span of the app, and its outermost root is a session.
        own = replace(carried, around=None)
        parent = trace_span_of(own, span_id=None if nested else session_span_id(identifier))
        span = get_current_span(parent)
        self._elsewhere[identifier] = Root(span, own=False, identifier=identifier, start=0, last=0)
        self._elsewhere.move_to_end(identifier)
        if len(self._elsewhere) > MAX_TRACES:
            self._elsewhere.popitem(last=False)

    def begin(self, event: TraceStarted, context: Context | None) -> None:
        """Open the root of a ``threadtrail.trace()``; inside another trace it is a workflow."""
        identifier = event.trace_id or ""
        place = self.place(event.parent_trace_id, context)
        own = place.parent is None
        start = max(event.time, place.floor + MICROSECOND)
        tags = self._target.tags if own else ()
        span = self._emitter.start(
            event.name,
            Kind.SESSION if own else Kind.WORKFLOW,
            start=start,
            span_id=span_id_for(identifier) if not own else session_span_id(identifier),
            trace_of=identifier,
            values=of_root(tags, event.attributes),
            parent=place.parent,
            links=place.links,
        )
        if len(self._open) >= MAX_TRACES:
            self.close_all()
        self._open[identifier] = Root(span, own, identifier, start, start, span_context_in(context))

    def end(self, event: TraceEnded) -> None:
        """Close the root of a trace; an exception that left the block is its failure."""
        root = self._open.pop(event.trace_id or "", None)
        if root is None:
            return
        root.last = max(root.last, event.time)
        parent = self._open.get(event.parent_trace_id or "")
        if parent is not None:
            parent.last = max(parent.last, root.last)
        state = "Error" if event.error is not None else "Success"
        self.close(root, outcome="failed" if event.error else "completed", state=state, failure=event.error)

    def place(self, trace_id: str | None, context: Context | None) -> Place:
        """Return the place of a span that began in ``trace_id``, with ``context`` around it.

        It is below that trace's root, if it is open; else below the native trace around it, if that is
        delivered; else it gets a root of its own. A span of the app around it that is not its parent is
        linked.
        """
        root = self._open.get(trace_id or "") or self._elsewhere.get(trace_id or "")
        if root is not None:
            return Place(below(root.span), root.start, links_between(context, root.around), root)
        native = native_parent(context, self._target)
        if native is not None:
            return Place(native.context, native.start)
        return Place(links=links_between(context, None))

    def begin_own(  # noqa: PLR0913 - all of it is needed, and only by name
        self,
        identifier: str,
        name: str,
        *,
        start: int,
        links: list[Link],
        caller: Attributes,
        finished: bool = True,
        kind: Kind = Kind.SESSION,
        span_id: str | None = None,
        values: Mapping[str, object] = EMPTY,
    ) -> Root:
        """Open a root for a span that began outside of a trace: a session, unless it is a ``kind`` itself.

        ``values`` are further attributes; ``span_id`` is by default that of the session. A span that is not
        ``finished`` may come again, in the same trace, so its root has ids of its own.
        """
        apart = identifier if finished else f"{identifier} {UNFINISHED}"
        span = self._emitter.start(
            name,
            kind,
            start=start,
            span_id=span_id or session_span_id(apart),
            trace_of=identifier,
            values={**values, **of_root(self._target.tags, caller)},
            links=links,
        )
        return Root(span, own=True, identifier=apart, start=start, last=start)

    def close(  # noqa: PLR0913 - all of it is needed, and only by name
        self,
        root: Root,
        *,
        outcome: str,
        state: str,
        failure: Failure | None,
        input_text: str | None = None,
        output_text: str | None = None,
    ) -> None:
        """End a root with a span that is named after its outcome."""
        content = of_content(input_text, output_text)
        root.span.set_attributes(known({**get_session_end_attributes(state), **content}))
        closing = root.last + MICROSECOND if root.own else root.last
        if root.own:
            last = self._emitter.start(
                outcome,
                Kind.OPERATION,
                start=closing,
                span_id=outcome_span_id(root.identifier),
                trace_of=root.identifier,
                values=of_content(None, output_text),
                parent=below(root.span),
            )
            end(last, closing, failure)
        end(root.span, closing, failure)

    def close_all(self) -> None:
        """Close open roots: no event will end these traces."""
        for root in reversed(self._open.values()):
            self.close(root, outcome="not seen to end", state="Indeterminate", failure=None)
        self._open.clear()


def caller_of(place: Place, caller: Attributes) -> dict[str, object]:
    """Return user, session and metadata for a span below a root of others, which does not have them."""
    return of_caller(caller) if place.parent is not None else {}
