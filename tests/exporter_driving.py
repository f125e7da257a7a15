"""What an application does with assistants, in short functions for the exporters' suites."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import OpenAI

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


def celsius(number: int, _call: Any) -> Any:
    """Return the output of the call with this number."""
    return {"celsius": 20 + number}


def tutor(client: OpenAI, **options: Any) -> Any:
    """Create an assistant."""
    return client.beta.assistants.create(**{"name": "Math Tutor", "model": "gpt-4o", **options})


def asked(client: OpenAI, question: str = QUESTION) -> Any:
    """Create a thread with the question."""
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    return thread


def answer(client: OpenAI, run: Any, output: Callable[[int, Any], Any] = celsius) -> Any:
    """Poll the run until it ends, and submit an output for each function call."""
    runs = client.beta.threads.runs
    run = runs.poll(run.id, thread_id=run.thread_id)
    while run.status == "requires_action":
        outputs: Any = [
            {"tool_call_id": call.id, "output": json.dumps(output(number, call))}
            for number, call in enumerate(run.required_action.submit_tool_outputs.tool_calls)
        ]
        run = runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs)
    return run


def look(client: OpenAI, run: Any) -> None:
    """List the run's steps, with what was found in files, and its messages."""
    client.beta.threads.runs.steps.list(
        run.id,
        thread_id=run.thread_id,
        order="asc",
        include=["step_details.tool_calls[*].file_search.results[*].content"],
    )
    client.beta.threads.messages.list(run.thread_id)


def whole_run(
    client: OpenAI, assistant: Any = None, *, output: Callable[[int, Any], Any] = celsius, **options: Any
) -> Any:
    """Ask a question; play a run with its function calls, its steps and its answer."""
    assistant = assistant or tutor(client, tools=[WEATHER])
    thread = asked(client)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, **options)
    run = answer(client, run, output)
    look(client, run)
    return run
