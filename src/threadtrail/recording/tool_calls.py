"""The tool calls of one run; each is published exactly once, wherever it was seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from threadtrail._quick import changed
from threadtrail.events import ToolCallCompleted, ToolCallRequested
from threadtrail.recording.step_times import unseen_step
from threadtrail.values import Failure, Step, ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ANSWERED_OUTSIDE = frozenset({"client", "human"})
"""The values of ``ToolCall.executed_by`` for calls that are answered outside the run, perhaps after it."""


class PublishOfRun(Protocol):
    """Publishes an event of the run; the run adds the fields that all its events have."""

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
    """Whether its end was published; it may be open again if its run was published as unfinished."""


class ToolCalls:
    """What is known of a run's tool calls.

    A call stays one call when it is seen among those that the run waits for, then in the submitted outputs,
    then in a step. Its id alone does not prove that: some servers use the same ids again in each round. What
    was seen live keeps the times of the local clock. ``ask`` is called with each call that is asked for,
    ``worked_on`` with each that is complete; it returns the call with the times that the app itself gave.
    """

    __slots__ = ("_all", "_ask", "_before_end", "_by_id", "_ended_at", "_publish", "_round", "_worked_on")

    def __init__(
        self,
        publish: PublishOfRun,
        ask: Callable[[ToolCall], None],
        worked_on: Callable[[ToolCall], ToolCall],
    ) -> None:
        self._publish = publish
        self._ask = ask
        self._worked_on = worked_on
        self._all: list[_CallState] = []
        self._by_id: dict[str, list[_CallState]] = {}
        self._before_end: list[tuple[_CallState, ToolCall]] = []
        self._round = 0
        self._ended_at = 0

    # -- what is seen ---------------------------------------------------------------------------

    def require(self, calls: Iterable[ToolCall], time: int, *, anew: bool) -> None:
        """See the calls whose outputs the run waits for; they last from ``time`` until submitted.

        ``anew`` says that the run did something else before: an answered call of the same id is then another.
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
                # An output does not say what kind of call it answers, nor its name.
                self._merge_call(state, changed(call, kind=state.value.kind, name=state.value.name))
            # A call that was not seen to be asked for has no name yet; it completes when its step is seen.
            if state.requested and not state.completed:
                self._complete(state, call.ended_at or 0)

    def see(self, step: Step, call: ToolCall, time: int) -> None:
        """See a call in its step."""
        known = self._in_step(step.id, call)
        if known is None:
            # A call that the app executes begins when it is asked for, a server's with its step.
            asked = time if call.executed_by in ANSWERED_OUTSIDE else step.started_at
            started = asked or (time if call.executed_by is None else None)
            live = step.seen_live or call.executed_by in ANSWERED_OUTSIDE
            known = self._add(changed(call, started_at=started, seen_live=live))
        else:
            self._merge_call(known, call)
        known.step_id = step.id
        if not known.requested:
            self._request(known, known.value.started_at or known.value.ended_at or time)

    def _in_step(self, step_id: str | None, call: ToolCall) -> _CallState | None:
        """Return the known state of a step's call: seen in it before, or of the same id and in no step."""
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
        self._all.append(state)
        self._by_id.setdefault(call.id, []).append(state)
        return state

    def _merge_call(self, state: _CallState, call: ToolCall) -> None:
        """Add what is newly known of a call; what an earlier look knew better stays."""
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

    # -- what is published ----------------------------------------------------------------------

    def _request(self, state: _CallState, time: int) -> None:
        state.requested = True
        self._ask(state.value)
        self._publish(ToolCallRequested, time, step_id=state.step_id, tool_call=state.value)

    def _complete(self, state: _CallState, time: int, error: Failure | None = None) -> None:
        state.value = self._worked_on(state.value)
        # Server timestamps are whole seconds, so an end that was read may be before a start that was seen.
        ended = max(state.value.ended_at or time, state.value.started_at or 0)
        state.value = changed(state.value, ended_at=ended, error=state.value.error or error)
        state.completed = True
        if state.published:
            return
        state.published = True
        moment = max(ended, self._ended_at)
        self._publish(ToolCallCompleted, moment, step_id=state.step_id, tool_call=state.value)

    def end_with_step(self, step: Step, time: int, ending: Failure | None) -> None:
        """Complete the calls of a step that has ended; those without output get the error ``ending``."""
        for call in self._of_step(step.id):
            if not call.completed and not is_awaited(call.value):
                self._complete(call, time, step.error or (ending if call.value.output is None else None))

    def end(self, time: int, error: Failure | None) -> None:
        """Complete the calls that are still open when the run ends, except those of steps.

        ``error`` is the run's. Without one, the calls that the app, or a person, has to answer stay open.
        """
        self._before_end = [(state, state.value) for state in self._all if not state.completed]
        self._ended_at = time
        for call in self._all:
            if not call.requested:
                self._request(call, call.value.started_at or call.value.ended_at or time)
            if call.completed or (error is None and is_awaited(call.value)):
                continue
            if call.step_id is None or is_awaited(call.value):
                self._complete(call, time, error if call.value.output is None else None)

    def end_in_step(self, step_id: str | None, time: int, error: Failure | None) -> None:
        """Complete the calls of a step that is still open when the run ends, as ``end`` does."""
        for call in self._of_step(step_id):
            if not call.completed and not (error is None and is_awaited(call.value)):
                self._complete(call, time, error)

    def publish_answers(self) -> None:
        """Publish the calls that were answered here and that another process saw asked for."""
        for call in self._all:
            if not call.requested and call.value.ended_at is not None:
                self._request(call, call.value.started_at or call.value.ended_at)
                self._complete(call, call.value.ended_at)

    def reopen(self) -> None:
        """Undo ``end``, since the run goes on after all. What was published is not published again."""
        for state, value in self._before_end:
            state.value, state.completed = value, False
        self._before_end = []

    def give_up(self, identity: str) -> None:
        """Complete a call that nobody answered, without an output."""
        state = self._latest(identity)
        if state is not None and not state.completed:
            self._complete(state, self._ended_at)

    @property
    def last_end(self) -> int:
        """When the last call ended; 0 if none has."""
        return max((call.value.ended_at or 0 for call in self._all), default=0)

    # -- what is known --------------------------------------------------------------------------

    def awaited(self) -> list[ToolCall]:
        """Return the calls that the app, or a person, still has to answer."""
        return [call.value for call in self._all if not call.completed and is_awaited(call.value)]

    def values(self) -> list[ToolCall]:
        """Return all calls, in the order in which they were seen."""
        return [call.value for call in self._all]

    def of_step(self, step_id: str | None) -> tuple[ToolCall, ...]:
        """Return the calls of a step."""
        return tuple([call.value for call in self._of_step(step_id)])

    def without_step(self) -> list[Step]:
        """Return a step without an id for each round of calls whose step was never seen."""
        rounds: dict[int, list[ToolCall]] = {}
        for call in self._of_step(None):
            rounds.setdefault(call.round, []).append(call.value)
        return [unseen_step(calls) for calls in rounds.values()]

    def _of_step(self, step_id: str | None) -> list[_CallState]:
        return [call for call in self._all if call.step_id == step_id]


def is_awaited(call: ToolCall) -> bool:
    """Return whether the app, or a person, still has to answer the call; it stays open when its run ends."""
    answered = call.output is not None or call.results or call.error is not None
    return call.executed_by in ANSWERED_OUTSIDE and not answered


def _richer(results: tuple[Any, ...], known: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the newer results, unless only the known ones have content, which the API sends on request."""
    return results if results and (_with_content(results) or not _with_content(known)) else known


def _with_content(results: tuple[Any, ...]) -> bool:
    return any(isinstance(result, Mapping) and result.get("content") for result in results)
