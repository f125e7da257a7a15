"""Passes each event to the part of the exporter that emits it, for one target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import (
    AssistantCreated,
    RequestFailed,
    RunCreated,
    RunEnded,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.otlp.carried import as_created
from threadtrail.otlp.open_calls import OpenCalls
from threadtrail.otlp.provider import ChosenIds, HeldSpans
from threadtrail_agentops.emitting import Emitter
from threadtrail_agentops.operations import Operations
from threadtrail_agentops.provider import private_tracer
from threadtrail_agentops.run_spans import RunSpans
from threadtrail_agentops.sending import Sender
from threadtrail_agentops.sessions import Sessions
from threadtrail_agentops.turn_spans import TurnSpans

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import Event
    from threadtrail_agentops.options import Target


class Pipeline:
    """Emits events one at a time, in order, in one thread; sends the spans that they end."""

    def __init__(self, target: Target, sender: Sender | None = None) -> None:
        self._target = target
        self._ended = HeldSpans()
        self._sender = sender or Sender(target)
        ids = ChosenIds()
        emitter = Emitter(private_tracer(target, ids, self._ended), ids)
        self._sessions = Sessions(emitter, target)
        self._turns = TurnSpans(emitter, self._sessions, target.trace_name)
        self._open_calls = OpenCalls()
        self._runs = RunSpans(emitter, self._sessions, target.trace_name)
        self._operations = Operations(emitter, target.tags)

    def emit(self, event: Event, context: Context | None) -> None:
        """Emit one event; ignore those of other classes."""
        self._sessions.know(event.carried)
        event, context = as_created(event, context)
        match event:
            case RunCreated():
                self._turns.begin(event, context)
            case RunEnded():
                self._runs.emit(event, self._turns.place(event, context))
                self._open_calls.add(event)
            case ToolCallCompleted():
                self._call_completed(event, context)
            case TurnEnded():
                self._turns.end(event)
            case _:
                self._outside_of_runs(event, context)

    def _call_completed(self, event: ToolCallCompleted, context: Context | None) -> None:
        """Emit a call that was open when its run ended; the others were emitted with it."""
        asked = self._open_calls.take(event)
        if asked is not None:
            self._runs.late_call(asked, event.tool_call, self._turns.place(asked, context))

    def _outside_of_runs(self, event: Event, context: Context | None) -> None:
        match event:
            case TraceStarted():
                self._sessions.begin(event, context)
            case TraceEnded():
                self._sessions.end(event)
            case AssistantCreated():
                self._operations.assistant_created(event, self._sessions.place(event.trace_id, context))
            case RequestFailed():
                self._operations.request_failed(event, self._sessions.place(event.trace_id, context))

    def send(self) -> None:
        """Send the ended spans.

        Raises:
            NotDeliveredError: AgentOps did not accept them; they are lost.
        """
        self._sender.send(self._ended.take())

    def shutdown(self, timeout: float) -> None:
        """Close open spans, send them within ``timeout`` seconds, and close the connection.

        Raises:
            NotDeliveredError: AgentOps did not accept them; they are lost.
        """
        self._turns.close_all()
        self._sessions.close_all()
        try:
            self._sender.send(self._ended.take(), within=timeout)
        finally:
            self._sender.close()

    def after_fork(self) -> Pipeline:
        """Return the pipeline of a forked child; open traces and the connection belong to the parent."""
        return Pipeline(self._target, self._sender.after_fork())
