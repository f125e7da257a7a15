"""A program with its own OpenTelemetry, and all exporters of ours at once."""

import builtins
import json
import sys

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

import threadtrail

collector, *exporters = sys.argv[1:]
printing = builtins.print
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=collector)))
trace.set_tracer_provider(provider)
processors = list(provider._active_span_processor._span_processors)

threadtrail.instrument(exporters=exporters, settle_seconds=600.0)
client = OpenAI()
with trace.get_tracer("app").start_as_current_span("request"):
    assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
    thread = client.beta.threads.create()
    run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    client.beta.threads.runs.steps.list(run.id, thread_id=thread.id)
    client.beta.threads.messages.list(thread.id)
told = {
    "flushed": threadtrail.flush(200),
    "the same provider": trace.get_tracer_provider() is provider,
    "no processor added": list(provider._active_span_processor._span_processors) == processors,
    "print is print": builtins.print is printing,
    "lost": {name: lane.lost for name, lane in threadtrail.status().exporters.items()},
}
print(json.dumps(told))
