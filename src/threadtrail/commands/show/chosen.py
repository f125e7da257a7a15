"""Chooses the events of a recording that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._text import escaped, listed
from threadtrail.events import Event, RequestFailed, RunEnded, TraceEnded, TraceStarted
from threadtrail.exporters.console_text import counted
from threadtrail.recordings.choosing import Choice, none_chosen
from threadtrail.recordings.contents import contents_of
from threadtrail.recordings.groups import groups_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recordings.groups import Group

MAX_NAMED = 5
"""The maximum number of runs without an end that a note names."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The events to show, in order, and the notes about the others."""

    events: Sequence[Event]
    notes: tuple[str, ...] = ()


def chosen(events: Sequence[Event], choice: Choice, last: int | None) -> Shown:
    """Return the events of the chosen turns, with the traces around them.

    Args:
        events: of the recording.
        choice: which turns.
        last: how many of these, counted back from the one that ended last; ``None`` for all.

    Raises:
        ConfigurationError: a run is not in the recording.
    """
    if choice == Choice() and last is None:
        return Shown(events, tuple(_notes(events)))
    groups = [group for group in groups_of(events, traces=False) if group.run_ids or _is_shown(group)]
    wanted = choice.among(groups)
    if not wanted:
        return Shown((), (none_chosen(groups),))
    ended = [group for group in wanted if _is_shown(group)]
    kept = [event for group in ended[-(last or 0) :] for event in group.events]
    identities = {id(event) for event in (*kept, *_around(kept, events))}
    notes = tuple(_without_end([event for group in wanted for event in group.events]))
    return Shown([event for event in events if id(event) in identities], notes)


def _is_shown(group: Group) -> bool:
    return any(isinstance(event, RunEnded | RequestFailed) for event in group.events)


def _around(kept: Sequence[Event], events: Sequence[Event]) -> Iterator[Event]:
    """Yield the starts and ends of the traces that hold these events, and of the traces around those."""
    frames: dict[str | None, list[TraceStarted | TraceEnded]] = {}
    for event in events:
        if isinstance(event, TraceStarted | TraceEnded):
            frames.setdefault(event.trace_id, []).append(event)
    todo = {event.trace_id for event in kept}
    while todo:
        frame = frames.pop(todo.pop(), [])
        todo |= {event.parent_trace_id for event in frame}
        yield from frame


def _notes(events: Sequence[Event]) -> Iterator[str]:
    contents = contents_of(events)
    if not (contents.runs or contents.failed_requests):
        yield "no run has ended in the recording"
    yield from _without_end(events)


def _without_end(events: Sequence[Event]) -> Iterator[str]:
    """Yield a note that names the runs without an end in the recording, which are not shown."""
    if open_runs := [escaped(run_id) for _, run_id in contents_of(events).open_runs]:
        more = ["…"] if len(open_runs) > MAX_NAMED else []
        what = f"{counted(len(open_runs), 'run')} without an end in the recording"
        yield f"{what}: {listed([*open_runs[:MAX_NAMED], *more])}"
