"""Emits a run as spans: ``invoke_agent``, ``chat`` and ``execute_tool``.

The spans of a run that is a part of a turn are all at one level; ``invoke_agent`` is the turn's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import Link, SpanKind

from threadtrail.otlp.context import below, links_to_unfinished
from threadtrail.otlp.emitting import known
from threadtrail.shape import Span as Node
from threadtrail.shape import add_usages, in_turn, late_tool_span, shape, spans_in_turn
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
from threadtrail_opentelemetry.background import (
    creation,
    creation_end,
    fetch_end,
    fetch_id,
    fetch_start,
    is_split,
)
from threadtrail_opentelemetry.content import RunContent, as_texts
from threadtrail_opentelemetry.generation_attributes import asked_model, generation_end, generation_start
from threadtrail_opentelemetry.outcomes import error_status, error_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opentelemetry._logs import Logger
    from opentelemetry.context import Context
    from opentelemetry.trace import Span

    from threadtrail.events import RequestFailed, RunEnded
    from threadtrail.otlp.emitting import Emitter
    from threadtrail.values import Run, ToolCall
    from threadtrail_opentelemetry.content_capture import Capture
    from threadtrail_opentelemetry.options import Options

Values = dict[str, Any]
Described = tuple[str, SpanKind, Values, Values]
"""A span's name and kind, and its attributes at its start and at its end."""

Happened = tuple[str, Values, int]
"""An event's name, its attributes and its time (Unix nanoseconds)."""


@dataclass(frozen=True, slots=True)
class _Details:
    """The nodes of a run with all of their content, by span id, and that content."""

    nodes: dict[str, Node]
    content: RunContent


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

    def late_call(self, event: RunEnded, call: ToolCall, *, parent: Context | None) -> Node:
        """Emit the span of a call that was completed after its run, and return the node of it."""
        node = late_tool_span(event.run, call)
        _RunTree(self, event, parent).emit_call(node)
        return node

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
        """Return whether spans of this level (``run``, ``steps``) carry tokens; ``both``: whether both do."""
        return self._options.usage in {level, "both"}

    def is_split(self, run: Run) -> bool:
        """Return whether a background response has a span for its creation, and one for its end."""
        return is_split(run, self._options)

    def content(self, values: Values) -> Values:
        """Return the content for spans; nothing if spans carry none."""
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
        self._caller = of_caller(event.attributes, event.trace_id, event.run.session_key)

    def emit(self, links: Sequence[Link], failures: Sequence[RequestFailed], whole: RunEnded) -> None:
        first, *calls = _spans_of(self._run)
        # The same nodes, by their ids: events may have content that spans have not.
        detailed = {node.span_id: node for span in _spans_of(whole.run) for node in span.walk()}
        details = _Details(detailed, RunContent(whole.run))
        if self._spans.chooses_ids:
            links = [*links, *links_to_unfinished(self._event, self._parent)]
        happened = list(_happened(self._event, failures))
        if first.kind == "generation" and self._spans.is_split(self._run):
            self._split(first, self._parent, details, links, happened)
        else:
            span, values = self._start(first, self._parent, links)
            _add_events(span, happened, first)
            self._finish(span, first, values, details)
        for node in calls:
            self.emit_call(node)

    def emit_call(self, node: Node) -> None:
        """Emit a call of the run's turn, beside the run's generation."""
        span, values = self._start(node, self._parent)
        self._finish(span, node, values, _Details({}, self._content))

    def _split(
        self,
        node: Node,
        parent: Context | None,
        details: _Details,
        links: Sequence[Link],
        happened: Sequence[Happened],
    ) -> None:
        """Emit a background response's creation, if this process created it, and its end, if it was seen."""
        run, made, created = self._run, creation(node, self._run), None
        if run.observed_from_start and not self._event.supersedes:
            created, values = self._start(made, parent, links)
            _add_events(created, [each for each in happened if each[2] <= made.end], made)
            self._finish(created, made, values, details)
            happened = [each for each in happened if each[2] > made.end]
            links = [Link(created.get_span_context())]
        if run.finished:
            self._fetched(node, parent, links, happened, None if created else details)

    def _fetched(
        self,
        node: Node,
        parent: Context | None,
        links: Sequence[Link],
        happened: Sequence[Happened],
        details: _Details | None,
    ) -> None:
        """Emit the fetch that saw the end, of no length; with ``details``, in place of the ``chat``."""
        run, at = self._run, replace(node, start=node.end, span_id=fetch_id(self._run))
        start, end = {**fetch_start(self._event, run), **self._caller}, fetch_end(run)
        place = {"parent": parent, "links": links, "trace_of": run.key}
        span = self._spans.start(at, c.FETCH_RESPONSE, SpanKind.CLIENT, start, **place)
        set_known(span, {**end, **self._spans.content(self._content.fetched(node))})
        for name, values, time in happened:
            span.add_event(name, values, time)
        if details is not None:
            self._finish(span, node, {**start, **end}, details)
        else:
            self._end(span, node)

    def _below(self, node: Node, parent: Context, details: _Details) -> None:
        """Emit a node that is not the root, with everything below it."""
        # A turn that stands for the whole run of an assistant is only emitted for its tokens.
        stand_in = node.kind == "generation" and node.step is None and not self._run.one_generation
        if not stand_in or self._spans.usage_on("steps"):
            span, values = self._start(node, parent)
            self._finish(span, node, values, details)

    def _start(self, node: Node, parent: Context | None, links: Sequence[Link] = ()) -> tuple[Span, Values]:
        """Start the span of a node; return it, and its attributes without content."""
        describe = {"agent": self._agent, "generation": self._turn}.get(node.kind, self._tool)
        name, kind, start, end = describe(node)
        place = {"parent": parent, "links": links, "trace_of": self._run.key}
        span = self._spans.start(node, name, kind, {**start, **self._caller}, **place)
        if span.is_recording():
            set_known(span, {**end, **self._spans.content(self._content.of(node))})
        return span, {**start, **self._caller, **end}

    def _finish(self, span: Span, node: Node, values: Values, details: _Details) -> None:
        """Emit everything below a node, then end its span."""
        inside = below(span, self._parent)
        for child in node.children:
            self._below(child, inside, details)
        self._end(span, node)
        if node.kind == "generation" and node.span_id in details.nodes:
            self._spans.turn_details(span, details.nodes[node.span_id], values, details.content)

    def _end(self, span: Span, node: Node) -> None:
        kind = error_type(node)
        if kind is not None:
            span.set_attribute(c.ERROR_TYPE, kind)
            span.set_status(error_status(node.error))
        span.end(node.end)

    def _agent(self, node: Node) -> Described:
        run = self._run
        usage = run.usage or add_usages(child.usage for child in node.children)
        counted = tokens(usage) if self._spans.usage_on("run") and run.finished else {}
        start = agent_start(self._event, run, node)
        name = title(c.INVOKE_AGENT, run.assistant.name if run.assistant else None)
        return name, SpanKind.CLIENT, start, {**agent_end(run), **counted}

    def _turn(self, node: Node) -> Described:
        run, event = self._run, self._event
        counted = tokens(node.usage) if run.one_generation or self._spans.usage_on("steps") else {}
        if run.one_generation:
            ended = creation_end if self._spans.is_split(run) else generation_end
            start, end = generation_start(event, run, node), ended(run, node)
        else:
            start, end = chat_start(event, run, node), chat_end(run, node)
        name = title(c.CHAT, asked_model(run, node))
        return name, SpanKind.CLIENT, start, {**end, **counted}

    def _tool(self, node: Node) -> Described:
        call = node.tool_call
        name = title(c.EXECUTE_TOOL, call.name if call is not None else node.name)
        start = tool_start(self._run, node, call) if call is not None else {}
        return name, SpanKind.INTERNAL, start, {}


def _spans_of(run: Run) -> tuple[Node, ...]:
    """Return the roots of a run's spans; for a part of a turn, the generation is the first."""
    return spans_in_turn(run) if in_turn(run) else (shape(run),)


def _add_events(span: Span, happened: Sequence[Happened], node: Node) -> None:
    """Add events to the span, within its time."""
    for name, values, time in happened:
        span.add_event(name, values, min(max(time, node.start), node.end))


def _happened(event: RunEnded, failures: Sequence[RequestFailed]) -> Iterator[Happened]:
    """Yield the run's statuses, then its failed requests."""
    before = None
    for change in event.run.status_history:
        values = {
            c.OWN_RUN_PREVIOUS_STATUS: before,
            c.OWN_RUN_STATUS: change.status,
            c.OWN_RUN_LEARNT_FROM: change.learnt_from,
        }
        yield c.EVENT_STATUS_CHANGED, known(values), change.time
        before = change.status
    for failure in failures:
        yield c.EVENT_REQUEST_FAILED, known(request_values(failure)), failure.time


def request_values(event: RequestFailed) -> Values:
    """Return the attributes of a failed request."""
    return {
        c.ERROR_TYPE: event.error.type or c.ERROR_TYPE_OTHER,
        c.HTTP_STATUS_CODE: event.status_code,
        c.OWN_REQUEST_OPERATION: event.operation,
        c.OWN_REQUEST_ID: event.request_id,
        c.OWN_REQUEST_RETRIES: event.retry_count or None,
    }
