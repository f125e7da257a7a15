"""A stream, with an event handler: your handler is the one that is driven, and the run is recorded once."""

from openai import AssistantEventHandler, OpenAI

import threadtrail

threadtrail.instrument()


class Printer(AssistantEventHandler):
    def on_text_delta(self, delta, snapshot):  # noqa: ARG002 - the SDK passes both
        print(delta.value, end="", flush=True)

    def on_text_done(self, text):  # noqa: ARG002 - the SDK passes it
        print()


client = OpenAI()
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is linear algebra?"}])
with client.beta.threads.runs.stream(
    thread_id=thread.id, assistant_id=assistant.id, event_handler=Printer()
) as stream:
    stream.until_done()
