"""Ask a math tutor one question, and see the run as a tree on the console.

OPENAI_BASE_URL and OPENAI_API_KEY say where, as always with the SDK. A server for it on this computer:

    python -m threadtrail.testing.server --port 8000
    OPENAI_BASE_URL=http://127.0.0.1:8000/v1 OPENAI_API_KEY=any python examples/math_tutor.py
"""

from openai import OpenAI

import threadtrail

threadtrail.instrument()

client = OpenAI()
assistant = client.beta.assistants.create(
    name="Math Tutor", instructions="You are a personal math tutor. Answer briefly.", model="gpt-4o"
)
thread = client.beta.threads.create(
    messages=[{"role": "user", "content": "I need to solve the equation `3x + 11 = 14`. Can you help me?"}]
)
run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
print(run.status)
print(client.beta.threads.messages.list(thread.id, limit=1).data[0].content[0].text.value)
