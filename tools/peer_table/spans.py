"""The tools that make spans with OpenTelemetry's SDK: an in-memory exporter takes them."""

from __future__ import annotations

import importlib
import json
import os
import warnings
from typing import Any

import openai
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from peer_table.entries import Entry

INPUT_TOKENS = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt")
LANGFUSE_USAGE, LANGFUSE_LEVEL = "langfuse.observation.usage_details", "langfuse.observation.level"


class Spans:
    """A tool that makes spans; ``clients`` is the module that has its clients."""

    def __init__(self, clients: Any = openai) -> None:
        self.exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self._clients = clients

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """Return a client of the module."""
        return (self._clients.AsyncOpenAI if is_async else self._clients.OpenAI)(**options)

    def take(self) -> list[Entry]:
        """Return the spans that have ended since the last time."""
        self.provider.force_flush()
        spans = self.exporter.get_finished_spans()
        self.exporter.clear()
        return [_entry(span) for span in spans]


def _entry(span: ReadableSpan) -> Entry:
    values = span.attributes or {}
    tokens = next((values[name] for name in INPUT_TOKENS if name in values), 0)
    if LANGFUSE_USAGE in values:
        usage = json.loads(str(values[LANGFUSE_USAGE]))
        tokens = usage.get("input_tokens", usage.get("input", 0)) or 0
    failed = span.status.status_code is StatusCode.ERROR or values.get(LANGFUSE_LEVEL) == "ERROR"
    return Entry(int(str(tokens)), failed)


def _instrumentor(module: str, owner: str = "OpenAIInstrumentor") -> Spans:
    """Switch a tool on by its public instrumentor."""
    tool = Spans()
    # For the parts of a tool that ignore the provider that they are given.
    trace.set_tracer_provider(tool.provider)
    getattr(importlib.import_module(module), owner)().instrument(tracer_provider=tool.provider)
    return tool


def traceloop() -> Spans:
    """Switch Traceloop's OpenLLMetry on."""
    return _instrumentor("opentelemetry.instrumentation.openai")


def openinference() -> Spans:
    """Switch Arize's OpenInference on."""
    return _instrumentor("openinference.instrumentation.openai")


def genai_openai() -> Spans:
    """Switch OpenTelemetry's own instrumentation on."""
    return _instrumentor("opentelemetry.instrumentation.genai.openai")


def agentops() -> Spans:
    """Switch AgentOps' instrumentation on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _instrumentor("agentops.instrumentation.providers.openai.instrumentor", "OpenaiInstrumentor")


def openlit() -> Spans:
    """Switch OpenLIT on, without its spans of HTTP; it uses the global provider."""
    tool = Spans()
    trace.set_tracer_provider(tool.provider)
    http = ["httpx", "requests", "urllib", "urllib3", "aiohttp-client"]
    importlib.import_module("openlit").init(
        disabled_instrumentors=http, disable_metrics=True, disable_events=True
    )
    return tool


def azure_ai_projects() -> Spans:
    """Switch the instrumentation of Azure AI Foundry's client on; it uses the global provider."""
    os.environ["AZURE_EXPERIMENTAL_ENABLE_GENAI_TRACING"] = "true"
    tool = Spans()
    trace.set_tracer_provider(tool.provider)
    importlib.import_module("azure.core.settings").settings.tracing_implementation = "opentelemetry"
    importlib.import_module("azure.ai.projects.telemetry").AIProjectInstrumentor().instrument()
    return tool


def logfire() -> Spans:
    """Switch Logfire on, which sends nowhere."""
    tool, module = Spans(), importlib.import_module("logfire")
    processors = [SimpleSpanProcessor(tool.exporter)]
    module.configure(
        send_to_logfire=False, console=False, inspect_arguments=False, additional_span_processors=processors
    )
    module.instrument_openai()
    return tool


def langfuse() -> Spans:
    """Switch Langfuse on, which has clients of its own."""
    tool = Spans(importlib.import_module("langfuse.openai"))
    provider = TracerProvider()  # without a processor but Langfuse's
    importlib.import_module("langfuse").Langfuse(
        public_key="pk-local",
        secret_key="sk-local",  # noqa: S106 - it opens nothing
        base_url="http://127.0.0.1:9",
        span_exporter=tool.exporter,
        tracer_provider=provider,
    )
    tool.provider = provider
    return tool
