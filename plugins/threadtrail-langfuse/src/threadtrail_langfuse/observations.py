"""Starts and ends Langfuse observations at the times of events, with the SDK's own classes.

``start_observation()`` has no start time, so the span is made here; the SDK's public classes around it add
type, input, output, mask, media and metadata.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langfuse import LangfuseOtelSpanAttributes as Names
from opentelemetry.baggage import set_baggage
from opentelemetry.context import Context
from opentelemetry.context import set_value as set_context_value
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    format_trace_id,
    set_span_in_context,
)

from threadtrail.otlp.context import span_context_in
from threadtrail.trace_shape import trace_id_for
from threadtrail.values import Attributes

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.trace import Span

    from threadtrail_langfuse.connection import Connection

# Not empty: the SDK treats an empty context like none at all, and uses the current one.
NOWHERE = set_context_value("threadtrail", "root", Context())

CLAIM = "langfuse_trace_id"
"""The baggage key by which the SDK recognises that a trace has a root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """User, session, tags and trace name: on every observation, since Langfuse has no row for the trace."""

    attributes: Attributes
    session: str | None = None
    trace_name: str | None = None

    def as_span_attributes(self) -> dict[str, Any]:
        """Return the attributes that the span has from its start."""
        values = {
            Names.TRACE_SESSION_ID: self.attributes.session_id or self.session,
            Names.TRACE_USER_ID: self.attributes.user_id,
            Names.TRACE_TAGS: list(self.attributes.tags) or None,
            Names.TRACE_NAME: self.trace_name,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of observations: below ``parent``, or a trace of their own; in a trace of this name.

    Without a name, the app names the trace.
    """

    parent: Context | None
    trace_name: str | None


class Observations:
    """Makes observations on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def start(  # noqa: PLR0913 - all of it is needed, and only by name
        self,
        kind: Callable[..., Any],
        name: str,
        *,
        start: int,
        parent: Context | None,
        caller: Caller,
        trace_of: str | None = None,
        span_id: str | None = None,
        more: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Any:
        """Start an observation at ``start`` (Unix nanoseconds), below ``parent`` or else as a root.

        Args:
            kind: the SDK's class for it.
            name: the observation's name.
            start: Unix nanoseconds.
            parent: the context of its parent.
            caller: user, session, tags and trace name.
            trace_of: the id that its trace id derives from, if it has no parent.
            span_id: its own id; by default a random one.
            more: further attributes of the span.
            metadata: its metadata; the caller's metadata is added.
            fields: input, output, level and other arguments of the SDK's class.
        """
        connection = self._connection
        connection.ids.choose(trace_of and trace_id_for(trace_of), span_id)
        span = connection.tracer.start_span(
            name,
            context=parent or NOWHERE,
            start_time=start,
            attributes={**connection.defaults, **caller.as_span_attributes(), **(more or {})},
        )
        _join_tags(span, caller.attributes.tags)
        known = {key: value for key, value in (metadata or {}).items() if value is not None}
        return kind(
            otel_span=span,
            langfuse_client=connection.client,
            metadata={**known, **caller.attributes.metadata} or None,
            **fields,
        )

    def later(self, span_id: str, around: Context | None, *, trace_of: str) -> Span:
        """Return the span of an observation that will be made later with this id, below ``around``.

        ``trace_of`` is the id that its trace id derives from, if nothing is around it.
        """
        outer = span_context_in(around)
        trace_id = int(trace_id_for(trace_of), 16) if outer is None else outer.trace_id
        sampler = self._connection.sampler
        decision = sampler.should_sample(around or NOWHERE, trace_id, "tool", attributes={}).decision
        sampled = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
        return NonRecordingSpan(SpanContext(trace_id, int(span_id, 16), is_remote=False, trace_flags=flags))

    def end(self, observation: Any, time: int) -> None:
        """End an observation at ``time`` (Unix nanoseconds)."""
        observation.end(end_time=time)
        self._connection.ended()


def span_of(observation: Any) -> Span:
    """Return the span of an observation that was made here."""
    span: Span = observation._otel_span  # noqa: SLF001 - the SDK has no public way to it
    return span


def below(span: Span, context: Context | None) -> Context:
    """Return a context whose active span is ``span``, with the propagated attributes of ``context``.

    The SDK treats an observation that begins in it as a child, also if the span has ended, or another client
    sent it.
    """
    trace_id = format_trace_id(span.get_span_context().trace_id)
    return set_baggage(CLAIM, trace_id, set_span_in_context(span, context or NOWHERE))


def is_inside(context: Context | None) -> bool:
    """Return whether a span or observation of the app was active in ``context``."""
    return span_context_in(context) is not None


def _join_tags(span: Span, tags: tuple[str, ...]) -> None:
    """Set threadtrail's tags and those that the app propagates, which replaced the former at the start."""
    there = (getattr(span, "attributes", None) or {}).get(Names.TRACE_TAGS)
    if tags and there is not None and tuple(there) != tags:
        span.set_attribute(Names.TRACE_TAGS, list(dict.fromkeys((*there, *tags))))
