"""Sorts events by run: the story of each run, and the rest."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from threadtrail.events import (
    Event,
    MessageCompleted,
    MessageCreated,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    StepCompleted,
    StepCreated,
    ToolCallCompleted,
    ToolCallRequested,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Server = tuple[str, str | None, int | None]
"""Source, host and port: two servers may use the same ids."""


@dataclass(slots=True, kw_only=True)
class Story:
    """The events of one run, from one process or several, by class of event."""

    server: Server
    run_id: str
    id_reused: bool = False
    created: list[RunCreated] = field(default_factory=list)
    changes: list[RunStatusChanged] = field(default_factory=list)
    steps_created: list[StepCreated] = field(default_factory=list)
    steps_completed: list[StepCompleted] = field(default_factory=list)
    requested: list[ToolCallRequested] = field(default_factory=list)
    answered: list[ToolCallCompleted] = field(default_factory=list)
    messages_created: list[MessageCreated] = field(default_factory=list)
    messages_completed: list[MessageCompleted] = field(default_factory=list)
    ends: list[RunEnded] = field(default_factory=list)

    def add(self, event: Event) -> None:
        """Add an event of the run."""
        getattr(self, LISTS[type(event)]).append(event)

    def events(self) -> list[Event]:
        """Return all events of the run, not sorted."""
        return [event for name in LISTS.values() for event in getattr(self, name)]

    def is_of_one_process(self) -> bool:
        """Return whether one process published all of it, each event once, with one end."""
        return len(self.ends) <= 1 and not self.is_of_several_processes()

    def is_of_several_processes(self) -> bool:
        """Return whether several processes published it: one alone repeats only an end, to supersede it."""
        if len(self.created) > 1 or len({end.supersedes for end in self.ends}) < len(self.ends):
            return True
        ids = (
            [event.step.id for event in self.steps_created],
            [event.step.id for event in self.steps_completed],
            [event.message.id for event in self.messages_created],
            [event.message.id for event in self.messages_completed],
        )
        known = ([each for each in of_kind if each is not None] for of_kind in ids)
        if any(len(each) != len(set(each)) for each in known):
            return True
        # Two processes that did not create the run may have published the same RunCreated.
        if sum(change.previous is None for change in self.changes) > 1:
            return True
        changes = {(change.previous, change.time) for change in self.changes}
        in_run = max((len(end.run.status_history) for end in self.ends), default=len(self.changes))
        return len(changes) != len(self.changes) or (bool(self.changes) and len(self.changes) != in_run)


LISTS: dict[type[Event], str] = {
    RunCreated: "created",
    RunStatusChanged: "changes",
    StepCreated: "steps_created",
    StepCompleted: "steps_completed",
    ToolCallRequested: "requested",
    ToolCallCompleted: "answered",
    MessageCreated: "messages_created",
    MessageCompleted: "messages_completed",
    RunEnded: "ends",
}
"""The list of a story that keeps the events of a class."""


def server_of(event: Event) -> Server:
    """Return the server of the ids in an event."""
    return _server(event.source, event.server_address, event.server_port)


@lru_cache
def _server(source: str, address: str | None, port: int | None) -> Server:
    """Return the same object for each server: a collector keeps many keys in memory."""
    return source, address, port


def distinct(events: Iterable[Event]) -> list[Event]:
    """Return the events without repeats."""
    alike: dict[tuple[type, int, object], list[Event]] = {}
    kept: list[Event] = []
    for event in events:
        known = alike.setdefault((type(event), event.time, getattr(event, "run_id", None)), [])
        if event not in known:
            known.append(event)
            kept.append(event)
    return kept


def stories_of(events: Iterable[Event]) -> tuple[list[Story], list[Event]]:
    """Return the story of each run, and the events without a run."""
    by_run: dict[tuple[Server, str], list[Event]] = {}
    others: list[Event] = []
    for event in events:
        run_id = getattr(event, "run_id", None) if type(event) in LISTS else None
        if run_id is None:
            others.append(event)
        else:
            by_run.setdefault((server_of(event), run_id), []).append(event)
    stories = [story for name, group in by_run.items() for story in _apart(name, group)]
    return stories, others


def _apart(name: tuple[Server, str], events: Sequence[Event]) -> Iterator[Story]:
    """Yield one story for each run that was created under an id: some servers use an id again.

    Events of a process that did not create the run belong to the run that was created last before.
    """
    created = sorted(_created_at(events))
    server, run_id = name
    stories = [
        Story(server=server, run_id=run_id, id_reused=place > 0) for place in range(max(1, len(created)))
    ]
    for event in events:
        time = event.time
        if isinstance(event, RunEnded) and event.run.observed_from_start and event.run.created_at in created:
            time = event.run.created_at or 0
        place = max(0, bisect.bisect_right(created, time) - 1)
        stories[place].add(event)
    yield from stories


def _created_at(events: Sequence[Event]) -> set[int]:
    """Return when runs were created under an id, by their ends if the beginnings are missing."""
    begun = {event.time for event in events if isinstance(event, RunCreated) and event.observed_from_start}
    if begun:
        return begun
    seen = [event.run for event in events if isinstance(event, RunEnded) and event.run.observed_from_start]
    return {run.created_at for run in seen if run.created_at is not None}
