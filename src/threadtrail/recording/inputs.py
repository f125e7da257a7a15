"""What was asked of a run, read off a list of its thread's messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.recording import assistants as read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.recording.observation import Call
    from threadtrail.recording.runs import RunRecord
    from threadtrail.values import Message


def complete_inputs(records: Iterable[RunRecord], objects: list[dict[str, Any]], call: Call) -> None:
    """Complete what the open runs of a thread know of their input, by the messages that ``call`` listed."""
    listed = [read.message(data) for data in objects if data.get("object") == "thread.message"]
    sent = [message for message in listed if message.run_id is None]
    newest = call.arguments.get("order") != "asc" and not call.arguments.get("after")
    for record in records:
        if record.input:
            record.input = with_ids(record.input, sent)
        elif not record.input_read and (newest or any(m.run_id == record.id for m in listed)):
            # Another page of the list would hold what was said long before.
            record.input_read = True
            record.input = input_from_listing(listed, record.id, record.created_at_server)


def input_from_listing(messages: list[Message], run_id: str, created_at: int) -> tuple[Message, ...]:
    """The input of a run whose messages this process never saw added, read off a list of its thread.

    It is what stands between the last answer before the run and the run itself; ``messages`` are in
    order of their creation and ``created_at`` (Unix nanoseconds, the server's clock) is the run's.
    """
    before = [
        message
        for message in messages
        if message.run_id != run_id and (message.created_at or 0) <= created_at
    ]
    last_answer = max((place for place, message in enumerate(before) if message.run_id), default=-1)
    return tuple(before[last_answer + 1 :])


def with_ids(messages: tuple[Message, ...], listed: list[Message]) -> tuple[Message, ...]:
    """The same messages, those that were only sent so far now with the id the list gives them."""
    free = [message for message in listed if message.id not in {known.id for known in messages}]
    named = []
    for message in messages:
        twin = next((m for m in free if m.role == message.role and m.parts == message.parts), None)
        if message.id is None and twin is not None:
            free.remove(twin)
            named.append(replace(message, id=twin.id, created_at=twin.created_at))
        else:
            named.append(message)
    return tuple(named)
