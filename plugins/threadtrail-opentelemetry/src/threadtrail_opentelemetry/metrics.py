"""Metrics: durations of agents, generations and tools, and tokens once per run. No attribute is an id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.otlp.emitting import known
from threadtrail.shape import add_usages
from threadtrail.trace_shape import shape
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.attributes import SECOND, at_server, tokens, tool_type
from threadtrail_opentelemetry.background import creation, is_split
from threadtrail_opentelemetry.generation_attributes import asked_model, of_openai
from threadtrail_opentelemetry.outcomes import error_type

if TYPE_CHECKING:
    from opentelemetry.metrics import Histogram, Meter

    from threadtrail.events import AssistantCreated, Event, RequestFailed, RunEnded
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Run
    from threadtrail_opentelemetry.options import Options

Values = dict[str, Any]

COUNTED = {
    "input_tokens": c.USAGE_INPUT_TOKENS,
    "output_tokens": c.USAGE_OUTPUT_TOKENS,
    "cache_read.input_tokens": c.USAGE_CACHE_READ_INPUT_TOKENS,
    "cache_write.input_tokens": c.USAGE_CACHE_WRITE_INPUT_TOKENS,
    "reasoning.output_tokens": c.USAGE_REASONING_OUTPUT_TOKENS,
}
"""The counters of 2026-10, by the end of their names."""

KINDS = {"input": c.USAGE_INPUT_TOKENS, "output": c.USAGE_OUTPUT_TOKENS}
"""The token types of v1.41.1."""


class Metrics:
    """The instruments of one meter."""

    def __init__(self, meter: Meter, options: Options) -> None:
        self._options = options
        self._operations = _seconds(meter, c.METRIC_OPERATION_DURATION, "Duration of a GenAI operation.")
        self._tools = _seconds(meter, c.METRIC_TOOL_DURATION, "Duration of a tool's execution.")
        older = options.profile == "core-1.41"
        self._tokens = _TokenHistogram(meter) if older else _TokenCounters(meter)
        self._generations = (
            self._operations
            if older
            else _seconds(meter, c.METRIC_INFERENCE_DURATION, "Duration of a GenAI inference.")
        )

    def run_ended(self, event: RunEnded) -> None:
        """Record a run's duration, its tokens, and the durations of its tools, once it has finished.

        An unfinished run may finish later, and is recorded then.
        """
        run, root = event.run, shape(event.run)
        if not run.finished:
            return
        nodes = list(root.walk())
        usage = run.usage or add_usages(node.usage for node in nodes)
        if run.one_generation:
            (node,) = (node for node in nodes if node.kind == "generation")
            models = {c.REQUEST_MODEL: asked_model(run, node), c.RESPONSE_MODEL: run.model}
            models[c.OPENAI_RESPONSE_SERVICE_TIER] = of_openai(run).get(c.OPENAI_RESPONSE_SERVICE_TIER)
            operation, durations = c.CHAT, self._generations
            if is_split(run, self._options):
                node, usage = creation(node, run), None
        else:
            node, models = root, {c.REQUEST_MODEL: root.model}
            operation, durations = c.INVOKE_AGENT, self._operations
        values = known({**at_server(event, operation), **models})
        self._tokens.add(tokens(usage), values)
        durations.record((node.end - node.start) / SECOND, known({**values, c.ERROR_TYPE: error_type(node)}))
        for node in nodes:
            self.tool_ended(run, node)

    def tool_ended(self, run: Run, node: Node) -> None:
        """Record the duration of a tool, if ``node`` is one, and its times were seen."""
        call = node.tool_call
        # The server's whole seconds are too coarse, and a call without an end has no duration.
        if call is None or not call.seen_live or call.started_at is None or call.ended_at is None:
            return
        values = {
            c.TOOL_NAME: call.name,
            c.TOOL_TYPE: tool_type(call),
            c.AGENT_NAME: run.assistant.name if run.assistant and not run.one_generation else None,
            c.ERROR_TYPE: error_type(node),
        }
        self._tools.record((node.end - node.start) / SECOND, known(values))

    def assistant_created(self, event: AssistantCreated) -> None:
        """Record the duration of the call."""
        values = {**at_server(event, c.CREATE_AGENT), c.REQUEST_MODEL: event.assistant.model}
        _record_call(self._operations, event, event.started_at, values)

    def request_failed(self, event: RequestFailed, operation: str) -> None:
        """Record the duration of the request until it failed."""
        values = {**at_server(event, operation), c.ERROR_TYPE: event.error.type or c.ERROR_TYPE_OTHER}
        durations = self._generations if operation == c.CHAT else self._operations
        _record_call(durations, event, event.started_at, values)


class _TokenHistogram:
    """v1.41.1: one histogram; the token type is an attribute."""

    def __init__(self, meter: Meter) -> None:
        self._histogram = meter.create_histogram(
            c.METRIC_TOKEN_USAGE,
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=c.TOKEN_BUCKETS,
        )

    def add(self, counts: Values, values: Values) -> None:
        for kind, name in KINDS.items():
            if counts.get(name):
                self._histogram.record(counts[name], {**values, c.TOKEN_TYPE: kind})


class _TokenCounters:
    """2026-10: one counter for each token type. The API does not report how many of the tokens were text."""

    def __init__(self, meter: Meter) -> None:
        self._counters = {
            name: meter.create_counter(c.METRIC_INFERENCE_USAGE + end, unit="{token}")
            for end, name in COUNTED.items()
        }

    def add(self, counts: Values, values: Values) -> None:
        for name, counter in self._counters.items():
            if counts.get(name):
                counter.add(counts[name], {**values, c.TOKEN_MODALITY: c.MODALITY_UNKNOWN})


def _record_call(durations: Histogram, event: Event, started_at: int, values: Values) -> None:
    durations.record(max(0, event.time - started_at) / SECOND, known(values))


def _seconds(meter: Meter, name: str, description: str) -> Histogram:
    return meter.create_histogram(
        name, unit="s", description=description, explicit_bucket_boundaries_advisory=c.DURATION_BUCKETS
    )
