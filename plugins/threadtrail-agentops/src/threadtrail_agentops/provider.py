"""A private tracer provider, which no variable of the app changes."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from agentops.semconv import ResourceAttributes
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from threadtrail.otlp.provider import explicit_limits

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from threadtrail.otlp.provider import ChosenIds, HeldSpans
    from threadtrail_agentops.options import Target

DISTRIBUTION = "threadtrail-agentops"
SCOPE = "threadtrail_agentops"

MAX_ATTRIBUTES = 2048
"""The maximum number of attributes of a span."""


def private_tracer(target: Target, ids: ChosenIds, ended: HeldSpans) -> Tracer:
    """Return a tracer; ``ended`` holds all of its spans, with all their attributes."""
    release = version(DISTRIBUTION)
    provider = TracerProvider(
        resource=Resource(_resource(target, release)),
        sampler=ALWAYS_ON,
        id_generator=ids,
        span_limits=explicit_limits(MAX_ATTRIBUTES),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(ended)
    return provider.get_tracer(SCOPE, release)


def _resource(target: Target, release: str) -> dict[str, str]:
    """Return the resource, which describes the sender but not the machine. The token names the project."""
    about = {
        ResourceAttributes.SERVICE_NAME: "agentops",
        ResourceAttributes.SDK_NAME: DISTRIBUTION,
        ResourceAttributes.SDK_VERSION: release,
    }
    if target.environment is not None:
        about[ResourceAttributes.ENVIRONMENT] = target.environment
        about[ResourceAttributes.DEPLOYMENT_ENVIRONMENT] = target.environment
    return about
