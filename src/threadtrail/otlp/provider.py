"""Parts of a private tracer provider: chosen ids, explicit limits, spans held until they are sent."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from opentelemetry.sdk.trace import SpanLimits, SpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

__all__ = ["ChosenIds", "HeldSpans", "explicit_limits", "sdk_switched_off"]

DEFAULT_LIMIT = 128
"""The maximum number of events and links of a span, and of their attributes, by OpenTelemetry's standard."""


def sdk_switched_off() -> str | None:
    """Return why OpenTelemetry's SDK makes no spans in this process; ``None`` if it does."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() != "true":
        return None
    return "OTEL_SDK_DISABLED is true, which switches off OpenTelemetry's SDK and everything that uses it"


class ChosenIds(RandomIdGenerator):
    """Random ids, except for the next span, whose ids may be chosen. Used by one thread at a time."""

    def __init__(self) -> None:
        self._trace_id: int | None = None
        self._span_id: int | None = None

    def choose(self, trace_id: str | None, span_id: str | None) -> None:
        """Set the ids of the next span; the trace id counts only if the span has no parent."""
        self._trace_id = None if trace_id is None else int(trace_id, 16)
        self._span_id = None if span_id is None else int(span_id, 16)

    def generate_trace_id(self) -> int:
        """Return the chosen id, else a random one."""
        chosen, self._trace_id = self._trace_id, None
        return chosen if chosen is not None else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Return the chosen id, else a random one; a span's own id is generated last."""
        chosen, self._span_id, self._trace_id = self._span_id, None, None
        return chosen if chosen is not None else super().generate_span_id()


class HeldSpans(SpanProcessor):
    """Holds the sampled spans that have ended, until they are taken."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Hold the span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._spans.append(span)

    def take(self) -> list[ReadableSpan]:
        """Return the held spans, and hold them no more."""
        spans, self._spans = self._spans, []
        return spans


def explicit_limits(max_attributes: int) -> SpanLimits:
    """Return limits that no ``OTEL_…`` variable of the app changes; texts have any length.

    The defaults of ``SpanLimits`` are these variables, which the app set for its own spans.
    """
    return SpanLimits(
        max_attributes=DEFAULT_LIMIT,
        max_span_attributes=max_attributes,
        max_events=DEFAULT_LIMIT,
        max_links=DEFAULT_LIMIT,
        max_event_attributes=DEFAULT_LIMIT,
        max_link_attributes=DEFAULT_LIMIT,
        max_attribute_length=SpanLimits.UNSET,
        max_span_attribute_length=SpanLimits.UNSET,
    )
