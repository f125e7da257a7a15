"""One object of the API, where and when it was seen, as a fact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from threadtrail.carrying.pairs import split
from threadtrail.recording.facts import MessageSeen, RunSeen, StepSeen
from threadtrail.sources import json_values
from threadtrail.sources.openai_assistants import statuses
from threadtrail.sources.openai_assistants import values as read

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.recording.meaning import Opening
    from threadtrail.recording.observation import Call
    from threadtrail.values import Message


class Glimpse(NamedTuple):
    """Where and when an object was seen.

    Objects of the same second are sorted by ``place``, which is ``time`` except in lists that begin with the
    newest. ``live`` says that it was seen in a stream, as it happened.
    """

    call: Call
    time: int
    place: int
    live: bool = False


def run_seen(
    data: dict[str, Any], glimpse: Glimpse, learnt_from: str, opening: Callable[[], Opening]
) -> RunSeen | None:
    """Return the fact that a run was seen; ``None`` for an object without an id."""
    run_id = json_values.text_or_none(data.get("id"))
    if run_id is None:
        return None
    name = json_values.text_or_none(data.get("status"))
    status = None if name is None else statuses.run_status(name)
    reason = json_values.mapping(data.get("incomplete_details")).get("reason")
    carried, rest = split(json_values.metadata(data["metadata"]) if "metadata" in data else None)
    return RunSeen(
        call=glimpse.call,
        time=glimpse.time,
        run_id=run_id,
        status=status,
        learnt_from=learnt_from,
        asked_at=glimpse.time if learnt_from == "stream" else glimpse.call.started_at,
        opening=opening,
        streamed=glimpse.live,
        listed=learnt_from == "list",
        thread_id=json_values.text_or_none(data.get("thread_id")),
        created_at=json_values.nanoseconds(data.get("created_at")),
        started_at=json_values.nanoseconds(data.get("started_at")),
        ended_at=read.end_stamp(data, read.RUN_END_STAMPS),
        usage=read.usage(data.get("usage")),
        error=read.failure(data.get("last_error")),
        incomplete_reason=json_values.text_or_none(reason),
        metadata=rest,
        carried=carried,
        required_calls=read.required_tool_calls(data) if status and status.awaits_outputs else (),
    )


def step_seen(data: dict[str, Any], glimpse: Glimpse, run_id: str | None) -> StepSeen:
    """Return the fact that a step of the run was seen."""
    step = read.step(data)
    return StepSeen(
        call=glimpse.call,
        time=glimpse.time,
        run_id=run_id,
        step=step,
        status=statuses.step_status(step.status),
        live=glimpse.live,
        place=glimpse.place,
    )


def message_seen(message: Message, glimpse: Glimpse, run_id: str | None) -> MessageSeen:
    """Return the fact that a message of the run was seen."""
    return MessageSeen(
        call=glimpse.call,
        time=glimpse.time,
        run_id=run_id,
        message=message,
        type=statuses.message_type(message.status),
        ended=message.status in statuses.MESSAGE_ENDS,
        partial=message.status == "in_progress",
        live=glimpse.live,
        place=glimpse.place,
    )
