"""Answers the SDK as the API would: what was asked is echoed, and the rest has canaries."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import httpx2

import echoing_responses

CANARY = "canary-7f3a"

JSON = {"content-type": "application/json"}
RUN = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "assistant_id": "asst_1"}
COUNTED = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def canary_object() -> dict[str, Any]:
    """Return an object with the canary as its key and as its value."""
    return {CANARY: CANARY}


def echo(request: httpx2.Request) -> httpx2.Response:
    """Answer as the API would, with everything that was asked for in the answer, and canaries in the rest."""
    asked = json.loads(request.content) if request.content else {}
    path = request.url.path.removeprefix("/v1")
    if request.headers.get("x-refuse"):
        return httpx2.Response(400, json={"error": {"message": CANARY, "type": "invalid", "param": CANARY}})
    if path.startswith("/responses") and asked.get("stream"):
        content = echoing_responses.stream(asked, CANARY)
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=content)
    if asked.get("stream"):
        ended = path.endswith("submit_tool_outputs")
        return httpx2.Response(
            200, headers={"content-type": "text/event-stream"}, content=_stream(asked, ended=ended)
        )
    return httpx2.Response(200, headers=JSON, content=json.dumps(_answer(request.method, path, asked)))


def _answer(method: str, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    asked = {key: value for key, value in asked.items() if key not in {"stream", CANARY}}
    last = path.rpartition("/")[2]
    if path.startswith("/responses"):
        return _page([]) if last == "input_items" else echoing_responses.response(asked, CANARY)
    if path.startswith("/conversations"):
        return echoing_responses.conversation(path, method, asked, CANARY)
    if "/assistants" in path:
        return {"id": "asst_1", "object": "assistant", "created_at": 1_790_000_000, "tools": [], **asked}
    if path == "/threads":
        return {"id": "thread_1", "object": "thread", "created_at": 1_790_000_000, **asked}
    if method == "GET":
        return _page([_answered(), _message({})] if last == "messages" else [_step(), _step_of_message()])
    answers = {
        "messages": partial(_message, asked),
        "runs": partial(_run, "requires_action", asked),
        "submit_tool_outputs": partial(_run, "failed", {}),
    }
    return answers[last]()


def _run(status: str, asked: dict[str, Any]) -> dict[str, Any]:
    waiting = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [_call()]}}
    failed = {"code": "server_error", "message": CANARY}
    return {
        **RUN,
        "created_at": 1_790_000_000,
        "started_at": 1_790_000_001,
        "completed_at": 1_790_000_009 if status == "completed" else None,
        "failed_at": 1_790_000_009 if status == "failed" else None,
        "status": status,
        "required_action": waiting if status == "requires_action" else None,
        "last_error": failed if status == "failed" else None,
        "usage": COUNTED if status in {"completed", "failed"} else None,
        "model": "plain-model",
        "tools": [],
        "instructions": CANARY,
        "metadata": canary_object(),
        **{key: value for key, value in asked.items() if key != "thread"},
    }


def _call(**more: Any) -> dict[str, Any]:
    function = {"name": "plain-name", "arguments": json.dumps(canary_object()), **more}
    return {"id": "plain-tool_call_id", "type": "function", "function": function}


def _message(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "msg_1",
        "object": "thread.message",
        "created_at": 1_790_000_000,
        "thread_id": "thread_1",
        "role": "user",
        "metadata": canary_object(),
        "attachments": [],
        "status": "completed",
        **asked,
        "content": [
            _text(),
            {"type": "image_url", "image_url": {"url": f"https://images.example/{CANARY}", "detail": "low"}},
            {"type": "refusal", "refusal": CANARY},
            {"type": "something_new", "something_new": canary_object()},
        ],
    }


def _text() -> dict[str, Any]:
    quoted = {
        "type": "file_citation",
        "text": CANARY,
        "file_citation": {"file_id": "file_1", "quote": CANARY},
    }
    return {"type": "text", "text": {"value": CANARY, "annotations": [quoted]}}


def _answered() -> dict[str, Any]:
    return {**_message({}), "id": "msg_2", "role": "assistant", "run_id": "run_1", "assistant_id": "asst_1"}


def _step() -> dict[str, Any]:
    found = {
        "file_id": "file_1",
        "file_name": CANARY,
        "score": 0.5,
        "content": [{"type": "text", "text": CANARY}],
    }
    logs = {"input": CANARY, "outputs": [{"type": "logs", "logs": CANARY}]}
    calls = [
        _call(output=CANARY),
        {"id": "call_2", "type": "code_interpreter", "code_interpreter": logs},
        {"id": "call_3", "type": "file_search", "file_search": {"results": [found]}},
        {"id": "call_4", "type": "something_new", "something_new": canary_object()},
    ]
    failed = {"code": "server_error", "message": CANARY}
    return {
        **_step_object("step_1", "failed"),
        "last_error": failed,
        "step_details": {"type": "tool_calls", "tool_calls": calls},
    }


def _step_of_message() -> dict[str, Any]:
    details = {"type": "message_creation", "message_creation": {"message_id": "msg_2"}}
    return {**_step_object("step_2", "completed"), "step_details": details}


def _step_object(id_: str, status: str) -> dict[str, Any]:
    kind = "tool_calls" if id_ == "step_1" else "message_creation"
    return {
        "id": id_,
        "object": "thread.run.step",
        "created_at": 1_790_000_002,
        "completed_at": 1_790_000_003,
        "run_id": "run_1",
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "type": kind,
        "status": status,
        "usage": COUNTED,
        "metadata": canary_object(),
    }


def _page(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": data, "has_more": False, "first_id": None, "last_id": None}


def _stream(asked: dict[str, Any], *, ended: bool) -> bytes:
    """A stream that ends where the app has to submit outputs, or the one after that."""
    asked = {key: value for key, value in asked.items() if key not in {"stream", CANARY, "tool_outputs"}}
    run = {**RUN, "id": "run_2"}
    message = {**_answered(), "run_id": "run_2"}
    delta = {"index": 0, **_text()}
    events: list[tuple[str, dict[str, Any]]] = [("thread.run.in_progress", _run("in_progress", asked) | run)]
    if not ended:
        events.insert(0, ("thread.run.created", _run("queued", asked) | run))
        events.append(("thread.run.requires_action", _run("requires_action", asked) | run))
    else:
        events += [
            ("thread.run.step.created", {**_step(), "run_id": "run_2", "status": "in_progress"}),
            ("thread.run.step.completed", {**_step(), "run_id": "run_2"}),
            ("thread.message.created", {**message, "content": [], "status": "in_progress"}),
            (
                "thread.message.delta",
                {"id": "msg_2", "object": "thread.message.delta", "delta": {"content": [delta]}},
            ),
            ("thread.message.completed", message),
            ("thread.run.completed", _run("completed", asked) | run),
        ]
    text = "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)
    return f"{text}event: done\ndata: [DONE]\n\n".encode()
