"""The message of a run that is one generation: all items of its answer, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail_opentelemetry import messages as m

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import Message, Step

Json = dict[str, Any]


def answer_messages(node: Node, finish_reason: str) -> list[Json]:
    """Return the answer as one message of the model: reasoning, text, its calls, and their results.

    There is none if nothing of it is known.
    """
    parts = list(_parts(node))
    return [{"role": "assistant", "parts": parts, "finish_reason": finish_reason}] if parts else []


def _parts(node: Node) -> Iterator[Json]:
    messages: dict[str | None, Message] = {message.id: message for message in node.output}
    for step in node.steps:
        yield from m.known_parts(step.parts)
        if step.message_id is not None and step.message_id in messages:
            yield from m.message_parts(messages.pop(step.message_id))
        yield from _calls(step)
    for message in messages.values():
        yield from m.message_parts(message)


def _calls(step: Step) -> Iterator[Json]:
    for call in step.tool_calls:
        yield m.tool_request(call)
        # The app's outputs are part of its next input.
        if call.hosted and m.result_of(call) is not None:
            yield m.tool_response(call)
