"""A program that has set up OpenTelemetry by itself."""

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import threadtrail

memory = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(memory))
trace.set_tracer_provider(provider)

threadtrail.instrument(exporters=["opentelemetry"])
client = OpenAI()
with trace.get_tracer("app").start_as_current_span("request") as request:
    assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
    thread = client.beta.threads.create()
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
threadtrail.flush(60)

print("the same provider:", trace.get_tracer_provider() is provider)
(run,) = [span for span in memory.get_finished_spans() if span.name.startswith("invoke_agent")]
print(run.name, "is the child of request:", run.parent == request.get_span_context())
