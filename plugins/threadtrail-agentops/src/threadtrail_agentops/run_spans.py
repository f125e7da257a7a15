"""Emits a run as spans: the session, below it the agent, and below that model turns and tool calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind

from threadtrail.otlp.context import below
from threadtrail.trace_shape import shape
from threadtrail_agentops.attributes import of_agent, of_tool, of_turn
from threadtrail_agentops.emitting import MICROSECOND, Emitter, Values, end
from threadtrail_agentops.messages import text_of
from threadtrail_agentops.outcomes import end_state, node_failure, run_failure, run_outcome
from threadtrail_agentops.sessions import Place, Sessions, caller_of

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import RunEnded
    from threadtrail.trace_shape import Span as Node

NO_STEP = "run"
"""The name of the one model turn of a run whose steps are not known."""


class RunSpans:
    """Emits runs as spans."""

    def __init__(self, emitter: Emitter, sessions: Sessions, trace_name: str | None) -> None:
        self._emitter = emitter
        self._sessions = sessions
        self._trace_name = trace_name

    def emit(self, event: RunEnded, place: Place) -> None:
        """Emit a run: in a session of its own, unless it belongs below something else."""
        run, tree = event.run, shape(event.run)
        if place.parent is not None:
            self._agent(event, tree, place)
            return
        session = self._sessions.begin_own(
            run.id,
            self._trace_name or tree.name,
            # OpenAI's times are whole seconds, so several spans of a run may start with it.
            start=tree.start - 2 * MICROSECOND,
            links=place.links,
            caller=event.attributes,
        )
        self._agent(event, tree, Place(below(session.span), session.start, root=session))
        self._sessions.close(
            session,
            outcome=f"run {run_outcome(run)}",
            state=end_state(run),
            failure=run_failure(run),
            input_text=text_of(run.input),
            output_text=text_of(run.output),
        )

    def _agent(self, event: RunEnded, tree: Node, place: Place) -> None:
        run = event.run
        start = max(tree.start - MICROSECOND, place.floor + MICROSECOND)
        span = self._emitter.start(
            tree.name,
            Kind.AGENT,
            start=start,
            span_id=tree.span_id,
            trace_of=run.id,
            values={**of_agent(run, tree), **caller_of(place, event.attributes)},
            parent=place.parent,
            links=place.links,
        )
        inside, last = below(span), max(start, tree.end)
        for node in tree.children:
            last = max(last, self._child(event, node, inside, floor=start))
        end(span, last, node_failure(run, tree))
        place.extend(last)

    def _child(self, event: RunEnded, node: Node, parent: Context, *, floor: int) -> int:
        """Emit a model turn or a tool call; return its end."""
        kind, name, values = _described(event, node)
        start = max(node.start, floor)
        span = self._emitter.start(
            name,
            kind,
            start=start,
            span_id=node.span_id,
            trace_of=event.run.id,
            values=values,
            parent=parent,
        )
        until = max(start, node.end)
        end(span, until, node_failure(event.run, node))
        return until


def _described(event: RunEnded, node: Node) -> tuple[Kind, str, Values]:
    call = node.tool_call
    if call is not None:
        return Kind.TOOL, node.name, of_tool(event.run, node, call)
    name = node.step.kind if node.step is not None else NO_STEP
    return Kind.LLM, name, of_turn(event, event.run, node)
