"""Reads webhooks: a verified event says which status a response has reached, and nothing else about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail.recording.facts import RunSeen
from threadtrail.recording.meaning import Opening
from threadtrail.sources.json_values import mapping, text_or_none
from threadtrail.sources.openai_responses import statuses
from threadtrail.values import NO_REQUEST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.facts import Fact
    from threadtrail.recording.observation import Call

PREFIX = "response."


def webhook_seen(event: dict[str, Any], call: Call, time: int) -> Iterator[Fact]:
    """Yield the status of the response that the event is about; nothing for an event about something else."""
    kind = text_or_none(event.get("type")) or ""
    run_id = text_or_none(mapping(event.get("data")).get("id"))
    name = kind.removeprefix(PREFIX)
    if run_id is None or not kind.startswith(PREFIX) or name not in statuses.ENDS:
        return
    yield RunSeen(
        call=call,
        time=time,
        run_id=run_id,
        status=statuses.said_status(name),
        learnt_from="webhook",
        asked_at=time,
        opening=_opening,
    )


def _opening() -> Opening:
    """Return the ``Opening`` of a run that is first seen in a webhook."""
    return Opening(types=statuses.TYPES, request=NO_REQUEST, assistant=None, input=(), one_generation=True)
