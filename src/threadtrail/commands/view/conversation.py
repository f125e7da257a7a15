"""A run as a conversation: what it was sent, what the model thought, called and said, in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.commands.view.values import Object, json_text, known, milliseconds
from threadtrail.exporters.content_lines import ARGUMENTS
from threadtrail.merging.calls import is_failed, is_given_up
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

    from threadtrail.values import Failure, Message, Part, Run, Step, ToolCall

SHOWN_IMAGES = ("data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;")
"""Images that the recording itself holds, and the page shows. It never loads one from an address."""


def conversation(run: Run) -> list[Object]:
    """Return the items of a run's conversation in order."""
    return [*_sent(run), *_made(run)]


def _sent(run: Run) -> Iterator[Object]:
    request, assistant = run.request, run.assistant
    instructions = request.instructions or (assistant.instructions if assistant is not None else None)
    for text in (instructions, request.additional_instructions):
        if text:
            yield {"kind": "message", "role": "instructions", "parts": [{"type": "text", "text": text}]}
    earlier = run.input[: len(run.input) - len(run.new_input)]
    if earlier:
        yield {"kind": "earlier", "items": [message_item(message) for message in earlier]}
    elif run.previous_run_id is not None:
        yield {"kind": "after", "run": run.previous_run_id}
    yield from (message_item(message) for message in run.new_input)


def _made(run: Run) -> Iterator[Object]:
    messages = {message.id: message for message in run.output if message.id is not None}
    for step in run.steps:
        yield from _step_items(step, messages)
    made = {step.message_id for step in run.steps if step.message_id is not None}
    yield from (message_item(message) for message in run.output if message.id not in made)


def _step_items(step: Step, messages: dict[str, Message]) -> Iterator[Object]:
    message = messages.pop(step.message_id, None) if step.message_id is not None else None
    items: list[Object] = []
    if step.parts:
        items.append(known(kind="thought", parts=[_part(part) for part in step.parts], status=step.status))
    if message is not None:
        items.append(message_item(message))
    items += [call_item(call) for call in step.tool_calls]
    if not items and step.message_id is None:
        items.append(known(kind="item", name=step.kind, status=step.status))
    yield from items
    if step.error is not None and step.error not in [call.error for call in step.tool_calls]:
        yield {"kind": "error", "error": failure(step.error)}


def message_item(message: Message) -> Object:
    """Return a message; ``answers`` is the id of the call whose output it holds."""
    attached = [
        {"type": "other", "name": "attached", "json": json_text(item)} for item in message.attachments
    ]
    return known(
        kind="message",
        role=message.role,
        id=message.id,
        phase=message.phase,
        status=message.status,
        reason=message.incomplete_reason,
        at=milliseconds(message.created_at),
        answers=message.tool_call_id,
        parts=[*map(_part, message.parts), *attached],
        metadata=json_text(message.metadata) if message.metadata else None,
    )


def call_item(call: ToolCall) -> Object:
    """Return a tool call with its arguments and output, which are text that may be JSON."""
    executed_by = "person" if call.executed_by == "human" else "server" if call.hosted else "app"
    return known(
        kind="call",
        id=call.id,
        name=call.name or call.kind,
        tool=call.kind,
        by=executed_by,
        label=ARGUMENTS.get(call.kind, "arguments"),
        arguments=call.arguments,
        results=[json_text(result) for result in call.results],
        approved=None if call.approved is None else "approved" if call.approved else "refused",
        error=failure(call.error) if is_failed(call) else None,
        status=call.status,
        start=milliseconds(call.started_at),
        end=milliseconds(call.ended_at),
        server=call.server_label,
        namespace=call.namespace,
        caller=call.caller_id,
        open=_is_open(call),
    ) | ({} if call.output is None else {"output": call.output})


def _is_open(call: ToolCall) -> bool:
    """Return whether nobody answered a call, even if its process stopped waiting for one."""
    if is_given_up(call):
        return True
    return not call.answered and not (call.hosted and call.status == "completed")


def failure(error: Failure | None) -> Object | None:
    """Return why something failed."""
    return None if error is None else known(type=error.type, message=error.message, param=error.param)


def _part(part: Part) -> Object:
    fields: dict[str, Any]
    match part:
        case TextPart():
            fields = {"text": part.text}
            if part.annotations:
                fields["annotations"] = json_text(part.annotations)
        case RefusalPart():
            fields = {"text": part.refusal}
        case ReasoningPart():
            fields = {"text": part.text, "encrypted": part.encrypted_bytes}
        case ImagePart() | FilePart():
            fields = _stored(part)
        case ToolCallPart():
            fields = {"id": part.id, "name": part.name or part.kind, "arguments": part.arguments}
        case ToolResultPart():
            results = [json_text(result) for result in part.results]
            fields = {"id": part.id, "output": part.output, "results": results}
        case _:
            return {"type": "other", "name": part.type, "json": json_text(part.data)}
    return {"type": part.type, **known(**fields)}


def _stored(part: ImagePart | FilePart) -> Object:
    """Return what is known of an image or a file; its data only for an image that the recording holds."""
    inline = part.url is not None and part.url.startswith("data:")
    shown = part.url is not None and part.url.startswith(SHOWN_IMAGES)
    return {
        "file": part.file_id,
        "name": part.filename if isinstance(part, FilePart) else None,
        "url": None if inline else part.url,
        "data": part.url if shown and isinstance(part, ImagePart) else None,
        "media": part.media_type,
        "bytes": part.size_bytes,
    }
