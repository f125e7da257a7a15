"""Reads output items that are tool calls as ``ToolCall``, by one table that says who executes each kind."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from threadtrail._frozen import clean_text, freeze
from threadtrail.sources.json_values import items, mapping, text_or_none
from threadtrail.sources.openai_responses.contents import joined_text
from threadtrail.values import Failure, ToolCall

CLIENT, SERVER, HUMAN = "client", "server", "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallKind:
    """One kind of call: its ``ToolCall.kind``, who executes it, and the fields of the item that describe it.

    ``identity`` is the field by which its output refers to it. Of the fields ``arguments`` and ``results``,
    the first that an item has counts.
    """

    kind: str
    executed_by: str
    identity: str = "id"
    arguments: tuple[str, ...] = ("arguments",)
    output: str = "output"
    results: tuple[str, ...] = ()


CALLS = {
    "function_call": CallKind(kind="function", executed_by=CLIENT, identity="call_id"),
    "custom_tool_call": CallKind(kind="custom", executed_by=CLIENT, identity="call_id", arguments=("input",)),
    "computer_call": CallKind(
        kind="computer", executed_by=CLIENT, identity="call_id", arguments=("actions", "action")
    ),
    "shell_call": CallKind(kind="shell", executed_by=CLIENT, identity="call_id", arguments=("action",)),
    "local_shell_call": CallKind(
        kind="local_shell", executed_by=CLIENT, identity="call_id", arguments=("action",)
    ),
    "apply_patch_call": CallKind(
        kind="apply_patch", executed_by=CLIENT, identity="call_id", arguments=("operation",)
    ),
    "mcp_approval_request": CallKind(kind="mcp_approval", executed_by=HUMAN),
    "mcp_call": CallKind(kind="mcp", executed_by=SERVER),
    "web_search_call": CallKind(
        kind="web_search", executed_by=SERVER, arguments=("action",), results=("results",)
    ),
    "file_search_call": CallKind(
        kind="file_search", executed_by=SERVER, arguments=("queries",), results=("results",)
    ),
    "code_interpreter_call": CallKind(
        kind="code_interpreter", executed_by=SERVER, arguments=("code",), results=("outputs",)
    ),
    "image_generation_call": CallKind(
        kind="image_generation", executed_by=SERVER, arguments=("revised_prompt",)
    ),
    "tool_search_call": CallKind(kind="tool_search", executed_by=SERVER, identity="call_id"),
    "program": CallKind(kind="program", executed_by=SERVER, identity="call_id", arguments=("code",)),
}
"""By the item's ``type`` (openai 3.57: 28 kinds of output item, of which these are calls)."""

OUTPUTS = {
    "function_call_output": "call_id",
    "custom_tool_call_output": "call_id",
    "computer_call_output": "call_id",
    "shell_call_output": "call_id",
    "apply_patch_call_output": "call_id",
    "local_shell_call_output": "id",
    "mcp_approval_response": "approval_request_id",
    "tool_search_output": "call_id",
    "program_output": "call_id",
}
"""The items that answer a call, each with the field that holds the call's id."""

FAILURES = frozenset({"failed", "incomplete"})


def tool_call(item: dict[str, Any], place: str) -> ToolCall | None:
    """Return an output item as a call; ``None`` if it is not one. ``place`` is its id if it has none."""
    kind = CALLS.get(str(item.get("type")))
    if kind is None:
        return None
    item_id = text_or_none(item.get("id"))
    identity = text_or_none(item.get(kind.identity)) or item_id or place
    caller = mapping(item.get("caller"))
    status = text_or_none(item.get("status"))
    return ToolCall(
        id=identity,
        kind=kind.kind,
        name=text_or_none(item.get("name")) or kind.kind,
        arguments=_arguments(item, kind),
        output=_output(item, kind),
        results=_results(item, kind),
        error=error_of(item) or _failed(status),
        status=status,
        item_id=item_id if item_id != identity else None,
        executed_by=_executed_by(item, kind),
        server_label=text_or_none(item.get("server_label")),
        namespace=text_or_none(item.get("namespace")),
        caller_id=text_or_none(caller.get("caller_id")) if caller.get("type") == "program" else None,
    )


def answer(item: dict[str, Any], time: int) -> ToolCall | None:
    """Return the call that an item answers at ``time`` (Unix nanoseconds): its id, output and end."""
    identity = text_or_none(item.get(OUTPUTS.get(str(item.get("type")), "")))
    if identity is None:
        return None
    approved = item.get("approve")
    output, results = output_of(item)
    return ToolCall(
        id=identity,
        kind="function",
        name="function",
        output=output,
        results=results,
        error=_failed(text_or_none(item.get("status"))),
        approved=approved if isinstance(approved, bool) else None,
        ended_at=time,
        seen_live=True,
    )


def output_of(item: dict[str, Any]) -> tuple[str | None, tuple[Any, ...]]:
    """Return the output in an item that answers a call: its text, and the blocks that it consists of."""
    if item.get("type") == "mcp_approval_response":
        return ("approved" if item.get("approve") else text_or_none(item.get("reason")) or "denied"), ()
    given = next((item[name] for name in ("output", "result", "tools") if item.get(name) is not None), None)
    if isinstance(given, (dict, list)):
        blocks = given if isinstance(given, list) else [given]
        return joined_text(given), freeze([_without_data(block) for block in blocks])
    return text_or_none(given), ()


def _executed_by(item: dict[str, Any], kind: CallKind) -> str:
    environment = str(mapping(item.get("environment")).get("type") or "")
    if environment.startswith("container") or item.get("execution") == SERVER:
        return SERVER
    return CLIENT if item.get("execution") == CLIENT else kind.executed_by


def _arguments(item: dict[str, Any], kind: CallKind) -> str | None:
    given = next((item[name] for name in kind.arguments if item.get(name) is not None), None)
    if isinstance(given, dict) and isinstance(given.get("query"), str):
        return clean_text(given["query"])
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return clean_text("\n".join(given))
    if isinstance(given, (dict, list)):
        return clean_text(json.dumps(given, ensure_ascii=False))
    return text_or_none(given)


def _output(item: dict[str, Any], kind: CallKind) -> str | None:
    if kind.kind == "code_interpreter":
        logs = [text_or_none(mapping(each).get("logs")) for each in items(item.get("outputs"))]
        return "".join(filter(None, logs)) or None
    return text_or_none(item.get(kind.output))


def _results(item: dict[str, Any], kind: CallKind) -> tuple[Any, ...]:
    found = next((items(item.get(name)) for name in kind.results if item.get(name)), [])
    if kind.kind == "image_generation" and item.get("result"):
        found = [_without_data({"type": "image", "result": item["result"]})]
    elif kind.kind == "web_search" and not found:
        found = items(mapping(item.get("action")).get("sources"))
    return tuple(freeze(each) for each in found)


def _without_data(block: Any) -> Any:
    """Return a block with base64 data replaced by its size in bytes: nobody can read such a payload."""
    if not isinstance(block, dict):
        return block
    kept = {key: value for key, value in block.items() if key not in {"result", "image_url"}}
    for key in ("result", "image_url"):
        value = block.get(key)
        if isinstance(value, str) and (key == "result" or value.startswith("data:")):
            kept["size_bytes"] = len(value) * 3 // 4
        elif value is not None:
            kept[key] = value
    return kept


def error_of(item: dict[str, Any]) -> Failure | None:
    """Return the error of an item; ``None`` if it has none."""
    given = item.get("error")
    if isinstance(given, str) and given:  # the form before openai 1.109
        return Failure(type="error", message=clean_text(given))
    if isinstance(given, dict) and given:
        kind = text_or_none(given.get("code")) or text_or_none(given.get("type")) or "error"
        message = text_or_none(given.get("message")) or joined_text(given.get("content"))
        return Failure(type=kind, message=message)
    return None


def _failed(status: str | None) -> Failure | None:
    return Failure(type=status) if status is not None and status in FAILURES else None
