"""Canned answers of Responses and Conversations: one object for each path."""

from __future__ import annotations

import json
import re
from typing import Any

Json = dict[str, Any]

_TIME = 1_700_000_000
_USAGE: Json = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 18,
}

ITEM: Json = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "x = 1", "annotations": [], "logprobs": []}],
}
RESPONSE: Json = {
    "id": "resp_1",
    "object": "response",
    "created_at": _TIME,
    "completed_at": _TIME + 1,
    "status": "completed",
    "model": "gpt-4o",
    "output": [ITEM],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": _USAGE,
    "metadata": {},
}
COMPACTION: Json = {
    "id": "resp_2",
    "object": "response.compaction",
    "created_at": _TIME,
    "output": [ITEM],
    "usage": _USAGE,
}
COUNT: Json = {"object": "response.input_tokens", "input_tokens": 11}
CONVERSATION: Json = {"id": "conv_1", "object": "conversation", "created_at": _TIME, "metadata": {}}
DELETED: Json = {"id": "conv_1", "object": "conversation.deleted", "deleted": True}
ITEMS: Json = {
    "object": "list",
    "data": [ITEM],
    "first_id": ITEM["id"],
    "last_id": ITEM["id"],
    "has_more": False,
}

# The first that fits answers.
_ROUTES: tuple[tuple[str, str, Json], ...] = (
    ("POST", r"/responses", RESPONSE),
    ("POST", r"/responses/compact", COMPACTION),
    ("POST", r"/responses/input_tokens", COUNT),
    ("GET|DELETE", r"/responses/[^/]+", RESPONSE),
    ("POST", r"/responses/[^/]+/cancel", RESPONSE),
    ("GET", r"/responses/[^/]+/input_items", ITEMS),
    ("POST", r"/conversations", CONVERSATION),
    ("DELETE", r"/conversations/[^/]+", DELETED),
    ("GET|POST", r"/conversations/[^/]+", CONVERSATION),
    ("GET|POST", r"/conversations/[^/]+/items", ITEMS),
    ("GET", r"/conversations/[^/]+/items/[^/]+", ITEM),
    ("DELETE", r"/conversations/[^/]+/items/[^/]+", CONVERSATION),
)


def answer(method: str, path: str) -> Json | None:
    """Return the JSON for a request, or `None` when the path belongs to another API."""
    for methods, pattern, value in _ROUTES:
        if re.fullmatch(methods, method) and re.fullmatch(pattern, path):
            return value
    return None


def sse(response: Json) -> bytes:
    """Return the stream of a response that is created and completed."""
    steps = (
        ("response.created", {**response, "status": "in_progress", "output": [], "usage": None}),
        ("response.completed", response),
    )
    lines = []
    for number, (name, body) in enumerate(steps):
        event = {"type": name, "sequence_number": number, "response": body}
        lines.append(f"event: {name}\ndata: {json.dumps(event)}\n\n")
    return "".join(lines).encode()
