"""A stream with an event handler: the SDK calls your own handler, and the run is recorded once."""

from openai import AssistantEventHandler, OpenAI
from openai.types.beta.threads import Text, TextDelta
from typing_extensions import override

import threadtrail

threadtrail.instrument()


class Printer(AssistantEventHandler):
    """Prints the answer as it comes."""

    @override
    def on_text_delta(self, delta: TextDelta, snapshot: Text) -> None:
        print(delta.value, end="", flush=True)

    @override
    def on_text_done(self, text: Text) -> None:
        print()


client = OpenAI()
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
thread = client.beta.threads.create(messages=[{"role": "user", "content": "What is linear algebra?"}])
with client.beta.threads.runs.stream(
    thread_id=thread.id, assistant_id=assistant.id, event_handler=Printer()
) as stream:
    stream.until_done()
