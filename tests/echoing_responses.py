"""Answers the SDK as the Responses API would: what was asked is echoed, and the output has canaries."""

from __future__ import annotations

import json
from typing import Any

CREATED = 1_790_000_000
USAGE = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
NOT_ECHOED = {"input", "include", "stream", "background", "conversation"}


def response(asked: dict[str, Any], canary: str, **more: Any) -> dict[str, Any]:
    """Return a response to a request."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": CREATED,
        "completed_at": CREATED + 9,
        "status": "completed",
        "background": bool(asked.get("background")),
        "error": None,
        "incomplete_details": None,
        "instructions": canary,
        "metadata": {canary: canary},
        "usage": USAGE,
        "tools": [],
        "parallel_tool_calls": True,
        "output": output(canary),
        **{key: value for key, value in asked.items() if key not in NOT_ECHOED and key != canary},
        "model": "plain-model",
        **more,
    }


def output(canary: str) -> list[dict[str, Any]]:
    """Return output items of every kind, known and not, with the canary in each text."""
    text = {"type": "output_text", "text": canary, "annotations": [{"type": "note", "text": canary}]}
    arguments = json.dumps({canary: canary})
    named = {"name": "plain-name", "arguments": arguments}
    return [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": canary}],
            "content": [{"type": "reasoning_text", "text": canary}],
            "encrypted_content": f"cipher-{canary}",
        },
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "status": "completed", **named},
        {
            "type": "custom_tool_call",
            "id": "ct_1",
            "call_id": "call_2",
            "name": "plain-name",
            "input": canary,
        },
        {"type": "computer_call", "id": "cu_1", "call_id": "call_3", "action": {"type": canary}},
        {"type": "shell_call", "id": "sh_1", "call_id": "call_4", "action": {"commands": [canary]}},
        {"type": "mcp_call", "id": "mcp_1", "server_label": "plain-name", "output": canary, **named},
        {
            "type": "mcp_call",
            "id": "mcp_2",
            "server_label": "plain-name",
            "status": "failed",
            "error": {"type": "mcp_error", "code": 1, "message": canary},
            **named,
        },
        {"type": "mcp_approval_request", "id": "mcpr_1", "server_label": "plain-name", **named},
        {"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "plain-name", "tools": [{"name": canary}]},
        {"type": "web_search_call", "id": "ws_1", "action": {"type": "search", "query": canary}},
        {"type": "file_search_call", "id": "fs_1", "queries": [canary], "results": [{"text": canary}]},
        {
            "type": "code_interpreter_call",
            "id": "ci_1",
            "code": canary,
            "outputs": [{"type": "logs", "logs": canary}],
        },
        {"type": "image_generation_call", "id": "ig_1", "revised_prompt": canary, "result": canary},
        {"type": "program", "id": "pr_1", "call_id": "call_5", "code": canary},
        {"type": "program_output", "id": "po_1", "call_id": "call_5", "result": canary},
        {"type": "something_new", "id": "new_1", canary: canary},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [text, {"type": "refusal", "refusal": canary}, {"type": "something_new", "x": canary}],
        },
    ]


def stream(asked: dict[str, Any], canary: str) -> bytes:
    """Return the stream of a response, one message of which is never finished."""
    begun: dict[str, Any] = {"status": "in_progress", "output": [], "usage": None, "id": "resp_2"}
    message = {"type": "message", "id": "msg_9", "role": "assistant", "status": "in_progress", "content": []}
    delta = {"item_id": "msg_9", "output_index": 99, "content_index": 0, "delta": canary, "logprobs": []}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": response(asked, canary, **begun)}),
        *(
            ("response.output_item.done", {"output_index": index, "item": item})
            for index, item in enumerate(output(canary))
        ),
        ("response.output_item.added", {"output_index": 99, "item": message}),
        ("response.output_text.delta", delta),
        ("error", {"code": "server_error", "message": canary, "param": None}),
    ]
    return b"".join(
        f"event: {name}\ndata: {json.dumps({'type': name, 'sequence_number': number, **data})}\n\n".encode()
        for number, (name, data) in enumerate(events)
    )


def conversation(path: str, method: str, asked: dict[str, Any], canary: str) -> dict[str, Any]:
    """Return a conversation, or the items that were put into it."""
    if path.endswith("/items"):
        given = asked.get("items", []) if method == "POST" else []
        items = [{"id": f"item_{number}", **item} for number, item in enumerate(given)]
        return {"object": "list", "data": items, "has_more": False, "first_id": None, "last_id": None}
    return {
        "id": "conv_1",
        "object": "conversation",
        "created_at": CREATED,
        "metadata": {canary: canary},
    }
