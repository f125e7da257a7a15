"""What the statuses of responses and of their output items mean (API reference, "The response object")."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from threadtrail.recording.meaning import EventTypes, RunStatus, StepStatus

ENDS = frozenset({"completed", "failed", "cancelled", "incomplete"})
"""Statuses after which a response does not change."""

ITEM_ENDS = frozenset({"completed", "failed", "incomplete"})

RANKS = {"queued": 0, "in_progress": 1}
"""How far along a response with this status is; an unknown status counts as ``in_progress``."""
END_RANK = 2

ITEM_DONE = "response.output_item.done"

TYPES = EventTypes(
    run_created="response.created",
    run_ended="response.ended",  # no OpenAI string exists
    step_created="response.output_item.added",
    step_unfinished="response.output_item.unfinished",  # no OpenAI string exists
    message_created="response.output_item.added",
    message_incomplete=ITEM_DONE,
)


@lru_cache(maxsize=256)  # servers may invent statuses
def run_status(name: str) -> RunStatus:
    """Return what the status of a response means, known or not."""
    ended = name in ENDS
    return RunStatus(
        name=name,
        type=f"response.{name}",
        rank=END_RANK if ended else RANKS.get(name, RANKS["in_progress"]),
        ended=ended,
        started=name == "in_progress",
        succeeded=name == "completed",
        failed=name == "failed",
        open_steps=item_status(name, ended=True) if ended else None,
    )


def said_status(name: str) -> RunStatus:
    """Return a status that was only announced, as by a webhook: it does not end the run here."""
    return replace(run_status(name), ended=False)


@lru_cache(maxsize=256)  # as above
def item_status(name: str | None, *, ended: bool) -> StepStatus:
    """Return what the status of an output item means; many kinds of item have none."""
    return StepStatus(name=name, type=ITEM_DONE, ended=ended, succeeded=ended and name in {None, "completed"})
