"""Makes calls of tools piece by piece: those that the application answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from threadtrail.testing.server.deltas import argument_pieces, words

if TYPE_CHECKING:
    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.responses.calls import (
        ApplyPatchCall,
        ComputerCall,
        CustomToolCall,
        LocalShellCall,
        McpApprovalRequest,
        ShellCall,
    )
    from threadtrail.testing.server.responses.writing import Pieces
    from threadtrail.testing.server.steps import FunctionCall

NewId = Callable[[str], str]


def _call(kind: str, prefix: str, call_id: str, new_id: NewId) -> Json:
    return {
        "id": new_id(prefix),
        "type": kind,
        "status": "in_progress",
        "call_id": call_id or new_id("call_"),
    }


def function_call(call: FunctionCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a function call, and the events that fill it."""
    item = {
        **_call("function_call", "fc_", call.id, new_id),
        "name": call.name,
        "arguments": "",
        **call.extra,
    }

    def pieces() -> Pieces:
        for piece in argument_pieces(call.arguments_json()):
            item["arguments"] += piece
            yield "function_call_arguments.delta", {"delta": piece}
        yield "function_call_arguments.done", {"name": call.name, "arguments": item["arguments"]}

    return item, pieces()


def custom_tool_call(call: CustomToolCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a call of a custom tool, and the events that fill it."""
    item = {
        **_call("custom_tool_call", "ctc_", call.id, new_id),
        "name": call.name,
        "input": "",
        **call.extra,
    }

    def pieces() -> Pieces:
        for piece in words(call.input):
            item["input"] += piece
            yield "custom_tool_call_input.delta", {"delta": piece}
        yield "custom_tool_call_input.done", {"input": item["input"]}

    return item, pieces()


def shell_call(call: ShellCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of shell commands, and the events that fill it."""
    action: Json = {"commands": [], "timeout_ms": None, "max_output_length": None}
    place = {"type": "container_reference", "container_id": "cntr_1"} if call.outputs else {"type": "local"}
    item = {**_call("shell_call", "sh_", call.id, new_id), "action": action, "environment": place}

    def pieces() -> Pieces:
        for index, command in enumerate(call.commands):
            at = {"command_index": index}
            action["commands"].append("")
            yield "shell_call_command.added", {**at, "command": ""}
            for piece in words(command):
                action["commands"][index] += piece
                yield "shell_call_command.delta", {**at, "delta": piece}
            yield "shell_call_command.done", {**at, "command": command}

    return item, pieces()


def shell_output(call: ShellCall, call_id: str, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item with the output of shell commands in a container, and the events that fill it."""
    item: Json = {
        **_call("shell_call_output", "sho_", call_id, new_id),
        "output": [],
        "max_output_length": None,
    }

    def pieces() -> Pieces:
        for index, text in enumerate(call.outputs):
            at = {"command_index": index}
            output = {"stdout": text, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
            yield "shell_call_output_content.delta", {**at, "delta": {"stdout": text, "stderr": ""}}
            item["output"].append(output)
            yield "shell_call_output_content.done", {**at, "output": [output]}

    return item, pieces()


def local_shell_call(call: LocalShellCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a command for the local shell; it has no further events."""
    action = {"type": "exec", "command": list(call.command), "env": dict(call.env)}
    return {**_call("local_shell_call", "lsh_", call.id, new_id), "action": action}, iter(())


def computer_call(call: ComputerCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of actions on a computer; it has no further events."""
    actions = [dict(action) for action in call.actions]
    single = {"action": actions[0]} if len(actions) == 1 else {}
    checks = [dict(check) for check in call.safety_checks]
    return {
        **_call("computer_call", "cu_", call.id, new_id),
        **single,
        "actions": actions,
        "pending_safety_checks": checks,
    }, iter(())


def apply_patch_call(call: ApplyPatchCall, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item of a change of a file; it has no further events."""
    return {
        **_call("apply_patch_call", "apc_", call.id, new_id),
        "operation": dict(call.operation),
    }, iter(())


def mcp_approval_request(call: McpApprovalRequest, new_id: NewId) -> tuple[Json, Pieces]:
    """Return the item that asks for an approval; it has no further events."""
    return {
        "id": call.id or new_id("mcpr_"),
        "type": "mcp_approval_request",
        "name": call.name,
        "arguments": call.arguments,
        "server_label": call.server_label,
    }, iter(())
