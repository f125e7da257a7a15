"""What was said, as text: messages, tool outputs, prompts and completions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agentops.semconv import MessageAttributes as M

from threadtrail.otlp.run_content import step_before
from threadtrail.values import FilePart, ImagePart, RefusalPart, TextPart

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Message, Part, Run, ToolCall

Said = tuple[str, str]
"""A role and its words."""


def text_of(messages: Iterable[Message]) -> str | None:
    """The text of messages, one after the other; ``None`` if there is none."""
    return "\n\n".join(filter(None, map(message_text, messages))) or None


def message_text(message: Message) -> str:
    """The text of a message; what is not text is named in brackets."""
    attached = [f"[file {item.get('file_id') or as_json(item)}]" for item in message.attachments]
    return "\n".join(filter(None, [*map(_part_text, message.parts), *attached]))


def tool_output(call: ToolCall) -> str | None:
    """What a tool gave back: its output, or else its results (passages, logs, images) as JSON."""
    if call.results and call.output is None:
        return as_json(list(call.results))
    images = [item for item in call.results if isinstance(item, dict) and item.get("type") == "image"]
    if call.output is not None and images:
        return "\n".join([call.output.rstrip("\n"), *map(as_json, images)])
    return call.output


def as_json(value: Any) -> str:
    """The value as JSON text, readable in any language."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def prompts(run: Run, node: Node) -> dict[str, str]:
    """What was new to the model in a turn, by index: first instructions and question, then outputs."""
    told: dict[str, str] = {}
    for index, (role, content) in enumerate(_new_to_the_model(run, node)):
        told[M.PROMPT_ROLE.format(i=index)] = role
        told[M.PROMPT_CONTENT.format(i=index)] = content
    return told


def completions(node: Node, finish_reason: str | None) -> dict[str, str]:
    """What the model said in a turn, or which tools it asked for."""
    told: dict[str, str] = {}
    texts: Sequence[str] = [message_text(message) for message in node.output]
    if node.requested_tool_calls and not texts:
        texts = [""]
    for index, text in enumerate(texts):
        told[M.COMPLETION_ROLE.format(i=index)] = "assistant"
        if text:
            told[M.COMPLETION_CONTENT.format(i=index)] = text
        if finish_reason is not None:
            told[M.COMPLETION_FINISH_REASON.format(i=index)] = finish_reason
    for number, call in enumerate(node.requested_tool_calls):
        told[M.COMPLETION_TOOL_CALL_ID.format(i=0, j=number)] = call.id
        told[M.COMPLETION_TOOL_CALL_TYPE.format(i=0, j=number)] = call.kind
        told[M.COMPLETION_TOOL_CALL_NAME.format(i=0, j=number)] = call.name
        if call.arguments is not None:
            told[M.COMPLETION_TOOL_CALL_ARGUMENTS.format(i=0, j=number)] = call.arguments
    return told


def _new_to_the_model(run: Run, node: Node) -> Iterator[Said]:
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
    return f"[{part.type}]"


def _address(url: str | None) -> str | None:
    return url if url and not url.startswith("data:") else None


def _plain(value: Any) -> Any:
    """What JSON does not know by itself: the events' frozen mappings and tuples."""
    return dict(value) if hasattr(value, "keys") else str(value)
