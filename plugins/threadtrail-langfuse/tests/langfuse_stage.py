"""What an application does with assistants, in few words."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openai import OpenAI

import threadtrail
from langfuse_receiver import Receiver
from threadtrail.testing import AssistantsServer
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from langfuse_receiver import Observation

PUBLIC, SECRET = "pk-lf-test", "sk-lf-test"
QUESTION = "Where is it warmer, in Paris or in Oslo?"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
FUNCTION_CALLS = RunScript(
    ToolCalls(
        FunctionCall("get_weather", {"city": "Paris"}),
        FunctionCall("get_weather", {"city": "Oslo"}),
        usage=Usage(180, 40),
    ),
    Message("Paris is warmer.", usage=Usage(260, 12)),
)


@dataclass(frozen=True)
class Stage:
    """A server in front, Langfuse behind, an app's client between them."""

    server: AssistantsServer
    client: OpenAI
    langfuse: Receiver

    def trace(self, *, settings: dict[str, Any] | None = None, **options: Any) -> None:
        """Switch threadtrail on; keys and address are in the environment."""
        threadtrail.instrument(exporters={"langfuse": options}, **(settings or {}))

    def run(self, question: str = QUESTION, *, look: bool = True, **options: Any) -> Any:
        """A question, a run with its function calls, its answer, its steps."""
        beta = self.client.beta
        assistant = beta.assistants.create(name="Math Tutor", model="gpt-4o", tools=[WEATHER])  # type: ignore[list-item]  # the SDK's TypedDict
        thread = beta.threads.create()
        beta.threads.messages.create(thread.id, role="user", content=question)
        run = beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id, **options)
        while run.status == "requires_action" and run.required_action is not None:
            outputs: Any = [
                {
                    "tool_call_id": call.id,
                    "output": json.dumps({"asked": json.loads(call.function.arguments)}),
                }
                for call in run.required_action.submit_tool_outputs.tool_calls
            ]
            run = beta.threads.runs.submit_tool_outputs_and_poll(
                run_id=run.id, thread_id=thread.id, tool_outputs=outputs
            )
        if look:
            beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc")
            beta.threads.messages.list(thread.id)
        return run

    def observations(self) -> list[Observation]:
        """Deliver, and return what arrived."""
        assert threadtrail.flush()
        return self.langfuse.observations

    def children(self, parent: Observation) -> list[Observation]:
        return [each for each in self.langfuse.observations if each.parent_id == parent.id]


def total_usage(observations: list[Observation]) -> Counter[str]:
    """What Langfuse adds up for a trace."""
    total: Counter[str] = Counter()
    for observation in observations:
        total.update(observation.usage or {})
    return total
