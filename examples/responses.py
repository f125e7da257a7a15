"""Responses in three ways: in the background and polled, as a stream, and in a conversation.

OPENAI_BASE_URL and OPENAI_API_KEY say where, as always with the SDK. A server for it on this computer:

    python -m threadtrail.testing.server --port 8000
    OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=any python examples/responses.py
"""

import time

from openai import OpenAI

import threadtrail

threadtrail.instrument()

POLL_SECONDS = 0.5
MODEL = "gpt-4o"

client = OpenAI()

# One run, with its tokens counted once, however often it is polled.
response = client.responses.create(model=MODEL, input="What is linear algebra?", background=True)
while response.status in {"queued", "in_progress"}:
    time.sleep(POLL_SECONDS)
    response = client.responses.retrieve(response.id)
print(response.status)
print(response.output_text)

with client.responses.create(model=MODEL, input="And in one sentence?", stream=True) as stream:
    for event in stream:
        if event.type == "response.output_text.delta":
            print(event.delta, end="", flush=True)
print()

# What belongs together has the conversation's id.
conversation = client.conversations.create()
for question in ("I need to solve `3x + 11 = 14`.", "How do I check that?"):
    response = client.responses.create(model=MODEL, input=question, conversation=conversation.id)
    print(response.output_text)
