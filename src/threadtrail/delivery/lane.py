"""A lane: one exporter's queue, worker and counters. A bad exporter affects its own lane only."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from threadtrail._guard import guard as default_guard
from threadtrail.delivery import alarm
from threadtrail.delivery.backlog import Backlog
from threadtrail.delivery.hooks import ExporterCalls
from threadtrail.delivery.worker import LaneState, Pending, Worker

if TYPE_CHECKING:
    from threadtrail._guard import Guard
    from threadtrail.delivery.hooks import ExporterHooks
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.events import Event

BATCH_SIZE = 128
BATCH_WAIT_SECONDS = 0.2


class Lane:
    """Exports events with one exporter, in order, each once, in a thread of its own.

    ``queue_size`` is the maximum number of waiting events. A batch holds up to ``batch_size`` events and
    waits at most ``batch_wait_seconds`` for more.
    """

    def __init__(  # noqa: PLR0913 - keywords with defaults, for tests
        self,
        name: str,
        hooks: ExporterHooks,
        *,
        queue_size: int,
        batch_size: int = BATCH_SIZE,
        batch_wait_seconds: float = BATCH_WAIT_SECONDS,
        guard: Guard = default_guard,
    ) -> None:
        self.name = name
        self.hooks = hooks
        self._guard = guard
        self._calls = ExporterCalls(name, hooks, guard)
        self._queue_size = queue_size
        # A queue smaller than a batch would overflow while the worker still waits for the batch to fill.
        self._batch_size = min(batch_size, queue_size)
        self._batch_wait = batch_wait_seconds
        self._state = LaneState(backlog=Backlog(queue_size))

    def put(self, event: Event, context: object = None) -> None:
        """Queue an event. Takes a few microseconds; neither waits for the exporter nor raises."""
        state = self._state
        with state.condition:
            closed = state.closing is not None
            dropped = 1 if closed else state.backlog.add(event, context)
            state.dropped += dropped
            lost = state.failed + state.dropped
            # Not on each put: a worker that wakes up competes with the app's threads for the interpreter.
            if state.idle or len(state.backlog) == self._batch_size:
                state.idle = False
                state.condition.notify()
            unstarted = state.worker is None and not closed
        # Outside the lock: a log handler may do anything, even publish an event.
        if dropped:
            happened = "shut down, dropping events" if closed else "full, dropping events, details first"
            self._calls.report("queue", happened, lost=lost)
        if unstarted:
            self.start_worker()

    def start_worker(self) -> bool:
        """Start the worker unless it runs; return False, and log it, if no thread can be started.

        From Python 3.12 on that is so while the interpreter exits. Events stay queued then, and the exit
        delivers them in the main thread.
        """
        error = self._start(self._state)
        if error is not None:
            happened = "cannot start a thread; events wait for the exit of the process"
            self._calls.report("worker", happened, lost=self.status().lost, error=error)
        return error is None

    def begin_flush(self, deadline: float) -> Pending:
        """Request the delivery of all queued events by ``deadline`` (a time of ``time.monotonic()``)."""
        state = self._state
        pending = Pending("flush", deadline, self._give_up_flush)
        if threading.current_thread() is state.worker:
            # The exporter flushes within its own hook: the worker cannot wait for itself.
            return pending.settle(result=False)
        if not state.used:
            return pending.settle(result=True)
        with state.condition:
            if state.closing is not None and state.closing.result is not None:
                return pending.settle(result=state.closing.result)
            if state.worker is None and not state.backlog:
                return pending.settle(result=True)
            self._send(state, pending)
        if self._start(state) is not None and not self._work_while_waiting(state, pending):
            self._withdraw(state, pending)
        return pending

    def begin_shutdown(self, deadline: float) -> Pending:
        """Request the delivery of the rest and the exporter's shutdown, once; later events are dropped."""
        state = self._state
        with state.condition:
            if state.closing is not None:
                return state.closing
            pending = state.closing = Pending("shutdown", deadline, self._give_up_shutdown)
            unused = state.worker is None and not state.backlog
            # A forked child that exported nothing has nothing to shut down: it all belongs to the parent.
            if unused and (state.inherited or self.hooks.shutdown is None):
                return pending.settle(result=True)
            self._send(state, pending)
        if self._start(state) is not None:
            if unused:
                pending.settle(result=True)
            elif not self._work_while_waiting(state, pending):
                self._give_up_shutdown(pending)
        return pending

    def flush(self, timeout: float) -> bool:
        """Deliver everything queued before this call.

        Returns False if that took longer than ``timeout`` seconds, the exporter's ``flush`` failed or
        returned False, or events were lost since the previous flush. Each loss is reported once.
        """
        deadline = time.monotonic() + timeout
        return self.begin_flush(deadline).wait(deadline)

    def shutdown(self, timeout: float) -> bool:
        """Deliver the rest and shut down the exporter; return False if that takes over ``timeout`` s."""
        deadline = time.monotonic() + timeout
        return self.begin_shutdown(deadline).wait(deadline)

    def status(self) -> LaneStatus:
        """Return the counters, all of one moment."""
        return self._state.status()

    def after_fork_in_child(self) -> None:
        """Reset in a forked child: queued events belong to the parent, and its worker does not exist here."""
        self._state = LaneState(backlog=Backlog(self._queue_size), inherited=True)
        self._calls.after_fork()

    def _start(self, state: LaneState) -> BaseException | None:
        with state.condition:
            if state.worker is not None:
                return None
            worker = Worker(
                state, self._calls, batch_size=self._batch_size, batch_wait_seconds=self._batch_wait
            )
            state.worker, error = self._guard.catch(_start_thread, worker, f"threadtrail-{self.name}")
            return error

    def _work_while_waiting(self, state: LaneState, pending: Pending) -> bool:
        """Have the caller's thread do the work while it waits, if it can be interrupted at the deadline."""
        if not alarm.available():
            return False
        worker = Worker(state, self._calls, batch_size=self._batch_size, batch_wait_seconds=self._batch_wait)

        def work(deadline: float) -> None:
            state.worker = threading.current_thread()
            run = partial(worker.run_until, pending, deadline)
            self._guard.catch(alarm.call_until, deadline, run, contain=BaseException)
            state.worker = None

        pending.work = work
        return True

    @staticmethod
    def _send(state: LaneState, pending: Pending) -> None:
        state.backlog.add_message(pending)
        state.condition.notify()

    @staticmethod
    def _withdraw(state: LaneState, pending: Pending) -> None:
        with state.condition:
            state.backlog.remove_message(pending)
            pending.settle(result=False)

    def _give_up_flush(self, pending: Pending) -> None:
        self._withdraw(self._state, pending)
        status = self.status()
        self._calls.report("flush", f"timed out; events still queued: {status.queued}", lost=status.lost)

    def _give_up_shutdown(self, pending: Pending) -> None:
        state = self._state
        with state.condition:
            if pending.result is not None:
                return
            state.dropped += state.backlog.clear_events()
            pending.settle(result=False)
        status = self.status()
        exporting = f"; events still with the exporter: {status.queued}" if status.queued else ""
        self._calls.report("shutdown", f"timed out{exporting}", lost=status.lost)


def _start_thread(worker: Worker, name: str) -> threading.Thread:
    thread = threading.Thread(target=worker.run, name=name, daemon=True)
    thread.start()
    return thread
