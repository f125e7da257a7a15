"""Every kind of output item: how it begins, and the events that fill it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.testing.server.responses import calling, hosted
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
from threadtrail.testing.server.responses.writing import (
    Pieces,
    new_message,
    new_reasoning,
    write_message,
    write_reasoning,
)
from threadtrail.testing.server.steps import (
    CodeInterpreterCall,
    FileSearchCall,
    FunctionCall,
    Message,
    ToolCall,
    ToolCalls,
    UnknownToolCall,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from threadtrail.testing.server.objects import Json
    from threadtrail.testing.server.responses.calling import NewId

_MAKERS: Mapping[type, Callable[[Any, NewId], tuple[Json, Pieces]]] = {
    FunctionCall: calling.function_call,
    CustomToolCall: calling.custom_tool_call,
    ShellCall: calling.shell_call,
    LocalShellCall: calling.local_shell_call,
    ComputerCall: calling.computer_call,
    ApplyPatchCall: calling.apply_patch_call,
    McpApprovalRequest: calling.mcp_approval_request,
    FileSearchCall: hosted.file_search,
    WebSearchCall: hosted.web_search,
    CodeInterpreterCall: hosted.code_interpreter,
    ImageGenerationCall: hosted.image_generation,
    McpCall: hosted.mcp_call,
    McpListTools: hosted.mcp_list_tools,
}


def items_of(
    step: Message | ToolCalls | Reasoning | Mapping[str, Any], new_id: NewId
) -> Iterator[tuple[Json, Pieces]]:
    """Yield the items of a step, each with the events that fill it. One is begun after the last is filled."""
    match step:
        case Message():
            item = new_message(step, new_id("msg_"))
            yield item, write_message(step, item)
        case Reasoning():
            item = new_reasoning(step, new_id("rs_"))
            yield item, write_reasoning(step, item)
        case ToolCalls():
            for call in step.calls:
                yield from _items_of_call(call, new_id, step.extra)
        case _:
            yield dict(step), iter(())


def _items_of_call(call: ToolCall, new_id: NewId, extra: Mapping[str, Any]) -> Iterator[tuple[Json, Pieces]]:
    if isinstance(call, UnknownToolCall):
        yield {"id": call.id or new_id("item_"), "type": call.type, **call.fields, **extra}, iter(())
        return
    item, pieces = _MAKERS[type(call)](call, new_id)
    item.update(extra)
    yield item, pieces
    if isinstance(call, ShellCall) and call.outputs:
        yield calling.shell_output(call, item["call_id"], new_id)
