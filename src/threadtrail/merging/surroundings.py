"""Adds facts from other events to a run: its assistant's name, and the messages on its thread before it."""

from __future__ import annotations

import bisect
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from threadtrail.events import (
    AssistantCreated,
    AssistantUpdated,
    MessageCreated,
    RunCreated,
    RunEnded,
    RunStatusChanged,
)
from threadtrail.merging.fields import Tie, earliest
from threadtrail.merging.stories import server_of
from threadtrail.values import Assistant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.events import Event
    from threadtrail.merging.stories import Server
    from threadtrail.values import Message, Run

AnyEvent = TypeVar("AnyEvent", bound="Event")

Name = tuple["Server", str]
"""An assistant or a thread, with its server."""


class Surroundings:
    """Assistants and messages that one process made, and with which another process began runs."""

    def __init__(self, others: Iterable[Event], runs: Iterable[Sequence[Event]]) -> None:
        self._assistants: dict[Name, list[tuple[int, Assistant]]] = defaultdict(list)
        self._messages: dict[Name, list[tuple[int, Message]]] = defaultdict(list)
        for event in others:
            if isinstance(event, (AssistantCreated, AssistantUpdated)):
                self._assistants[server_of(event), event.assistant.id].append((event.time, event.assistant))
            elif isinstance(event, MessageCreated) and event.run_id is None and event.thread_id is not None:
                self._messages[server_of(event), event.thread_id].append((event.time, event.message))
        self._runs_began: dict[Name, list[int]] = defaultdict(list)
        if self._messages:
            for run in runs:
                self._note_beginning(run)
        for changes in self._assistants.values():
            changes.sort(key=lambda change: (change[0], Tie(change[1])))

    def _note_beginning(self, events: Sequence[Event]) -> None:
        created = next((event for event in events if isinstance(event, RunCreated)), None)
        if created is not None and created.thread_id is not None:
            bisect.insort(self._runs_began[server_of(created), created.thread_id], created.time)

    def add_to(self, events: list[Event]) -> list[Event]:
        """Return the events of a run with the known facts; the same list, if there are none."""
        if not self._assistants and not self._messages:
            return events
        looked_at = _first_look(events)
        added = [self._added(event, looked_at) for event in events]
        return added if any(new is not old for new, old in zip(added, events, strict=True)) else events

    def _added(self, event: Any, looked_at: int | None) -> Any:
        if isinstance(event, RunCreated):
            assistant = self._named(event, event.assistant, looked_at or event.time)
            return event if assistant is event.assistant else replace(event, assistant=assistant)
        if not isinstance(event, RunEnded):
            return event
        run = event.run
        assistant = self._named(event, run.assistant, looked_at or run.created_at or event.time)
        messages = run.input or self._asked(event, run)
        if assistant is run.assistant and messages is run.input:
            return event
        return replace(event, run=replace(run, assistant=assistant, input=messages))

    def _named(self, event: Event, assistant: Assistant | None, time: int) -> Assistant | None:
        """Return the assistant as it was last changed until ``time``, if only its id is known."""
        if assistant is None or assistant != Assistant(id=assistant.id, kind=assistant.kind):
            return assistant
        changes = self._assistants.get((server_of(event), assistant.id), ())
        known = [value for changed_at, value in changes if changed_at <= time]
        return known[-1] if known else assistant

    def _asked(self, event: RunEnded, run: Run) -> tuple[Message, ...]:
        """Return the messages that were put on the run's thread since the run before it began."""
        name = server_of(event), run.thread_id or ""
        if run.one_generation or run.created_at is None or name not in self._messages:
            return run.input
        began = self._runs_began[name]
        place = bisect.bisect_left(began, run.created_at)
        after = began[place - 1] if place else 0
        messages = sorted(self._messages[name], key=lambda each: (each[0], Tie(each[1])))
        return tuple(message for time, message in messages if after < time <= run.created_at) or run.input


def _first_look(events: Iterable[Event]) -> int | None:
    """Return when a run was first looked at, if nobody saw it created: its beginning is in whole seconds."""
    looks = (event.seen_at for event in events if isinstance(event, RunStatusChanged))
    return earliest(list(looks))
