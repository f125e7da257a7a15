"""Spans as AgentOps expects them: the kind as a suffix of the name, times in the past, always a status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentops.sdk.attributes import get_span_attributes
from agentops.semconv import CoreAttributes
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from threadtrail.otlp import emitting as otlp
from threadtrail.trace_shape import span_id_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind
    from opentelemetry.trace import Tracer

    from threadtrail.otlp.provider import ChosenIds
    from threadtrail.values import Failure

Values = dict[str, object]

MICROSECOND = 1_000
"""One microsecond, in nanoseconds: the resolution of times in AgentOps."""


class Emitter:
    """Starts spans in the past."""

    def __init__(self, tracer: Tracer, ids: ChosenIds) -> None:
        self._emitter = otlp.Emitter(tracer, ids)

    def start(
        self, name: str, kind: Kind, *, start: int, span_id: str, values: Mapping[str, object], **place: Any
    ) -> Span:
        """Start a span at ``start`` (Unix nanoseconds); ``place``: as for ``threadtrail.otlp.emitting``."""
        return self._emitter.start(
            f"{name}.{kind.value}",
            kind=SpanKind.INTERNAL,
            start=start,
            attributes={**get_span_attributes(name, kind.value), **known(values)},
            span_id=span_id,
            **place,
        )


def end(span: Span, time: int, failure: Failure | None) -> None:
    """End a span at ``time`` with the status that AgentOps needs: success, or the failure."""
    if failure is None:
        span.set_status(Status(StatusCode.OK))
    else:
        error = {CoreAttributes.ERROR_TYPE: failure.type, CoreAttributes.ERROR_MESSAGE: failure.message}
        span.set_attributes(known(error))
        span.set_status(Status(StatusCode.ERROR, failure.message or failure.type))
    span.end(time)


def known(values: Mapping[str, object]) -> dict[str, str | bool | int | float]:
    """Return the values that a span can have as attributes."""
    return {key: value for key, value in values.items() if isinstance(value, (str, bool, int, float))}


def session_span_id(identifier: str) -> str:
    """Return the id of the root of a run or a trace."""
    return span_id_for(identifier, "session")


def outcome_span_id(identifier: str) -> str:
    """Return the id of the span that closes the root."""
    return span_id_for(identifier, "outcome")
