"""An exporter of your own: any object with a method that is marked as a hook."""

from collections.abc import Sequence

from openai import OpenAI

import threadtrail
from threadtrail.events import AnyEvent


class TokenCounter:
    """Prints the tokens of each run, and of all runs at the end."""

    def __init__(self) -> None:
        self.total = 0

    @threadtrail.hookimpl
    def export(self, events: Sequence[AnyEvent]) -> None:
        """Take a batch of events, in order; called in the exporter's own thread."""
        for event in events:
            if event.event == "RunEnded" and event.run.usage is not None:
                self.total += event.run.usage.total_tokens
                print(f"{event.run_id}: {event.run.usage.total_tokens} tokens")

    @threadtrail.hookimpl
    def shutdown(self) -> None:
        """Print the sum; called once, at the end."""
        print(f"all runs: {self.total} tokens")


threadtrail.instrument(exporters=[TokenCounter()])

client = OpenAI()
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
for question in ("What is 2 + 2?", "What is 3 * 3?"):
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
