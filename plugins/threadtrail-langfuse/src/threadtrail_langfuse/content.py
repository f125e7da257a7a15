"""Messages, tool calls and results in the formats that Langfuse shows as a conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.otlp.run_content import instruction_texts, parsed
from threadtrail.values import (
    FilePart,
    ImagePart,
    OtherPart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Message, Part, RunRequest, Step

Json = dict[str, Any]
TEXTS = (TextPart, RefusalPart)
BESIDE_CONTENT = (ReasoningPart, ToolCallPart, ToolResultPart)
"""Parts that chat APIs have in fields of their own, or in messages of their own."""


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
    """Return whether there is anything to show; there is none if content is not recorded."""
    return bool(message.text or message.attachments) or any(
        not isinstance(part, (*TEXTS, ReasoningPart)) or (isinstance(part, ReasoningPart) and part.text)
        for part in message.parts
    )


def chat_message(message: Message) -> Json:
    """Return a message in the format of chat APIs, which Langfuse renders."""
    results = [part for part in message.parts if isinstance(part, ToolResultPart)]
    if results:
        outputs = [
            parsed(part.output) if part.output is not None else plain(part.results) for part in results
        ]
        given = outputs[0] if len(outputs) == 1 else outputs
        return {"role": message.role, "tool_call_id": results[0].id, "content": given}
    chat: Json = {"role": message.role, "content": _content(message)}
    notes = [note for part in message.parts if isinstance(part, TextPart) for note in part.annotations]
    calls = [_requested(_call(part)) for part in message.parts if isinstance(part, ToolCallPart)]
    more = {"annotations": plain(notes), "tool_calls": calls, "reasoning_content": reasoning(message.parts)}
    return {**chat, **{name: value for name, value in more.items() if value}}


def reasoning(parts: Iterable[Part]) -> str:
    """Return the model's reasoning as text; encrypted reasoning is left out."""
    return "\n\n".join(part.text for part in parts if isinstance(part, ReasoningPart) and part.text)


def answers(node: Node) -> list[Json]:
    """Return the answer of a run that is one generation: its messages, and its calls for the app."""
    messages: dict[str | None, Message] = {message.id: message for message in node.output}
    found: list[Json] = []
    for step in node.steps:
        message = messages.pop(step.message_id, None) if step.message_id is not None else None
        if message is not None and has_content(message):
            found.append(chat_message(message))
    found += [chat_message(message) for message in messages.values() if has_content(message)]
    if node.requested_tool_calls:
        found.append(tool_requests(node.requested_tool_calls))
    thought = reasoning(part for step in node.steps for part in step.parts)
    if thought:
        first = found.pop(0) if found else {"role": "assistant", "content": None}
        found.insert(0, {**first, "reasoning_content": thought})
    return found


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
    if call.approved is not None and call.output is None:
        return {"approved": call.approved}
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


def _content(message: Message) -> Any:
    """Return the text of a message, or its parts; ``None`` if it has neither."""
    parts = [part for part in message.parts if not isinstance(part, BESIDE_CONTENT)]
    if not parts and not message.attachments and message.parts:
        return None
    if not message.attachments and all(isinstance(part, TEXTS) for part in parts):
        return message.text
    return [*map(_part, parts), *_attached(message)]


def _call(part: ToolCallPart) -> ToolCall:
    return ToolCall(id=part.id or "", kind=part.kind, name=part.name or part.kind, arguments=part.arguments)


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
    return {"type": part.type}


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
    name = call.name if call.name != call.kind else None
    return {"id": call.id, "type": call.kind, call.kind: _known(name=name, input=call.arguments)}


def _known(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
