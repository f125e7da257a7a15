"""Parts of a response that an Assistants run does not have: reasoning, and calls of newer tools."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Reasoning:
    """An item with the model's reasoning.

    Attributes:
        summary: the parts of the summary.
        content: the parts of the reasoning itself, which open models show.
        encrypted: its ciphertext, sent only when the request includes `reasoning.encrypted_content`.
        extra: further fields of the item, sent as they are.
    """

    summary: Sequence[str] = ()
    content: Sequence[str] = ()
    encrypted: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


# ---------------------------------------------------------------------------------------------
# calls that the application answers
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CustomToolCall:
    """A call of a custom tool, with free text instead of JSON.

    Attributes:
        name: the tool's name.
        input: the text.
        id: the `call_id`; one is made up when it is empty.
        extra: further fields of the item, sent as they are.
    """

    name: str
    input: str = ""
    id: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComputerCall:
    """An action on a computer, answered by a screenshot.

    Attributes:
        actions: the actions, as the API's own JSON objects; a single one is sent as `action` as well.
        safety_checks: the checks that the application is to acknowledge.
        id: the `call_id`; one is made up when it is empty.
    """

    actions: Sequence[Mapping[str, Any]] = ({"type": "screenshot"},)
    safety_checks: Sequence[Mapping[str, Any]] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class ShellCall:
    """Commands for a shell.

    Attributes:
        commands: the commands.
        outputs: what each printed, if the server ran them in a container; empty: the application runs them.
        id: the `call_id`; one is made up when it is empty.
    """

    commands: Sequence[str]
    outputs: Sequence[str] = ()
    id: str = ""


@dataclass(frozen=True, slots=True)
class LocalShellCall:
    """A command for the local shell of the application.

    Attributes:
        command: the command and its arguments.
        env: its environment variables.
        id: the `call_id`; one is made up when it is empty.
    """

    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class ApplyPatchCall:
    """A change of a file.

    Attributes:
        operation: what to change, as the API's own JSON object.
        id: the `call_id`; one is made up when it is empty.
    """

    operation: Mapping[str, Any]
    id: str = ""


@dataclass(frozen=True, slots=True)
class McpApprovalRequest:
    """A request to approve the call of a tool of an MCP server; a person answers it.

    Attributes:
        name: the tool's name.
        arguments: a JSON text.
        server_label: the MCP server's label.
        id: the item's id; one is made up when it is empty.
    """

    name: str
    arguments: str = "{}"
    server_label: str = "mcp"
    id: str = ""


# ---------------------------------------------------------------------------------------------
# calls that the server answers
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WebSearchCall:
    """A search in the web.

    Attributes:
        query: what was searched for.
        sources: addresses of what was found; sent only when the request includes them.
        action: the whole action instead, for example `{"type": "open_page", "url": "..."}`.
        id: the item's id; one is made up when it is empty.
    """

    query: str = ""
    sources: Sequence[str] = ()
    action: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class ImageGenerationCall:
    """An image that was made.

    Attributes:
        result: the image in base64; `None` if it failed.
        partial_images: images in base64 that a stream shows before.
        extra: further fields of the item, for example `{"revised_prompt": "A cat"}`.
        id: the item's id; one is made up when it is empty.
    """

    result: str | None = "iVBORw0KGgo="
    partial_images: Sequence[str] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class McpCall:
    """A call of a tool of an MCP server.

    Attributes:
        name: the tool's name.
        arguments: a JSON text.
        output: what it answered.
        error: why it failed, as the API's JSON object or, in older versions, a text.
        server_label: the MCP server's label.
        approval_request_id: the question that was answered before.
        id: the item's id; one is made up when it is empty.
    """

    name: str
    arguments: str = "{}"
    output: str | None = None
    error: Mapping[str, Any] | str | None = None
    server_label: str = "mcp"
    approval_request_id: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class McpListTools:
    """The list of an MCP server's tools.

    Attributes:
        tools: the tools, as the API's own JSON objects.
        error: why it failed.
        server_label: the MCP server's label.
        id: the item's id; one is made up when it is empty.
    """

    tools: Sequence[Mapping[str, Any]] = ()
    error: str | None = None
    server_label: str = "mcp"
    id: str = ""


ResponsesCall: TypeAlias = (
    CustomToolCall
    | ComputerCall
    | ShellCall
    | LocalShellCall
    | ApplyPatchCall
    | McpApprovalRequest
    | WebSearchCall
    | ImageGenerationCall
    | McpCall
    | McpListTools
)
"""A call that only a response can make; an Assistants run leaves it out."""
