"""A lane: one exporter's queue, worker and counters. A bad exporter affects its own lane only."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING

from threadtrail._guard import guard as default_guard
from threadtrail._own_work import run_as_own_thread, start_thread
from threadtrail.delivery import alarm
from threadtrail.delivery.backlog import Backlog
from threadtrail.delivery.hooks import LOSSES, ExporterCalls
from threadtrail.delivery.sizes import EVENT_BYTES
from threadtrail.delivery.worker import LaneState, Pending, Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail._guard import Guard
    from threadtrail.delivery.hooks import ExporterHooks
    from threadtrail.delivery.status import LaneStatus
    from threadtrail.events import Event

BATCH_SIZE = 128
BATCH_WAIT_SECONDS = 0.2


class Lane:
    """Exports events with one exporter, in order, each once, in a thread of its own.

    ``queue_size`` is the maximum number of waiting events, whose size is bounded too. A batch holds up to
    ``batch_size`` events and waits at most ``batch_wait_seconds`` for more. ``switched_off``: why the
    exporter gets none, if it does not. ``losses`` names in the log what was not delivered.
    """

    def __init__(  # noqa: PLR0913 - keywords with defaults, for tests
        self,
        name: str,
        hooks: ExporterHooks,
        *,
        queue_size: int,
        batch_size: int = BATCH_SIZE,
        batch_wait_seconds: float = BATCH_WAIT_SECONDS,
        switched_off: str | None = None,
        guard: Guard = default_guard,
        losses: str = LOSSES,
    ) -> None:
        self.name = name
        self.hooks = hooks
        self._guard = guard
        self._calls = ExporterCalls(name, hooks, guard, losses)
        self._queue_size = queue_size
        # A queue smaller than a batch would overflow while the worker still waits for the batch to fill.
        self._batch_size = min(batch_size, queue_size)
        self._batch_wait = batch_wait_seconds
        self._switched_off = switched_off
        self._state = LaneState(backlog=Backlog(queue_size))

    def put(self, event: Event, context: object = None, size: int = EVENT_BYTES) -> None:
        """Queue an event of this size in bytes; neither wait for the exporter nor raise."""
        self.put_all([(event, context, size)])

    def put_all(self, events: Sequence[tuple[Event, object, int]]) -> None:
        """Queue events in order, each with its context and its size; neither wait nor raise."""
        if self._switched_off is not None:
            self._state.declined += len(events)
            return
        state, backlog = self._state, self._state.backlog
        with state.lock:
            closed = state.closing is not None
            before = len(backlog)
            dropped = len(events) if closed else sum(backlog.add(*each) for each in events)
            state.dropped += dropped
            state.count()
            lost = state.failed + state.dropped
            # Not on each put: a worker that wakes up competes with the app's threads for the interpreter.
            if state.idle or before < self._batch_size <= len(backlog):
                state.idle = False
                state.bell.ring()
            unstarted = state.worker is None and not closed
        # Outside the lock: a log handler may do anything, even publish an event.
        if dropped:
            happened = "shut down, dropping events" if closed else "full, dropping events, details first"
            self._calls.report("queue", happened, lost=lost)
        if unstarted:
            self.start_worker()

    def drop(self) -> None:
        """Count an event that will never be put."""
        state = self._state
        with state.lock:
            state.dropped += 1
            state.count()

    def start_worker(self) -> bool:
        """Start the worker unless it runs; return False, and log it, if no thread can be started.

        From Python 3.12 on, no thread can be started while the interpreter exits. Events then stay queued,
        and the exit delivers them in the main thread.
        """
        error = None if self._switched_off is not None else self._start(self._state)
        if error is not None:
            happened = "cannot start a thread; events wait for the exit of the process"
            self._calls.report("worker", happened, lost=self.status().lost, error=error)
        return error is None

    def begin_drain(self, deadline: float) -> Pending:
        """Request that all queued events be exported by ``deadline``, without a flush of the exporter."""
        return self._begin(Pending("drain", deadline, self._give_up_flush))

    def begin_flush(self, deadline: float) -> Pending:
        """Request the delivery of all queued events by ``deadline`` (a time of ``time.monotonic()``)."""
        return self._begin(Pending("flush", deadline, self._give_up_flush))

    def begin_shutdown(self, deadline: float) -> Pending:
        """Request the delivery of the rest and the exporter's shutdown, once; later events are dropped."""
        state = self._state
        mine = Pending("shutdown", deadline, self._give_up_shutdown)
        pending = state.claim("shutdown", mine)
        if pending.result is not None:
            return pending
        unused = state.worker is None and not state.backlog
        # A forked child that exported nothing has nothing to shut down: the rest belongs to the parent.
        if unused and (state.inherited or self.hooks.shutdown is None):
            return pending.settle(result=True)
        # May be sent twice: a signal handler may interrupt code that is about to send it.
        self._send(state, pending)
        if threading.current_thread() is state.worker:
            # The exporter shuts down within its own hook: that is done after it, and is not waited for.
            return Pending("shutdown", deadline, self._give_up_shutdown).settle(result=False)
        if self._start(state) is not None:
            if unused:
                pending.settle(result=True)
            elif not self._work_while_waiting(state, pending):
                self._give_up_shutdown(pending)
        return pending

    @property
    def is_switched_off(self) -> bool:
        """Whether the exporter gets no events."""
        return self._switched_off is not None

    @property
    def result(self) -> bool | None:
        """The result of the shutdown; None until the exporter was shut down, or given up."""
        return None if self._state.closing is None else self._state.closing.result

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
        return self._state.status(self._switched_off)

    def after_fork_in_child(self) -> None:
        """Reset in a forked child: queued events belong to the parent, and its worker does not exist here."""
        self._state = LaneState(backlog=Backlog(self._queue_size), inherited=True)
        self._calls.after_fork()

    def _start(self, state: LaneState) -> BaseException | None:
        """Start the worker, unless it runs; return the error.

        Two threads, or a signal handler, may start two workers; the second one ends at once.
        """
        if state.has_worker:
            return None
        worker = Worker(state, self._calls, batch_size=self._batch_size, batch_wait_seconds=self._batch_wait)
        state.hired, error = self._guard.catch(start_thread, worker.run, f"threadtrail-{self.name}")
        return error

    def _work_while_waiting(self, state: LaneState, pending: Pending) -> bool:
        """Do the worker's work in the caller's thread, if that can be interrupted at the deadline."""
        if not alarm.available():
            return False
        worker = Worker(state, self._calls, batch_size=self._batch_size, batch_wait_seconds=self._batch_wait)

        def work(deadline: float) -> None:
            run = partial(worker.run_until, pending, deadline)
            until = partial(alarm.call_until, deadline, run)
            self._guard.catch(run_as_own_thread, until, contain=BaseException)

        pending.work = work
        return True

    def _begin(self, pending: Pending) -> Pending:
        state = self._state
        if threading.current_thread() is state.worker:
            # The exporter flushes within its own hook: the worker cannot wait for itself.
            return pending.settle(result=False)
        if self.result is None and state.worker is None and not state.backlog and not state.dropped:
            return pending.settle(result=True)
        if self.result is None:
            self._send(state, pending)
        if self.result is not None:  # set in the meantime: the worker has ended
            return pending.settle(result=self.result)
        if self._start(state) is not None and not self._work_while_waiting(state, pending):
            self._withdraw(state, pending)
        return pending

    @staticmethod
    def _send(state: LaneState, pending: Pending) -> None:
        state.backlog.add_message(pending)
        state.bell.ring()

    @staticmethod
    def _withdraw(state: LaneState, pending: Pending) -> None:
        state.backlog.remove_message(pending)
        pending.settle(result=False)

    def _give_up_flush(self, pending: Pending) -> None:
        self._withdraw(self._state, pending)
        status = self.status()
        self._calls.report("flush", f"timed out; events still queued: {status.queued}", lost=status.lost)

    def _give_up_shutdown(self, pending: Pending) -> None:
        state = self._state
        if pending.result is not None:
            return
        with state.lock:
            # Events in `export` are lost too, unless it returns later.
            state.given_up, state.exporting = state.exporting, 0
            state.dropped += state.backlog.clear_events() + state.given_up
            state.count()
        pending.settle(result=False)
        self._calls.report("shutdown", "timed out", lost=self.status().lost, always=True)
