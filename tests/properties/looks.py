"""What an app asks of either API besides plain runs, and what the local server answers."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import openai
from openai import DefaultHttpxClient, OpenAI

from threadtrail.testing.server import (
    WEBHOOK_SECRET,
    CodeInterpreterCall,
    FunctionCall,
    OpenAIServer,
    RunScript,
    ToolCalls,
    WebSearchCall,
    conflict,
)
from threadtrail.testing.server.responses.webhooks import sign

if TYPE_CHECKING:
    from collections.abc import Iterator

ASK: Any = {"model": "gpt-4o", "input": "How is the weather?"}
QUESTION: Any = {"role": "user", "content": "How is the weather?"}
CALLS = ToolCalls(FunctionCall("get_weather", {"city": "Oslo"}), FunctionCall("get_time"))

ITEMS: list[Any] = [
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Think."}]},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_a", "name": "sql", "input": "select 1"},
    {"type": "custom_tool_call_output", "id": "cto_1", "call_id": "call_a", "output": [{"text": "1"}]},
    {"type": "shell_call", "id": "sh_1", "call_id": "call_b", "action": {"commands": ["ls"]}},
    {"type": "shell_call_output", "id": "sho_1", "call_id": "call_b", "output": [], "status": "incomplete"},
    {"type": "mcp_approval_request", "id": "mcpr_1", "name": "read", "arguments": "{}", "server_label": "m"},
    {"type": "mcp_approval_response", "id": "mcpa_1", "approval_request_id": "mcpr_1", "approve": False},
    {
        "type": "mcp_call",
        "id": "mcp_1",
        "name": "read",
        "arguments": "{}",
        "error": {"code": 3, "message": ""},
    },
    {"type": "code_interpreter_call", "id": "ci_1", "code": "1", "outputs": [{"type": "logs", "logs": "1"}]},
    {"type": "image_generation_call", "id": "ig_1", "result": "aGVsbG8=", "status": "completed"},
    {"type": "file_search_call", "id": "fs_1", "queries": ["x"], "results": [{"file_id": "file-1"}]},
    {"type": "program", "id": "pr_1", "call_id": "call_c", "code": "1", "caller": {"type": "program"}},
    {"type": "hologram", "id": "ho_1", "error": {"type": "dim"}, "status": "failed"},
]
"""Output items of kinds that the local server does not mix."""

USED: Any = {"web_search": {"num_requests": 1}, "image_gen": {"total_tokens": 1056, "input_tokens": 50}}


@dataclass(frozen=True, slots=True)
class Look:
    """What an app does, and the right answers to its requests, in order, all of this HTTP status."""

    app: Callable[[OpenAI], Any]
    bodies: list[Any]
    status: int = 200


def background(client: OpenAI) -> Iterator[Any]:
    response = client.responses.create(**ASK, background=True)
    yield response
    for _ in range(2):
        yield client.responses.retrieve(response.id)
    yield client.responses.cancel(response.id)


def question_and_answer(client: OpenAI) -> Iterator[Any]:
    asking = client.responses.create(**ASK)
    yield asking
    outputs: Any = [
        {"type": "function_call_output", "call_id": item.call_id, "output": "12"}
        for item in asking.output
        if item.type == "function_call"
    ]
    yield client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=outputs)
    yield list(client.responses.input_items.list(asking.id).data)


def conversation(client: OpenAI) -> Iterator[Any]:
    made = client.conversations.create(items=[QUESTION])
    yield made
    yield client.conversations.items.create(made.id, items=[QUESTION])
    yield client.responses.create(**ASK, conversation=made.id)
    yield list(client.conversations.items.list(made.id).data)
    yield client.conversations.delete(made.id)


def assistant(client: OpenAI) -> Iterator[Any]:
    made = client.beta.assistants.create(model="gpt-4o", name="Tutor", tools=[{"type": "code_interpreter"}])
    yield made
    yield client.beta.assistants.update(made.id, name="Reviewer")
    yield list(client.beta.assistants.list().data)
    yield client.beta.assistants.delete(made.id)


def thread(client: OpenAI) -> Iterator[Any]:
    made = client.beta.threads.create(messages=[QUESTION])
    yield made
    message = client.beta.threads.messages.create(made.id, role="user", content="And tomorrow?")
    yield message
    yield client.beta.threads.messages.delete(message.id, thread_id=made.id)
    yield client.beta.threads.delete(made.id)


def tool_run(client: OpenAI) -> Iterator[Any]:
    runs = client.beta.threads.runs
    tutor = client.beta.assistants.create(model="gpt-4o")
    made: Any = client.beta.threads.create_and_run(assistant_id=tutor.id, thread={"messages": [QUESTION]})
    yield made
    run: Any = runs.retrieve(made.id, thread_id=made.thread_id)
    yield run
    outputs: Any = [
        {"tool_call_id": call.id, "output": "12"}
        for call in run.required_action.submit_tool_outputs.tool_calls
    ]
    yield runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs)
    yield runs.retrieve(run.id, thread_id=run.thread_id)
    yield list(runs.list(run.thread_id).data)
    # Whatever an answer says of more pages, there is an end.
    yield [step for step, _ in zip(runs.steps.list(run.id, thread_id=run.thread_id), range(9), strict=False)]
    yield list(client.beta.threads.messages.list(run.thread_id).data)


def parsed_late(client: OpenAI) -> Iterator[Any]:
    messages = client.beta.threads.messages
    made = client.beta.threads.create(messages=[QUESTION])
    with messages.with_streaming_response.list(made.id) as response:
        yield list(response.parse().data or ())
    with messages.with_streaming_response.create(made.id, role="user", content="And tomorrow?") as response:
        yield response.parse()


def refused_response(client: OpenAI) -> Iterator[Any]:
    yield client.responses.create(**ASK)


def lost_response(client: OpenAI) -> Iterator[Any]:
    yield client.responses.retrieve("resp_1")


def refused_run(client: OpenAI) -> Iterator[Any]:
    yield client.beta.threads.runs.create("thread_1", assistant_id="asst_1")


def told_by_webhook(payload: str) -> Callable[[OpenAI], Any]:
    """Return an app that is told of a response, and looks at it."""
    now = int(time.time())
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{sign(f'evt_1.{now}.{payload}', WEBHOOK_SECRET)}",
    }

    def app(client: OpenAI) -> Iterator[Any]:
        yield client.webhooks.unwrap(payload, headers, secret=WEBHOOK_SECRET)
        yield client.responses.retrieve("resp_1")

    return app


class _Noting(DefaultHttpxClient):
    """Keeps the answers."""

    def __init__(self) -> None:
        super().__init__()
        self.bodies: list[Any] = []
        self.status = 0

    def send(self, request: Any, **more: Any) -> Any:
        response = super().send(request, **more)
        self.bodies.append(json.loads(response.read()))
        self.status = response.status_code
        return response


def _played(server: OpenAIServer, app: Callable[[OpenAI], Any], *scripts: RunScript) -> Look:
    server.script_next(*scripts)
    http = _Noting()
    client = OpenAI(api_key="sk-local", base_url=server.base_url, http_client=http, max_retries=0)
    with client, contextlib.suppress(openai.APIStatusError):
        list(app(client))
    return Look(app, http.bodies, http.status)


def _with_all_items(look: Look) -> Look:
    look.bodies[-1]["output"] += ITEMS
    look.bodies[-1]["tool_usage"] = USED
    return look


@cache
def looks() -> dict[str, Look]:
    """Return what the local server answers to each of these apps."""
    calling, printing = RunScript(CALLS, "Cold."), ToolCalls(CodeInterpreterCall("1", logs="1"))
    with OpenAIServer() as server:
        found = {
            "all items": _with_all_items(_played(server, refused_response, RunScript("Cold."))),
            "background": _played(server, background, RunScript(ToolCalls(WebSearchCall("x")), "Cold.")),
            "tool loop": _played(server, question_and_answer, calling),
            "conversation": _played(server, conversation, RunScript("Cold.")),
            "assistant": _played(server, assistant),
            "thread": _played(server, thread),
            "parsed late": _played(server, parsed_late),
            "tool run": _played(server, tool_run, RunScript(CALLS, printing, "Cold.", polls=0)),
            "lost response": _played(server, lost_response),
            "refused run": _played(server, refused_run),
        }
        server.inject(conflict(), "responses.create")
        return found | {"refused response": _played(server, refused_response)}
