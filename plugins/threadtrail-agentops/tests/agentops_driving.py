"""What an application does with assistants, in few words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from openai import OpenAI

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
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


def tutor(client: OpenAI, **options: Any) -> Any:
    return client.beta.assistants.create(**{"name": "Math Tutor", "model": "gpt-4o", **options})


def asked(client: OpenAI, question: str = "Where is it warmer, in Paris or in Oslo?") -> Any:
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    return thread


def answer(client: OpenAI, run: Any) -> Any:
    """Poll the run, answering its function calls."""
    runs = client.beta.threads.runs
    run = runs.poll(run.id, thread_id=run.thread_id)
    while run.status == "requires_action":
        outputs: list[Any] = [
            {"tool_call_id": call.id, "output": json.dumps({"celsius": 20 + number})}
            for number, call in enumerate(run.required_action.submit_tool_outputs.tool_calls)
        ]
        run = runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs)
    return run


def whole_run(client: OpenAI, assistant: Any = None, **options: Any) -> Any:
    """A question, a run, its tool calls, its steps, its answer."""
    assistant = assistant or tutor(client, tools=[WEATHER])
    thread = asked(client)
    run = answer(client, client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, **options))
    client.beta.threads.runs.steps.list(run.id, thread_id=thread.id, order="asc")
    client.beta.threads.messages.list(thread.id)
    return run
