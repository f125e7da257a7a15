"""A program whose collector does not answer: it must not notice."""

import sys
import time

from openai import OpenAI

import threadtrail

threadtrail.instrument(exporters={"opentelemetry": {"endpoint": sys.argv[1]}}, shutdown_timeout_seconds=1.0)
client = OpenAI()
begun = time.perf_counter()
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
for _ in range(5):
    thread = client.beta.threads.create()
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
print(f"{time.perf_counter() - begun:.3f}")
print(f"{time.time():.3f}", flush=True)
