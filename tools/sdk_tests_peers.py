"""pytest plugin that turns on another tool's instrumentation before the SDK's tests are collected.

`SDK_TESTS_PEER` names the tool, `SDK_TESTS_REPORT` the folder for what it did. Only the tool's public
instrumentor is used, with a tracer provider that keeps the spans in memory: what is compared is
what the instrumentation does to the program, not what a backend makes of it.
"""

from __future__ import annotations

import importlib
import json
import os
import warnings
from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

INSTRUMENTORS = {
    "agentops": ("agentops.instrumentation.providers.openai.instrumentor", "OpenaiInstrumentor"),
    "openllmetry": ("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
    "openinference": ("openinference.instrumentation.openai", "OpenAIInstrumentor"),
}

_spans = InMemorySpanExporter()


# At import, as a program would on its first line. The suite turns every warning into an error; what
# a tool warns about while it is loaded says nothing about what it does to calls, so it is let pass.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _provider = TracerProvider()
    _provider.add_span_processor(SimpleSpanProcessor(_spans))
    _module, _name = INSTRUMENTORS[os.environ["SDK_TESTS_PEER"]]
    getattr(importlib.import_module(_module), _name)().instrument(tracer_provider=_provider)


def pytest_unconfigure() -> None:
    """Write down how much was seen, so that a tool that was never on is not taken for a good one."""
    seen = {"spans": len(_spans.get_finished_spans())}
    path = Path(os.environ["SDK_TESTS_REPORT"], f"{os.getpid()}.json")
    path.write_text(json.dumps(seen), encoding="utf-8")
