"""AgentOps' own SDK, where the program runs it as well: whose traces are delivered, and below which span."""

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
"""The scope of the spans that the native wrappers make of one call; a run does not end within one call."""


class NativeParent(NamedTuple):
    """A span of the native SDK that a run can stand below, and when it started (Unix nanoseconds)."""

    context: Context
    start: int


def native_parent(context: Context | None, target: Target) -> NativeParent | None:
    """The span of the native SDK that was active in ``context``, if what stands below it will be seen.

    That takes that the native SDK made it, sends to the same project, and can send at all.
    """
    core = sys.modules.get("agentops.sdk.core")
    provider = core.tracer.provider if core is not None else None
    if context is None or core is None or provider is None:
        return None
    span: Any = get_current_span(context)
    # A span has the very resource of the provider it came from: the native one, or one of the program's
    # that was there first, and then AgentOps gets nothing of it.
    if getattr(span, "resource", None) is not provider.resource or not _sends_to(core, target):
        return None
    found, start = span.get_span_context(), span.start_time or 0
    if not found.trace_flags.sampled:
        return None
    if span.instrumentation_scope.name in WRAPPER_SCOPES and span.parent is not None:
        found, start = span.parent, 0
    return NativeParent(set_span_in_context(NonRecordingSpan(found), Context()), start)


def _sends_to(core: Any, target: Target) -> bool:
    """Whether the native SDK delivers, and to the same project at the same address."""
    agentops: Any = sys.modules["agentops"]
    address = str(core.tracer.config.get("exporter_endpoint", "")).rstrip("/")
    same = agentops.get_client().config.api_key == target.api_key and address == target.exporter_endpoint
    return same and can_deliver()


def can_deliver() -> bool:
    """Whether the native exporter works with this OpenTelemetry.

    It uses attributes that OpenTelemetry 1.45 removed; a program may have put them back on its class.
    """
    used = ("_headers", "_session")
    return all(hasattr(AuthenticatedOTLPExporter, name) for name in used) or _instance_has(used)


@cache
def _instance_has(names: tuple[str, ...]) -> bool:
    # Made for the question only: it connects to nothing before it exports.
    exporter = AuthenticatedOTLPExporter(endpoint="http://127.0.0.1/")
    return all(hasattr(exporter, name) for name in names)
