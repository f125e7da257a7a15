"""The input of a response, as the app sent it: messages, earlier calls, their outputs, reasoning."""

from __future__ import annotations

from typing import Any

from threadtrail._frozen import clean_text, freeze
from threadtrail.sources.json_values import objects, text_or_none
from threadtrail.sources.openai_responses import contents
from threadtrail.sources.openai_responses.calls import CALLS, OUTPUTS, output_of, tool_call
from threadtrail.values import Message, OtherPart, TextPart, ToolCallPart, ToolResultPart


def input_messages(given: Any, thread_id: str | None = None) -> tuple[Message, ...]:
    """Return the input as messages, one for each item; a plain text is one message of the user."""
    if isinstance(given, str):
        return (Message(role="user", thread_id=thread_id, parts=(TextPart(text=clean_text(given)),)),)
    return tuple(message_of(item, thread_id) for item in objects(given))


def message_of(item: dict[str, Any], thread_id: str | None = None) -> Message:
    """Return one item of an input, or of a conversation, as a message."""
    kind = text_or_none(item.get("type")) or "message"
    if kind in OUTPUTS:
        identity = text_or_none(item.get(OUTPUTS[kind]))
        output, results = output_of(item)
        part = ToolResultPart(id=identity, kind=_kind_of_answer(kind), output=output, results=results)
        return _message(item, "tool", thread_id, (part,), tool_call_id=identity)
    call = tool_call(item, "")
    if call is not None:
        asked = ToolCallPart(id=call.id or None, kind=call.kind, name=call.name, arguments=call.arguments)
        return _message(item, "assistant", thread_id, (asked,))
    if kind == "reasoning":
        return _message(item, "assistant", thread_id, contents.reasoning(item))
    if kind == "message" or "content" in item:
        return _message(item, "user", thread_id, contents.parts(item.get("content")))
    return _message(item, "assistant", thread_id, (OtherPart(type=kind, data=freeze(_shown(item))),))


def _message(
    item: dict[str, Any], role: str, thread_id: str | None, parts: Any, tool_call_id: str | None = None
) -> Message:
    return Message(
        id=text_or_none(item.get("id")),
        role=text_or_none(item.get("role")) or role,
        thread_id=thread_id,
        status=text_or_none(item.get("status")),
        parts=parts,
        phase=text_or_none(item.get("phase")),
        tool_call_id=tool_call_id,
    )


def _kind_of_answer(kind: str) -> str:
    return next((call.kind for name, call in CALLS.items() if f"{name}_output" == kind), "mcp_approval")


def _shown(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item without its encrypted content."""
    return {key: value for key, value in item.items() if key != "encrypted_content"}
