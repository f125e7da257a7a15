"""The times of a run, calculated once for the list, the numbers and the waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.shape.times import Interval, generation_interval, run_interval
from threadtrail.turn import timeline

if TYPE_CHECKING:
    from threadtrail.values import Run

Parts = tuple[tuple[str, tuple[int, int]], ...]
"""What a time was spent on, in order and without overlaps: a kind as in ``TimeSpent``, start and end."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of a run, in Unix nanoseconds.

    ``within`` lasts until the calls that the run left to the app were answered, ``own`` until the model had
    answered; ``parts`` say what ``own`` was spent on; ``last`` is when everything known of it had ended.
    """

    within: Interval
    own: Interval
    parts: Parts
    last: int


def timing_of(run: Run) -> Timing:
    """Return when a run took place."""
    within = run_interval(run)
    own = generation_interval(run, within) if run.one_generation else within
    ends = [call.ended_at for call in run.tool_calls if call.ended_at is not None]
    parts = tuple(timeline([run], own.start, own.end))
    return Timing(within=within, own=own, parts=parts, last=max([within.end, *ends]))
