"""What is compared: threadtrail, other tools, and nothing; each delivers in its usual way, to nowhere."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INSTRUMENTORS = {
    "agentops": ("agentops.instrumentation.providers.openai.instrumentor", "OpenaiInstrumentor"),
    "openllmetry": ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
    "openinference": ("openinference.instrumentation.openai", "OpenAIInstrumentor"),
}


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool: ``flush`` delivers all that it has, ``recorded`` counts what it delivered so far."""

    flush: Callable[[], None]
    recorded: Callable[[], int]


def nothing() -> Contender:
    """The bare SDK."""
    return Contender(flush=lambda: None, recorded=lambda: 0)


def threadtrail() -> Contender:
    """threadtrail with its defaults; counts whole runs."""
    import threadtrail as ours  # noqa: PLC0415 - the environments of the others do not have it
    from threadtrail.events import RunEnded  # noqa: PLC0415

    class Nowhere:
        runs = 0

        @ours.hookimpl
        def export(self, events: Sequence[Any]) -> None:
            self.runs += sum(type(event) is RunEnded for event in events)

    exporter = Nowhere()
    ours.instrument(exporters=[exporter])

    def flush() -> None:
        if not ours.flush(60):
            raise TimeoutError("threadtrail did not deliver within a minute")

    return Contender(flush, lambda: exporter.runs)


def peer(name: str) -> Contender:
    """Another tool's public instrumentor, with OpenTelemetry's batch processor; counts spans."""
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - only the others' environments have it
    from opentelemetry.sdk.trace.export import (  # noqa: PLC0415
        BatchSpanProcessor,
        SpanExporter,
        SpanExportResult,
    )

    class Nowhere(SpanExporter):  # type: ignore[misc, unused-ignore]  # untyped where it is not installed
        spans = 0

        def export(self, spans: Sequence[Any]) -> Any:
            self.spans += len(spans)
            return SpanExportResult.SUCCESS

    exporter = Nowhere()
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    module, owner = INSTRUMENTORS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(importlib.import_module(module), owner)().instrument(tracer_provider=provider)

    def flush() -> None:
        if not provider.force_flush(60_000):
            raise TimeoutError(f"{name} did not deliver within a minute")

    return Contender(flush, lambda: exporter.spans)


def start(name: str) -> Contender:
    """Switch the tool of this name on."""
    if name == "nothing":
        return nothing()
    return threadtrail() if name == "threadtrail" else peer(name)
