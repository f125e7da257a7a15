"""Emits the root of a turn, ``invoke_agent`` around its runs, and finds the place of the runs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind

from threadtrail.otlp.context import below, links_between, span_context_in
from threadtrail.otlp.open_turns import OpenTurns
from threadtrail.shape import turn_span, turn_span_id
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry import messages as m
from threadtrail_opentelemetry.attributes import at_server, of_caller, set_known, title
from threadtrail_opentelemetry.content import filled
from threadtrail_opentelemetry.outcomes import error_status, error_type, finish_reason_of
from threadtrail_opentelemetry.run_place import Place, place_of

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import RunCreated, RunEnded, TurnEnded
    from threadtrail.otlp.emitting import Emitter
    from threadtrail.otlp.open_turns import OpenTurn
    from threadtrail.turn import Turn
    from threadtrail.values import Assistant
    from threadtrail_opentelemetry.options import Options
    from threadtrail_opentelemetry.run_spans import RunSpans
    from threadtrail_opentelemetry.trace_groups import TraceGroups

Values = dict[str, Any]
SECOND = 1_000_000_000


class TurnSpans:
    """The open turns. The root of each is started with its first run, and ended with the turn.

    It is started early because ids cannot be chosen in the app's own provider, and because the provider's
    sampler decides with the root about all spans below it.
    """

    def __init__(self, emitter: Emitter, groups: TraceGroups, runs: RunSpans, options: Options) -> None:
        self._emitter = emitter
        self._groups = groups
        self._runs = runs
        self._options = options
        self._turns = OpenTurns(_close)

    def begin(self, event: RunCreated, context: Context | None) -> None:
        """Remember where a run begins, which may be the first of a turn."""
        self._turns.begin(event, context)

    def place(self, event: RunEnded, context: Context | None, *, from_elsewhere: bool) -> Place:
        """Return the parent and the links of a run: those of its turn, if it is a part of one."""
        turn = self._turns.of_run(event, context)
        if turn is not None and turn.inside is None:
            self._begin_root(turn, event)
        if turn is not None and turn.has_root:
            # What is around the first run is around the root.
            first = event.run_id == turn.turn_id
            links = [] if first else links_between(context, span_context_in(turn.context))
            return Place(turn.inside, links)
        place = self._own_place(event, context, from_elsewhere=from_elsewhere)
        return place if turn is None else place._replace(parent=turn.parent(place.parent))

    def _own_place(self, event: RunEnded, context: Context | None, *, from_elsewhere: bool) -> Place:
        called = self._below_call(event, context)
        if called is not None:
            return Place(called, [])
        policy = self._options.runs_from_elsewhere
        return place_of(event, context, self._groups, from_elsewhere=from_elsewhere, policy=policy)

    def _below_call(self, event: RunEnded, context: Context | None) -> Context | None:
        """Return a context below the call that a run was begun for, unless a span of the app is around it."""
        if span_context_in(context) is not None or not self._emitter.chooses_ids:
            return None
        return self._turns.below_call(event.run.called_by, partial(self._around, event))

    def _around(self, event: RunEnded, turn: OpenTurn) -> Context | None:
        """Return the place of a turn of which no run has ended."""
        return self._own_place(
            _as_first(turn, event), turn.context, from_elsewhere=turn.from_elsewhere
        ).parent

    def _begin_root(self, turn: OpenTurn, event: RunEnded) -> None:
        """Start the root of a turn, or leave it out inside a span of the app.

        ``event`` is the end of the first of its runs that ends.
        """
        first = _as_first(turn, event)
        place = self._own_place(first, turn.context, from_elsewhere=turn.from_elsewhere)
        called, parent = self._below_call(first, turn.context) is not None, place.parent
        if span_context_in(parent) is not None and not called and not place.in_trace:
            turn.below_app(parent)
            return
        run, seed = event.run, turn.seed(event.run)
        start = {
            **at_server(event, c.INVOKE_AGENT),
            c.REQUEST_MODEL: run.request.model or run.model,
            c.AGENT_NAME: _agent_name(run.assistant),
            c.CONVERSATION_ID: run.thread_id,
            c.OWN_TURN_ID: turn.turn_id,
            **of_caller(event.attributes, turn.trace_id, run.session_key),
        }
        root = self._emitter.start(
            title(c.INVOKE_AGENT, _agent_name(run.assistant)),
            kind=SpanKind.INTERNAL,
            start=min(turn.start, run.created_at or turn.start),
            attributes=start,
            parent=parent,
            links=place.links,
            trace_of=seed,
            span_id=turn_span_id(seed),
        )
        turn.below_root(below(root, parent), root)

    def end(self, event: TurnEnded) -> None:
        """End the root of a turn with everything that is known of it, unless the exporter made no root."""
        open_turn = self._turns.end(event)
        if open_turn is None:
            return
        turn, span, node = event.turn, open_turn.root, turn_span(event.turn)
        span.update_name(title(c.INVOKE_AGENT, _agent_name(turn.assistant)))
        caller = of_caller(event.attributes, event.trace_id, turn.session_key)
        set_known(span, {**caller, **_facts(turn), **self._runs.content(_content(turn))})
        kind = error_type(node)
        if kind is not None:
            span.set_attribute(c.ERROR_TYPE, kind)
            span.set_status(error_status(node.error))
        span.end(max(node.end, open_turn.start))

    def close_all(self) -> None:
        """End the open roots: no event will."""
        self._turns.close_all()


def _as_first(turn: OpenTurn, event: RunEnded) -> RunEnded:
    """Return the end of a run as if it had begun where the first run of the turn began."""
    run = replace(event.run, called_by=turn.called_by)
    return replace(event, trace_id=turn.trace_id, carried=turn.carried, run=run)


def _close(turn: OpenTurn) -> None:
    """End a root without the end of its turn: what is below it has been sent, and would be without it."""
    turn.root.set_attribute(c.OWN_TURN_FINISHED, False)  # noqa: FBT003 - the value of an attribute
    turn.root.end(max(turn.start, turn.last))


def _agent_name(assistant: Assistant | None) -> str | None:
    return None if assistant is None else assistant.name or assistant.id


def _facts(turn: Turn) -> Values:
    """Return how a turn went, the runs that it has, and where its time went."""
    spent = turn.time_spent
    return {
        c.AGENT_NAME: _agent_name(turn.assistant),
        c.CONVERSATION_ID: turn.thread_id,
        c.OWN_TURN_ID: turn.id,
        c.OWN_TURN_RUNS: list(turn.run_ids),
        c.OWN_TURN_STATUS: turn.status,
        c.OWN_TURN_FINISHED: turn.finished,
        c.OWN_TURN_SECONDS + "queued": spent.queued / SECOND,
        c.OWN_TURN_SECONDS + "generating": spent.generating / SECOND,
        c.OWN_TURN_SECONDS + "tools": spent.tools / SECOND,
        c.OWN_TURN_SECONDS + "person": spent.person / SECOND,
        c.OWN_TURN_SECONDS + "other": spent.other / SECOND,
    }


def _content(turn: Turn) -> Values:
    """Return the question and the answer."""
    return filled(
        {
            c.INPUT_MESSAGES: m.input_messages(turn.input),
            c.OUTPUT_MESSAGES: m.output_messages(turn.output, finish_reason_of(turn.status)),
        }
    )
