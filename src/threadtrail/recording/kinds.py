"""What operations and objects are, and how the notes of them are read."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

LEARNT_FROM = {
    # How a run's state became known, by the operation that returned it.
    "threads.runs.create": "create",
    "threads.create_and_run": "create",
    "threads.runs.submit_tool_outputs": "submit",
    "threads.runs.cancel": "cancel",
    "threads.runs.update": "update",
    "threads.runs.list": "list",
}
CREATES_RUN = {"threads.runs.create", "threads.create_and_run"}
SUBMIT = "threads.runs.submit_tool_outputs"
RETRIEVE = "threads.runs.retrieve"
POLL = "threads.runs.poll"


def kind_of_operation(operation: str) -> str:
    """Of what kind the object is that an operation returns, if the object does not say so itself."""
    if operation.startswith("threads.runs.steps"):
        return "thread.run.step"
    if operation.startswith("threads.runs") or operation == "threads.create_and_run":
        return "thread.run"
    if operation.startswith("threads.messages"):
        return "thread.message"
    return "assistant" if operation.startswith("assistants") else "thread"


def kind_of_event(name: str) -> str:
    """Of what kind an object of a stream is, by its event (API reference, "Assistant stream events")."""
    kinds = ("thread.run.step", "thread.run", "thread.message", "thread")
    return next((kind for kind in kinds if name.startswith(f"{kind}.")), name)


def parse(noted: Any) -> Any:
    """Read what was noted: JSON text (a copy of an object, or a raw response's body), or a value.

    Not everything that comes with status 200 is JSON: that reads as ``None``.
    """
    if not isinstance(noted, bytes):
        return noted
    try:
        value = _from_json(noted)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None


def _from_json(text: bytes) -> Any:
    try:
        return from_json(text)
    except ValueError:
        # Lone surrogates in escapes are wrong, yet sent; the standard library lets them pass.
        return json.loads(text)
