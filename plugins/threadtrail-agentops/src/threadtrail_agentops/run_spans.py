"""Emits a run as spans: the session, below it the agent, and below that model turns and tool calls.

A run that is one model turn has neither session nor agent: that turn is the root. In a tool loop, session and
agent are those of all its runs together (``turn_spans``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agentops.semconv.span_kinds import AgentOpsSpanKindValues as Kind

from threadtrail.otlp.context import below, links_to_unfinished
from threadtrail.trace_shape import in_turn, late_tool_span, shape, spans_in_turn
from threadtrail_agentops.attributes import of_agent, of_tool, of_turn
from threadtrail_agentops.emitting import MICROSECOND, Emitter, Values, end
from threadtrail_agentops.messages import text_of
from threadtrail_agentops.outcomes import end_state, node_failure, run_failure, run_outcome
from threadtrail_agentops.sessions import Place, Sessions, caller_of

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import RunEnded
    from threadtrail.trace_shape import Span as Node
    from threadtrail.values import ToolCall
    from threadtrail_agentops.sessions import Root

NO_STEP = "run"
"""The name of the one model turn of a run whose steps are not known."""


class RunSpans:
    """Emits runs as spans."""

    def __init__(self, emitter: Emitter, sessions: Sessions, trace_name: str | None) -> None:
        self._emitter = emitter
        self._sessions = sessions
        self._trace_name = trace_name

    def emit(self, event: RunEnded, place: Place) -> None:
        """Emit a run: as a root of its own, unless it belongs below another span."""
        if in_turn(event.run):
            generation, *calls = spans_in_turn(event.run)
            self._node(event, generation, place)
            for node in calls:
                self._call(event, node, place)
            return
        tree = shape(event.run)
        if place.parent is not None:
            self._node(event, tree, place)
        elif tree.kind == "generation":
            self._root_turn(event, tree, place)
        else:
            self._session(event, tree, place)

    def late_call(self, event: RunEnded, call: ToolCall, place: Place) -> None:
        """Emit a call that was completed after its run."""
        self._call(event, late_tool_span(event.run, call), place)

    def _call(self, event: RunEnded, node: Node, place: Place) -> None:
        self._node(event, node, Place(place.parent, place.floor, root=place.root), first=False)

    def _session(self, event: RunEnded, tree: Node, place: Place) -> None:
        """Emit a run below a session of its own."""
        session = self._sessions.begin_own(
            event.run.key,
            self._trace_name or tree.name,
            # OpenAI's times are whole seconds, so several spans of a run may start with it. The spans of the
            # unfinished run are in the same trace, which has the name of the first span.
            start=tree.start - (4 if event.supersedes else 2) * MICROSECOND,
            links=place.links,
            caller=event.attributes,
            finished=event.run.finished,
        )
        self._node(event, tree, Place(below(session.span), session.start, root=session))
        self._close(session, event)

    def _root_turn(self, event: RunEnded, tree: Node, place: Place) -> None:
        """Emit a run that is one model turn, which is the root, with its tools and its outcome below it."""
        run = event.run
        root = self._sessions.begin_own(
            run.key,
            self._trace_name or tree.name,
            start=tree.start - (3 if event.supersedes else 1) * MICROSECOND,
            links=[*place.links, *links_to_unfinished(event, None)],
            caller=event.attributes,
            finished=run.finished,
            kind=Kind.LLM,
            span_id=tree.span_id,
            values=of_turn(event, run, tree),
        )
        root.last = self._children(event, tree, below(root.span), floor=root.start)
        self._close(root, event)

    def _close(self, root: Root, event: RunEnded) -> None:
        run = event.run
        self._sessions.close(
            root,
            outcome=f"run {run_outcome(run)}",
            state=end_state(run),
            failure=run_failure(run),
            input_text=text_of(run.new_input),
            output_text=text_of(run.output),
        )

    def _node(self, event: RunEnded, node: Node, place: Place, *, first: bool = True) -> int:
        """Emit a node with everything below it; return its end. The ``first`` starts before all others."""
        run = event.run
        kind, name, values = _described(event, node)
        earliest = place.floor + MICROSECOND if first else place.floor
        start = max(node.start - MICROSECOND if first else node.start, earliest)
        span = self._emitter.start(
            name,
            kind,
            start=start,
            span_id=node.span_id,
            trace_of=run.key,
            values={**values, **(caller_of(place, event.attributes) if first else {})},
            parent=place.parent,
            links=[*place.links, *(links_to_unfinished(event, place.parent) if first else [])],
        )
        last = self._children(event, node, below(span), floor=start)
        end(span, last, node_failure(run, node))
        place.extend(last)
        return last

    def _children(self, event: RunEnded, node: Node, inside: Context, *, floor: int) -> int:
        """Emit everything below a node; return the end of the last, or the node's own if that is later."""
        place = Place(inside, floor)
        ends = [self._node(event, child, place, first=False) for child in node.children]
        return max([floor, node.end, *ends])


def _described(event: RunEnded, node: Node) -> tuple[Kind, str, Values]:
    run, call = event.run, node.tool_call
    if call is not None:
        return Kind.TOOL, node.name, of_tool(run, node, call)
    if node.kind == "agent":
        return Kind.AGENT, node.name, of_agent(run, node)
    name = node.step.kind if node.step is not None else node.name if run.one_generation else NO_STEP
    return Kind.LLM, name, of_turn(event, run, node)
