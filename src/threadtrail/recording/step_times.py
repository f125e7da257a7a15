"""Makes the times of a run's steps fit each other and their tool calls (Unix nanoseconds)."""

from __future__ import annotations

from itertools import zip_longest

from threadtrail._quick import changed
from threadtrail.values import Step, ToolCall


def covering(step: Step, calls: tuple[ToolCall, ...]) -> Step:
    """Return the step with its calls; it lasts at least as long as those that were seen live.

    A call that was only seen to be answered has no start: the step began before that.
    """
    live = [call for call in calls if call.seen_live]
    starts = [call.started_at for call in live if call.started_at is not None]
    starts += [call.ended_at for call in calls if call.started_at is None and call.ended_at is not None]
    ends = [call.ended_at for call in live if call.ended_at is not None]
    started_at = min(starts if step.started_at is None else [step.started_at, *starts], default=None)
    ended_at = None if step.ended_at is None else max(step.ended_at, started_at or 0, *ends)
    return changed(step, tool_calls=calls, started_at=started_at, ended_at=ended_at)


def in_sequence(steps: list[Step], answered_at: int | None = None) -> list[Step]:
    """Return the steps with times that follow each other.

    The server's timestamps are whole seconds, so a step may seem to begin before the outputs that it needed
    were submitted. A step without a time of its end lasted until the next one began, or its calls were
    answered. ``answered_at`` is when the run was whole, if a later run answers its calls: outputs that came
    after that were not needed by any of these steps.
    """
    answered = 0
    placed: list[Step] = []
    for step in steps:
        start, end = step.started_at, step.ended_at
        if start is not None and not step.seen_live and start < answered:
            start, end = answered, None if end is None else max(end, answered)
        placed.append(changed(step, started_at=start, ended_at=end))
        ends = [call.ended_at or 0 for call in step.tool_calls if call.seen_live]
        needed = [end for end in ends if answered_at is None or end <= answered_at]
        answered = max(answered, *needed, 0)
    return [
        changed(step, ended_at=_until(after, step)) if step.ended_at is None and after is not None else step
        for step, after in zip_longest(placed, placed[1:])
    ]


def _until(after: Step, step: Step) -> int | None:
    """Return when the next step began or the last call of this one was answered, whichever was later."""
    ends = [call.ended_at for call in step.tool_calls if call.seen_live and call.ended_at is not None]
    return None if after.started_at is None else max([after.started_at, *ends])


def in_order_of_time(steps: list[Step]) -> list[Step]:
    """Return the steps sorted by their start; one whose start is unknown starts with the one before it.

    Calls whose step was never seen come first if their start is unknown.
    """
    latest, placed = 0, []
    for step in steps:
        latest = step.started_at or latest
        if step.id is None:
            placed.append((step.started_at or 0, step))
        else:
            placed.append((latest, changed(step, started_at=latest or None)))
    return [step for _, step in sorted(placed, key=lambda pair: pair[0])]


def unseen_step(calls: list[ToolCall]) -> Step:
    """Return a step for calls whose own step was never seen."""
    starts = [call.started_at for call in calls if call.started_at is not None]
    ends = [call.ended_at for call in calls if call.ended_at is not None]
    return Step(
        id=None,
        kind="tool_calls",
        tool_calls=tuple(calls),
        started_at=min(starts, default=None),
        ended_at=max(ends, default=None),
        seen_live=True,
    )
