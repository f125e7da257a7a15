"""The waterfall of a run or a turn: each part and its duration, as bars on one axis.

Each bar is a lane, with segments of a kind: ``queued``, ``generating``, ``tools`` (work that the app does),
``person`` (waiting for one), ``hosted`` (a tool that the server runs), ``item`` (a part of an answer). The
band above them shows the whole time, without overlaps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.commands.view.states import state_of
from threadtrail.commands.view.values import known, milliseconds
from threadtrail.merging.calls import is_failed, is_given_up
from threadtrail.shape.spans import model_of, run_name
from threadtrail.shape.times import Interval, step_intervals, tool_interval, turn_interval
from threadtrail.turn import timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.commands.view.entries import Entry
    from threadtrail.commands.view.timing import Parts
    from threadtrail.commands.view.values import Object
    from threadtrail.values import Run, Step, ToolCall


def waterfall(entries: Sequence[Entry]) -> Object:
    """Return the waterfall of a run, or of the runs of a turn in order.

    ``start`` is in Unix milliseconds, all other times are milliseconds from there.
    """
    timings = [entry.timing for entry in entries]
    whole = Interval(min(each.within.start for each in timings), max(each.last for each in timings))
    drawing = _Drawing(whole, depth=1 if len(entries) > 1 else 0)
    return {
        "start": milliseconds(whole.start),
        "length": milliseconds(whole.end - whole.start),
        "band": [drawing.segment(kind, *interval) for kind, interval in _band(entries, whole)],
        "lanes": [lane for entry in entries for lane in drawing.lanes(entry)],
        "marks": [
            [drawing.at(change.time), change.status, change.learnt_from]
            for entry in entries
            for change in entry.run.status_history
        ],
    }


def _band(entries: Sequence[Entry], whole: Interval) -> Parts:
    first = entries[0].timing
    if len(entries) == 1 and first.own == whole:
        return first.parts
    return tuple(timeline([entry.run for entry in entries], whole.start, whole.end))


class _Drawing:
    """Draws lanes within one interval.

    Args:
        whole: what the axis shows.
        depth: the indentation of a run's lane; the lanes of its parts have one more.
    """

    def __init__(self, whole: Interval, *, depth: int) -> None:
        self.whole = whole
        self.depth = depth

    def at(self, time: int) -> float:
        """Return a moment as milliseconds from the start."""
        return milliseconds(self.whole.around(time) - self.whole.start) or 0.0

    def segment(self, kind: str, start: int, end: int) -> list[object]:
        return [kind, self.at(start), self.at(end)]

    def lanes(self, entry: Entry) -> Iterator[Object]:
        """Yield the lane of a run, then those of its parts in the order in which they began."""
        run = entry.run
        within, own = entry.timing.within, entry.timing.own
        yield known(
            label=(model_of(run) if run.one_generation else None) or run_name(run),
            kind="run",
            depth=self.depth,
            start=self.at(own.start),
            end=self.at(own.end),
            status=run.status,
            state=state_of(run, in_progress=entry.in_progress),
            segments=[self.segment(kind, *part) for kind, part in entry.timing.parts],
            first_output=self.at(run.first_output_at) if run.first_output_at is not None else None,
            run=entry.handle,
            open=entry.in_progress,
        )
        parts = list(self._parts(run, within))
        yield from sorted(parts, key=lambda lane: lane["start"]) if run.one_generation else parts

    def _parts(self, run: Run, within: Interval) -> Iterator[Object]:
        intervals = step_intervals(run.steps, within)
        for step, interval in zip(run.steps, intervals, strict=True):
            if (shown := _shown(run, step, interval)) is not None:
                yield self._step(step, shown)
            for call in step.tool_calls:
                yield self._call(run, call, tool_interval(call, interval, self._end_of(call, within)))

    def _end_of(self, call: ToolCall, within: Interval) -> Interval:
        """Return the interval that a call lies in: the app's calls may end after their run was published."""
        return within if call.hosted else Interval(within.start, self.whole.end)

    def _step(self, step: Step, interval: Interval) -> Object:
        return known(
            label=step.kind,
            kind="item",
            depth=self.depth + 1,
            start=self.at(interval.start),
            end=self.at(interval.end),
            status=step.status,
            state="bad" if step.error is not None else None,
            segments=[self.segment("item", *interval)],
        )

    def _call(self, run: Run, call: ToolCall, interval: Interval) -> Object:
        kind = "person" if call.executed_by == "human" else "hosted" if call.hosted else "tools"
        still_open = not call.hosted and (not call.answered or is_given_up(call))
        since = run.answered_at if still_open and call.started_at is None else None
        start = interval.start if since is None else since
        end = self.whole.end if still_open else interval.end
        return known(
            label=call.name or call.kind,
            kind=kind,
            depth=self.depth + 1,
            start=self.at(start),
            end=self.at(max(start, end)),
            status=call.status,
            state="bad" if is_failed(call) else None,
            segments=[self.segment(kind, start, max(start, end))],
            call=call.id,
            open=still_open,
        )


def _shown(run: Run, step: Step, interval: Interval) -> Interval | None:
    """Return when the model worked on a step; None if that is unknown or its calls have lanes."""
    if not run.one_generation:
        return turn_interval(step, interval) if step.id is not None else None
    timed = step.started_at is not None and step.ended_at is not None
    return interval if timed and not step.tool_calls else None
