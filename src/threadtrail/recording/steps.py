"""The steps and tool calls of one run, wherever they were seen: each is published exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from threadtrail._quick import changed
from threadtrail.events import (
    StepCompleted,
    StepCreated,
    ToolCallCompleted,
    ToolCallRequested,
)
from threadtrail.recording.step_times import covering, in_order_of_time, in_sequence, unseen_step
from threadtrail.values import Failure, Step, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from threadtrail.recording.facts import StepSeen
    from threadtrail.recording.meaning import RunStatus, StepStatus


ANSWERED_OUTSIDE = frozenset({"client", "human"})
"""Who answers a call (``ToolCall.executed_by``) that the run does not end with."""


class PublishOfRun(Protocol):
    """Publishes an event of the run; the run fills in what all its events carry."""

    def __call__(self, event_class: Any, time: int, **fields: Any) -> None:
        """Publish ``event_class`` at ``time`` with these fields."""


@dataclass(slots=True)
class _CallState:
    value: ToolCall
    round: int
    step_id: str | None = None
    requested: bool = False
    completed: bool = False
    published: bool = False
    """Its end was published; it may be open again, if its run was published as unfinished."""


@dataclass(slots=True)
class _StepState:
    value: Step
    stamp: int | None
    place: int
    completed: bool = False
    published: bool = False
    """As for a call."""


class Steps:
    """What is known of a run's steps and tool calls.

    A tool call is one call, whether it was seen among those that the run waits for, then in the submitted
    outputs, then in a step. Its id alone does not say so: some servers count their ids anew in each round.
    What was seen live keeps the local clock's times. ``ask`` is called with each call that is asked for,
    ``worked_on`` with each that is complete: it returns it with the times that the app itself gives.
    """

    def __init__(
        self,
        publish: PublishOfRun,
        ask: Callable[[ToolCall], None],
        worked_on: Callable[[ToolCall], ToolCall],
    ) -> None:
        self._publish = publish
        self._ask = ask
        self._worked_on = worked_on
        self._steps: dict[str, _StepState] = {}
        self._calls: list[_CallState] = []
        self._by_id: dict[str, list[_CallState]] = {}
        self._before_end: list[tuple[Any, Any]] = []
        self._round = 0
        self._ended_at = 0

    def require(self, calls: Iterable[ToolCall], time: int, *, anew: bool) -> None:
        """See the calls whose outputs the run waits for: they last from now until submitted.

        ``anew``: the run did something else before, so a call that was answered is another one.
        """
        new = [call for call in calls if self._is_new(call, anew=anew)]
        if new:
            self._round += 1
        for call in new:
            given = changed(call, started_at=time, seen_live=True)
            state = self._latest(call.id)
            if state is None or state.completed:
                state = self._add(given)
            else:
                self._merge_call(state, given)
            self._request(state, time)

    def _is_new(self, call: ToolCall, *, anew: bool) -> bool:
        state = self._latest(call.id)
        if state is None or not state.requested:
            return True
        other = (state.value.name, state.value.arguments) != (call.name, call.arguments)
        return state.completed and (anew or other)

    def answer(self, calls: Iterable[ToolCall]) -> None:
        """See submitted outputs: each call holds its id, its output and its end."""
        for call in calls:
            state = self._latest(call.id)
            if state is None:
                state = self._add(call)
            elif not state.completed:
                # What answers a call does not say what it was.
                self._merge_call(state, changed(call, kind=state.value.kind, name=state.value.name))
            # A call that was never seen to be asked for has no name yet; its step has it.
            if state.requested and not state.completed:
                self._complete(state, call.ended_at or 0)

    def see(self, seen: StepSeen, step: Step, created_type: str) -> None:
        """See a step; ``created_type`` is the ``type`` of the event which publishes its beginning.

        ``step`` is the one that was seen, with the local clock's times. In the order of the server's own
        stamps the steps follow each other.
        """
        status, time, live, stamp = seen.status, seen.time, seen.live, seen.step.started_at
        if step.id is None:
            return
        state = self._steps.get(step.id)
        if state is None:
            # A step whose end is the first that is seen of it began before: when, the server says.
            begins = live and not status.ended
            started = time if begins else step.started_at
            value = changed(step, tool_calls=(), started_at=started, ended_at=None, seen_live=begins)
            state = _StepState(value, stamp, seen.place)
            self._steps[step.id] = state
            self._publish(StepCreated, started or time, type=created_type, step=state.value)
        self._merge(state, step, time, live=live and status.ended)
        for call in step.tool_calls:
            self._see_call(state, call, time)
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

    def _see_call(self, step: _StepState, call: ToolCall, time: int) -> None:
        known = self._in_step(step.value.id, call)
        if known is None:
            # The app's own call begins when it was asked for, the server's where its step does.
            asked = time if call.executed_by in ANSWERED_OUTSIDE else step.value.started_at
            started = asked or (time if call.executed_by is None else None)
            live = step.value.seen_live or call.executed_by in ANSWERED_OUTSIDE
            known = self._add(changed(call, started_at=started, seen_live=live))
        else:
            self._merge_call(known, call)
        known.step_id = step.value.id
        if not known.requested:
            self._request(known, known.value.started_at or time)

    def _in_step(self, step_id: str | None, call: ToolCall) -> _CallState | None:
        """Return the call that a step shows: seen in it before, or the first of its id without a step."""
        alike = self._by_id.get(call.id, [])
        mine = [state for state in alike if state.step_id == step_id]
        free = [state for state in alike if state.step_id is None]
        same = [state for state in free if state.value.arguments in {None, call.arguments}]
        return next(iter([*mine, *same, *free]), None)

    def _latest(self, identity: str) -> _CallState | None:
        alike = self._by_id.get(identity)
        return alike[-1] if alike else None

    def _add(self, call: ToolCall) -> _CallState:
        state = _CallState(call, self._round)
        self._calls.append(state)
        self._by_id.setdefault(call.id, []).append(state)
        return state

    def _merge_call(self, state: _CallState, call: ToolCall) -> None:
        """Take what is newly known of a call; what an earlier look knew better stays."""
        known = state.value
        state.value = changed(
            known,
            kind=call.kind,
            name=call.name if call.name != call.kind or known.name == known.kind else known.name,
            arguments=call.arguments if call.arguments is not None else known.arguments,
            output=call.output if call.output is not None else known.output,
            results=_richer(call.results, known.results),
            error=call.error or known.error,
            started_at=known.started_at or call.started_at,
            ended_at=known.ended_at or call.ended_at,
            status=call.status or known.status,
            item_id=call.item_id or known.item_id,
            executed_by=call.executed_by or known.executed_by,
            server_label=call.server_label or known.server_label,
            namespace=call.namespace or known.namespace,
            caller_id=call.caller_id or known.caller_id,
            approved=call.approved if call.approved is not None else known.approved,
        )

    def _request(self, state: _CallState, time: int) -> None:
        state.requested = True
        self._ask(state.value)
        self._publish(ToolCallRequested, time, step_id=state.step_id, tool_call=state.value)

    def _complete(self, state: _CallState, time: int, error: Failure | None = None) -> None:
        state.value = self._worked_on(state.value)
        # The server's stamps are whole seconds: an end that was read may lie before a start that was seen.
        ended = max(state.value.ended_at or time, state.value.started_at or 0)
        state.value = changed(state.value, ended_at=ended, error=state.value.error or error)
        state.completed = True
        if state.published:
            return
        state.published = True
        moment = max(ended, self._ended_at)
        self._publish(ToolCallCompleted, moment, step_id=state.step_id, tool_call=state.value)

    def _complete_step(self, state: _StepState, status: StepStatus, time: int) -> None:
        step = state.value
        moment = step.ended_at or time
        ending = None if status.succeeded else Failure(type=str(status.name))
        for call in self._calls_of(step.id):
            if not call.completed and not is_awaited(call.value):
                self._complete(call, moment, step.error or (ending if call.value.output is None else None))
        self._publish_completed(state, moment, status.type)

    def _publish_completed(self, state: _StepState, time: int, type: str) -> None:  # noqa: A002 - the event's field
        state.completed = True
        if state.published:
            return
        state.published = True
        step = self._with_calls(state)
        self._publish(StepCompleted, max(time, step.ended_at or 0), type=type, step=step)

    def _with_calls(self, state: _StepState) -> Step:
        return covering(state.value, tuple(call.value for call in self._calls_of(state.value.id)))

    def _calls_of(self, step_id: str | None) -> list[_CallState]:
        return [call for call in self._calls if call.step_id == step_id]

    def end(self, time: int, status: RunStatus | None, unfinished_type: str) -> None:
        """End what is still open with the run: nothing is published in part.

        ``unfinished_type`` is the ``type`` of the event for a step of a run that was not seen to end.
        """
        states: list[Any] = [*self._calls, *self._steps.values()]
        self._before_end = [(state, state.value) for state in states if not state.completed]
        ended = status is not None and status.ended
        self._ended_at = time
        failed = Failure(type=status.name if status is not None and ended else "unfinished")
        fine = status is not None and status.succeeded
        for call in self._calls:
            if not call.requested:
                self._request(call, call.value.started_at or call.value.ended_at or time)
            if call.completed or (fine and is_awaited(call.value)):
                continue
            if call.step_id is None or is_awaited(call.value):
                self._complete(call, time, error=None if fine or call.value.output is not None else failed)
        ending = status.open_steps if status is not None else None
        for state in self._steps.values():
            if state.completed:
                continue
            name = ending.name if ending is not None else None
            state.value = changed(state.value, status=name or state.value.status, ended_at=time)
            for call in self._calls_of(state.value.id):
                if not call.completed and not (fine and is_awaited(call.value)):
                    self._complete(call, time, error=None if fine else failed)
            self._publish_completed(state, time, ending.type if ending is not None else unfinished_type)

    def awaited(self) -> list[ToolCall]:
        """Return the calls that the app, or a person, has still to answer."""
        return [call.value for call in self._calls if not call.completed and is_awaited(call.value)]

    def calls(self) -> list[ToolCall]:
        """Return all calls, in the order in which they were seen."""
        return [call.value for call in self._calls]

    def ids(self) -> tuple[str, ...]:
        """Return the ids of all steps that were seen."""
        return tuple(self._steps)

    def give_up(self, identity: str) -> None:
        """Complete a call that nobody answered, without an output."""
        state = self._latest(identity)
        if state is not None and not state.completed:
            self._complete(state, self._ended_at)

    @property
    def last_end(self) -> int:
        """When the last call ended; 0 if none has."""
        return max((call.value.ended_at or 0 for call in self._calls), default=0)

    def reopen(self) -> None:
        """Undo ``end``: the run goes on after all. What was published stays so."""
        for state, value in self._before_end:
            state.value, state.completed = value, False
        self._before_end = []

    def account_for(self, usage: Usage | None) -> bool:
        """Whether every step of an ended run is known: each has ended, and together they used ``usage``.

        A usage of zero accounts for nothing: servers that do not count report it too.
        """
        if usage is None or not usage.total_tokens:
            return False
        if not self._steps or not all(state.completed for state in self._steps.values()):
            return False
        used = sum(state.value.usage.total_tokens for state in self._steps.values() if state.value.usage)
        return used == usage.total_tokens

    @property
    def message_ids(self) -> set[str]:
        """The messages that the known steps wrote."""
        return {state.value.message_id for state in self._steps.values() if state.value.message_id}

    @property
    def kept(self) -> list[Step | ToolCall]:
        """What is known of steps and of calls, each by itself."""
        return [*(state.value for state in self._steps.values()), *(call.value for call in self._calls)]

    def values(self, answered_at: int | None) -> tuple[Step, ...]:
        """Return all steps in order; calls whose step was never seen stand in one without id.

        ``answered_at``: when the run was whole, if a later one brings the outputs of its calls.
        """
        states = sorted(self._steps.values(), key=lambda state: (state.stamp or 0, state.place))
        known = in_sequence([self._with_calls(state) for state in states], answered_at)
        rounds: dict[int, list[ToolCall]] = {}
        for call in self._calls_of(None):
            rounds.setdefault(call.round, []).append(call.value)
        unseen = [unseen_step(calls) for calls in rounds.values()]
        return tuple(in_order_of_time([*known, *unseen]))


def is_awaited(call: ToolCall) -> bool:
    """Whether the app, or a person, has still to answer the call: it stays open when its run ends."""
    answered = call.output is not None or call.results or call.error is not None
    return call.executed_by in ANSWERED_OUTSIDE and not answered


def _richer(results: tuple[Any, ...], known: tuple[Any, ...]) -> tuple[Any, ...]:
    """The newer results, unless they lack the content of what was found, which comes on request only."""
    return results if results and (_with_content(results) or not _with_content(known)) else known


def _with_content(results: tuple[Any, ...]) -> bool:
    return any(isinstance(result, Mapping) and result.get("content") for result in results)
