"""Emits ``threadtrail.trace()``: a root around its runs, with the first question and the last answer."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from langfuse import LangfuseOtelSpanAttributes as Names
from langfuse import LangfuseSpan
from opentelemetry.trace import NonRecordingSpan, Span

from threadtrail.otlp.carried import trace_span_of
from threadtrail.trace_shape import span_id_for
from threadtrail_langfuse.content import at_a_glance
from threadtrail_langfuse.fields import outcome, session_of
from threadtrail_langfuse.observations import Caller, Observations, below, is_inside, span_of

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import TraceEnded, TraceStarted
    from threadtrail.values import Carried, Run


MAX_ELSEWHERE = 1_000
"""The maximum number of traces of other processes that are known."""


@dataclass(slots=True, kw_only=True)
class _Group:
    span: Span
    name: str | None
    observations: Observations | None = None
    observation: Any = None
    parent_id: str | None = None
    question: Any = None
    asked_at: int = 0
    answer: Any = None


class TraceGroups:
    """The open traces, by the trace's id; here, or in other processes."""

    def __init__(self) -> None:
        self._open: dict[str, _Group] = {}
        self._elsewhere: OrderedDict[str, _Group] = OrderedDict()

    @property
    def any_open(self) -> bool:
        """Whether a root that this process began is open."""
        return any(group.observation is not None for group in self._open.values())

    def know(self, carried: Carried | None, observations: Observations) -> None:
        """Treat the trace of another process, from which an event came, as open."""
        parent = trace_span_of(carried)
        if carried is None or carried.trace_id is None or parent is None or self.is_open(carried.trace_id):
            return
        outermost = carried.outermost_trace_id or carried.trace_id
        around = None if carried.around is None else parent
        span = observations.later(span_id_for(carried.trace_id), around, trace_of=outermost)
        # Within a span of the app, the app names the trace.
        name = carried.trace_name if carried.around is None else None
        self._elsewhere[carried.trace_id] = _Group(span=span, name=name)
        self._elsewhere.move_to_end(carried.trace_id)
        if len(self._elsewhere) > MAX_ELSEWHERE:
            self._elsewhere.popitem(last=False)

    def start(self, event: TraceStarted, context: Context | None, observations: Observations) -> None:
        """Open the root of a trace, below the trace around it or the active observation."""
        trace_id = event.trace_id or ""
        parent, name = self.place(event.parent_trace_id, context, event.name)
        observation = observations.start(
            LangfuseSpan,
            event.name,
            start=event.time,
            parent=parent,
            caller=Caller(attributes=event.attributes, trace_name=name),
            trace_of=trace_id,
            span_id=span_id_for(trace_id),
        )
        self._open[trace_id] = _Group(
            span=span_of(observation),
            name=name,
            observations=observations,
            observation=observation,
            parent_id=event.parent_trace_id,
        )

    def end(self, event: TraceEnded) -> None:
        """Close the root of a trace; an exception that left the block is its error."""
        group = self._open.pop(event.trace_id or "", None)
        if group is None or group.observations is None:
            return
        group.observation.update(
            input=group.question,
            output=group.answer,
            **(outcome("failed", event.error) if event.error is not None else {}),
        )
        group.observations.end(group.observation, event.time)

    def place(
        self, trace_id: str | None, context: Context | None, own_name: str | None
    ) -> tuple[Context | None, str | None]:
        """Return the parent of an observation that began in ``trace_id``, and the name of its trace.

        The parent is that trace's root, if it is open; else the span active in ``context``, whose trace the
        app names; else there is none, and the trace is called ``own_name``.
        """
        group = self._get(trace_id)
        if group is not None:
            return below(group.span, context), group.name
        return context, None if is_inside(context) else own_name

    def is_open(self, trace_id: str | None) -> bool:
        """Return whether this trace is open."""
        return self._get(trace_id) is not None

    def _get(self, trace_id: str | None) -> _Group | None:
        return self._open.get(trace_id or "") or self._elsewhere.get(trace_id or "")

    def is_below(self, trace_id: str | None, context: Context | None) -> bool:
        """Return whether an observation that began there has a parent."""
        return self.is_open(trace_id) or is_inside(context)

    def add_run(self, trace_id: str | None, run: Run) -> None:
        """Use the question and answer of a run for its trace too, and for the traces around it.

        Not those of a run that was begun for a tool call. The first question counts, also if its run is
        exported later, because it waited for the outputs of calls.
        """
        group = self._open.get(trace_id or "") if run.called_by is None else None
        asked_at = run.created_at or 0
        while group is not None:
            if group.question is None or asked_at < group.asked_at:
                group.question = at_a_glance(run.new_input, "user") or group.question
                group.asked_at = asked_at
            group.answer = at_a_glance(run.output, "assistant") or group.answer
            self._set_session(group.span, session_of(run))
            group = self._open.get(group.parent_id or "")

    def after_fork(self) -> None:
        """Leave open roots to the parent process; runs of the child can still be below them."""
        self._open = {
            trace_id: _Group(span=NonRecordingSpan(group.span.get_span_context()), name=group.name)
            for trace_id, group in self._open.items()
        }

    @staticmethod
    def _set_session(span: Span, session: str | None) -> None:
        """Set the root's session to that of its first run, unless the app has set one."""
        attributes = getattr(span, "attributes", None) or {}
        if session is not None and Names.TRACE_SESSION_ID not in attributes:
            span.set_attribute(Names.TRACE_SESSION_ID, session)
