"""The numbers of a run or a turn, in the units of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.commands.view.costs import cost_fields
from threadtrail.commands.view.values import Object, known, milliseconds
from threadtrail.turn import PARTS, TOTALS, add_usages, timeline, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.commands.view.entries import Entry, Group
    from threadtrail.values import Usage


def numbers_of_run(entry: Entry) -> Object:
    """Return the numbers of a run; times in milliseconds, ``spent`` by the kinds of ``TimeSpent``."""
    run = entry.run
    own, parts = entry.timing.own, entry.timing.parts
    first = run.first_output_at
    return known(
        duration=milliseconds(own.end - own.start),
        first_output=milliseconds(max(first - own.start, 0)) if first is not None else None,
        spent=_spent(parts, own.end - own.start),
        **_tokens(usage_of(run)),
        **cost_fields([entry.cost]),
        calls=len(run.tool_calls),
        polls=run.poll_count,
        retries=run.retry_count,
    )


def numbers_of_group(group: Group) -> Object:
    """Return the numbers of a turn: sums over its runs, and the duration from its start to its end."""
    runs = [entry.run for entry in group.entries]
    start = min(entry.timing.within.start for entry in group.entries)
    ended = max(entry.timing.last for entry in group.entries)
    first = min((run.first_output_at for run in runs if run.first_output_at is not None), default=None)
    return known(
        duration=milliseconds(ended - start),
        first_output=milliseconds(max(first - start, 0)) if first is not None else None,
        spent=_spent(timeline(runs, start, ended), ended - start),
        **_tokens(add_usages(map(usage_of, runs))),
        **cost_fields(entry.cost for entry in group.entries),
        calls=sum(len(run.tool_calls) for run in runs),
        polls=sum(run.poll_count for run in runs),
        retries=sum(run.retry_count for run in runs),
    )


def _tokens(usage: Usage | None) -> Object:
    return {} if usage is None else {name: getattr(usage, name) for name in (*TOTALS, *PARTS)}


def _spent(parts: Iterable[tuple[str, tuple[int, int]]], whole: int) -> Object:
    spent: dict[str, int] = {}
    for kind, (since, until) in parts:
        spent[kind] = spent.get(kind, 0) + until - since
    spent["other"] = whole - sum(spent.values())
    return {kind: milliseconds(time) for kind, time in spent.items() if time}
