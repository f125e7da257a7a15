"""Groups of events that belong together: of one turn, or of a whole trace."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from threadtrail.events import (
    Event,
    RequestFailed,
    RunCreated,
    RunEnded,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.recordings.contents import contents_of, server_of
from threadtrail.shape import in_turn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.values import Caller

Kind = TypeVar("Kind", bound=Event)

Key = tuple[object, ...]
"""The key that events of a group share: a run, a turn or a trace, with its server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Events that belong together, in the order of the recording."""

    events: tuple[Event, ...]

    @property
    def name(self) -> str:
        """The name of the group, 16 hex digits: the same in every reading of a recording that grows."""
        first = min(self.events, key=lambda event: event.time)
        run_id = getattr(first, "run_id", None)
        about = first.event, first.time, server_of(first), first.trace_id, run_id
        identity = first.to_json() if run_id is None and first.trace_id is None else repr(about)
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    @property
    def size(self) -> int:
        """How much it holds: its events, and once more the ends that were seen.

        An end takes the place of an unfinished one where several processes' events are merged.
        """
        return len(self.events) + sum(end.run.finished for end in self.events_of(RunEnded))

    @property
    def began(self) -> int:
        """When it began, in Unix nanoseconds."""
        created = [end.run.created_at for end in self.events_of(RunEnded) if end.run.created_at is not None]
        return min([*created, *(event.time for event in self.events)])

    @property
    def ends(self) -> tuple[RunEnded, ...]:
        """The ends of its runs, each run once, by its last end."""
        return contents_of(self.events).runs

    @property
    def run_ids(self) -> tuple[str, ...]:
        """The ids of its runs and turns."""
        ids = dict.fromkeys(run_id for event in self.events for run_id in _run_ids(event))
        return tuple(run_id for run_id in ids if run_id is not None)

    @property
    def failed(self) -> bool:
        """Whether one of its runs or requests failed."""
        badly = any(end.run.failed or end.run.error is not None for end in self.ends)
        return badly or any(self.events_of(RequestFailed))

    @property
    def open(self) -> bool:
        """Whether a turn of several runs, or a trace, has no end in the recording."""
        began = {event.trace_id for event in self.events_of(TraceStarted)}
        ended = {event.trace_id for event in self.events_of(TraceEnded)}
        turns = {end.run.turn_id or end.run.id for end in self.ends if in_turn(end.run)}
        over = {event.turn.id for event in self.events_of(TurnEnded)}
        return bool(began - ended or turns - over)

    def events_of(self, kind: type[Kind]) -> Iterator[Kind]:
        """Yield the events of a class."""
        return (event for event in self.events if isinstance(event, kind))


def groups_of(events: Sequence[Event], *, traces: bool) -> tuple[Group, ...]:
    """Return the groups of the events, in the order in which they end.

    Args:
        events: of a recording, in order.
        traces: whether everything that began in one ``threadtrail.trace()`` is one group, and a run that was
            begun for a tool call is in the group of that call. Otherwise a group is a turn, and an event
            without a
                run
            is a group by itself.
    """
    links = _Links()
    keys: list[Key] = []
    callers = {caller.turn_id for event in events if traces and (caller := _caller(event)) is not None}
    for number, event in enumerate(events):
        first, *others = [*_keys(event, callers, traces=traces)] or [(number,)]
        keys.append(first)
        for other in others:
            links.join(first, other)
    found: dict[Key, list[Event]] = {}
    for event, key in zip(events, keys, strict=True):
        name = links.root(key)
        members = found.pop(name, [])  # so that the groups are in the order of their last events
        members.append(event)
        found[name] = members
    return tuple(Group(events=tuple(members)) for members in found.values())


class _Links:
    """Joins the keys that belong to one group."""

    def __init__(self) -> None:
        self._above: dict[Key, Key] = {}

    def root(self, key: Key) -> Key:
        """Return the key that represents all keys joined with this one."""
        root = key
        while (above := self._above.get(root)) is not None:
            root = above
        while key != root:
            self._above[key], key = root, self._above[key]
        return root

    def join(self, one: Key, other: Key) -> None:
        """Join two keys: both belong to one group."""
        one, other = self.root(one), self.root(other)
        if one != other:
            self._above[other] = one


def _keys(event: Event, callers: set[str | None], *, traces: bool) -> Iterator[Key]:
    ids = {*_run_ids(event)} - {None}
    for run_id in ids:
        yield ("run", server_of(event), run_id)
    if not traces:
        return
    caller = _caller(event)
    for turn_id in (ids & callers) | ({caller.turn_id} if caller is not None else set()):
        yield "calling", turn_id
    for trace_id in (event.trace_id, getattr(event, "parent_trace_id", None)):
        if trace_id is not None:
            yield "trace", trace_id


def _run_ids(event: Event) -> Iterable[str | None]:
    """Return the runs that an event is about; a turn has the id of its first run."""
    match event:
        case RunCreated():
            return event.run_id, event.turn_id
        case RunEnded():
            return event.run.id, event.run.turn_id
        case TurnEnded():
            return event.turn.id, *event.turn.run_ids
    return (getattr(event, "run_id", None),)


def _caller(event: Event) -> Caller | None:
    """Return the tool call that a run was begun for."""
    match event:
        case RunCreated():
            return event.called_by
        case RunEnded():
            return event.run.called_by
    return None
