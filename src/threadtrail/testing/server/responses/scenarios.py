"""Ready-made scripts for what only Responses can show; an Assistants run leaves most of it out."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from threadtrail.testing.server.responses.calls import (
    ApplyPatchCall,
    ComputerCall,
    CustomToolCall,
    ImageGenerationCall,
    LocalShellCall,
    McpApprovalRequest,
    McpCall,
    McpListTools,
    Reasoning,
    ShellCall,
    WebSearchCall,
)
from threadtrail.testing.server.responses.quirks import Quirks
from threadtrail.testing.server.script import Incomplete, RunScript
from threadtrail.testing.server.steps import (
    FunctionCall,
    Message,
    SubmittedOutput,
    Text,
    ToolCall,
    ToolCalls,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _report(outputs: Sequence[SubmittedOutput]) -> Message:
    return Message("; ".join(f"{given.name} says {given.output}" for given in outputs))


def _asks(call: ToolCall) -> RunScript:
    return RunScript(ToolCalls(call), _report)


_CITATION = {
    "type": "url_citation",
    "url": "https://example.com/oslo",
    "title": "Oslo",
    "start_index": 0,
    "end_index": 4,
}
_SEARCHES = {
    "image_gen": {
        "input_tokens": 0,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 0},
        "output_tokens": 0,
        "total_tokens": 0,
    },
    "web_search": {"num_requests": 1},
}
_TOOLS = ({"name": "read_page", "input_schema": {"type": "object"}, "description": "Read a page."},)
_REFUSED = {"type": "mcp_tool_execution_error", "content": [{"type": "text", "text": "No such page."}]}
_PATCH = {"type": "create_file", "path": "notes.md", "diff": "+# Notes"}

RESPONSES_SCENARIOS: Mapping[str, RunScript] = MappingProxyType(
    {
        "reasoning": RunScript(
            Reasoning(("**Solving** the equation.",), encrypted="gAAAAABo"),
            Message("x = 1", usage=Usage(60, 40, cached_tokens=32, reasoning_tokens=30)),
        ),
        "web-search": RunScript(
            ToolCalls(WebSearchCall("weather in Oslo", ("https://example.com/oslo",))),
            Message(Text("Oslo has 4 degrees.", (_CITATION,))),
            tool_usage=_SEARCHES,
        ),
        "image-generation": RunScript(
            ToolCalls(ImageGenerationCall(partial_images=("iVBORw0=",), extra={"revised_prompt": "A cat."}))
        ),
        "mcp": RunScript(
            ToolCalls(McpListTools(_TOOLS, server_label="wiki")),
            ToolCalls(McpCall("read_page", '{"page": "Oslo"}', "Oslo is a city.", server_label="wiki")),
            "Oslo is a city.",
        ),
        "mcp-failed": RunScript(
            ToolCalls(McpCall("read_page", '{"page": "Olso"}', error=_REFUSED, server_label="wiki")),
            "I found nothing.",
        ),
        "mcp-approval": _asks(McpApprovalRequest("read_page", '{"page": "Oslo"}', "wiki")),
        "custom-tool": _asks(CustomToolCall("query", "SELECT 1")),
        "computer": _asks(ComputerCall()),
        "shell": _asks(ShellCall(("ls",))),
        "shell-in-a-container": RunScript(ToolCalls(ShellCall(("ls",), ("notes.md\n",))), "One file."),
        "local-shell": _asks(LocalShellCall(("ls", "-l"))),
        "apply-patch": _asks(ApplyPatchCall(_PATCH)),
        "content-filter": RunScript("This answer is cut", end=Incomplete("content_filter")),
        "half-a-call": RunScript(ToolCalls(FunctionCall("get_weather", '{"city": "Os')), end=Incomplete()),
        "compatible": RunScript(
            "Hello.",
            usage={"input_tokens": 3, "output_tokens": 2},
            quirks=Quirks(response_id="__fake_id__", item_id="__fake_id__", no_sequence_numbers=True),
        ),
    }
)
"""Scripts by name; each shows one thing that a response can do."""
