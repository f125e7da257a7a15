"""AgentOps' own SDK, if the app runs it as well: the span that a run can be below, if it is delivered."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from agentops.sdk.exporters import AuthenticatedOTLPExporter
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, get_current_span, set_span_in_context

if TYPE_CHECKING:
    from threadtrail_agentops.options import Target

WRAPPER_SCOPES = frozenset({"openai"})
"""The scopes of spans that the native wrappers make of one call. A run does not end within such a span."""


class NativeParent(NamedTuple):
    """A span of the native SDK that a run can be below, and its start (Unix nanoseconds)."""

    context: Context
    start: int


def native_parent(context: Context | None, target: Target) -> NativeParent | None:
    """Return the span of the native SDK that was active in ``context``, if it will be delivered.

    The native SDK must have made it, must send to the same project, and must be able to send at all.
    """
    core = sys.modules.get("agentops.sdk.core")
    provider = core.tracer.provider if core is not None else None
    if context is None or core is None or provider is None:
        return None
    span: Any = get_current_span(context)
    # A span has the resource of its provider: the native one, or one that the app set before, of which
    # AgentOps receives nothing.
    if getattr(span, "resource", None) is not provider.resource or not _sends_to(core, target):
        return None
    found, start = span.get_span_context(), span.start_time or 0
    if not found.trace_flags.sampled:
        return None
    if span.instrumentation_scope.name in WRAPPER_SCOPES and span.parent is not None:
        found, start = span.parent, 0
    return NativeParent(set_span_in_context(NonRecordingSpan(found), Context()), start)


def _sends_to(core: Any, target: Target) -> bool:
    """Return whether the native SDK delivers, and to the same project at the same address."""
    agentops: Any = sys.modules["agentops"]
    address = str(core.tracer.config.get("exporter_endpoint", "")).rstrip("/")
    same = agentops.get_client().config.api_key == target.api_key and address == target.exporter_endpoint
    return same and can_deliver()


def can_deliver() -> bool:
    """Return whether the native exporter works with this OpenTelemetry.

    It uses attributes that OpenTelemetry 1.45 removed; an app may have added them to its class.
    """
    used = ("_headers", "_session")
    return all(hasattr(AuthenticatedOTLPExporter, name) for name in used) or _instance_has(used)


@cache
def _instance_has(names: tuple[str, ...]) -> bool:
    # Made only to look at it: it opens no connection before it exports.
    exporter = AuthenticatedOTLPExporter(endpoint="http://127.0.0.1/")
    return all(hasattr(exporter, name) for name in names)
