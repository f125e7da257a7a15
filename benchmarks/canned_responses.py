"""What the Responses API answers, canned: foreground, background, streamed."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field
from typing import Any

STAMP = 1_700_000_000
TEXT = "The solution of 3x + 11 = 14 is x = 1. " * 4
USAGE = {
    "input_tokens": 120,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 45,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 165,
}
TOOL = {
    "type": "function",
    "name": "display_quiz",
    "description": "Displays a quiz to the student, and returns the student's answers.",
    "parameters": {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]},
    "strict": True,
}

ID = b"0000000000"
"""The placeholder in canned bodies for the number of the response."""

MESSAGE = {
    "id": f"msg_{ID.decode()}",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
}


def response(status: str, *, background: bool = False) -> dict[str, Any]:
    """Return a response as the API does."""
    ended = status == "completed"
    return {
        "id": f"resp_{ID.decode()}",
        "object": "response",
        "created_at": STAMP,
        "completed_at": STAMP + 2 if ended else None,
        "status": status,
        "background": background,
        "error": None,
        "incomplete_details": None,
        "instructions": "You are a personal math tutor.",
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "gpt-4o-2024-11-20",
        "output": [MESSAGE] if ended else [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [TOOL],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": USAGE if ended else None,
        "user": None,
        "metadata": {},
    }


def stream(deltas: int) -> tuple[bytes, int]:
    """Return the body of a streamed response with this many text deltas, and the number of its events."""
    place = {"item_id": MESSAGE["id"], "output_index": 0, "content_index": 0}
    begun = {**MESSAGE, "status": "in_progress", "content": []}
    delta = {**place, "delta": "and so x = 1 ", "logprobs": []}
    events: list[tuple[str, dict[str, Any]]] = [
        ("created", {"response": response("in_progress")}),
        ("in_progress", {"response": response("in_progress")}),
        ("output_item.added", {"output_index": 0, "item": begun}),
        *[("output_text.delta", delta)] * deltas,
        ("output_text.done", {**place, "text": TEXT, "logprobs": []}),
        ("output_item.done", {"output_index": 0, "item": MESSAGE}),
        ("completed", {"response": response("completed")}),
    ]
    lines = []
    for number, (name, data) in enumerate(events):
        whole = {"type": f"response.{name}", "sequence_number": number, **data}
        lines.append(f"event: response.{name}\ndata: {json.dumps(whole)}\n\n")
    return "".join(lines).encode(), len(events)


_numbers = itertools.count(1)
"""Numbers every response of a process, since one whose id is known already would cost less."""


@dataclass(slots=True)
class ResponsesApi:
    """Answers like the Responses API, one response after the other, each with a new id.

    ``created`` is the answer to a create; ``looks`` are the statuses that retrieves see, in a cycle;
    ``streamed`` is the body of every stream.
    """

    created: str = "completed"
    looks: tuple[str, ...] = ()
    streamed: bytes = b""
    _number: int = 0
    _looked: int = 0
    _bodies: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        background = bool(self.looks)
        self._bodies = {
            status: json.dumps(response(status, background=background)).encode()
            for status in (self.created, *self.looks)
        }

    def answer(self, method: str, _path: str) -> tuple[bytes, str]:
        """The body and the content type for a request."""
        if method == "GET":
            status = self.looks[self._looked]
            self._looked += 1
            return self._numbered(self._bodies[status]), "application/json"
        self._number, self._looked = next(_numbers), 0
        if self.streamed:
            return self._numbered(self.streamed), "text/event-stream"
        return self._numbered(self._bodies[self.created]), "application/json"

    def _numbered(self, body: bytes) -> bytes:
        return body.replace(ID, b"%010d" % self._number)
