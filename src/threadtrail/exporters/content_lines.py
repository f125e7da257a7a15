"""The content of messages and of tool calls as short text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.exporters.console_text import compact_json
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
    from collections.abc import Iterator

    from threadtrail.values import Message, Part, ToolCall

ARGUMENTS = {"code_interpreter": "code", "program": "code", "file_search": "query", "web_search": "query"}
"""The label of a tool's arguments, by the kind of the tool."""


def message_line(message: Message) -> str:
    """Return the text of a message, with placeholders for parts that are not text."""
    attached = [f"[attached {item.get('file_id') or compact_json(item)}]" for item in message.attachments]
    return " ".join(filter(None, [*map(_part_text, message.parts), *attached]))


def tool_content(call: ToolCall) -> Iterator[tuple[str, str]]:
    """Yield the arguments, the output and the results of a tool call, each with its label."""
    if call.arguments:
        yield ARGUMENTS.get(call.kind, "arguments"), call.arguments
    if call.output is not None:
        yield "output", call.output or "(empty)"
    if call.approved is not None:
        yield "answer", "approved" if call.approved else "refused"
    for result in call.results:
        label, text = _result(result)
        if label != "logs" or call.output is None:  # otherwise the output contains the logs
            yield label, text


def _part_text(part: Part) -> str:
    if isinstance(part, TextPart):
        return part.text
    if isinstance(part, RefusalPart):
        return f"[refused] {part.refusal}".rstrip()
    if isinstance(part, ImagePart):
        return f"[image {_where(part)}]"
    if isinstance(part, FilePart):
        return f"[file {part.filename or _where(part)}]"
    return _beside_text(part)


def reasoning_text(part: ReasoningPart) -> str:
    """Return the model's reasoning, or how much of it is encrypted."""
    if part.text or part.encrypted_bytes is None:
        return part.text
    return f"[{part.encrypted_bytes:,} bytes, encrypted]"


def _beside_text(part: Part) -> str:
    """Return a part that is not text: reasoning, a call of an earlier run, or the output of such a call."""
    if isinstance(part, ReasoningPart):
        return f"[reasoning] {reasoning_text(part)}".rstrip()
    if isinstance(part, ToolCallPart):
        return f"[calls {part.name or part.kind}] {part.arguments or ''}".rstrip()
    if isinstance(part, ToolResultPart):
        return " ".join(map(compact_json, part.results)) if part.output is None else part.output or "(empty)"
    return f"[{part.type}]"


def _where(part: ImagePart | FilePart) -> str:
    """Return where the data is, or a description of data within the message."""
    if part.file_id:
        return part.file_id
    if part.url and not part.url.startswith("data:"):
        return part.url
    size = f"{part.size_bytes:,} bytes" if part.size_bytes is not None else None
    return ", ".join(filter(None, [part.media_type, size])) or "inline"


def _result(result: Any) -> tuple[str, str]:
    """Return a label and text for one result: interpreter logs, an image, a found passage, or JSON."""
    if isinstance(result, dict):
        image = result.get("image")
        if result.get("type") == "image" and isinstance(image, dict):
            return "image", str(image.get("file_id"))
        if result.get("type") == "logs":
            return "logs", str(result.get("logs"))
        if "file_name" in result or "filename" in result:
            return "found", _passage(result)
        if result.get("type") == "url":
            return "found", " ".join(str(result[key]) for key in ("title", "url") if result.get(key))
    return "result", compact_json(result)


def _passage(result: dict[str, Any]) -> str:
    score = result.get("score")
    shown = f" ({score:.2f})" if isinstance(score, (int, float)) else ""
    content = result.get("content") or ({"text": result.get("text")},)
    texts = [str(block.get("text") or "") for block in content if isinstance(block, dict)]
    name = result.get("file_name") or result.get("filename")
    return f"{name}{shown}: {' '.join(texts)}" if any(texts) else f"{name}{shown}"
