"""A tool loop of Responses with several exporters on: by itself, or inside what somebody else traces.

    python -m layered.exporters_together '{"inside": "observe", "base_url": "http://127.0.0.1:1234/v1", ...}'

What the backends get is for the test to see: it has them. See `Case` for what can be said.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import threadtrail
from frameworks.scenes import KEY, MODEL, get_weather
from layered.beside import FLUSH_TIMEOUT_SECONDS, SETTLE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION = "How warm is it in Oslo?"
WEATHER: Any = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


@dataclass
class Case:
    """What is on: `inside` names one of `WAYS`.

    `theirs` is the address that the program's own OpenTelemetry sends to, if it has any: our exporter uses
    its provider, unless its options say otherwise.
    """

    inside: str
    base_url: str
    exporters: dict[str, dict[str, Any]]
    variables: dict[str, str]
    theirs: str = ""


def loop(base_url: str) -> str:
    """Ask, answer the call of a function, and get the answer."""
    responses = OpenAI(base_url=base_url, api_key=KEY).responses
    response = responses.create(model=MODEL, input=QUESTION, tools=[WEATHER])
    while calls := [item for item in response.output if item.type == "function_call"]:
        outputs: Any = [
            {
                "type": "function_call_output",
                "call_id": call.call_id,
                "output": get_weather(**json.loads(call.arguments)),
            }
            for call in calls
        ]
        response = responses.create(model=MODEL, input=outputs, previous_response_id=response.id)
    return response.output_text


def observed(base_url: str) -> str:
    """Have it inside an observation of Langfuse."""
    langfuse = importlib.import_module("langfuse")
    answer = langfuse.observe(name="handler")(loop)(base_url)
    langfuse.get_client().flush()
    return str(answer)


def in_a_span(base_url: str) -> str:
    """Have it inside a span of the program."""
    with trace.get_tracer("app").start_as_current_span("handler"):
        return loop(base_url)


def by_pydantic_ai(base_url: str) -> str:
    """Let an agent of pydantic-ai have it, which traces itself."""
    importlib.import_module("pydantic_ai").Agent.instrument_all()
    return _talk(
        importlib.import_module("frameworks.programs.pydantic_ai").App(base_url, "previous_response_id")
    )


def by_openai_agents(base_url: str) -> str:
    """Let an agent of openai-agents have it, with its own tracing on: no OpenTelemetry."""
    tracing = importlib.import_module("agents.tracing")
    ended: list[str] = []

    class Ended(tracing.TracingProcessor):  # type: ignore[misc, name-defined]  # lives in another environment
        """Keeps the kinds of the spans that ended."""

        def on_span_end(self, span: Any) -> None:
            ended.append(span.span_data.type)

        def on_span_start(self, span: Any) -> None: ...
        def on_trace_start(self, trace: Any) -> None: ...
        def on_trace_end(self, trace: Any) -> None: ...
        def shutdown(self) -> None: ...
        def force_flush(self) -> None: ...

    tracing.set_trace_processors([Ended()])
    answer = _by_an_agent(base_url)
    assert (ended.count("response"), ended.count("function")) == (2, 1), ended
    return answer


def by_openai_agents_as_spans(base_url: str) -> str:
    """Let an agent of openai-agents have it, of whose tracing OpenInference makes spans."""
    importlib.import_module(
        "openinference.instrumentation.openai_agents"
    ).OpenAIAgentsInstrumentor().instrument()
    return _by_an_agent(base_url)


def _by_an_agent(base_url: str) -> str:
    app = importlib.import_module("frameworks.programs.openai_agents").App(base_url, "previous_response_id")
    importlib.import_module("agents").set_tracing_disabled(disabled=False)
    return _talk(app)


def _talk(app: Any) -> str:
    (answer,) = asyncio.run(app.talk((QUESTION,), streamed=False))
    return str(answer[0])


WAYS: dict[str, Callable[[str], str]] = {
    "nothing": loop,
    "observe": observed,
    "span": in_a_span,
    "pydantic_ai": by_pydantic_ai,
    "openai_agents": by_openai_agents,
    "openai_agents as spans": by_openai_agents_as_spans,
}


def main() -> None:
    """Have the loop that the command line describes, and print what the program was given."""
    case = Case(**json.loads(sys.argv[1]))
    os.environ |= case.variables
    if case.theirs:
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=case.theirs)))
        trace.set_tracer_provider(provider)
    threadtrail.instrument(exporters=case.exporters, settle_seconds=SETTLE_SECONDS)
    answer = WAYS[case.inside](case.base_url)
    told = {
        "answer": answer,
        "flushed": threadtrail.flush(FLUSH_TIMEOUT_SECONDS),
        "lost": sum(lane.lost for lane in threadtrail.status().exporters.values()),
    }
    threadtrail.shutdown(FLUSH_TIMEOUT_SECONDS)
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
