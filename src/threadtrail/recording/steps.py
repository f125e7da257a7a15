"""The steps of one run, with its tool calls; each is published exactly once, wherever it was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail._quick import changed
from threadtrail.events import StepCompleted, StepCreated
from threadtrail.recording.step_times import covering, in_order_of_time, in_sequence
from threadtrail.values import Failure, Step, ToolCall, Usage

if TYPE_CHECKING:
    from threadtrail.recording.facts import StepSeen
    from threadtrail.recording.meaning import RunStatus, StepStatus
    from threadtrail.recording.tool_calls import PublishOfRun, ToolCalls


@dataclass(slots=True)
class _StepState:
    value: Step
    stamp: int | None
    place: int
    completed: bool = False
    published: bool = False
    """Whether its end was published; it may be open again if its run was published as unfinished."""


class Steps:
    """What is known of a run's steps, and its tool ``calls``."""

    __slots__ = ("_before_end", "_publish", "_steps", "calls")

    def __init__(self, publish: PublishOfRun, calls: ToolCalls) -> None:
        self._publish = publish
        self._steps: dict[str, _StepState] = {}
        self._before_end: list[tuple[_StepState, Step]] = []
        self.calls: ToolCalls = calls

    def see(self, seen: StepSeen, step: Step, created_type: str) -> None:
        """See a step; ``created_type`` is the ``type`` of the event that publishes its beginning.

        ``step`` is the step that was seen, with times of the local clock. Steps are sorted by the server's
        own timestamps.
        """
        status, time, live, stamp = seen.status, seen.time, seen.live, seen.step.started_at
        if step.id is None:
            return
        state = self._steps.get(step.id)
        if state is None:
            # If its end is the first that is seen of a step, the server's time of its beginning counts.
            begins = live and not status.ended
            started = time if begins else step.started_at
            value = changed(step, tool_calls=(), started_at=started, ended_at=None, seen_live=begins)
            state = _StepState(value, stamp, seen.place)
            self._steps[step.id] = state
            self._publish(StepCreated, started or time, type=created_type, step=state.value)
        self._merge(state, step, time, live=live and status.ended)
        for call in step.tool_calls:
            self.calls.see(state.value, call, time)
        if status.ended and not state.completed:
            self._complete_step(state, status, time)

    def _merge(self, state: _StepState, step: Step, time: int, *, live: bool) -> None:
        known = state.value
        ended_at = known.ended_at or (time if live else step.ended_at)
        if ended_at is not None:
            ended_at = max(ended_at, known.started_at or 0)
        state.value = changed(
            known,
            kind=step.kind if step.kind != "unknown" else known.kind,
            status=known.status if state.completed else step.status or known.status,
            message_id=step.message_id or known.message_id,
            usage=step.usage or known.usage,
            error=step.error or known.error,
            ended_at=ended_at,
            index=step.index if step.index is not None else known.index,
            parts=step.parts or known.parts,
            phase=step.phase or known.phase,
        )

    def _complete_step(self, state: _StepState, status: StepStatus, time: int) -> None:
        step = state.value
        moment = step.ended_at or time
        ending = None if status.succeeded else Failure(type=str(status.name))
        self.calls.end_with_step(step, moment, ending)
        self._publish_completed(state, moment, status.type)

    def _publish_completed(self, state: _StepState, time: int, type: str) -> None:  # noqa: A002 - the event's field
        state.completed = True
        if state.published:
            return
        state.published = True
        step = self._with_calls(state)
        self._publish(StepCompleted, max(time, step.ended_at or 0), type=type, step=step)

    def _with_calls(self, state: _StepState) -> Step:
        return covering(state.value, self.calls.of_step(state.value.id))

    def end(self, time: int, status: RunStatus | None, unfinished_type: str) -> None:
        """End the steps and calls that are still open, since the run ends.

        ``unfinished_type`` is the ``type`` of the event for a step of a run that was not seen to end.
        """
        self._before_end = [(state, state.value) for state in self._steps.values() if not state.completed]
        ended = status is not None and status.ended
        failed = Failure(type=status.name if status is not None and ended else "unfinished")
        error = None if status is not None and status.succeeded else failed
        self.calls.end(time, error)
        ending = status.open_steps if status is not None else None
        for state, value in self._before_end:
            name = ending.name if ending is not None else None
            state.value = changed(value, status=name or value.status, ended_at=time)
            self.calls.end_in_step(value.id, time, error)
            self._publish_completed(state, time, ending.type if ending is not None else unfinished_type)

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all steps that were seen."""
        return tuple(self._steps)

    def reopen(self) -> None:
        """Undo ``end``, since the run goes on after all. What was published is not published again."""
        for state, value in self._before_end:
            state.value, state.completed = value, False
        self._before_end = []
        self.calls.reopen()

    def account_for(self, usage: Usage | None) -> bool:
        """Return whether every step of an ended run is known: all ended, and together they used ``usage``.

        A usage of zero proves nothing, since servers that do not count tokens report it too.
        """
        if usage is None or not usage.total_tokens:
            return False
        if not self._steps or not all(state.completed for state in self._steps.values()):
            return False
        used = sum(state.value.usage.total_tokens for state in self._steps.values() if state.value.usage)
        return used == usage.total_tokens

    @property
    def message_ids(self) -> set[str]:
        """The ids of the messages that the known steps wrote."""
        return {state.value.message_id for state in self._steps.values() if state.value.message_id}

    @property
    def kept(self) -> list[Step | ToolCall]:
        """The steps and the calls, as far as they are known."""
        return [*(state.value for state in self._steps.values()), *self.calls.values()]

    def values(self, answered_at: int | None) -> tuple[Step, ...]:
        """Return all steps in order; calls whose step was never seen are in steps without an id.

        ``answered_at`` is when the run was whole, if a later run brings the outputs of its calls.
        """
        states = sorted(self._steps.values(), key=lambda state: (state.stamp or 0, state.place))
        known = in_sequence([self._with_calls(state) for state in states], answered_at)
        return tuple(in_order_of_time([*known, *self.calls.without_step()]))
