"""The worker of a lane: takes batches from the backlog, exports them, and keeps the counters."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from threadtrail._guard import describe
from threadtrail._late import Late, condition
from threadtrail.delivery.backlog import Backlog
from threadtrail.delivery.hooks import seconds_until
from threadtrail.delivery.status import LaneStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.delivery.hooks import ExporterCalls
    from threadtrail.events import Event


class Pending:
    """A flush or a shutdown that a worker was asked for, and the wait for its result.

    ``deadline`` is a time of ``time.monotonic()``. A caller that waited until its deadline calls ``give_up``.
    ``work``, if set, does the worker's work in the thread that waits: no other thread could be started.
    """

    def __init__(
        self, kind: Literal["flush", "shutdown"], deadline: float, give_up: Callable[[Pending], None]
    ) -> None:
        self.kind = kind
        self.deadline = deadline
        self._give_up = give_up
        self._settled = threading.Event()
        self._result = False
        self.work: Callable[[float], None] | None = None

    @property
    def result(self) -> bool | None:
        """The result; None while there is none."""
        return self._result if self._settled.is_set() else None

    def settle(self, *, result: bool) -> Pending:
        """Set the result, unless there is one, and wake the callers that wait for it."""
        if not self._settled.is_set():
            self._result = result
            self._settled.set()
        return self

    def wait(self, deadline: float | None = None) -> bool:
        """Wait for the result until ``deadline`` (by default its own); return False if there is none."""
        deadline = self.deadline if deadline is None else deadline
        if self.work is not None and self.result is None:
            self.work(deadline)
        left = seconds_until(deadline)
        if not self._settled.wait(min(left, threading.TIMEOUT_MAX)):
            self._give_up(self)
        return self._result


@dataclass(kw_only=True)
class LaneState:
    """The state of a lane that belongs to one process; a forked child gets a new one.

    ``condition`` guards every field. Its lock is reentrant: a signal handler of the app may flush while the
    app flushes. It is made with the first event. ``exporting``: the number of events in ``export`` now.
    ``reported_lost``: the losses that a flush has reported.
    """

    condition = Late(condition)

    backlog: Backlog[Pending]
    inherited: bool = False
    worker: threading.Thread | None = None
    idle: bool = False
    closing: Pending | None = None
    exporting: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    reported_lost: int = 0
    last_error: str | None = None

    @property
    def used(self) -> bool:
        """Whether there has been anything to guard: an event, or a request to the worker."""
        return LaneState.condition.made(self) is not None

    def status(self) -> LaneStatus:
        """Return the counters, all of one moment."""
        with self.condition if self.used else nullcontext():
            return LaneStatus(
                delivered=self.delivered,
                failed=self.failed,
                dropped=self.dropped,
                queued=len(self.backlog) + self.exporting,
                last_error=self.last_error,
            )

    def lost_nothing_new(self) -> bool:
        """Whether no event was lost since the previous call; so each loss is reported once."""
        with self.condition:
            before, self.reported_lost = self.reported_lost, self.failed + self.dropped
            return self.reported_lost == before


class Worker:
    """Exports what waits in the lane, usually in a thread of its own."""

    def __init__(
        self, state: LaneState, calls: ExporterCalls, *, batch_size: int, batch_wait_seconds: float
    ) -> None:
        self._state = state
        self._calls = calls
        self._batch_size = batch_size
        self._batch_wait = batch_wait_seconds

    def run(self) -> None:
        """Export batches and answer requests until the lane is shut down."""
        while self._work():
            pass

    def run_until(self, pending: Pending, deadline: float) -> None:
        """Export batches and answer requests until ``pending`` is answered, or until ``deadline``."""
        while pending.result is None and time.monotonic() < deadline and self._work():
            pass

    def _work(self) -> bool:
        """Export a batch or answer a request; return False after a shutdown."""
        state = self._state
        with state.condition:
            self._wait_for_work()
            message = state.backlog.take_message()
            events, contexts = ([], []) if message else state.backlog.take(self._batch_size)
            state.exporting = len(events)
        if events:
            self._export(events, contexts)
        elif message is not None and message.kind == "flush":
            message.settle(result=self._flush(message.deadline))
        elif message is not None:
            self._shut_down(message)
            return False
        return True

    def _wait_for_work(self) -> None:
        state, backlog = self._state, self._state.backlog
        while not backlog and not backlog.has_message:
            state.idle = True
            state.condition.wait()
        state.idle = False
        deadline = time.monotonic() + self._batch_wait
        while len(backlog) < self._batch_size and not backlog.has_message:
            left = deadline - time.monotonic()
            if left <= 0 or not state.condition.wait(left):
                break

    def _export(self, events: list[Event], contexts: list[object]) -> None:
        state = self._state
        error = self._calls.export(events, contexts)
        with state.condition:
            state.exporting = 0
            if error is None:
                state.delivered += len(events)
                return
            state.failed += len(events)
            state.last_error = describe(error)
            lost = state.failed + state.dropped
        self._calls.report("export", "failed", lost=lost, error=error)

    def _flush(self, deadline: float) -> bool:
        flushed = self._calls.flush(deadline)
        return self._state.lost_nothing_new() and flushed

    def _shut_down(self, message: Pending) -> None:
        # Both hooks: an exporter that buffers may implement only one of them.
        flushed = self._flush(message.deadline)
        closed = self._calls.shutdown(message.deadline)
        state = self._state
        with state.condition:
            message.settle(result=flushed and closed)
            # Flushes that were requested meanwhile get the same result, since the worker ends here.
            while (later := state.backlog.take_message()) is not None:
                later.settle(result=flushed and closed)
