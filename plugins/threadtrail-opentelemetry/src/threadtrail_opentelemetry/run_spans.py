"""Emits a run's tree as spans: ``invoke_agent``, and below it ``chat`` and ``execute_tool``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags, get_current_span

from threadtrail.otlp.context import below
from threadtrail.otlp.emitting import known
from threadtrail.shape import add_usages, shape, trace_id_for, unfinished_span_id
from threadtrail_opentelemetry import conventions as c
from threadtrail_opentelemetry.attributes import (
    agent_end,
    agent_start,
    chat_end,
    chat_start,
    of_caller,
    set_known,
    title,
    tokens,
    tool_start,
)
from threadtrail_opentelemetry.content import RunContent, as_texts
from threadtrail_opentelemetry.outcomes import error_status, error_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry._logs import Logger
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from threadtrail.events import RequestFailed, RunEnded
    from threadtrail.otlp.emitting import Emitter
    from threadtrail.trace_shape import Span as Node
    from threadtrail_opentelemetry.content_capture import Capture
    from threadtrail_opentelemetry.options import Options

Values = dict[str, Any]


class RunSpans:
    """Emits runs as spans; with content in events, also each model turn as a log record."""

    def __init__(self, emitter: Emitter, logger: Logger, options: Options, capture: Capture) -> None:
        self._emitter = emitter
        self._logger = logger
        self._options = options
        self._capture = capture

    def emit(
        self,
        event: RunEnded,
        whole: RunEnded,
        *,
        parent: Context | None,
        links: Sequence[Link] = (),
        failures: Sequence[RequestFailed] = (),
    ) -> None:
        """Emit the run's spans; ``whole`` is the event with all content, for what goes into events."""
        _RunTree(self, event, parent).emit(links, failures, whole)

    def start(self, node: Node, name: str, kind: SpanKind, values: Values, **place: Any) -> Span:
        """Start one span of the tree."""
        return self._emitter.start(
            name, kind=kind, start=node.start, attributes=values, span_id=node.span_id, **place
        )

    @property
    def chooses_ids(self) -> bool:
        """Whether the ids of spans derive from those of runs."""
        return self._emitter.chooses_ids

    def usage_on(self, level: str) -> bool:
        """Whether spans of this level (``run`` or ``steps``) carry tokens."""
        return self._options.usage in {level, "both"}

    def content(self, values: Values) -> Values:
        """Return the content as it is set on spans; nothing if it is not."""
        if not self._capture.on_spans:
            return {}
        return values if self._options.content_format == "structured" else as_texts(values)

    def turn_details(self, span: Span, node: Node, values: Values, content: RunContent) -> None:
        """Emit the details event of one model turn, if content goes into events."""
        if self._capture.in_events:
            self._logger.emit(
                timestamp=node.end,
                context=below(span),
                event_name=c.EVENT_INFERENCE_DETAILS,
                attributes=known({**values, **content.details(node)}),
            )


class _RunTree:
    """Emits the spans of one run."""

    def __init__(self, spans: RunSpans, event: RunEnded, parent: Context | None) -> None:
        self._spans = spans
        self._event = event
        self._run = event.run
        self._parent = parent
        self._content = RunContent(event.run)
        self._caller = of_caller(event.attributes, event.trace_id)

    def emit(self, links: Sequence[Link], failures: Sequence[RequestFailed], whole: RunEnded) -> None:
        root = shape(self._run)
        # The same tree, node by node: events may have content that spans have not.
        detailed, content = shape(whole.run), RunContent(whole.run)
        span = self._agent(root, links)
        _add_events(span, root, self._event, failures)
        inside = below(span, self._parent)
        for node, with_content in zip(root.children, detailed.children, strict=True):
            if node.tool_call is not None:
                self._tool(node, inside)
            elif node.step is not None or self._spans.usage_on("steps"):
                # A turn that stands for the whole run is only emitted for its tokens.
                self._turn(node, inside, with_content, content)
        self._end(span, root)

    def _agent(self, node: Node, links: Sequence[Link]) -> Span:
        run, spans = self._run, self._spans
        start = {**agent_start(self._event, run, node), **self._caller}
        name = title(c.INVOKE_AGENT, run.assistant.name if run.assistant else None)
        links = [*links, *self._superseded()]
        place = {"parent": self._parent, "links": links, "trace_of": run.id}
        span = spans.start(node, name, SpanKind.CLIENT, start, **place)
        if span.is_recording():
            usage = run.usage or add_usages(child.usage for child in node.children)
            counted = tokens(usage) if spans.usage_on("run") else {}
            set_known(span, {**agent_end(run), **counted, **spans.content(self._content.of(node))})
        return span

    def _superseded(self) -> list[Link]:
        """Link to the span that the run had when it was published as unfinished."""
        if not self._event.supersedes or not self._spans.chooses_ids:
            return []
        parent = get_current_span(self._parent).get_span_context() if self._parent is not None else None
        own = int(trace_id_for(self._run.id), 16)
        trace_id = parent.trace_id if parent is not None and parent.is_valid else own
        span_id, sampled = int(unfinished_span_id(self._run.id), 16), TraceFlags(TraceFlags.SAMPLED)
        return [Link(SpanContext(trace_id, span_id, is_remote=False, trace_flags=sampled))]

    def _turn(self, node: Node, parent: Context, with_content: Node, content: RunContent) -> None:
        run, spans = self._run, self._spans
        start = {**chat_start(self._event, run, node), **self._caller}
        name = title(c.CHAT, node.model)
        span = spans.start(node, name, SpanKind.CLIENT, start, parent=parent, trace_of=run.id)
        counted = tokens(node.usage) if spans.usage_on("steps") else {}
        end = {**chat_end(run, node), **counted}
        set_known(span, {**end, **spans.content(self._content.of(node))})
        self._end(span, node)
        spans.turn_details(span, with_content, {**start, **end}, content)

    def _tool(self, node: Node, parent: Context) -> None:
        run, call, spans = self._run, node.tool_call, self._spans
        if call is None:
            return
        start = {**tool_start(run, node, call), **self._caller}
        name = title(c.EXECUTE_TOOL, call.name)
        span = spans.start(node, name, SpanKind.INTERNAL, start, parent=parent, trace_of=run.id)
        set_known(span, spans.content(self._content.of(node)))
        self._end(span, node)

    def _end(self, span: Span, node: Node) -> None:
        kind = error_type(node)
        if kind is not None:
            span.set_attribute(c.ERROR_TYPE, kind)
            span.set_status(error_status(node.error))
        span.end(node.end)


def _add_events(span: Span, node: Node, event: RunEnded, failures: Sequence[RequestFailed]) -> None:
    """Add the run's statuses and its failed requests as events of the span."""
    before = None
    for change in event.run.status_history:
        values = {
            c.OWN_RUN_PREVIOUS_STATUS: before,
            c.OWN_RUN_STATUS: change.status,
            c.OWN_RUN_LEARNT_FROM: change.learnt_from,
        }
        span.add_event(c.EVENT_STATUS_CHANGED, known(values), _within(change.time, node))
        before = change.status
    for failure in failures:
        span.add_event(c.EVENT_REQUEST_FAILED, known(request_values(failure)), _within(failure.time, node))


def request_values(event: RequestFailed) -> Values:
    """Return the attributes of a failed request."""
    return {
        c.ERROR_TYPE: event.error.type or c.ERROR_TYPE_OTHER,
        c.HTTP_STATUS_CODE: event.status_code,
        c.OWN_REQUEST_OPERATION: event.operation,
        c.OWN_REQUEST_ID: event.request_id,
        c.OWN_REQUEST_RETRIES: event.retry_count or None,
    }


def _within(time: int, node: Node) -> int:
    return min(max(time, node.start), node.end)
