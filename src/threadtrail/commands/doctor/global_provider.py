"""OpenTelemetry's global tracer provider: where it sends spans, and whether an exporter of ours uses it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from threadtrail._text import listed
from threadtrail.commands.doctor.findings import Finding, Level
from threadtrail.commands.doctor.tools import KNOWN, Tool, module_of, of_module

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from threadtrail.config.settings import ExporterChoice

AREA = "other instrumentations"
EXPORTER = "opentelemetry"
OWN_TARGET = ("endpoint", "tracer_provider")
"""Options that make our OpenTelemetry exporter use something else than the global provider."""

APART = (
    'Give the exporter a target of its own, exporters={"opentelemetry": {"endpoint": ...}}, or leave it out '
    "if runs are meant to go there."
)


def findings(chosen: Collection[ExporterChoice]) -> Iterator[Finding]:
    """Yield where the global provider sends, if OpenTelemetry is imported and a provider is set."""
    opentelemetry = sys.modules.get("opentelemetry.trace")
    if opentelemetry is None:
        return
    provider = opentelemetry.get_tracer_provider()
    if isinstance(provider, opentelemetry.ProxyTracerProvider):
        return
    senders = list(_senders(provider))
    tools = [tool for sender in senders if (tool := of_module(module_of(type(sender)))) in KNOWN]
    for tool in dict.fromkeys(tools):
        yield _finding(tool, chosen)
    if not tools and _uses_global(chosen):
        names = listed(dict.fromkeys(type(sender).__name__ for sender in senders))
        yield Finding(
            Level.OK,
            AREA,
            f"OpenTelemetry's global provider is the program's own. It sends with: {names}.",
        )


def _finding(tool: Tool, chosen: Collection[ExporterChoice]) -> Finding:
    whose = f"OpenTelemetry's global provider sends to {tool.name}"
    enabled = {choice.name for choice in chosen}
    if not _uses_global(chosen):
        return Finding(Level.NOTE, AREA, f"{whose}. threadtrail's exporters do not use it.")
    if tool.exporter in enabled:
        return Finding(
            Level.PROBLEM,
            AREA,
            f"{whose}, and the exporter opentelemetry uses it: with the exporter {tool.exporter}, each run "
            "gets there twice.",
            APART,
        )
    return Finding(
        Level.WARNING, AREA, f"{whose}, and the exporter opentelemetry uses it: runs go there as well.", APART
    )


def _uses_global(chosen: Collection[ExporterChoice]) -> bool:
    ours = [choice for choice in chosen if choice.name == EXPORTER and choice.instance is None]
    return any(not any(option in choice.options for option in OWN_TARGET) for choice in ours)


def _senders(provider: Any) -> Iterator[Any]:
    """Yield the exporter of each of the provider's processors, or the processor where that is unknown."""
    multiplexer = getattr(provider, "_active_span_processor", None)
    for processor in getattr(multiplexer, "_span_processors", ()):
        batch = getattr(processor, "_batch_processor", processor)  # where OpenTelemetry keeps it from 1.34 on
        exporter = getattr(processor, "span_exporter", None) or getattr(batch, "_exporter", None)
        yield exporter if exporter is not None else processor
