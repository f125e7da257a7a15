"""Names the runs that are exported without an end, for a collector's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import RunCreated, RunEnded
from threadtrail.exporters.console_text import counted, duration, visible
from threadtrail.recordings.ledger import open_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import Event
    from threadtrail.recordings.ledger import OpenRun

MAX_NAMED = 5


def unended(events: Sequence[Event], now: int) -> str | None:
    """Return which runs were created and have not ended, with their age at ``now``; ``None`` if all have.

    A run of which these events show only details, since its creation was exported before, is not meant.
    """
    created = {event.run_id for event in events if isinstance(event, RunCreated)}
    ended = [event.run for event in events if isinstance(event, RunEnded)]
    left = {run.id for run in ended if not run.finished}
    if not left and created <= {run.id for run in ended}:
        return None  # as for most deliveries, which spares the search
    found = [run for run in open_runs(events) if run.run_id in created | left]
    if not found:
        return None
    named = [f"{visible(run.run_id)} ({', '.join(_notes(run, now))})" for run in found[:MAX_NAMED]]
    more = ["…"] if len(found) > MAX_NAMED else []
    return (
        f"events of {counted(len(found), 'run')} without an end were exported: {', '.join([*named, *more])}"
    )


def _notes(run: OpenRun, now: int) -> Iterator[str]:
    if run.status is not None:
        yield visible(run.status)
    if run.background:
        yield "background"
    yield f"created {duration(max(0, now - run.created_at))} ago"
