"""Conversations: what the app creates, deletes, and puts into them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail._quick import changed
from threadtrail.recording.facts import MessageAdded, ThreadChanged
from threadtrail.sources.json_values import items, text_or_none
from threadtrail.sources.openai_responses.inputs import message_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.facts import Change, Fact
    from threadtrail.recording.observation import Call

CHANGES: dict[str, Change] = {"conversations.create": "created", "conversations.delete": "deleted"}
ADD = "conversations.items.create"
ITEM_CREATED = "conversation.item.created"  # no OpenAI string exists


def conversation_facts(data: dict[str, Any], call: Call, time: int) -> Iterator[Fact]:
    """Yield what a call changed; a call that only reads a conversation yields nothing."""
    change = CHANGES.get(call.operation.does)
    thread_id = text_or_none(data.get("id")) or call.ids.get("thread_id", "")
    if change is not None:
        kind = f"conversation.{change}"
        yield ThreadChanged(call=call, time=time, change=change, thread_id=thread_id, type=kind)
    elif call.operation.does == ADD:
        thread_id = call.ids.get("thread_id", "")
        for item in items(data.get("data")):
            if isinstance(item, dict):
                message = changed(message_of(item), thread_id=thread_id)
                yield MessageAdded(call=call, time=time, message=message, type=ITEM_CREATED)
