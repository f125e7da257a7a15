"""Spans as AgentOps reads them: a name with its kind as the suffix, times of the past, a status on each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentops.sdk.attributes import get_span_attributes
from agentops.semconv import CoreAttributes
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context

from threadtrail.trace_shape import span_id_for, trace_id_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind
    from opentelemetry.trace import Link, Tracer

    from threadtrail.values import Failure
    from threadtrail_agentops.provider import ChosenIds

Values = dict[str, object]

MICROSECOND = 1_000
"""In nanoseconds: what AgentOps tells two times apart by."""


class Emitter:
    """Starts and ends spans in the past; makes none of them current anywhere."""

    def __init__(self, tracer: Tracer, ids: ChosenIds) -> None:
        self._tracer = tracer
        self._ids = ids

    def start(  # noqa: PLR0913 - all of it is needed, and only by name
        self,
        name: str,
        kind: Kind,
        *,
        start: int,
        span_id: str,
        trace_of: str,
        values: Mapping[str, object],
        parent: Context | None = None,
        links: Sequence[Link] = (),
    ) -> Span:
        """Start a span at ``start`` (Unix nanoseconds), below ``parent``, or else as a root.

        ``trace_of`` is the run or trace whose id the trace id derives from, if it has no parent.
        """
        self._ids.choose(trace_id_for(trace_of), span_id)
        attributes = {**get_span_attributes(name, kind.value), **known(values)}
        return self._tracer.start_span(
            f"{name}.{kind.value}",
            # An empty context and not none at all: `None` would mean whatever is current in this thread.
            context=parent if parent is not None else Context(),
            kind=SpanKind.INTERNAL,
            attributes=attributes,
            links=list(links),
            start_time=start,
        )


def end(span: Span, time: int, failure: Failure | None) -> None:
    """End a span at ``time``, as a success or with what went wrong: AgentOps needs a status."""
    if failure is None:
        span.set_status(Status(StatusCode.OK))
    else:
        told = {CoreAttributes.ERROR_TYPE: failure.type, CoreAttributes.ERROR_MESSAGE: failure.message}
        span.set_attributes(known(told))
        span.set_status(Status(StatusCode.ERROR, failure.message or failure.type))
    span.end(time)


def below(span: Span) -> Context:
    """A context whose current span is ``span``."""
    return set_span_in_context(span, Context())


def known(values: Mapping[str, object]) -> dict[str, str | bool | int | float]:
    """Only what has a value of a kind that a span can carry."""
    return {key: value for key, value in values.items() if isinstance(value, (str, bool, int, float))}


def session_span_id(identifier: str) -> str:
    """The id of the root that stands for a run or a trace."""
    return span_id_for(identifier, "session")


def outcome_span_id(identifier: str) -> str:
    """The id of the span that closes the root."""
    return span_id_for(identifier, "outcome")
