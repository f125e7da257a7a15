"""The tool calls of a run, as several processes saw them: each once, with its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._quick import changed
from threadtrail.merging.fields import Tie, amount, earliest, filled
from threadtrail.values import ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.values import Failure, Step

UNFINISHED = "unfinished"
"""The failure of a call that was open when its process stopped following the run."""

TIMES = frozenset({"started_at", "ended_at", "seen_live", "error"})
"""The fields that are merged apart from the rest of a call."""


def is_answered(call: ToolCall) -> bool:
    """Return whether somebody answered a call.

    Without content, a call that took time was answered: a call that was given up ended as it began.
    """
    if call.output is not None or call.results or call.approved is not None:
        return True
    lasted = call.ended_at is not None and call.started_at is not None and call.ended_at > call.started_at
    return lasted and call.arguments is None and call.error is None


def is_given_up(call: ToolCall) -> bool:
    """Return whether a call ended only because its process stopped following the run."""
    return not is_answered(call) and call.error is not None and call.error.type == UNFINISHED


def is_failed(call: ToolCall) -> bool:
    """Return whether a call failed; one that was given up has no answer, which is no failure."""
    return not is_given_up(call) and (call.error is not None or call.status == "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSighting:
    """A tool call as one event has it: ``step_id`` is its step; a later event has more ``trust``.

    ``of_run``: the event has the whole run. ``asked_at`` is the time of the event that reports the request.
    """

    call: ToolCall
    step_id: str | None = None
    trust: int = 0
    of_run: bool = False
    asked_at: int | None = None

    @property
    def answered(self) -> bool:
        """Whether it was answered."""
        return is_answered(self.call)

    @property
    def given_up(self) -> bool:
        """Whether it ended only because its process stopped following the run."""
        return is_given_up(self.call)

    @property
    def rank(self) -> tuple[bool, bool, bool, int, int]:
        """How reliable it is, compared with the other sightings of the call."""
        ended = self.call.ended_at is not None and not self.given_up
        return self.answered, ended, not self.given_up, self.trust, amount(self.call)


class Call:
    """One call, and all sightings of it; ``step_id`` is the step that it stands in, if a process saw that."""

    def __init__(self) -> None:
        self.sightings: list[CallSighting] = []
        self.step_id: str | None = None
        self._closed_at: int | None = None
        self._closed_with: Failure | None = None
        self._value: ToolCall | None = None

    def add(self, sighting: CallSighting) -> None:
        """Take a sighting of it."""
        self.sightings.append(sighting)
        if sighting.step_id is not None:
            self.step_id = sighting.step_id if self.step_id is None else min(self.step_id, sighting.step_id)
        self._value = None

    def close(self, time: int, failure: Failure | None) -> None:
        """End it with its run, if nobody saw its own end."""
        self._closed_at, self._closed_with = time, failure
        self._value = None

    @property
    def asked_at(self) -> int | None:
        """When the call was requested."""
        return earliest([each.asked_at for each in self.sightings])

    def value(self) -> ToolCall:
        """Return what is known of it."""
        if self._value is None:
            self._value = self._known()
        return self._value

    def _known(self) -> ToolCall:
        ranked = sorted(self.sightings, key=lambda each: (each.rank, Tie(each.call)), reverse=True)
        best = ranked[0]
        named = next((each.call for each in ranked if each.call.name != each.call.kind), best.call)
        value = filled(best.call, [each.call for each in ranked[1:]], but=TIMES)
        started_at, seen_live = self._start()
        alike = [each for each in ranked if _same_end(each, best)]
        ended_at = _first(alike, "ended_at")
        error = best.call.error
        if ended_at is None and self._closed_at is not None:
            ended_at, error = self._closed_at, error or self._closed_with
        if ended_at is not None and started_at is not None:
            ended_at = max(started_at, ended_at)
        return changed(
            value,
            kind=named.kind,
            name=named.name,
            started_at=started_at,
            ended_at=ended_at,
            seen_live=seen_live,
            error=error,
        )

    def _start(self) -> tuple[int | None, bool]:
        """Return when it began, and whether somebody saw that live; then it is the earliest such time."""
        live = _first([each for each in self.sightings if each.call.seen_live], "started_at")
        return (live, True) if live is not None else (_first(self.sightings, "started_at"), False)

    def matches(self, other: CallSighting) -> bool:
        """Return whether a sighting may be of this call: no known value contradicts it."""
        for mine in self.sightings:
            if None not in (mine.step_id, other.step_id) and mine.step_id != other.step_id:
                return False
            if _named(mine.call) and _named(other.call) and mine.call.name != other.call.name:
                return False
            if not _same_arguments(mine.call.arguments, other.call.arguments):
                return False
        return True

    def begins_with(self, other: CallSighting) -> bool:
        """Return whether a sighting of this call has the same beginning."""
        return any(each.call.started_at == other.call.started_at for each in self.sightings)


def _first(sightings: list[CallSighting], name: str) -> int | None:
    """Return the earliest time of this name in the events of the call; without one, in those of the run.

    Times in a run are limited to it, and replace unknown ones.
    """
    of_events = earliest([getattr(each.call, name) for each in sightings if not each.of_run])
    return of_events if of_events is not None else earliest([getattr(each.call, name) for each in sightings])


def _same_end(sighting: CallSighting, best: CallSighting) -> bool:
    return (sighting.answered, sighting.given_up) == (best.answered, best.given_up)


def _named(call: ToolCall) -> bool:
    return call.name != call.kind


def _same_arguments(one: str | None, other: str | None) -> bool:
    """Return whether arguments may be the same: those seen in a stream may be incomplete."""
    return one is None or other is None or one.startswith(other) or other.startswith(one)


class Calls:
    """The calls of one run. A server may use the same ids in each round: an id alone identifies no call."""

    def __init__(self) -> None:
        self._by_id: dict[str, list[Call]] = {}

    def add(self, sightings: Iterable[CallSighting]) -> None:
        """Add sightings of different calls, such as those of one run or step: no two are of the same call."""
        taken: set[int] = set()
        for sighting in sightings:
            alike = self._by_id.setdefault(sighting.call.id, [])
            same = [each for each in alike if id(each) not in taken and each.matches(sighting)]
            call = next((each for each in same if each.begins_with(sighting)), same[0] if same else Call())
            if not same:
                alike.append(call)
            call.add(sighting)
            taken.add(id(call))

    def find(self, sighting: CallSighting) -> Call:
        """Return the call of a sighting that was added."""
        return next(call for call in self._by_id[sighting.call.id] if sighting in call.sightings)

    def all(self) -> list[Call]:
        """Return all calls."""
        return [call for alike in self._by_id.values() for call in alike]


def of_steps(steps: Iterable[Step], trust: int, *, of_run: bool = False) -> list[CallSighting]:
    """Return the calls of steps."""
    return [
        CallSighting(call=call, step_id=step.id, trust=trust, of_run=of_run)
        for step in steps
        for call in step.tool_calls
    ]
