"""What is compared: threadtrail, other tools, and nothing; each delivers in its usual way, to no backend."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.child import ROOT, last_line_of

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTRUMENTORS = {
    "agentops": ("agentops.instrumentation.providers.openai.instrumentor", "OpenaiInstrumentor"),
    "openllmetry": ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
    "openinference": ("openinference.instrumentation.openai", "OpenAIInstrumentor"),
}

PEERS = tuple(INSTRUMENTORS)
"""The other tools, each of which is measured in an environment of its own."""


def interpreter_of(peer: str) -> str:
    """Return the Python interpreter of another tool's environment, which is made if it does not exist."""
    return last_line_of(ROOT / "tools" / "peer_environment.py", peer)


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool: ``flush`` delivers everything, ``recorded`` returns how much was delivered so far."""

    flush: Callable[[], None]
    recorded: Callable[[], int]


def nothing() -> Contender:
    """The bare SDK."""
    return Contender(flush=lambda: None, recorded=lambda: 0)


def threadtrail() -> Contender:
    """Return threadtrail with its defaults, counting whole runs."""
    import threadtrail as ours  # noqa: PLC0415 - the environments of the others do not have it
    from threadtrail.events import RunEnded  # noqa: PLC0415 - only in the process that measures threadtrail

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


class NowhereSpans:
    """An OpenTelemetry exporter that only counts."""

    def __init__(self, success: object) -> None:
        self.spans = 0
        self._success = success

    def export(self, spans: Sequence[Any]) -> object:
        """Count a batch."""
        self.spans += len(spans)
        return self._success

    def force_flush(self, _timeout_millis: int = 0) -> bool:
        """Nothing is held back."""
        return True

    def shutdown(self) -> None:
        """There is nothing to close."""


def peer(name: str) -> Contender:
    """Return another tool's public instrumentor with OpenTelemetry's batch processor, counting spans."""
    # By name: only the environments of these tools have OpenTelemetry.
    trace = importlib.import_module("opentelemetry.sdk.trace")
    export = importlib.import_module("opentelemetry.sdk.trace.export")
    exporter = NowhereSpans(export.SpanExportResult.SUCCESS)
    provider = trace.TracerProvider()
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
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
