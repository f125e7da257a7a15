"""Content as text: messages, tool outputs, prompts and completions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentops.semconv import MessageAttributes as M

from threadtrail.otlp.run_content import step_before
from threadtrail.values import (
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Message, Part, Run, ToolCall

Prompt = tuple[str, str]
"""A role and a text."""


def text_of(messages: Iterable[Message]) -> str | None:
    """Return the text of messages, one after the other; ``None`` if there is none."""
    return "\n\n".join(filter(None, map(message_text, messages))) or None


def message_text(message: Message) -> str:
    """Return the text of a message; other parts are shown in brackets."""
    attached = [f"[file {item.get('file_id') or as_json(item)}]" for item in message.attachments]
    return "\n".join(filter(None, [*map(_part_text, message.parts), *attached]))


def tool_output(call: ToolCall) -> str | None:
    """Return the output of a tool, or else its results (passages, logs, images) as JSON."""
    if call.approved is not None and call.output is None:
        return "approved" if call.approved else "refused"
    if call.results and call.output is None:
        return as_json(list(call.results))
    images = [item for item in call.results if isinstance(item, dict) and item.get("type") == "image"]
    if call.output is not None and images:
        return "\n".join([call.output.rstrip("\n"), *map(as_json, images)])
    return call.output


def as_json(value: Any) -> str:
    """Return the value as JSON text, not escaped in any language."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def prompts(run: Run, node: Node) -> dict[str, str]:
    """Return the new input of the model in a turn, by index: instructions and question, or tool outputs."""
    values: dict[str, str] = {}
    for index, (role, content) in enumerate(_new_to_the_model(run, node)):
        values[M.PROMPT_ROLE.format(i=index)] = role
        values[M.PROMPT_CONTENT.format(i=index)] = content
    return values


def completions(node: Node, finish_reason: str | None) -> dict[str, str]:
    """Return the model's messages in a turn, or the tools that it requested."""
    values: dict[str, str] = {}
    texts: Sequence[str] = [message_text(message) for message in node.output]
    if node.requested_tool_calls and not texts:
        texts = [""]
    for index, text in enumerate(texts):
        values[M.COMPLETION_ROLE.format(i=index)] = "assistant"
        if text:
            values[M.COMPLETION_CONTENT.format(i=index)] = text
        if finish_reason is not None:
            values[M.COMPLETION_FINISH_REASON.format(i=index)] = finish_reason
    for number, call in enumerate(node.requested_tool_calls):
        values[M.COMPLETION_TOOL_CALL_ID.format(i=0, j=number)] = call.id
        values[M.COMPLETION_TOOL_CALL_TYPE.format(i=0, j=number)] = call.kind
        values[M.COMPLETION_TOOL_CALL_NAME.format(i=0, j=number)] = call.name
        if call.arguments is not None:
            values[M.COMPLETION_TOOL_CALL_ARGUMENTS.format(i=0, j=number)] = call.arguments
    return values


def _new_to_the_model(run: Run, node: Node) -> Iterator[Prompt]:
    before = step_before(run, node.step)
    if before is not None:
        outputs = ((call, tool_output(call)) for call in before.tool_calls)
        yield from (("tool", output) for _, output in outputs if output)
        return
    for instructions in (run.request.instructions, run.request.additional_instructions):
        if instructions:
            yield "system", instructions
    yield from ((message.role, text) for message in node.input if (text := message_text(message)))


def _part_text(part: Part) -> str:
    if isinstance(part, TextPart):
        return part.text
    if isinstance(part, RefusalPart):
        return part.refusal
    if isinstance(part, ImagePart):
        return f"[image {part.file_id or _address(part.url) or part.media_type or ''}]"
    if isinstance(part, FilePart):
        return f"[file {part.filename or part.file_id or part.media_type or ''}]"
    return _beside_text(part)


def _beside_text(part: Part) -> str:
    """Return the text of a part that chat APIs do not have: a call, its result, readable reasoning."""
    if isinstance(part, ReasoningPart):
        return part.text
    if isinstance(part, ToolCallPart):
        return f"[{part.name or part.kind}({part.arguments or ''})]"
    if isinstance(part, ToolResultPart):
        return part.output or (as_json(list(part.results)) if part.results else "")
    return f"[{part.type}]"


def _address(url: str | None) -> str | None:
    return url if url and not url.startswith("data:") else None


def _plain(value: Any) -> Any:
    """Return values of types that JSON does not have: the events' frozen mappings."""
    return dict(value) if hasattr(value, "keys") else str(value)
