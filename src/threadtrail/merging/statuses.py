"""Merges the statuses of a run, as several processes saw them, in the order in which they were seen."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from threadtrail._quick import changed
from threadtrail.merging.fields import Tie
from threadtrail.values import StatusChange

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.events import RunStatusChanged
    from threadtrail.values import Run

ENDED = "ended"
"""The stage of a status after which nothing follows (``StatusChange.stage``)."""


class Seen(NamedTuple):
    """A status as one process saw it: when, and the status that this process saw before."""

    at: int
    previous: str | None
    change: StatusChange


def history(
    runs: Iterable[Run], changes: Iterable[RunStatusChanged], *, created_at: int | None
) -> tuple[StatusChange, ...]:
    """Return the statuses in the order in which they were seen, each once, and nothing after an end.

    ``created_at`` is when the run was created, by the clock of the process that created it; ``None`` if that
    was not seen. The first status then has the server's time, if the process that saw it first has that.
    """
    runs = list(runs)
    seen = {*_of_runs(runs), *map(_of_event, changes)}
    ends = _ends(runs)
    merged: list[StatusChange] = []
    for each in _in_order(seen):
        if merged and merged[-1].status == each.change.status:
            merged[-1] = _fuller(merged[-1], each.change)
        elif not merged or not (_is_end(merged[-1], ends) or _is_overtaken(each, merged[-1])):
            live = bool(merged) or created_at is not None
            change = _placed(each, created_at or 0) if live else each.change
            if not any(_is_same_moment(change, known) for known in merged):
                merged.append(change)
    return tuple(merged)


def seen_at(change: StatusChange) -> int:
    """Return when a status was seen, by the clock of the process that saw it."""
    return change.time if change.seen_at is None else change.seen_at


def _placed(seen: Seen, created_at: int) -> StatusChange:
    """Return a change at the time when it was seen: others saw the run before."""
    return changed(seen.change, time=max(seen.at, created_at), seen_at=None)


def _is_same_moment(change: StatusChange, known: StatusChange) -> bool:
    """Return whether two changes are one: the same status, at the same time.

    This happens if the clock of a process is behind that of the creator: everything that it saw before the
    creation is moved to the time of the creation.
    """
    return (change.status, change.time) == (known.status, known.time)


def _fuller(known: StatusChange, again: StatusChange) -> StatusChange:
    """Return a change, completed by a later look at the same status."""
    if known.server_time is not None and known.stage is not None and known.type is not None:
        return known
    server_time = known.server_time if known.server_time is not None else again.server_time
    stage = known.stage if known.stage is not None else again.stage
    return changed(known, server_time=server_time, stage=stage, type=known.type or again.type)


def _ends(runs: list[Run]) -> set[str]:
    """Return the statuses that are ends, also in recordings without stages."""
    of_finished = {run.status for run in runs if run.finished and run.status is not None}
    passed = {change.status for run in runs for change in run.status_history[:-1]}
    return of_finished - passed


def _is_end(change: StatusChange, ends: set[str]) -> bool:
    return change.stage == ENDED or change.status in ends


def _is_overtaken(seen: Seen, newest: StatusChange) -> bool:
    """Return whether a response arrived late that was sent before the server began to work on the run."""
    goes_back = seen.change.stage == "waiting" and newest.stage == "working"
    return goes_back and seen.previous != newest.status


def _of_runs(runs: Iterable[Run]) -> Iterable[Seen]:
    for run in runs:
        previous = None
        for change in run.status_history:
            yield Seen(seen_at(change), previous, change)
            previous = change.status


def _of_event(event: RunStatusChanged) -> Seen:
    change = StatusChange(
        status=event.status,
        time=event.time,
        learnt_from=event.learnt_from,
        type=event.type,
        server_time=event.server_time,
        seen_at=event.seen_at,
        stage=event.stage,
    )
    return Seen(seen_at(change), event.previous, change)


def _in_order(seen: Iterable[Seen]) -> Iterable[Seen]:
    """Yield changes by time; of those of one time, first the one that follows from the status before."""
    waiting = sorted(seen, key=_order)
    status: str | None = None
    while waiting:
        now = waiting[0].at
        same = [each for each in waiting if each.at == now]
        again = (each for each in same if each.change.status == status)
        follow = (each for each in same if each.previous == status)
        chosen = next(itertools.chain(again, follow, same))
        waiting.remove(chosen)
        status = chosen.change.status
        yield chosen


def _order(seen: Seen) -> tuple[int, bool, str, str, Tie]:
    change = seen.change
    return seen.at, change.stage == ENDED, seen.previous or "", change.status, Tie(change)
