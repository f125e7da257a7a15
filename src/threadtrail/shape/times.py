"""Intervals for a run, its steps and its tool calls: never negative, no child outside its parent.

Some times were seen live, some are the server's whole seconds, and some are unknown. A missing time comes
from the neighbours and the parent. A time outside the parent is moved into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.values import Run, Step, ToolCall


class Interval(NamedTuple):
    """From ``start`` to ``end``, in Unix nanoseconds; ``start <= end``."""

    start: int
    end: int

    def around(self, time: int) -> int:
        """Return the moment of this interval that is nearest to ``time``."""
        return min(max(time, self.start), self.end)

    def fit(self, start: int, end: int) -> Interval:
        """Return the interval from ``start`` to ``end``, limited to this one."""
        inner_start = self.around(start)
        return Interval(inner_start, max(inner_start, self.around(end)))


def run_interval(run: Run) -> Interval:
    """Return the run's interval, from its creation to its end, including its time in the queue."""
    inner = sorted(_inner_times(run))
    known = (run.created_at, run.started_at, *(inner[:1]), run.ended_at)
    start = next((time for time in known if time is not None), 0)
    end = run.ended_at if run.ended_at is not None else max([start, *inner])
    return Interval(start, max(start, end))


def step_intervals(steps: tuple[Step, ...], within: Interval) -> list[Interval]:
    """Return one interval per step, in order.

    A missing start is the end of the step before; a missing end is the start of the next step that
    has one, or the end of the run.
    """
    starts = [_first(step.started_at, _earliest(step)) for step in steps]
    ends = [_first(step.ended_at, _latest(step)) for step in steps]
    intervals: list[Interval] = []
    so_far = within.start
    for index in range(len(steps)):
        start = _first(starts[index], so_far) or 0
        later = (time for time in starts[index + 1 :] if time is not None and time >= start)
        end = _first(ends[index], next(later, None), within.end) or 0
        intervals.append(within.fit(start, end))
        so_far = intervals[-1].end if ends[index] is not None else intervals[-1].start
    return intervals


def tool_interval(call: ToolCall, step: Interval, within: Interval) -> Interval:
    """Return the call's own times if they are known, else those of its step."""
    start = _first(call.started_at, step.start) or 0
    return within.fit(start, _first(call.ended_at, step.end) or 0)


def turn_interval(step: Step, interval: Interval) -> Interval:
    """Return the model turn that asked for a step's tools: it ends when the first call starts."""
    live = [call.started_at for call in step.tool_calls if call.seen_live and call.started_at is not None]
    return interval.fit(interval.start, min([interval.end, *live]))


def generation_interval(run: Run, within: Interval) -> Interval:
    """Return the model's part of a run that then waits for the app: it ends with the model's answer."""
    asked = [call.started_at for call in run.tool_calls if not call.hosted and call.started_at is not None]
    return within.fit(within.start, _first(run.answered_at, min(asked, default=None), within.end) or 0)


def _first(*times: int | None) -> int | None:
    return next((time for time in times if time is not None), None)


def _earliest(step: Step) -> int | None:
    return min((call.started_at for call in step.tool_calls if call.started_at is not None), default=None)


def _latest(step: Step) -> int | None:
    """Return the end of a step's last call, if all of them have ended."""
    ends = [call.ended_at for call in step.tool_calls]
    known = [time for time in ends if time is not None]
    return max(known) if known and len(known) == len(ends) else None


def _inner_times(run: Run) -> Iterator[int]:
    """Return every known time of the run's parts."""
    yield from (change.time for change in run.status_history)
    if run.answered_at is not None:
        yield run.answered_at
    parts: tuple[Step | ToolCall, ...] = (*run.steps, *run.tool_calls)
    for part in parts:
        yield from (time for time in (part.started_at, part.ended_at) if time is not None)
