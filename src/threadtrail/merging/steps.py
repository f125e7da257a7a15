"""Merges the steps of a run, as several processes saw them: each once, with its tool calls, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from threadtrail._quick import changed
from threadtrail.merging.calls import Calls, CallSighting, of_steps
from threadtrail.merging.fields import Tie, amount, earliest, filled
from threadtrail.recording.step_times import covering, in_order_of_time, in_sequence, unseen_step
from threadtrail.values import Step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.events import Event, StepCompleted
    from threadtrail.merging.calls import Call
    from threadtrail.merging.stories import Story
    from threadtrail.values import Failure, Run, ToolCall

Kind = TypeVar("Kind", bound="Event")

UNFINISHED = ".unfinished"
"""The end of the ``type`` of a ``StepCompleted`` whose step was open when its process left the run."""

BEGUN, LEFT, UNFINISHED_RUN, COMPLETED, FINISHED_RUN = range(5)
"""Where a sighting comes from, the surest last."""

TIMES = frozenset({"started_at", "ended_at", "seen_live", "tool_calls"})
"""The fields that are merged apart from the rest of a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSighting:
    """A step as one event has it; ``given_up``: it was open when its process stopped following the run."""

    step: Step
    trust: int
    given_up: bool = False

    @property
    def rank(self) -> tuple[bool, bool, int, int]:
        """How reliable it is, compared with the other sightings of the step."""
        return not self.given_up, self.step.usage is not None, self.trust, amount(self.step)


def left_open(event: StepCompleted) -> bool:
    """Return whether a step ended only because its process stopped following the run."""
    return event.type.endswith(UNFINISHED)


class StepsOfRun:
    """All known steps and calls of a run."""

    def __init__(self, story: Story, runs: list[Run]) -> None:
        self._sightings: dict[str, list[StepSighting]] = {}
        self._places: dict[str, int] = {}
        self.calls: Calls = Calls()
        self._of_event: dict[int, Call] = {}
        self._known: dict[str, Step] = {}
        for run in runs:
            self._add_run(run)
        self._add_events(story)

    def _add_run(self, run: Run) -> None:
        trust = FINISHED_RUN if run.finished else UNFINISHED_RUN
        for step in run.steps:
            open_still = not run.finished and step.ended_at == run.ended_at
            self._add(StepSighting(step=step, trust=trust, given_up=open_still))
        self.calls.add(of_steps(run.steps, trust, of_run=True))

    def _add_events(self, story: Story) -> None:
        for event in _by_time(story.steps_created):
            self._add(StepSighting(step=event.step, trust=BEGUN))
        for completed in _by_time(story.steps_completed):
            left = left_open(completed)
            trust = LEFT if left else COMPLETED
            self._add(StepSighting(step=completed.step, trust=trust, given_up=left))
            self.calls.add(of_steps([completed.step], trust))
        for asked in _by_time(story.requested):
            self._add_call(
                asked, CallSighting(call=asked.tool_call, step_id=asked.step_id, asked_at=asked.time)
            )
        for answered in _by_time(story.answered):
            sighting = CallSighting(call=answered.tool_call, step_id=answered.step_id, trust=COMPLETED)
            self._add_call(answered, sighting)

    def _add(self, sighting: StepSighting) -> None:
        identity = sighting.step.id
        if identity is not None:
            self._sightings.setdefault(identity, []).append(sighting)
            self._places.setdefault(identity, len(self._places))

    def _add_call(self, event: Event, sighting: CallSighting) -> None:
        self.calls.add([sighting])
        self._of_event[id(event)] = self.calls.find(sighting)

    def end(self, time: int, failure: Failure | None, *, later: bool) -> None:
        """End the calls whose own end nobody saw, at the end of the run.

        ``failure`` is the failure of those without an output. With ``later``, calls that are not the server's
        stay open, since a later run brings their outputs.
        """
        for call in self.calls.all():
            value = call.value()
            if value.ended_at is None and (value.hosted or not later):
                call.close(time, failure if value.output is None else None)
        self._known.clear()

    def call_of(self, event: Event) -> Call:
        """Return the call that an event is about."""
        return self._of_event[id(event)]

    def step(self, identity: str) -> Step:
        """Return what is known of a step."""
        known = self._known.get(identity)
        if known is None:
            known = self._known[identity] = self._put_together(identity)
        return known

    def _put_together(self, identity: str) -> Step:
        sightings = self._sightings[identity]
        ranked = sorted(sightings, key=lambda each: (each.rank, Tie(each.step)), reverse=True)
        best = ranked[0]
        value = filled(best.step, [each.step for each in ranked[1:]], but=TIMES)
        live = earliest([each.step.started_at for each in sightings if each.step.seen_live])
        started_at = live if live is not None else earliest([each.step.started_at for each in sightings])
        ends = [each.step.ended_at for each in sightings if each.given_up == best.given_up]
        value = changed(value, started_at=started_at, ended_at=earliest(ends), seen_live=live is not None)
        return _around(covering(value, self._calls_of(identity)))

    def _calls_of(self, identity: str) -> tuple[ToolCall, ...]:
        placed = {
            (call.id, call.started_at): place
            for sighting in self._sightings[identity]
            for place, call in enumerate(sighting.step.tool_calls)
        }
        values = [call.value() for call in self.calls.all() if call.step_id == identity]
        return tuple(sorted(values, key=lambda call: placed.get((call.id, call.started_at), len(placed))))

    def values(self, answered_at: int | None) -> list[Step]:
        """Return all steps in order; calls without a known step are in one step without an id per round."""
        order = sorted(self._sightings, key=self._place)
        known = in_sequence([self.step(identity) for identity in order], answered_at)
        rounds: dict[int, list[ToolCall]] = {}
        for call in self.calls.all():
            if call.step_id is None:
                value = call.value()
                asked_at = call.asked_at if call.asked_at is not None else value.started_at
                rounds.setdefault(asked_at or 0, []).append(value)
        return in_order_of_time([*known, *(unseen_step(calls) for _, calls in sorted(rounds.items()))])

    def _place(self, identity: str) -> tuple[int, int, int]:
        sightings = [each.step for each in self._sightings[identity]]
        started = earliest([step.started_at for step in sightings])
        index = earliest([step.index for step in sightings])
        return started or 0, index or 0, self._places[identity]


def _around(step: Step) -> Step:
    """Return the step with times that all its calls lie between; one may only be known by its end."""
    starts = [call.started_at for call in step.tool_calls if call.started_at is not None]
    ends = [call.ended_at for call in step.tool_calls if call.ended_at is not None]
    started_at = None if step.started_at is None else min([step.started_at, *starts, *ends])
    ended_at = None if step.ended_at is None else max([step.ended_at, started_at or 0, *ends])
    return changed(step, started_at=started_at, ended_at=ended_at)


def _by_time(events: Iterable[Kind]) -> list[Kind]:
    return sorted(events, key=lambda event: (event.time, Tie(event)))
