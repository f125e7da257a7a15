"""What is counted and measured of a run or a turn, in the units of the page."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from threadtrail.commands.view.costs import cost_fields
from threadtrail.commands.view.values import Object, known, milliseconds
from threadtrail.shape.times import generation_interval, run_interval
from threadtrail.turn import add_usages, time_spent

if TYPE_CHECKING:
    from threadtrail.commands.view.groups import Entry, Group
    from threadtrail.values import Run, Usage


def numbers_of_run(entry: Entry) -> Object:
    """Return the numbers of a run; times in milliseconds, ``spent`` on what as in ``TimeSpent``."""
    run = entry.run
    within = run_interval(run)
    own = generation_interval(run, within) if run.one_generation else within
    first = run.first_output_at
    return known(
        duration=milliseconds(own.end - own.start),
        first_output=milliseconds(max(first - own.start, 0)) if first is not None else None,
        spent=_spent(asdict(time_spent([run], own.start, own.end))),
        **_tokens(usage_of(run)),
        **cost_fields([entry]),
        calls=len(run.tool_calls),
        polls=run.poll_count,
        retries=run.retry_count,
    )


def numbers_of_group(group: Group) -> Object:
    """Return the numbers of a turn: sums, but for the time, which is that from its start to its end."""
    if group.turn is None:
        return numbers_of_run(group.entries[0])
    runs = [entry.run for entry in group.entries]
    intervals = [run_interval(run) for run in runs]
    start = min(interval.start for interval in intervals)
    ended = group.turn.ended_at if group.turn.ended_at is not None else max(each.end for each in intervals)
    first = min((run.first_output_at for run in runs if run.first_output_at is not None), default=None)
    return known(
        duration=milliseconds(max(ended - start, 0)),
        first_output=milliseconds(max(first - start, 0)) if first is not None else None,
        spent=_spent(asdict(time_spent(runs, start, max(start, ended)))),
        **_tokens(add_usages(usage_of(run) for run in runs)),
        **cost_fields(group.entries),
        calls=sum(len(run.tool_calls) for run in runs),
        polls=sum(run.poll_count for run in runs),
        retries=sum(run.retry_count for run in runs),
    )


def usage_of(run: Run) -> Usage | None:
    """Return a run's usage, or the sum of its steps', where the server said nothing of the whole."""
    return run.usage or add_usages(step.usage for step in run.steps)


def _tokens(usage: Usage | None) -> Object:
    return {} if usage is None else asdict(usage)


def _spent(spent: dict[str, int]) -> Object:
    return {kind: milliseconds(time) for kind, time in spent.items() if time}
