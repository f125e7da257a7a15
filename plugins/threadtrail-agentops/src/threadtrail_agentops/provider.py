"""A tracer provider of our own: the program's is left alone, and no variable of the program changes it."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from agentops.semconv import ResourceAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Tracer

    from threadtrail_agentops.options import Target

DISTRIBUTION = "threadtrail-agentops"
SCOPE = "threadtrail_agentops"

# Explicit, since the defaults are the program's `OTEL_…` variables: they would cut JSON in two, or drop the
# attributes set first.
LIMITS = SpanLimits(
    max_span_attributes=2048,
    max_span_attribute_length=SpanLimits.UNSET,
    max_attribute_length=SpanLimits.UNSET,
)


class ChosenIds(RandomIdGenerator):
    """Gives the next span the ids that were chosen for it; random ones where none were. For one thread."""

    def __init__(self) -> None:
        self._trace_id: int | None = None
        self._span_id: int | None = None

    def choose(self, trace_id: str, span_id: str) -> None:
        """Set the ids of the next span; the trace id counts only if the span has no parent."""
        self._trace_id, self._span_id = int(trace_id, 16), int(span_id, 16)

    def generate_trace_id(self) -> int:
        """Return the chosen id, else a random one."""
        chosen, self._trace_id = self._trace_id, None
        return chosen if chosen is not None else super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Return the chosen id, else a random one; a span's own id is the last to be asked for."""
        chosen, self._span_id, self._trace_id = self._span_id, None, None
        return chosen if chosen is not None else super().generate_span_id()


class Ended(SpanProcessor):
    """Holds the spans that have ended, until they are sent."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Hold a span."""
        self._spans.append(span)

    def take(self) -> list[ReadableSpan]:
        """Return the spans that are held, and hold them no more."""
        spans, self._spans = self._spans, []
        return spans


def private_tracer(target: Target, ids: ChosenIds, ended: Ended) -> Tracer:
    """Return a tracer whose spans end up in ``ended``: all of them, whole."""
    release = version(DISTRIBUTION)
    provider = TracerProvider(
        resource=Resource(_resource(target, release)),
        sampler=ALWAYS_ON,
        id_generator=ids,
        span_limits=LIMITS,
        shutdown_on_exit=False,
    )
    provider.add_span_processor(ended)
    return provider.get_tracer(SCOPE, release)


def _resource(target: Target, release: str) -> dict[str, str]:
    """Who sends. The project is the token's; what the machine is made of is nobody's business."""
    about = {
        ResourceAttributes.SERVICE_NAME: "agentops",
        ResourceAttributes.SDK_NAME: DISTRIBUTION,
        ResourceAttributes.SDK_VERSION: release,
    }
    if target.environment is not None:
        about[ResourceAttributes.ENVIRONMENT] = target.environment
        about[ResourceAttributes.DEPLOYMENT_ENVIRONMENT] = target.environment
    return about
