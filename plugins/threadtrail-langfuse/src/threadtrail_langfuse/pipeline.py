"""Passes each event to the part of the exporter that emits it, for one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import (
    RequestFailed,
    RunCreated,
    RunEnded,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.otlp.carried import as_created
from threadtrail.otlp.open_runs import OpenRuns
from threadtrail.otlp.sending import NotDeliveredError
from threadtrail.shape import run_name
from threadtrail_langfuse.connections import Connections
from threadtrail_langfuse.observations import Observations, Place
from threadtrail_langfuse.operations import Operations
from threadtrail_langfuse.run_tree import emit_late_call, emit_run
from threadtrail_langfuse.trace_groups import TraceGroups
from threadtrail_langfuse.turns import Turns

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from threadtrail.events import Event
    from threadtrail_langfuse.account import Account


class Pipeline:
    """Emits events one at a time, in order, in one thread."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._connections = Connections(account)
        self._groups = TraceGroups()
        self._open_runs = OpenRuns()
        self._operations = Operations(self._groups)
        self._turns = Turns(self._groups)

    def prepare(self) -> None:
        """Prepare a connection when something begins. Called in the app's threads."""
        self._connections.prepare()

    def emit(self, event: Event, context: Context | None) -> None:
        """Emit one event; ignore those of other classes.

        Raises:
            NotDeliveredError: the app has since made a client for this key that is switched off.
        """
        event, context = as_created(event, context)
        match event:  # these events need no connection
            case TraceEnded():
                self._groups.end(event)
            case TurnEnded():
                self._turns.end(event)
            case RunCreated():
                self._turns.begin(event, context)
            case RequestFailed() if event.run_id is not None:
                self._open_runs.fail(event)
            case _:
                self._emit(event, context)

    def _emit(self, event: Event, context: Context | None) -> None:
        connection = self._connections.current()
        if connection is None:
            raise NotDeliveredError("the app's Langfuse client is switched off")
        observations = Observations(connection)
        self._groups.know(event.carried, observations)
        match event:
            case RunEnded():
                self._run_ended(event, context, observations)
            case ToolCallCompleted():
                self._call_completed(event, context, observations)
            case TraceStarted():
                self._groups.start(event, context, observations)
            case _:
                self._operations.emit(event, context, observations)

    def _run_ended(self, event: RunEnded, context: Context | None, observations: Observations) -> None:
        in_turn = self._turns.place(event, context, observations)
        place = in_turn or self._place(event, context, observations)
        self._groups.add_run(event.trace_id, event.run)
        self._turns.wait_for_calls(event)
        failures = self._open_runs.end(event).failures
        emit_run(observations, event, place, failures=failures, in_turn=in_turn is not None)

    def _call_completed(
        self, event: ToolCallCompleted, context: Context | None, observations: Observations
    ) -> None:
        """Emit a call that was answered after its run was exported; all others are in their ``RunEnded``."""
        asked_by = self._turns.asked_by(event)
        if asked_by is not None:
            in_turn = self._turns.place(asked_by, context, observations)
            place = in_turn or self._place(asked_by, context, observations)
            emit_late_call(observations, asked_by, event.tool_call, place)

    def _place(self, event: RunEnded, context: Context | None, observations: Observations) -> Place:
        in_call = self._turns.place_in_call(event, context, observations)
        if in_call is not None:
            return in_call
        parent, trace_name = self._groups.place(event.trace_id, context, run_name(event.run))
        return Place(parent=parent, trace_name=trace_name)

    def destination(self) -> str:
        """Return where observations go."""
        return self._account.destination()

    def send(self) -> None:
        """Send the ended observations.

        Raises:
            NotDeliveredError: Langfuse did not accept all of them.
        """
        self._connections.send(something_open=self._groups.any_open or self._turns.any_open)

    def flush(self) -> None:
        """Send everything, images too; raise as ``send``."""
        self._connections.flush()

    def shutdown(self) -> None:
        """Send the rest and close the connections; raise as ``send``."""
        self._turns.close_all()
        self._connections.shutdown()

    def after_fork(self) -> None:
        """Leave connections, open traces and runs to the parent process."""
        self._connections.after_fork()
        self._groups.after_fork()
        self._turns.after_fork()
        self._open_runs.clear()
