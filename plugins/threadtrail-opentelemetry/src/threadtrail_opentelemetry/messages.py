"""Messages, instructions, tools and tool calls in the JSON shapes of the GenAI conventions."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from threadtrail.otlp.run_content import instruction_texts, parsed
from threadtrail.values import (
    FilePart,
    ImagePart,
    ReasoningPart,
    RefusalPart,
    TextPart,
    ToolCall,
    ToolCallPart,
    ToolResultPart,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.values import Message, Part, RunRequest, Step

Json = dict[str, Any]

INLINE_DATA = re.compile(r"data:(?P<media_type>[^;,]*)(?:;[^,]*)?;base64,(?P<content>.*)", re.DOTALL)
MODALITIES = ("image", "video", "audio")


def input_messages(messages: Iterable[Message]) -> list[Json]:
    """Return messages to the model."""
    return [{"role": message.role, "parts": message_parts(message)} for message in messages]


def output_messages(messages: Iterable[Message], finish_reason: str) -> list[Json]:
    """Return messages of the model, each with the reason why it stopped."""
    return [{**message, "finish_reason": finish_reason} for message in input_messages(messages)]


def tool_request_message(calls: Iterable[ToolCall]) -> Json:
    """Return the message of a turn that requested these calls instead of answering."""
    return {"role": "assistant", "parts": list(map(tool_request, calls)), "finish_reason": "tool_call"}


def tool_response_message(step: Step) -> Json:
    """Return the results of a step's calls, which are new to the model at its next turn."""
    return {"role": "tool", "parts": [tool_response(call) for call in step.tool_calls]}


def system_instructions(request: RunRequest) -> list[Json]:
    """Return the run's instructions; additional ones are a separate part, unless the API merged them."""
    return [_text(text) for text in instruction_texts(request)]


def instructions_only(instructions: str | None) -> list[Json]:
    """Return an assistant's own instructions."""
    return [_text(instructions)] if instructions else []


def tool_definitions(tools: Sequence[Any]) -> list[Json]:
    """Return the offered tools: functions with their description, the API's own tools by name."""
    return [_definition(tool) for tool in tools if isinstance(tool, dict)]


def tool_description(request: RunRequest, name: str) -> str | None:
    """Return the description of the function called ``name``."""
    definitions = tool_definitions(request.tools)
    return next((tool.get("description") for tool in definitions if tool["name"] == name), None)


def arguments_of(call: ToolCall) -> Any:
    """Return the call's arguments, as an object if possible: code and queries under the API's names."""
    if call.arguments is None:
        return None
    if call.kind == "code_interpreter":
        return {"input": call.arguments}
    arguments = parsed(call.arguments)
    if call.kind == "file_search" and not isinstance(arguments, dict):
        return {"queries" if isinstance(arguments, list) else "query": arguments}
    return arguments


def result_of(call: ToolCall) -> Any:
    """Return the call's result: structured where the API structures it, else the output, parsed if JSON."""
    if call.results and call.kind in {"code_interpreter", "file_search"}:
        return list(call.results)
    if call.output is None:
        return list(call.results) or (None if call.approved is None else {"approved": call.approved})
    output = parsed(call.output)
    return {"output": output, "results": list(call.results)} if call.results else output


def as_text(value: Any) -> str:
    """Return the value as JSON, for backends without structured attributes; text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def message_parts(message: Message) -> list[Json]:
    """Return the parts of a message, and its attachments as files."""
    return [*known_parts(message.parts), *map(_attachment, message.attachments)]


def known_parts(parts: Iterable[Part]) -> list[Json]:
    """Return these parts without encrypted reasoning."""
    return [_part(part) for part in parts if not isinstance(part, ReasoningPart) or part.text]


def _attachment(item: Any) -> Json:
    return {"type": "file", "modality": "document", "file_id": str(item.get("file_id", ""))}


def _part(part: Part) -> Json:
    match part:
        case TextPart():
            return _text(part.text)
        case RefusalPart():
            return {"type": "refusal", "content": part.refusal}
        case ReasoningPart():
            return {"type": "reasoning", "content": part.text}
        case ImagePart() | FilePart():
            return dict(_file(part))
        case ToolCallPart() | ToolResultPart():
            return _of_earlier_call(part)
    return {**part.data, "type": part.type}


def _of_earlier_call(part: ToolCallPart | ToolResultPart) -> Json:
    """Return the call of an earlier run, or the app's result of it."""
    identity, kind = part.id or "", part.kind
    if isinstance(part, ToolCallPart):
        name = part.name or kind
        return tool_request(ToolCall(id=identity, kind=kind, name=name, arguments=part.arguments))
    call = ToolCall(id=identity, kind=kind, name=kind, output=part.output, results=part.results)
    return _client_response(call)


def _text(text: str) -> Json:
    return {"type": "text", "content": text}


def _file(part: ImagePart | FilePart) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an uploaded file, an address, inline data, or data that was left out."""
    inline = INLINE_DATA.fullmatch(part.url or "")
    media_type = part.media_type or (inline["media_type"] if inline else None)
    if part.file_id:
        yield from (("type", "file"), ("file_id", part.file_id))
    elif inline:
        yield from (("type", "blob"), ("content", inline["content"]))
    elif part.url:
        yield from (("type", "uri"), ("uri", part.url))
    else:
        yield from (("type", "omitted"), ("size_bytes", part.size_bytes))
    yield "modality", _modality(part, media_type)
    if media_type:
        yield "mime_type", media_type


def _modality(part: ImagePart | FilePart, media_type: str | None) -> str:
    if isinstance(part, ImagePart):
        return "image"
    family = (media_type or "").partition("/")[0]
    return family if family in MODALITIES else "document"


def tool_request(call: ToolCall) -> Json:
    """Return the part of a message that asks for a tool of the app, or of the server."""
    arguments = arguments_of(call)
    if not call.hosted:
        return {"type": "tool_call", "id": call.id, "name": call.name, "arguments": arguments}
    body = arguments if isinstance(arguments, dict) else {"arguments": arguments}
    return {
        "type": "server_tool_call",
        "id": call.id,
        "name": call.name,
        "server_tool_call": {**body, "type": call.kind},
    }


def tool_response(call: ToolCall) -> Json:
    """Return the part of a message that holds a tool's result."""
    if not call.hosted:
        return _client_response(call)
    return {
        "type": "server_tool_call_response",
        "id": call.id,
        "server_tool_call_response": {"type": call.kind, "result": result_of(call)},
    }


def _client_response(call: ToolCall) -> Json:
    return {"type": "tool_call_response", "id": call.id, "response": result_of(call)}


def _definition(tool: Any) -> Json:
    kind = str(tool.get("type", "function"))
    nested = tool.get(kind)
    function = nested if isinstance(nested, dict) else tool
    name = str(function.get("name") or tool.get("server_label") or kind)
    if kind != "function":
        return {"type": kind, "name": name}
    known = {key: function[key] for key in ("description", "parameters") if function.get(key) is not None}
    return {"type": "function", "name": name, **known}
