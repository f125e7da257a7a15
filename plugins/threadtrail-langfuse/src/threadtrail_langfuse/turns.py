"""The agent around the runs of a turn: opened with the first of them, closed when the turn has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langfuse import LangfuseAgent
from opentelemetry.trace import get_current_span

from threadtrail.otlp.context import span_context_in
from threadtrail.otlp.open_calls import OpenCalls
from threadtrail.otlp.open_turns import OpenTurn, OpenTurns
from threadtrail.shape import run_name
from threadtrail.trace_shape import span_id_for, spans_in_turn, turn_span, turn_span_id
from threadtrail_langfuse.content import at_a_glance
from threadtrail_langfuse.fields import outcome, session_of
from threadtrail_langfuse.observations import Caller, Observations, Place, below, is_inside, span_of

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import RunCreated, RunEnded, ToolCallCompleted, TurnEnded
    from threadtrail.turn import Turn
    from threadtrail_langfuse.trace_groups import TraceGroups

NANOSECONDS = 1_000_000_000

MAX_DEPTH = 32
"""The maximum depth of calls within calls: the work of a call may use a model, which calls a tool, …."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Root:
    observations: Observations
    agent: Any
    trace_name: str | None


class Turns:
    """The turns that have not ended, and the calls that are answered after their run was exported."""

    def __init__(self, groups: TraceGroups) -> None:
        self._groups = groups
        self._turns = OpenTurns(_give_up)
        self._calls = OpenCalls()

    @property
    def any_open(self) -> bool:
        """Whether an agent is open."""
        return self._turns.any_root

    def begin(self, event: RunCreated, context: Context | None) -> None:
        """Remember where a run begins: if it is the first of a turn, all runs of the turn are there."""
        self._turns.begin(event, context)

    def place(self, event: RunEnded, context: Context | None, observations: Observations) -> Place | None:
        """Return the place of a run's observations, if it is part of a turn, whose agent is opened first.

        Inside an observation or span of the app there is no such agent: the app's takes its place.
        """
        turn = self._turns.of_run(event, context)
        if turn is None:
            return None
        if turn.inside is None:
            self._open(turn, event, observations)
        if not turn.has_root:
            own, _ = self._groups.place(event.trace_id, context, None)
            return Place(parent=turn.parent(own), trace_name=None)
        name = turn.root.trace_name if turn.root is not None else run_name(event.run)
        return Place(parent=below(get_current_span(turn.inside), context), trace_name=name)

    def place_in_call(
        self, event: RunEnded, context: Context | None, observations: Observations
    ) -> Place | None:
        """Return the place of a run that was begun for a tool call: below that call's observation."""
        run = event.run
        begun = OpenTurn(turn_id=run.id, context=context, trace_id=event.trace_id, called_by=run.called_by)
        return self._in_call(begun, observations)

    def _in_call(self, begun: OpenTurn, observations: Observations, depth: int = 0) -> Place | None:
        """Return the place below the observation of a call, which is sent later, with a known id.

        If the app has opened a span or a ``threadtrail.trace()`` for the call, that is the place.
        """
        caller, turn = begun.called_by, self._turns.calling(begun.called_by)
        if turn is None or caller is None or caller.run_id is None or caller.turn_id == begun.turn_id:
            return None
        if depth > MAX_DEPTH or turn.trace_id != begun.trace_id or _opened_a_span(turn, begun):
            return None
        around = turn.inside
        if around is None:
            place = self._in_call(turn, observations, depth + 1)
            around = place.parent if place else self._groups.place(turn.trace_id, turn.context, None)[0]
        call_id = span_id_for(caller.run_id, "tool", caller.call_id)
        call = observations.later(call_id, around, trace_of=turn.turn_id)
        name = turn.root.trace_name if turn.root is not None else None
        return Place(parent=below(call, begun.context), trace_name=name)

    def wait_for_calls(self, event: RunEnded) -> None:
        """Keep the needed parts of a run whose calls are still open."""
        self._calls.add(event)

    def asked_by(self, event: ToolCallCompleted) -> RunEnded | None:
        """Return the run that asked for a call which is answered late; ``None`` for any other call."""
        return self._calls.take(event)

    def end(self, event: TurnEnded) -> None:
        """Close the agent of a turn, if it has one, with question and answer, and where the time went."""
        turn = self._turns.end(event)
        if turn is None:
            return
        root, node = turn.root, turn_span(event.turn)
        root.agent.update(
            input=at_a_glance(node.input, "user"),
            output=at_a_glance(node.output, "assistant"),
            metadata={name: value for name, value in _metadata(event).items() if value is not None},
            **_outcome(event.turn),
        )
        root.observations.end(root.agent, max(node.end, turn.start))

    def close_all(self) -> None:
        """Close the open agents: no event will end their turns."""
        self._turns.close_all()

    def after_fork(self) -> None:
        """Leave all turns to the parent process."""
        self._turns.clear()
        self._calls.clear()

    def _open(self, turn: OpenTurn, event: RunEnded, observations: Observations) -> None:
        run = event.run
        name = run_name(run)
        place = self._in_call(turn, observations)
        if place is None:
            parent, trace_name = self._groups.place(turn.trace_id, turn.context, name)
            place = Place(parent=parent, trace_name=trace_name)
            if is_inside(parent) and not self._groups.is_open(turn.trace_id):
                turn.below_app(parent)
                return
        # A server may give one id to several runs; their keys differ.
        seed = turn.seed(run)
        turn.start = min(turn.start, spans_in_turn(run)[0].start)
        agent = observations.start(
            LangfuseAgent,
            name,
            start=turn.start,
            parent=place.parent,
            caller=Caller(attributes=event.attributes, session=session_of(run), trace_name=place.trace_name),
            trace_of=seed,
            span_id=turn_span_id(seed),
        )
        root = _Root(observations=observations, agent=agent, trace_name=place.trace_name)
        turn.below_root(below(span_of(agent), place.parent), root)


def _opened_a_span(calling: OpenTurn, begun: OpenTurn) -> bool:
    """Return whether the app opened a span between the turn of the call and this beginning."""
    inner, outer = span_context_in(begun.context), span_context_in(calling.context)
    return inner is not None and (outer is None or inner.span_id != outer.span_id)


def _give_up(turn: OpenTurn) -> None:
    """Close the agent of a turn whose end was not seen."""
    root = turn.root
    root.agent.update(metadata={"turn_id": turn.turn_id}, **_outcome(None))
    root.observations.end(root.agent, max(turn.start, turn.last))


def _outcome(turn: Turn | None) -> dict[str, Any]:
    if turn is None or (not turn.finished and turn.error is None):
        last = f"; last status: {turn.status}" if turn is not None else ""
        return {"level": "WARNING", "status_message": f"never seen to end{last}"}
    return outcome(turn.status, turn.error)


def _metadata(event: TurnEnded) -> dict[str, Any]:
    turn, spent = event.turn, event.turn.time_spent
    seconds = {
        "queued": spent.queued,
        "generating": spent.generating,
        "tools": spent.tools,
        "person": spent.person,
        "other": spent.other,
    }
    return {
        "turn_id": turn.id,
        "run_ids": list(turn.run_ids),
        "thread_id": turn.thread_id,
        "status": turn.status,
        "seconds": {name: time / NANOSECONDS for name, time in seconds.items() if time} or None,
        "provider": event.provider,
        "server": event.server_address,
    }
