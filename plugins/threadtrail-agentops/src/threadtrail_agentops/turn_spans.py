"""Emits a turn: a session with one agent, around the runs of a tool loop; finds the place of the runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind

from threadtrail.otlp.context import below, links_between, span_context_in
from threadtrail.otlp.open_turns import OpenTurns
from threadtrail.shape import run_name
from threadtrail.trace_shape import turn_span, turn_span_id
from threadtrail_agentops.attributes import of_turn_of_runs
from threadtrail_agentops.emitting import MICROSECOND, end, known
from threadtrail_agentops.messages import text_of
from threadtrail_agentops.outcomes import INDETERMINATE, end_state, run_failure, run_outcome
from threadtrail_agentops.sessions import Place, Root, caller_of

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import RunCreated, RunEnded, TurnEnded
    from threadtrail.otlp.open_turns import OpenTurn
    from threadtrail.values import Failure
    from threadtrail_agentops.emitting import Emitter
    from threadtrail_agentops.sessions import Sessions


@dataclass(frozen=True, slots=True)
class _TurnRoot:
    """The agent of a turn, and its place: below a session of the turn's own, or a trace around it."""

    agent: Root
    place: Place
    session: Root | None


def _first_of(turn: OpenTurn, event: RunEnded) -> RunEnded:
    """Return the event as if its run began where the first of its turn did."""
    return replace(event, trace_id=turn.trace_id, run=replace(event.run, called_by=turn.called_by))


class TurnSpans:
    """The open turns. Session and agent are opened with the first run, since a root starts first."""

    def __init__(self, emitter: Emitter, sessions: Sessions, trace_name: str | None) -> None:
        self._emitter = emitter
        self._sessions = sessions
        self._trace_name = trace_name
        self._turns = OpenTurns(self._close_early)

    def begin(self, event: RunCreated, context: Context | None) -> None:
        """Remember where a run begins, which may be the first of a turn."""
        self._turns.begin(event, context)

    def place(self, event: RunEnded, context: Context | None) -> Place:
        """Return the place of a run: in its turn, if it is a part of one."""
        turn = self._turns.of_run(event, context)
        if turn is not None and turn.inside is None:
            self._open(turn, event)
        if turn is None or not turn.has_root:
            own, _ = self._own_place(event, context)
            # Within a native span, runs keep their own places; a run outside of one is there, too.
            return own if turn is None or own.parent is not None else Place(turn.inside, links=own.links)
        # What is around the first run is around the root.
        first = event.run_id == turn.turn_id
        links = [] if first else links_between(context, span_context_in(turn.context))
        agent = turn.root.agent if turn.root is not None else None
        return Place(turn.inside, agent.start if agent is not None else 0, links, agent)

    def _own_place(self, event: RunEnded, context: Context | None) -> tuple[Place, bool]:
        """Return the place of a span that began in ``context``, and whether it is inside a native span.

        Unless it is, a run that was begun for a call is below that call, whose span is sent later.
        """
        place = self._sessions.place(event.trace_id, context)
        if place.parent is not None and place.root is None:
            return place, True
        called = self._turns.below_call(event.run.called_by, partial(self._around, event))
        return (place if called is None else replace(place, parent=called)), False

    def _around(self, event: RunEnded, turn: OpenTurn) -> Context | None:
        """Return the place of a turn of which no run has ended."""
        return self._own_place(_first_of(turn, event), turn.context)[0].parent

    def _open(self, turn: OpenTurn, event: RunEnded) -> None:
        place, native = self._own_place(_first_of(turn, event), turn.context)
        if native:
            turn.below_app(place.parent)
            return
        run, seed, session = event.run, turn.seed(event.run), None
        start = min(turn.start, run.created_at if run.created_at is not None else turn.start)
        if place.parent is None:
            session = self._sessions.begin_own(
                seed,
                self._trace_name or run_name(run),
                # Before the agent, which is before the first run, which is before its first tool.
                start=start - 3 * MICROSECOND,
                links=place.links,
                caller=event.attributes,
            )
            place = Place(below(session.span), session.start, root=session)
        start = max(start - 2 * MICROSECOND, place.floor + MICROSECOND)
        span = self._emitter.start(
            run_name(run),
            Kind.AGENT,
            start=start,
            span_id=turn_span_id(seed),
            trace_of=seed,
            values=caller_of(place, event.attributes) if session is None else {},
            parent=place.parent,
            links=place.links,
        )
        agent = Root(span, own=False, identifier=seed, start=start, last=start)
        turn.below_root(below(span), _TurnRoot(agent, place, session))

    def end(self, event: TurnEnded) -> None:
        """End the agent of a turn with everything that is known of it, and its session with the outcome."""
        found = self._turns.end(event)
        if found is None:
            return
        turn, root, node = event.turn, found.root, turn_span(event.turn)
        root.agent.span.set_attributes(known(of_turn_of_runs(turn, node)))
        root.agent.last = max(root.agent.last, node.end)
        self._close(
            root,
            outcome=f"turn {run_outcome(turn)}",
            state=end_state(turn),
            failure=run_failure(turn),
            input_text=text_of(turn.input),
            output_text=text_of(turn.output),
        )

    def close_all(self) -> None:
        """End open turns: no event will end them."""
        self._turns.close_all()

    def _close_early(self, turn: OpenTurn) -> None:
        self._close(turn.root, outcome="turn not seen to end", state=INDETERMINATE, failure=None)

    def _close(  # noqa: PLR0913 - as in what it calls
        self,
        root: _TurnRoot,
        *,
        outcome: str,
        state: str,
        failure: Failure | None,
        input_text: str | None = None,
        output_text: str | None = None,
    ) -> None:
        end(root.agent.span, root.agent.last, failure)
        root.place.extend(root.agent.last)
        if root.session is not None:
            self._sessions.close(
                root.session,
                outcome=outcome,
                state=state,
                failure=failure,
                input_text=input_text,
                output_text=output_text,
            )
