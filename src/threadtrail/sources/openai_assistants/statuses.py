"""What the statuses of runs, steps and messages mean (API reference, "The run object" and the like)."""

from __future__ import annotations

from functools import lru_cache

from threadtrail.recording.meaning import EventTypes, RunStatus, StepStatus

RUN_ENDS = frozenset({"completed", "failed", "cancelled", "expired", "incomplete"})
"""Statuses after which a run does not change."""

STEP_ENDS = frozenset({"completed", "failed", "cancelled", "expired"})
MESSAGE_ENDS = frozenset({"completed", "incomplete"})

RANKS = {"queued": 0, "in_progress": 1, "requires_action": 2, "cancelling": 2}
"""How far along a run with this status is; an unknown status counts as ``in_progress``."""
END_RANK = 3

TYPES = EventTypes(
    run_created="thread.run.created",
    run_ended="thread.run.ended",  # no OpenAI string exists
    step_created="thread.run.step.created",
    step_unfinished="thread.run.step.unfinished",  # no OpenAI string exists
    message_created="thread.message.created",
    message_incomplete="thread.message.incomplete",
)


@lru_cache(maxsize=256)  # servers may invent statuses
def run_status(name: str) -> RunStatus:
    """Return what a run's status means, known or not."""
    ended = name in RUN_ENDS
    return RunStatus(
        name=name,
        type=f"thread.run.{name}",
        rank=END_RANK if ended else RANKS.get(name, RANKS["in_progress"]),
        ended=ended,
        started=name == "in_progress",
        awaits_outputs=name == "requires_action",
        succeeded=name == "completed",
        failed=name in {"failed", "expired"},
        # "incomplete" is not a status of steps: the run's limit ended it, not an error of its own.
        open_steps=step_status("completed" if name == "incomplete" else name) if ended else None,
    )


@lru_cache(maxsize=256)  # as above
def step_status(name: str | None) -> StepStatus:
    """Return what a step's status means, known or not."""
    return StepStatus(
        name=name,
        type=f"thread.run.step.{name}",
        ended=name in STEP_ENDS,
        succeeded=name == "completed",
    )


ENDS = {"thread.run.": RUN_ENDS, "thread.run.step.": STEP_ENDS, "thread.message.": MESSAGE_ENDS}
"""The final statuses of each kind of object, by the prefix of its stream events."""


def status_in_event(name: str, status: str | None) -> str | None:
    """Return the status of an object in a stream; if the event's name is that of an end, the name counts.

    Some servers send ``thread.message.completed`` with a message that is still ``in_progress``.
    """
    beginning, _, end = name.rpartition(".")
    ends = ENDS.get(f"{beginning}.", frozenset())
    return end if end in ends and status not in ends else status


def message_type(status: str | None) -> str:
    """Return the ``type`` of the event that publishes the end of a message."""
    return f"thread.message.{status or 'completed'}"
