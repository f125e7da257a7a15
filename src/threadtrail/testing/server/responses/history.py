"""The input of the model: the items of a chain or conversation, and of the request."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.errors import ApiError
from threadtrail.testing.server.responses import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from threadtrail.testing.server.objects import Json

# A `…_call` is answered by a `…_call_output`, except for the two items of MCP approvals.
CALLS_OF_CLIENTS = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "computer_call",
        "shell_call",
        "local_shell_call",
        "apply_patch_call",
        "mcp_approval_request",
    }
)
OUTPUTS = frozenset(
    {
        "function_call_output",
        "custom_tool_call_output",
        "computer_call_output",
        "shell_call_output",
        "local_shell_call_output",
        "apply_patch_call_output",
        "mcp_approval_response",
    }
)
_PREFIXES = {"message": "msg_", "reasoning": "rs_", "mcp_approval_response": "mcpa_"}


def new_items(given: Any, new_id: Callable[[str], str], param: str = "input") -> list[Json]:
    """Return input as the API keeps it: a list of items, each with an id.

    Raises:
        ApiError: it is neither a text nor a list of objects.
    """
    if given is None:
        return []
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        message = f"Invalid type for '{param}': expected one of a list of input items or a string."
        raise ApiError(400, message, param=param, code="invalid_type")
    return [_item(item, new_id) for item in given]


def _item(item: Json, new_id: Callable[[str], str]) -> Json:
    kind = item.get("type") or "message"
    if kind == "item_reference":
        return item
    made = {**item, "type": kind, "id": item.get("id") or new_id(_PREFIXES.get(kind, "fc_"))}
    if kind == "message":
        made["content"] = _content(item)
        made.setdefault("status", "completed")
    return made


def _content(item: Json) -> list[Any]:
    content = item.get("content")
    if not isinstance(content, str):
        return list(content or ())
    if item.get("role") == "assistant":
        return [{"type": "output_text", "text": content, "annotations": []}]
    return [{"type": "input_text", "text": content}]


# -- calls and their outputs --------------------------------------------------------------------


def keys_of(call: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids by which an output may name this call."""
    if call.get("type") == "local_shell_call":
        return tuple(str(call[name]) for name in ("call_id", "id") if call.get(name))
    name = "id" if call.get("type") == "mcp_approval_request" else "call_id"
    return (str(call[name]),) if call.get(name) else ()


def key_answered(output: Mapping[str, Any]) -> str:
    """Return the id of the call that this output answers."""
    kind = output.get("type")
    if kind == "mcp_approval_response":
        return str(output.get("approval_request_id"))
    if kind == "local_shell_call_output":
        return str(output.get("call_id") or output.get("id"))
    return str(output.get("call_id"))


def open_calls(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the application's calls among these items that no other of them answers."""
    answered = {key_answered(item) for item in items if item.get("type") in OUTPUTS}
    return [
        item
        for item in items
        if item.get("type") in CALLS_OF_CLIENTS and keys_of(item) and answered.isdisjoint(keys_of(item))
    ]


def newest_outputs(items: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the outputs that the model has not seen yet, the last one first."""
    for item in reversed(items):
        if item.get("type") in OUTPUTS:
            yield item
        elif _is_of_the_model(item):
            return


def _is_of_the_model(item: Mapping[str, Any]) -> bool:
    if item.get("type") == "message":
        return item.get("role") == "assistant"
    return item.get("type") not in {"item_reference", "additional_tools"}


def output_text(output: Mapping[str, Any]) -> str:
    """Return what the application answered, as a text."""
    if output.get("type") == "mcp_approval_response":
        return "approved" if output.get("approve") else "denied"
    value = output.get("output")
    return value if isinstance(value, str) else json.dumps(value)


def check(items: Sequence[Mapping[str, Any]]) -> None:
    """Make sure that every call has its output, and every output its call.

    Raises:
        ApiError: one is missing.
    """
    for call in open_calls(items):
        if not call.get("async") and call["type"] != "mcp_approval_request":
            raise errors.no_output_for(call["type"].replace("_", " "), keys_of(call)[0])
    asked = {key for item in items if item.get("type") in CALLS_OF_CLIENTS for key in keys_of(item)}
    for item in items:
        if item.get("type") in OUTPUTS and key_answered(item) not in asked:
            raise errors.no_call_for(item["type"].replace("_", " "), key_answered(item))
