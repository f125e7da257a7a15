"""Messages, tool calls and results in the formats that Langfuse shows as a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.otlp.run_content import instruction_texts, parsed
from threadtrail.values import FilePart, ImagePart, OtherPart, RefusalPart, TextPart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.values import Message, Part, RunRequest, Step, ToolCall

Json = dict[str, Any]
TEXTS = (TextPart, RefusalPart)


def at_a_glance(messages: Sequence[Message], role: str) -> str | list[Json] | None:
    """Return the messages of ``role`` (all, if there are none), as plain text if possible."""
    known = [message for message in messages if has_content(message)]
    chosen = [message for message in known if message.role == role] or known
    if not chosen:
        return None
    if all(_is_text(message) for message in chosen):
        return "\n\n".join(message.text for message in chosen)
    return [chat_message(message) for message in chosen]


def instructions(request: RunRequest) -> list[Json]:
    """Return the run's instructions as a system message."""
    text = "\n\n".join(instruction_texts(request))
    return [{"role": "system", "content": text}] if text else []


def has_content(message: Message) -> bool:
    """Whether there is anything to show; not if content is not recorded."""
    return bool(message.text or message.attachments) or not _is_text(message)


def chat_message(message: Message) -> Json:
    """Return a message in the format of chat APIs, which Langfuse renders."""
    content: Any = message.text if _is_text(message) else [*map(_part, message.parts), *_attached(message)]
    chat: Json = {"role": message.role, "content": content}
    notes = [note for part in message.parts if isinstance(part, TextPart) for note in part.annotations]
    return {**chat, "annotations": plain(notes)} if notes else chat


def tool_requests(calls: Sequence[ToolCall]) -> Json:
    """Return the message of a turn that requested tools instead of answering."""
    return {"role": "assistant", "content": None, "tool_calls": [_requested(call) for call in calls]}


def tool_results(step: Step) -> list[Json]:
    """Return the results of a step's tools, which are new to the model at its next turn."""
    return [
        {"role": "tool", "tool_call_id": call.id, "content": tool_output(call)}
        for call in step.tool_calls
        if tool_output(call) is not None
    ]


def tool_input(call: ToolCall) -> Any:
    """Return the arguments as an object, if they are one in JSON; code and queries as they are."""
    return call.arguments if call.kind == "code_interpreter" else parsed(call.arguments)


def tool_output(call: ToolCall) -> Any:
    """Return the result: passages, logs and images if the API returns those, else the output."""
    if call.kind == "function" or not call.results:
        return parsed(call.output)
    return plain(call.results)


def plain(value: Any) -> Any:
    """Return the value as ordinary lists and dicts: the SDK looks for media only in those."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _is_text(message: Message) -> bool:
    return not message.attachments and all(isinstance(part, TEXTS) for part in message.parts)


def _part(part: Part) -> Json:
    match part:
        case TextPart():
            return {"type": "text", "text": part.text}
        case RefusalPart():
            return {"type": "refusal", "refusal": part.refusal}
        case ImagePart():
            return _image(part)
        case FilePart():
            return _file(part)
        case OtherPart():
            return {**plain(part.data), "type": part.type}


def _image(part: ImagePart) -> Json:
    """Return an address (the SDK uploads inline data as media), an uploaded file, or a placeholder."""
    if part.url is not None:
        return {"type": "image_url", "image_url": _known(url=part.url, detail=part.detail)}
    if part.file_id is not None:
        return {"type": "image_file", "image_file": _known(file_id=part.file_id, detail=part.detail)}
    return _left_out("image", part)


def _file(part: FilePart) -> Json:
    if part.url is None and part.file_id is None:
        return _left_out("file", part)
    return {
        "type": "file",
        "file": _known(file_id=part.file_id, filename=part.filename, file_data=part.url),
    }


def _left_out(kind: str, part: ImagePart | FilePart) -> Json:
    """Return a placeholder for data that was too long to be recorded."""
    return {"type": kind, **_known(media_type=part.media_type, size_bytes=part.size_bytes), "left_out": True}


def _attached(message: Message) -> list[Json]:
    return [{"type": "file", "file": plain(item)} for item in message.attachments]


def _requested(call: ToolCall) -> Json:
    if call.kind == "function":
        return {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
    return {"id": call.id, "type": call.kind, call.kind: _known(input=call.arguments)}


def _known(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
