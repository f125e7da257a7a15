"""Canned answers of the Assistants API: one object for each path."""

from __future__ import annotations

import json
import re
from typing import Any

Json = dict[str, Any]

_TIME = 1_700_000_000
_TOOLS: list[Json] = [{"type": "code_interpreter"}]
_USAGE: Json = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}

ASSISTANT: Json = {
    "id": "asst_1",
    "object": "assistant",
    "created_at": _TIME,
    "name": "Math Tutor",
    "description": None,
    "model": "gpt-4o",
    "instructions": "You are a personal math tutor.",
    "tools": _TOOLS,
    "metadata": {},
    "temperature": 1.0,
    "top_p": 1.0,
    "response_format": "auto",
}
THREAD: Json = {
    "id": "thread_1",
    "object": "thread",
    "created_at": _TIME,
    "metadata": {},
    "tool_resources": {},
}
MESSAGE: Json = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": _TIME,
    "thread_id": "thread_1",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "text", "text": {"value": "x = 1", "annotations": []}}],
    "assistant_id": "asst_1",
    "run_id": "run_1",
    "attachments": [],
    "metadata": {},
}
RUN: Json = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": _TIME,
    "started_at": _TIME,
    "completed_at": _TIME + 1,
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "status": "completed",
    "model": "gpt-4o",
    "instructions": "You are a personal math tutor.",
    "tools": _TOOLS,
    "metadata": {},
    "usage": _USAGE,
    "temperature": 1.0,
    "top_p": 1.0,
    "truncation_strategy": {"type": "auto", "last_messages": None},
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "response_format": "auto",
}
STEP: Json = {
    "id": "step_1",
    "object": "thread.run.step",
    "created_at": _TIME,
    "completed_at": _TIME + 1,
    "run_id": "run_1",
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "type": "message_creation",
    "status": "completed",
    "step_details": {"type": "message_creation", "message_creation": {"message_id": "msg_1"}},
    "usage": _USAGE,
    "metadata": {},
}

# Path, the object that it is about, and whether a GET of the path lists such objects.
_ROUTES: tuple[tuple[str, Json, bool], ...] = (
    (r"/assistants", ASSISTANT, True),
    (r"/assistants/[^/]+", ASSISTANT, False),
    (r"/threads", THREAD, False),
    (r"/threads/runs", RUN, False),
    (r"/threads/[^/]+", THREAD, False),
    (r"/threads/[^/]+/messages", MESSAGE, True),
    (r"/threads/[^/]+/messages/[^/]+", MESSAGE, False),
    (r"/threads/[^/]+/runs", RUN, True),
    (r"/threads/[^/]+/runs/[^/]+", RUN, False),
    (r"/threads/[^/]+/runs/[^/]+/(?:cancel|submit_tool_outputs)", RUN, False),
    (r"/threads/[^/]+/runs/[^/]+/steps", STEP, True),
    (r"/threads/[^/]+/runs/[^/]+/steps/[^/]+", STEP, False),
)


def answer(method: str, path: str) -> Json | None:
    """Return the JSON for a request, or `None` when the path is not one of the Assistants API."""
    for pattern, value, lists in _ROUTES:
        if re.fullmatch(pattern, path):
            if method == "DELETE":
                return {"id": value["id"], "object": f"{value['object']}.deleted", "deleted": True}
            if method == "GET" and lists:
                ends = {"first_id": value["id"], "last_id": value["id"], "has_more": False}
                return {"object": "list", "data": [value], **ends}
            return value
    return None


def sse(run: Json) -> bytes:
    """Return the stream of a run that is created and completed."""
    steps = (("thread.run.created", {**run, "status": "queued"}), ("thread.run.completed", run))
    lines = [f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in steps]
    return "".join([*lines, "event: done\ndata: [DONE]\n\n"]).encode()
