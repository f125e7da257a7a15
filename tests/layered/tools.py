"""The other tools, switched on and off as their documentation says, with every span that they make kept.

Imported in the environment that has the tool: see `environments.py`.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"


class Tool:
    """A tool; `receiver` is the backend on loopback that it sends to, if it has one of its own."""

    receiver: Any = None

    def __init__(self) -> None:
        self._memory = InMemorySpanExporter()

    @property
    def spans(self) -> Sequence[ReadableSpan]:
        """Every span that has ended so far on the provider that the tool uses."""
        return self._memory.get_finished_spans()

    def prepare(self) -> None:
        """Set what a program has set before it does anything: variables, a tracer provider of its own."""

    def on(self) -> None:
        """Switch it on, as a program does on its first lines."""

    def wait(self) -> None:
        """Wait until it can deliver; not in an event loop, which some need for it."""

    def off(self) -> None:
        """Switch it off, if it can be."""

    def flush(self) -> None:
        """Send what is waiting."""

    def _keep_spans(self, provider: Any) -> None:
        provider.add_span_processor(SimpleSpanProcessor(self._memory))


class Instrumentor(Tool):
    """A tool that is an OpenTelemetry instrumentor, on a global provider that the program has set."""

    module = ""

    def prepare(self) -> None:
        if not isinstance(trace.get_tracer_provider(), TracerProvider):
            trace.set_tracer_provider(TracerProvider())
        self._keep_spans(trace.get_tracer_provider())

    def on(self) -> None:
        self._instrumentor().instrument()

    def off(self) -> None:
        self._instrumentor().uninstrument()

    def _instrumentor(self) -> Any:
        return importlib.import_module(self.module).OpenAIInstrumentor()


class Traceloop(Instrumentor):
    """OpenLLMetry's instrumentor, by Traceloop."""

    module = "opentelemetry.instrumentation.openai"


class OpenInference(Instrumentor):
    """Arize's instrumentor."""

    module = "openinference.instrumentation.openai"


class Langfuse(Tool):
    """Langfuse's client and its `langfuse.openai`, which cannot be taken off again."""

    def prepare(self) -> None:
        self.receiver = receiver_of("langfuse")
        os.environ |= {
            "LANGFUSE_PUBLIC_KEY": "pk-lf-test",
            "LANGFUSE_SECRET_KEY": "sk-lf-test",
            "LANGFUSE_BASE_URL": self.receiver.url,
        }

    def on(self) -> None:
        self._client = importlib.import_module("langfuse").Langfuse()
        importlib.import_module("langfuse.openai")
        self._keep_spans(trace.get_tracer_provider())

    def flush(self) -> None:
        self._client.flush()


class AgentOps(Tool):
    """AgentOps' SDK with its defaults; its exporter mended, which sends nothing with this OpenTelemetry."""

    def __init__(self, **options: Any) -> None:
        super().__init__()
        self._options = options

    def prepare(self) -> None:
        self.receiver = receiver_of("agentops")
        # It sends metrics to an address of its own that cannot be changed: not while this runs.
        os.environ |= {**self.receiver.variables, "OTEL_METRIC_EXPORT_INTERVAL": "3600000"}

    def on(self) -> None:
        self._agentops = importlib.import_module("agentops")
        exporter = importlib.import_module("agentops.sdk.exporters").AuthenticatedOTLPExporter
        exporter._headers = property(lambda _: {})
        exporter._session = property(lambda self: self._client._transport._session)
        self._agentops.init(log_session_replay_url=False, log_level="CRITICAL", **self._options)
        self._keep_spans(trace.get_tracer_provider())

    def wait(self) -> None:
        """Its token comes in the background, and what it sends before is lost."""
        wait_until(self._agentops.get_client().get_current_jwt)

    def off(self) -> None:
        importlib.import_module("agentops.instrumentation").uninstrument_all()

    def flush(self) -> None:
        importlib.import_module("agentops.sdk.core").tracer.provider.force_flush()


def receiver_of(plugin: str) -> Any:
    """The backend that the plugin's own tests use, running."""
    return receiver_class(plugin)().__enter__()


def receiver_class(plugin: str) -> Any:
    """What makes that backend."""
    sys.path.append(str(PLUGINS / f"threadtrail-{plugin}" / "tests"))
    return importlib.import_module(f"{plugin}_receiver").Receiver


TOOLS = {"agentops": AgentOps, "langfuse": Langfuse, "openinference": OpenInference, "traceloop": Traceloop}
