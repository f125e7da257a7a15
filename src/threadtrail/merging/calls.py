"""The tool calls of a run, as several processes saw them: each once, with its answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from threadtrail.merging.fields import Tie, amount, earliest, filled
from threadtrail.values import Failure, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.values import Step

UNFINISHED = "unfinished"
"""The failure of a call that was open when its process stopped following the run."""

TIMES = frozenset({"started_at", "ended_at", "seen_live", "error"})
"""What is decided apart from the rest of a call."""


def is_answered(call: ToolCall) -> bool:
    """Return whether somebody answered a call, whatever became of it.

    Where content was not recorded, that it took time says so: a call that was given up ended as it began.
    """
    if call.output is not None or call.results or call.approved is not None:
        return True
    lasted = call.ended_at is not None and call.started_at is not None and call.ended_at > call.started_at
    return lasted and call.arguments is None and call.error is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallGlimpse:
    """A tool call in one event: ``step_id`` is the step that it stood in, ``trust`` the more, the later.

    ``of_run``: it stands in a whole run. ``asked_at`` is when the event was published that says that it was
    asked for.
    """

    call: ToolCall
    step_id: str | None = None
    trust: int = 0
    of_run: bool = False
    asked_at: int | None = None

    @property
    def answered(self) -> bool:
        """Whether somebody answered it."""
        return is_answered(self.call)

    @property
    def given_up(self) -> bool:
        """Whether its end is no more than that its process stopped following the run."""
        return not self.answered and self.call.error is not None and self.call.error.type == UNFINISHED

    @property
    def rank(self) -> tuple[bool, bool, bool, int, int]:
        """How much it can be relied on, compared with the other glimpses of the call."""
        ended = self.call.ended_at is not None and not self.given_up
        return self.answered, ended, not self.given_up, self.trust, amount(self.call)


@dataclass(slots=True)
class Call:
    """One call, and all glimpses of it; ``closed_at`` is the end of its run, if nobody saw its own."""

    glimpses: list[CallGlimpse] = field(default_factory=list)
    closed_at: int | None = None
    closed_with: Failure | None = None

    @property
    def step_id(self) -> str | None:
        """The step that it stands in, if one of the processes saw that."""
        return min((each.step_id for each in self.glimpses if each.step_id is not None), default=None)

    @property
    def asked_at(self) -> int | None:
        """When it was asked for."""
        return earliest([each.asked_at for each in self.glimpses])

    def value(self) -> ToolCall:
        """Return what is known of it."""
        ranked = sorted(self.glimpses, key=lambda each: (each.rank, Tie(each.call)), reverse=True)
        best = ranked[0]
        named = next((each.call for each in ranked if each.call.name != each.call.kind), best.call)
        value = filled(best.call, [each.call for each in ranked[1:]], but=TIMES)
        started_at, seen_live = self._start()
        alike = [each for each in ranked if _same_end(each, best)]
        ended_at = _first(alike, "ended_at")
        error = best.call.error
        if ended_at is None and self.closed_at is not None:
            ended_at, error = self.closed_at, error or self.closed_with
        if ended_at is not None and started_at is not None:
            ended_at = max(started_at, ended_at)
        return replace(
            value,
            kind=named.kind,
            name=named.name,
            started_at=started_at,
            ended_at=ended_at,
            seen_live=seen_live,
            error=error,
        )

    def _start(self) -> tuple[int | None, bool]:
        """Return when it began, and whether somebody saw that live: then it is the earliest such time."""
        live = _first([each for each in self.glimpses if each.call.seen_live], "started_at")
        return (live, True) if live is not None else (_first(self.glimpses, "started_at"), False)

    def matches(self, other: CallGlimpse) -> bool:
        """Return whether a glimpse may be of this call: nothing that is known of it says otherwise."""
        for mine in self.glimpses:
            if None not in (mine.step_id, other.step_id) and mine.step_id != other.step_id:
                return False
            if _named(mine.call) and _named(other.call) and mine.call.name != other.call.name:
                return False
            if not _same_arguments(mine.call.arguments, other.call.arguments):
                return False
        return True

    def begins_with(self, other: CallGlimpse) -> bool:
        """Return whether a glimpse of this call has the same beginning."""
        return any(each.call.started_at == other.call.started_at for each in self.glimpses)


def _first(glimpses: list[CallGlimpse], name: str) -> int | None:
    """Return the earliest time of this name that an event of the call has; without one, that a run has.

    Times in a run are moved into it, and stand for what nobody knows.
    """
    of_events = earliest([getattr(each.call, name) for each in glimpses if not each.of_run])
    return of_events if of_events is not None else earliest([getattr(each.call, name) for each in glimpses])


def _same_end(glimpse: CallGlimpse, best: CallGlimpse) -> bool:
    return (glimpse.answered, glimpse.given_up) == (best.answered, best.given_up)


def _named(call: ToolCall) -> bool:
    return call.name != call.kind


def _same_arguments(one: str | None, other: str | None) -> bool:
    """Whether arguments may be the same: those of a call that was seen in a stream may be incomplete."""
    return one is None or other is None or one.startswith(other) or other.startswith(one)


class Calls:
    """The calls of one run. A server may count its ids anew in each round: ids alone tell nothing then."""

    def __init__(self) -> None:
        self._by_id: dict[str, list[Call]] = {}

    def add(self, glimpses: Iterable[CallGlimpse]) -> None:
        """Take glimpses of different calls, such as those of one run or step: no two are of the same."""
        taken: set[int] = set()
        for glimpse in glimpses:
            alike = self._by_id.setdefault(glimpse.call.id, [])
            same = [each for each in alike if id(each) not in taken and each.matches(glimpse)]
            call = next((each for each in same if each.begins_with(glimpse)), same[0] if same else Call())
            if not same:
                alike.append(call)
            call.glimpses.append(glimpse)
            taken.add(id(call))

    def find(self, glimpse: CallGlimpse) -> Call:
        """Return the call that a glimpse, which was added, is of."""
        return next(call for call in self._by_id[glimpse.call.id] if glimpse in call.glimpses)

    def all(self) -> list[Call]:
        """Return all calls."""
        return [call for alike in self._by_id.values() for call in alike]


def of_steps(steps: Iterable[Step], trust: int, *, of_run: bool = False) -> list[CallGlimpse]:
    """Return the calls of steps."""
    return [
        CallGlimpse(call=call, step_id=step.id, trust=trust, of_run=of_run)
        for step in steps
        for call in step.tool_calls
    ]
