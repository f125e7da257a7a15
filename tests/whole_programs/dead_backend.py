"""A program whose backend does not answer: it must not notice. Its argument is the exporter."""

import sys
import time

from openai import OpenAI

import threadtrail

threadtrail.instrument(exporters=[sys.argv[1]], settle_seconds=0.0, shutdown_timeout_seconds=1.0)
client = OpenAI()
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
for _ in range(5):
    thread = client.beta.threads.create()
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
sys.stdout.write(f"{time.time():.3f}\n")
sys.stdout.flush()
