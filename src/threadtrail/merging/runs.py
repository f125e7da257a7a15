"""Makes one run from what several processes saw of it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from threadtrail._quick import changed
from threadtrail.merging.calls import UNFINISHED
from threadtrail.merging.fields import Tie, earliest, filled
from threadtrail.merging.messages import asked, written
from threadtrail.merging.statuses import history, seen_at
from threadtrail.merging.steps import StepsOfRun
from threadtrail.values import Assistant, Failure, Run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import RunCreated, RunEnded
    from threadtrail.merging.stories import Story
    from threadtrail.values import Message, StatusChange, Step, ToolCall

OF_END = ("model", "error", "incomplete_reason", "usage", "service_tier", "tool_usage", "metadata")
"""Fields from the process that saw the end; if it has none, from the creator, then from any process."""

SUMS = ("poll_count", "retry_count", "resumed")
"""Fields that each process counts for itself, and that are added."""

EITHER = ("streamed", "deleted", "background", "one_generation")
"""Fields that are true if they are true for one process."""

SAID_AT_BEGINNING = frozenset({"request", "turn_id", "called_by", "attributes", "carried"})
"""Fields that only the creator has, and that are in its ``RunCreated``."""

OF_CREATOR = SAID_AT_BEGINNING | {"session_key", "answers", "input_repeated", "request_id"}
"""Fields that only the creator has: those of others do not replace them."""


class WholeRun:
    """Everything known of one run.

    A field of ``Run`` that is not named in this module, such as a new one, is the creator's. If the creator
    has the default, it is that of the first process, by the time of the run's creation there, with another
    value.
    """

    def __init__(self, story: Story) -> None:
        self.story = story
        self.ends: list[RunEnded] = _last_ends(story.ends)
        runs = [event.run for event in self.ends]
        self.of_creator: list[Run] = sorted(runs, key=_creator_first)
        self.of_end: list[Run] = sorted(runs, key=_end_first)
        self.created: RunCreated | None = min(story.created, key=_created_first, default=None)
        self.steps: StepsOfRun = StepsOfRun(story, self.of_end)
        self.created_at: int | None = self._created_at()
        seen_created = self.created_at if self.is_observed_from_start else None
        self.history: tuple[StatusChange, ...] = history(runs, story.changes, created_at=seen_created)
        self.answered_at: int | None = self._answered_at()
        self.ended_at: int | None = self._ended_at()
        if self.ends:
            later = self.finished and self._is_one_generation
            self.steps.end(self.ended_at or 0, self._failure(), later=later)

    @property
    def is_observed_from_start(self) -> bool:
        """Whether one of the processes created the run."""
        created = [event.observed_from_start for event in self.story.created]
        return any([*created, *(run.observed_from_start for run in self.of_creator)])

    @property
    def finished(self) -> bool:
        """Whether one of the processes saw its end."""
        return any(run.finished for run in self.of_end)

    def _created_at(self) -> int | None:
        created, runs = self.created, self.of_creator
        if created is not None and created.observed_from_start:
            return created.time
        if runs and runs[0].observed_from_start:
            return runs[0].created_at
        # A process that did not create it only knows that it was created before then.
        first = earliest([*(event.time for event in self.story.created), *(run.created_at for run in runs)])
        return first if first is not None else earliest([change.time for change in self.story.changes])

    @cached_property
    def run(self) -> Run:
        """The run, as far as it is known."""
        run = self._of_creator()
        created_at, answered_at, ended_at = self.created_at or 0, self.answered_at, self.ended_at
        steps = self.steps.values(answered_at if run.one_generation else None)
        return changed(
            run,
            created_at=self.created_at,
            assistant=self._assistant(),
            input=asked(self.of_creator) or run.input,
            status=self._status(),
            status_history=self.history,
            finished=self.finished,
            started_at=_between(self._started_at(), created_at, ended_at),
            answered_at=answered_at if run.one_generation or run.answered_at is not None else None,
            ended_at=ended_at,
            first_output_at=_between(self._first_output_at(), created_at, ended_at),
            awaits_outputs=self._awaits_outputs(),
            steps=tuple(_step_within(step, created_at, ended_at) for step in steps),
            output=tuple(_message_within(each, created_at, ended_at) for each in self._output()),
            id_reused=run.id_reused or self.story.id_reused,
        )

    def _of_creator(self) -> Run:
        """Return the fields of the creator, of the process that saw the end, and the counts."""
        runs = self.of_creator
        if runs and runs[0].observed_from_start:
            run = filled(runs[0], runs[1:], but=OF_CREATOR)
        elif self.is_observed_from_start:
            run = filled(self._begun(), runs, but=SAID_AT_BEGINNING)
        else:
            run = filled(runs[0], [*runs[1:], self._begun()]) if runs else self._begun()
        at_end = filled(self.of_end[0], [run]) if runs else run
        values: dict[str, Any] = {name: getattr(at_end, name) for name in OF_END}
        values |= {name: sum(getattr(each, name) for each in runs) for name in SUMS}
        values |= {name: any(getattr(each, name) for each in runs) for name in EITHER}
        # A process that reads the stream of a run that another process reads resumes it.
        values["resumed"] += max(0, sum(each.streamed for each in runs) - 1)
        return changed(run, observed_from_start=self.is_observed_from_start, **values)

    def _begun(self) -> Run:
        """Return the fields of the beginning of a run."""
        created = self.created
        if created is None:
            story = self.story
            return Run(id=story.run_id, source=story.server[0], observed_from_start=False)
        return Run(
            id=created.run_id,
            thread_id=created.thread_id,
            assistant=created.assistant,
            model=created.request.model,
            request=created.request,
            observed_from_start=created.observed_from_start,
            attributes=created.attributes,
            source=created.source,
            turn_id=created.turn_id,
            called_by=created.called_by,
            carried=created.carried,
        )

    def _assistant(self) -> Assistant | None:
        of_runs = [run.assistant for run in self.of_creator]
        of_events = [event.assistant for event in self.story.created]
        known = [each for each in (*of_runs, *of_events) if each is not None]
        same = [each for each in known if each.id == known[0].id]
        return filled(same[0], same[1:]) if same else None

    def _status(self) -> str | None:
        if self.finished:
            return self.of_end[0].status
        return self.history[-1].status if self.history else next((r.status for r in self.of_end), None)

    def _awaits_outputs(self) -> bool:
        if self.finished:
            return self.of_end[0].awaits_outputs
        if self.history and self.history[-1].stage is not None:
            return self.history[-1].stage == "asking"
        status = self._status()
        return any(run.awaits_outputs for run in self.of_end if run.status == status)

    def _first_output_at(self) -> int | None:
        return earliest([run.first_output_at for run in self.of_end])

    def _started_at(self) -> int | None:
        """Return when the server began to work on it: when that was first seen."""
        working = {
            change.status
            for run in self.of_end
            for change in run.status_history
            if change.time == run.started_at and change.stage in {None, "working"}
        }
        seen = (change for change in self.history if change.stage == "working" or change.status in working)
        first = next(seen, None)
        known = earliest([run.started_at for run in self.of_end])
        return first.time if first is not None else known

    @property
    def _is_one_generation(self) -> bool:
        return any(run.one_generation for run in self.of_end)

    def _failure(self) -> Failure | None:
        """Return the failure of the calls that were open at its end."""
        run = self.of_end[0]
        if not run.finished:
            return Failure(type=UNFINISHED)
        fine = run.error is None and run.incomplete_reason is None and not run.failed
        return None if fine else Failure(type=run.status or UNFINISHED)

    def _answered_at(self) -> int | None:
        """Return when it ended, by its status: when one of the processes first saw it."""
        alone = len(self.history) == 1 and not self.is_observed_from_start
        return earliest([_end_seen_at(run, alone=alone) for run in self.of_end if run.finished])

    def _ended_at(self) -> int | None:
        times = [change.time for change in self.history[-1:]]
        if self.answered_at is None:
            times += [run.ended_at for run in self.of_end if run.ended_at is not None]
            return max(times) if self.of_end else None
        times.append(self.answered_at)
        if self._is_one_generation:
            calls = (call.value() for call in self.steps.calls.all())
            times += [call.ended_at for call in calls if not call.hosted and call.ended_at is not None]
        return max(times)

    def _output(self) -> tuple[Message, ...]:
        completed = sorted(self.story.messages_completed, key=lambda event: (event.time, Tie(event)))
        begun = sorted(self.story.messages_created, key=lambda event: (event.time, Tie(event)))
        groups = [run.output for run in self.of_end]
        return written([*groups, [event.message for event in completed], [event.message for event in begun]])


def _last_ends(ends: Sequence[RunEnded]) -> list[RunEnded]:
    """Return the end that each process published, without those that it superseded itself."""
    again = {event.run.created_at for event in ends if event.supersedes}
    return [event for event in ends if event.run.finished or event.run.created_at not in again]


def _end_seen_at(run: Run, *, alone: bool) -> int | None:
    """Return when the end of a run was seen.

    ``alone``: nothing was seen before, so the server's time counts.
    """
    end = run.answered_at if run.answered_at is not None else run.ended_at
    last = run.status_history[-1] if run.status_history else None
    if alone or last is None or last.seen_at is None:
        return end
    return seen_at(last)


def _creator_first(run: Run) -> tuple[bool, int, Tie]:
    return not run.observed_from_start, run.created_at or 0, Tie(run)


def _created_first(event: RunCreated) -> tuple[bool, int, Tie]:
    return not event.observed_from_start, event.time, Tie(event)


def _end_first(run: Run) -> tuple[bool, int, Tie]:
    return not run.finished, -(run.ended_at or 0), Tie(run)


def _step_within(step: Step, start: int, end: int | None) -> Step:
    """Return the step and its tool calls, limited to the run."""
    started_at = _between(step.started_at, start, end) or start
    ended_at = end if step.ended_at is None else _between(step.ended_at, started_at, end)
    calls = tuple(_call_within(call, started_at, ended_at) for call in step.tool_calls)
    return changed(step, started_at=started_at, ended_at=ended_at, tool_calls=calls)


def _call_within(call: ToolCall, start: int, end: int | None) -> ToolCall:
    started_at = _between(call.started_at, start, end) or start
    return changed(call, started_at=started_at, ended_at=_between(call.ended_at, started_at, end))


def _message_within(message: Message, start: int, end: int | None) -> Message:
    created_at = _between(message.created_at, start, end)
    completed_at = _between(message.completed_at, created_at or start, end)
    return changed(message, created_at=created_at, completed_at=completed_at)


def _between(time: int | None, lower: int, upper: int | None) -> int | None:
    if time is None:
        return None
    return max(lower, time if upper is None else min(time, upper))
