"""What was said and done, in a few words: the content of messages and of tool calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.exporters.console_text import compact_json
from threadtrail.values import FilePart, ImagePart, RefusalPart, TextPart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.values import Message, Part, ToolCall

ARGUMENTS = {"code_interpreter": "code", "file_search": "query"}
"""What the arguments of a tool of that kind are."""


def message_line(message: Message) -> str:
    """The text of a message, with a placeholder for all that is not text."""
    attached = [f"[attached {item.get('file_id') or compact_json(item)}]" for item in message.attachments]
    return " ".join(filter(None, [*map(_part_text, message.parts), *attached]))


def tool_content(call: ToolCall) -> Iterator[tuple[str, str]]:
    """What a tool was given and what it gave back, each with its label."""
    if call.arguments:
        yield ARGUMENTS.get(call.kind, "arguments"), call.arguments
    if call.output is not None:
        yield "output", call.output or "(empty)"
    for result in call.results:
        label, text = _result(result)
        if label != "logs" or call.output is None:  # else the output has the logs already
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
    return f"[{part.type}]"


def _where(part: ImagePart | FilePart) -> str:
    """Where the data is, or what is known of data that stood in the message itself."""
    if part.file_id:
        return part.file_id
    if part.url and not part.url.startswith("data:"):
        return part.url
    size = f"{part.size_bytes:,} bytes" if part.size_bytes is not None else None
    return ", ".join(filter(None, [part.media_type, size])) or "inline"


def _result(result: Any) -> tuple[str, str]:
    """One result as the API gave it: interpreter logs and images, found passages, or anything else."""
    if isinstance(result, dict):
        image = result.get("image")
        if result.get("type") == "image" and isinstance(image, dict):
            return "image", str(image.get("file_id"))
        if result.get("type") == "logs":
            return "logs", str(result.get("logs"))
        if "file_name" in result:
            return "found", _passage(result)
    return "result", compact_json(result)


def _passage(result: dict[str, Any]) -> str:
    score = result.get("score")
    told = f" ({score:.2f})" if isinstance(score, (int, float)) else ""
    content = result.get("content") or ()
    texts = [str(block.get("text") or "") for block in content if isinstance(block, dict)]
    return f"{result['file_name']}{told}: {' '.join(texts)}" if any(texts) else f"{result['file_name']}{told}"
