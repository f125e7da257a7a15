"""Passes each event to the part of the exporter that emits it, for one set of providers."""

from __future__ import annotations

from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from threadtrail.events import (
    AssistantCreated,
    MessageCreated,
    RequestFailed,
    RunCreated,
    RunEnded,
    ThreadCreated,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.otlp.emitting import Emitter
from threadtrail.otlp.open_calls import OpenCalls
from threadtrail.otlp.open_runs import OpenRuns
from threadtrail_opentelemetry.content_capture import without_content
from threadtrail_opentelemetry.metrics import Metrics
from threadtrail_opentelemetry.operations import Operations, failed_operation
from threadtrail_opentelemetry.providers import with_private
from threadtrail_opentelemetry.run_spans import RunSpans
from threadtrail_opentelemetry.trace_groups import TraceGroups
from threadtrail_opentelemetry.turn_spans import TurnSpans

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import Event
    from threadtrail_opentelemetry.content_capture import Capture
    from threadtrail_opentelemetry.options import Options
    from threadtrail_opentelemetry.providers import Given, Providers

SCOPE = "threadtrail_opentelemetry"

EMITTED = (
    AssistantCreated,
    MessageCreated,
    RequestFailed,
    RunCreated,
    RunEnded,
    ThreadCreated,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
"""The events that are emitted. ``RunEnded`` repeats the others, and most completed calls."""


class Pipeline:
    """Emits events one at a time, in order, in one thread."""

    def __init__(self, providers: Providers, given: Given, options: Options, capture: Capture) -> None:
        self._again = partial(Pipeline, given=given, options=options, capture=capture)
        self._given = given
        self._providers = providers
        self._options = options
        self._capture = capture
        private = providers.private
        release = version("threadtrail-opentelemetry")
        emitter = Emitter(providers.tracer.get_tracer(SCOPE, release), private.ids if private else None)
        self._groups = TraceGroups(emitter)
        self._open_runs = OpenRuns()
        self._open_calls = OpenCalls()
        self._operations = Operations(emitter, self._groups, options)
        self._runs = RunSpans(emitter, providers.logger.get_logger(SCOPE, release), options, capture)
        self._turns = TurnSpans(emitter, self._groups, self._runs, options)
        self._metrics = Metrics(providers.meter.get_meter(SCOPE, release), options)

    def emit(self, event: Event, context: Context | None) -> None:
        """Emit one event; ignore those of other classes."""
        if not isinstance(event, EMITTED):
            return
        # Once for all parts: from here on, no event has content that must not be on spans.
        shown = event if self._capture.on_spans else without_content(event)
        match shown:
            case RunCreated():
                self._open_runs.begin(shown)
                self._turns.begin(shown, context)
            case RunEnded():
                self._run_ended(shown, event, context)
            case ToolCallCompleted():
                self._call_completed(shown, context)
            case TurnEnded():
                self._turns.end(shown)
            case _:
                self._outside_of_runs(shown, context)

    def _outside_of_runs(self, event: Event, context: Context | None) -> None:
        match event:
            case RequestFailed():
                self._request_failed(event, context)
            case AssistantCreated():
                self._operations.assistant_created(event, context)
                self._metrics.assistant_created(event)
            case TraceStarted():
                self._groups.start(event, context)
            case TraceEnded():
                self._groups.end(event)
            case ThreadCreated() | MessageCreated():
                self._operations.of_thread(event, context)

    def _run_ended(self, event: RunEnded, whole: Any, context: Context | None) -> None:
        """Emit a run; ``whole`` is the event with all content that was captured."""
        kept = self._open_runs.end(event)
        parent, links, _ = self._turns.place(whole, context, from_elsewhere=kept.from_elsewhere)
        self._runs.emit(event, whole, parent=parent, links=links, failures=kept.failures)
        self._open_calls.add(event)
        self._metrics.run_ended(event)

    def _call_completed(self, event: ToolCallCompleted, context: Context | None) -> None:
        """Emit a call that was open when its run ended; the others were emitted with it."""
        asked = self._open_calls.take(event)
        if asked is None:
            return
        elsewhere = not asked.run.observed_from_start
        parent = self._turns.place(asked, context, from_elsewhere=elsewhere).parent
        node = self._runs.late_call(asked, event.tool_call, parent=parent)
        self._metrics.tool_ended(asked.run, node)

    def _request_failed(self, event: RequestFailed, context: Context | None) -> None:
        operation = failed_operation(event, thread_spans=self._options.thread_spans)
        if event.run_id is not None:
            self._open_runs.fail(event)
        elif operation is not None:
            self._operations.request_failed(event, operation, context)
            self._metrics.request_failed(event, operation)

    def send(self) -> None:
        """Send the ended spans, if the providers are private; the app's own send by themselves."""
        if self._providers.private is not None:
            self._providers.private.send()

    def flush(self, timeout: float) -> bool:
        """Deliver everything; return False if that failed."""
        return self._providers.flush(timeout)

    def check(self, timeout: float) -> str | None:
        """Ask the collector whether it accepts spans; raises ``CheckError``."""
        return self._providers.check(timeout)

    @property
    def destination(self) -> str:
        """The destination of spans."""
        return self._providers.destination

    def shutdown(self, timeout: float) -> None:
        """End what is open, deliver the rest, and close private providers."""
        self._turns.close_all()
        if self._providers.private is not None:
            self._providers.private.shutdown(timeout)
        else:
            self._providers.flush(timeout)

    def after_fork(self) -> Pipeline:
        """Return the pipeline of a forked child; open traces and runs are the parent's."""
        private = self._providers.private
        if private is None:
            return self._again(self._providers)
        private.after_fork()
        return self._again(with_private(private, self._given))
