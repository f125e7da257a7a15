"""Clients of the openai SDK whose requests never leave the process: canned answers, no network noise.

Each request still goes through the whole SDK and its HTTP client; only the transport is replaced.
"""

from __future__ import annotations

import importlib
import itertools
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

import openai

HTTPX2_SINCE = 3
"""The major version from which on the SDK takes its HTTP client from httpx2."""

STAMP = 1_700_000_000
ASSISTANT_ID = "asst_abc123"
INSTRUCTIONS = "You are a personal math tutor. Write and run code to answer math questions."
ANSWER = "The solution of 3x + 11 = 14 is x = 1. " * 4
USAGE = {"prompt_tokens": 120, "completion_tokens": 45, "total_tokens": 165}
FUNCTION = {
    "type": "function",
    "function": {
        "name": "display_quiz",
        "description": "Displays a quiz to the student, and returns the student's answers.",
        "parameters": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "questions": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"question_text": {"type": "string"}}},
                },
            },
            "required": ["title", "questions"],
        },
    },
}
QUIZ = {"name": "display_quiz", "arguments": '{"title": "Quiz", "questions": []}'}
REQUIRED_ACTION = {
    "type": "submit_tool_outputs",
    "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "type": "function", "function": QUIZ}]},
}

ID = b"0000000000"
"""The placeholder in canned bodies for the number of the thread or run."""


def run(status: str) -> dict[str, Any]:
    """Return a run as the API does."""
    number = ID.decode()
    ended = status == "completed"
    return {
        "id": f"run_{number}",
        "object": "thread.run",
        "created_at": STAMP,
        "thread_id": f"thread_{number}",
        "assistant_id": ASSISTANT_ID,
        "status": status,
        "started_at": None if status == "queued" else STAMP,
        "expires_at": None if ended else STAMP + 600,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": STAMP + 2 if ended else None,
        "required_action": REQUIRED_ACTION if status == "requires_action" else None,
        "last_error": None,
        "model": "gpt-4o",
        "instructions": INSTRUCTIONS,
        "tools": [{"type": "code_interpreter"}, FUNCTION],
        "metadata": {},
        "incomplete_details": None,
        "usage": USAGE if ended else None,
        "temperature": 1.0,
        "top_p": 1.0,
        "max_prompt_tokens": None,
        "max_completion_tokens": None,
        "truncation_strategy": {"type": "auto", "last_messages": None},
        "response_format": "auto",
        "tool_choice": "auto",
        "parallel_tool_calls": True,
    }


def message(role: str, status: str = "completed") -> dict[str, Any]:
    """Return a message as the API does."""
    mine = role == "assistant"
    number = ID.decode()
    text = {"type": "text", "text": {"value": ANSWER, "annotations": []}}
    return {
        "id": f"msg_{role}_{number}",
        "object": "thread.message",
        "created_at": STAMP,
        "assistant_id": ASSISTANT_ID if mine else None,
        "thread_id": f"thread_{number}",
        "run_id": f"run_{number}" if mine else None,
        "role": role,
        "status": status,
        "content": [] if status == "in_progress" else [text],
        "attachments": [],
        "metadata": {},
    }


def step(status: str) -> dict[str, Any]:
    """Return the step that makes the answer, as the API does."""
    number = ID.decode()
    details = {"message_id": f"msg_assistant_{number}"}
    return {
        "id": f"step_{number}",
        "object": "thread.run.step",
        "created_at": STAMP,
        "run_id": f"run_{number}",
        "assistant_id": ASSISTANT_ID,
        "thread_id": f"thread_{number}",
        "type": "message_creation",
        "status": status,
        "completed_at": STAMP + 2 if status == "completed" else None,
        "step_details": {"type": "message_creation", "message_creation": details},
        "usage": USAGE if status == "completed" else None,
    }


def stream(deltas: int) -> tuple[bytes, int]:
    """Return the body of a streamed run with this many text deltas, and the number of its events."""
    piece = {"index": 0, "type": "text", "text": {"value": "and so x = 1 "}}
    identity = f"msg_assistant_{ID.decode()}"
    delta = {"id": identity, "object": "thread.message.delta", "delta": {"content": [piece]}}
    events = [
        ("thread.run.created", run("queued")),
        ("thread.run.queued", run("queued")),
        ("thread.run.in_progress", run("in_progress")),
        ("thread.run.step.created", step("in_progress")),
        ("thread.run.step.in_progress", step("in_progress")),
        ("thread.message.created", message("assistant", "in_progress")),
        ("thread.message.in_progress", message("assistant", "in_progress")),
        *[("thread.message.delta", delta)] * deltas,
        ("thread.message.completed", message("assistant")),
        ("thread.run.step.completed", step("completed")),
        ("thread.run.completed", run("completed")),
    ]
    lines = [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events]
    return "".join([*lines, "event: done\ndata: [DONE]\n\n"]).encode(), len(events)


_numbers = itertools.count(1)
"""Numbers every run of a process, since a run whose id is known already would cost less."""


@dataclass(slots=True)
class Api:
    """Answers like the Assistants API, one thread and run after the other, each with new ids.

    ``retrieves`` are the statuses of a run, one for each retrieve; ``streamed`` is the body of every stream.
    """

    retrieves: tuple[str, ...] = ()
    streamed: bytes = b""
    _number: int = 0
    _looks: int = 0
    _bodies: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bodies = {name: run(name) for name in ("queued", *self.retrieves)}
        bodies["thread"] = {
            "id": f"thread_{ID.decode()}",
            "object": "thread",
            "created_at": STAMP,
            "metadata": {},
            "tool_resources": {},
        }
        bodies["message"] = message("user")
        both = [message("assistant"), message("user")]
        bodies["list"] = {"object": "list", "data": both, "has_more": False}
        self._bodies = {name: json.dumps(body).encode() for name, body in bodies.items()}

    def answer(self, method: str, path: str) -> tuple[bytes, str]:
        """The body and the content type for a request."""
        last = path.rpartition("/")[2]
        if last == "threads" or (last == "runs" and self.streamed):
            self._number = next(_numbers)
            self._looks = 0
        if last == "runs" and self.streamed:
            return self._numbered(self.streamed), "text/event-stream"
        if method == "GET" and last != "messages":
            self._looks += 1
            return self._numbered(self._bodies[self.retrieves[self._looks - 1]]), "application/json"
        names = {"threads": "thread", "messages": "list" if method == "GET" else "message"}
        return self._numbered(self._bodies[names.get(last, "queued")]), "application/json"

    def _numbered(self, body: bytes) -> bytes:
        return body.replace(ID, b"%010d" % self._number)


class Answers(Protocol):
    """Anything that answers requests."""

    def answer(self, method: str, path: str, /) -> tuple[bytes, str]:
        """Return the body and the content type for a request."""


def clients(api: Answers) -> tuple[Any, Any]:
    """Return a sync and an async client that talk to ``api``."""
    major = int(openai.__version__.partition(".")[0])
    http = importlib.import_module("httpx2" if major >= HTTPX2_SINCE else "httpx")

    def handle(request: Any) -> Any:
        content, kind = api.answer(request.method, request.url.path)
        return http.Response(200, content=content, headers={"content-type": kind})

    transport = http.MockTransport(handle)
    options: Any = {"api_key": "sk-bench", "base_url": "http://127.0.0.1/v1", "max_retries": 0}
    return (
        openai.OpenAI(**options, http_client=http.Client(transport=transport)),
        openai.AsyncOpenAI(**options, http_client=http.AsyncClient(transport=transport)),
    )
