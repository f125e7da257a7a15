"""What an application does with assistants, in few words."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pytest
from openai import OpenAI

from threadtrail.testing import AssistantsServer, OtlpReceiver
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage
from threadtrail_opentelemetry.options import STRUCTURES_SINCE


@dataclass(frozen=True)
class Stage:
    """A server in front, a collector behind, an app's client between them, and what switches us on."""

    server: AssistantsServer
    client: OpenAI
    receiver: OtlpReceiver
    traced: Callable[..., None]


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


def tutor(client: OpenAI, **options: Any) -> Any:
    return client.beta.assistants.create(**{"name": "Math Tutor", "model": "gpt-4o", **options})


def asked(client: OpenAI, question: str = "Where is it warmer, in Paris or in Oslo?") -> Any:
    thread = client.beta.threads.create()
    client.beta.threads.messages.create(thread.id, role="user", content=question)
    return thread


def answer(client: OpenAI, run: Any) -> Any:
    """Poll the run, answering its function calls, then look at its steps and messages as apps do."""
    runs = client.beta.threads.runs
    run = runs.poll(run.id, thread_id=run.thread_id)
    while run.status == "requires_action":
        outputs: Any = [
            {"tool_call_id": call.id, "output": json.dumps({"city": call.id, "celsius": 20})}
            for call in run.required_action.submit_tool_outputs.tool_calls
        ]
        run = runs.submit_tool_outputs_and_poll(run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs)
    return run


def look(client: OpenAI, run: Any) -> None:
    client.beta.threads.runs.steps.list(
        run.id,
        thread_id=run.thread_id,
        order="asc",
        include=["step_details.tool_calls[*].file_search.results[*].content"],
    )
    client.beta.threads.messages.list(run.thread_id)


def whole_run(client: OpenAI, **options: Any) -> Any:
    """A question, a run with function calls, its answer, its steps."""
    assistant = tutor(client, tools=[WEATHER])
    thread = asked(client)
    run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, **options)
    run = answer(client, run)
    look(client, run)
    return run


def takes_structures() -> bool:
    """Whether this release of OpenTelemetry takes maps as attributes of spans."""
    return tuple(map(int, version("opentelemetry-api").split(".")[:2])) >= STRUCTURES_SINCE


structured = pytest.mark.skipif(not takes_structures(), reason="spans drop maps before opentelemetry 1.45")
