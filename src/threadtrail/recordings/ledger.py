"""Finds the runs that were created and never seen to end, with their age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.events import Event, RunCreated, RunStatusChanged
from threadtrail.recordings.contents import contents_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.events import RunEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run without an end. Times are Unix nanoseconds.

    ``given_up``: every process that followed it has stopped, and published it as unfinished. ``background``
    is ``None`` if that is not known.
    """

    run_id: str
    source: str
    server_address: str | None = None
    created_at: int
    seen_at: int
    status: str | None = None
    background: bool | None = None
    given_up: bool = False
    user_id: str | None = None
    session_id: str | None = None


def open_runs(events: Iterable[Event]) -> tuple[OpenRun, ...]:
    """Return the runs that have not ended, the oldest first; each run once, whichever processes saw it."""
    contents = contents_of(events)
    found = [_without_end(run_id, of_run) for (_, run_id), of_run in contents.open_runs.items()]
    found += [_given_up(end) for end in contents.runs if not end.run.finished]
    return tuple(sorted(found, key=lambda run: (run.created_at, run.run_id)))


def _without_end(run_id: str, events: Sequence[Event]) -> OpenRun:
    ordered = sorted(events, key=lambda event: event.time)
    first, last = ordered[0], ordered[-1]
    created = [event for event in ordered if isinstance(event, RunCreated)]
    statuses = [event.status for event in ordered if isinstance(event, RunStatusChanged)]
    begun = next((event for event in created if event.observed_from_start), created[0] if created else first)
    return OpenRun(
        run_id=run_id,
        source=first.source,
        server_address=first.server_address,
        created_at=begun.time,
        seen_at=last.time,
        status=statuses[-1] if statuses else None,
        background=next((each.request.background for each in created if each.request.background), None),
        user_id=begun.attributes.user_id,
        session_id=begun.attributes.session_id,
    )


def _given_up(end: RunEnded) -> OpenRun:
    run = end.run
    return OpenRun(
        run_id=run.id,
        source=end.source,
        server_address=end.server_address,
        created_at=run.created_at or end.time,
        seen_at=end.time,
        status=run.status,
        background=run.background or run.request.background,
        given_up=True,
        user_id=run.attributes.user_id,
        session_id=run.attributes.session_id,
    )
