"""New JSON objects of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.errors import ApiError, invalid_value, missing_parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json = dict[str, Any]
SECONDS_TO_EXPIRY = 600
ROLES = ("user", "assistant")

# The API sends these four only in streams; a message that was read by its id or listed lacks them.
STREAM_ONLY_FIELDS = frozenset({"status", "incomplete_details", "incomplete_at", "completed_at"})

_ASSISTANT_FIELDS: Mapping[str, Any] = {
    "name": None,
    "description": None,
    "model": None,
    "instructions": None,
    "tools": [],
    "top_p": 1.0,
    "temperature": 1.0,
    "reasoning_effort": None,
    "tool_resources": {},
    "metadata": {},
    "response_format": "auto",
}


def new_assistant(object_id: str, now: int, request: Mapping[str, Any]) -> Json:
    """Return a new assistant.

    Raises:
        ApiError: the request names no model.
    """
    if not request.get("model"):
        raise ApiError(400, "you must provide a model parameter")
    assistant: Json = {"id": object_id, "object": "assistant", "created_at": now}
    for name, default in _ASSISTANT_FIELDS.items():
        value = request.get(name)
        assistant[name] = default if value is None else value
    return assistant


def update_assistant(assistant: Json, request: Mapping[str, Any]) -> None:
    """Change the fields that the request names."""
    for name in _ASSISTANT_FIELDS.keys() & request.keys():
        assistant[name] = request[name]


def new_thread(object_id: str, now: int, request: Mapping[str, Any]) -> Json:
    """Return a new thread; its first messages are made by the caller."""
    return {
        "id": object_id,
        "object": "thread",
        "created_at": now,
        "metadata": request.get("metadata") or {},
        "tool_resources": request.get("tool_resources") or {},
    }


def new_user_message(object_id: str, now: int, thread_id: str, request: Mapping[str, Any]) -> Json:
    """Return a message that the application wrote.

    Raises:
        ApiError: role or content is missing or not valid.
    """
    for name in ("role", "content"):
        if request.get(name) is None:
            raise missing_parameter(name)
    if request["role"] not in ROLES:
        raise invalid_value("role", request["role"], ROLES)
    if not request["content"]:
        raise ApiError(400, "Message content must be non-empty.", param="content")
    return {
        **_message(object_id, now, thread_id),
        "role": request["role"],
        "content": _content(request["content"]),
        "attachments": request.get("attachments") or [],
        "metadata": request.get("metadata") or {},
        "status": "completed",
        "completed_at": now,
    }


def new_run_message(object_id: str, now: int, run: Json) -> Json:
    """Return the message that a run has begun to write."""
    return {
        **_message(object_id, now, run["thread_id"]),
        "assistant_id": run["assistant_id"],
        "run_id": run["id"],
    }


def _message(object_id: str, now: int, thread_id: str) -> Json:
    return {
        "id": object_id,
        "object": "thread.message",
        "created_at": now,
        "assistant_id": None,
        "thread_id": thread_id,
        "run_id": None,
        "status": "in_progress",
        "incomplete_details": None,
        "incomplete_at": None,
        "completed_at": None,
        "role": "assistant",
        "content": [],
        "attachments": [],
        "metadata": {},
    }


def _content(content: str | Sequence[Mapping[str, Any]]) -> list[Json]:
    if isinstance(content, str):
        return [text_part(content)]
    return [text_part(part["text"]) if isinstance(part.get("text"), str) else dict(part) for part in content]


def text_part(value: str, annotations: Sequence[Mapping[str, Any]] = ()) -> Json:
    """Return a text part of a message."""
    return {
        "type": "text",
        "text": {"value": value, "annotations": [dict(item) for item in annotations]},
    }


def new_run(object_id: str, now: int, thread_id: str, assistant: Json, request: Mapping[str, Any]) -> Json:
    """Return a new run; what the request leaves out comes from the assistant."""

    def given(name: str, default: Any) -> Any:
        value = request.get(name)
        return default if value is None else value

    return {
        "id": object_id,
        "object": "thread.run",
        "created_at": now,
        "assistant_id": assistant["id"],
        "thread_id": thread_id,
        "status": "queued",
        "started_at": None,
        "expires_at": now + SECONDS_TO_EXPIRY,
        "cancelled_at": None,
        "failed_at": None,
        "completed_at": None,
        "required_action": None,
        "last_error": None,
        "model": given("model", assistant["model"]),
        "instructions": _instructions(assistant, request),
        "tools": given("tools", assistant["tools"]),
        "tool_resources": given("tool_resources", {}),
        "metadata": given("metadata", {}),
        "temperature": given("temperature", assistant["temperature"]),
        "top_p": given("top_p", assistant["top_p"]),
        "reasoning_effort": given("reasoning_effort", assistant["reasoning_effort"]),
        "max_completion_tokens": request.get("max_completion_tokens"),
        "max_prompt_tokens": request.get("max_prompt_tokens"),
        "truncation_strategy": given("truncation_strategy", {"type": "auto", "last_messages": None}),
        "incomplete_details": None,
        "usage": None,
        "response_format": given("response_format", assistant["response_format"]),
        "tool_choice": given("tool_choice", "auto"),
        "parallel_tool_calls": given("parallel_tool_calls", default=True),
    }


def _instructions(assistant: Json, request: Mapping[str, Any]) -> str:
    base = request.get("instructions") or assistant["instructions"] or ""
    return " ".join(part for part in (base, request.get("additional_instructions")) if part)


def new_step(object_id: str, now: int, run: Json, details: Json) -> Json:
    """Return a step that has just begun."""
    return {
        "id": object_id,
        "object": "thread.run.step",
        "created_at": now,
        "run_id": run["id"],
        "assistant_id": run["assistant_id"],
        "thread_id": run["thread_id"],
        "type": details["type"],
        "status": "in_progress",
        "cancelled_at": None,
        "completed_at": None,
        "expires_at": now + SECONDS_TO_EXPIRY,
        "expired_at": None,
        "failed_at": None,
        "last_error": None,
        "step_details": details,
        "usage": None,
        "metadata": {},
    }
