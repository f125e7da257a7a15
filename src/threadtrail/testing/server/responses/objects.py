"""New JSON objects of Responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.steps import Usage

_ECHOED: Mapping[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}
_TOOL_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "function": {"description": None, "strict": True},
    "mcp": {"allowed_tools": None, "headers": None, "require_approval": "always"},
    "web_search": {"search_context_size": "medium", "user_location": None},
}
_MODEL_OF_A_PROMPT = "gpt-4o"


def new_response(object_id: str, now: float, request: Mapping[str, Any], conversation: str | None) -> Json:
    """Return a new response, with what the API echoes of the request."""
    background = bool(request.get("background"))
    body: Json = {
        "id": object_id,
        "object": "response",
        "created_at": now,
        "completed_at": None,
        "status": "queued" if background else "in_progress",
        "background": background,
        "error": None,
        "incomplete_details": None,
        "model": request.get("model") or _MODEL_OF_A_PROMPT,
        "output": [],
        "reasoning": {"effort": None, "summary": None, **(request.get("reasoning") or {})},
        "service_tier": _tier(request.get("service_tier")),
        "text": _text(request.get("text")),
        "usage": None,
    }
    for name, default in _ECHOED.items():
        value = request.get(name)
        body[name] = default if value is None else value
    body["tools"] = [_tool(tool) for tool in body["tools"]]
    if conversation is not None:
        body["conversation"] = {"id": conversation}
    return body


def _tier(asked: str | None) -> str:
    return "default" if asked in {None, "auto"} else str(asked)


def _text(asked: Mapping[str, Any] | None) -> Json:
    text: Json = {"format": {"type": "text"}, "verbosity": "medium", **(asked or {})}
    if (text["format"] or {}).get("type") == "json_schema":
        text["format"] = {"description": None, **text["format"]}
    return text


def _tool(asked: Mapping[str, Any]) -> Json:
    """Return a tool with the defaults, and without secrets, which the API does not return."""
    secrets = ("authorization", "headers") if asked.get("type") == "mcp" else ()
    known = {name: value for name, value in asked.items() if name not in secrets}
    return {**_TOOL_DEFAULTS.get(str(asked.get("type")), {}), **known}


def usage_of(steps: Sequence[Usage]) -> Json:
    """Return the usage of a response: the sum of its steps."""

    def total(name: str) -> int:
        return sum(getattr(usage, name) for usage in steps)

    prompt, completion = total("prompt_tokens"), total("completion_tokens")
    return {
        "input_tokens": prompt,
        "input_tokens_details": {
            "cached_tokens": total("cached_tokens"),
            "cache_write_tokens": total("cache_write_tokens"),
        },
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": total("reasoning_tokens")},
        "total_tokens": prompt + completion,
    }


def new_conversation(object_id: str, now: int, request: Mapping[str, Any]) -> Json:
    """Return a new conversation; its first items are made by the caller."""
    return {
        "id": object_id,
        "object": "conversation",
        "created_at": now,
        "metadata": request.get("metadata") or {},
    }
