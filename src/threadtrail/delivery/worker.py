"""The worker of a lane: takes batches from the backlog, exports them, and keeps the counters."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from threadtrail._guard import describe, guard
from threadtrail._late import Late, reentrant_lock
from threadtrail._text import escaped
from threadtrail._waiting import Bell, Latch, seconds_until
from threadtrail.delivery.backlog import Backlog
from threadtrail.delivery.status import LaneStatus
from threadtrail.errors import EventsLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from threadtrail.delivery.hooks import ExporterCalls
    from threadtrail.events import Event


Claimant = TypeVar("Claimant")

_SHOWN_LENGTH = 100


class Pending:
    """A requested flush or shutdown, and the wait for its result.

    A ``drain`` exports the events queued before it, without a flush of the exporter.
    ``deadline`` is a time of ``time.monotonic()``. A caller that waited until its deadline calls ``give_up``.
    ``work``, if set, does the worker's work in the waiting thread, because no other thread could be started.
    """

    def __init__(
        self, kind: Literal["drain", "flush", "shutdown"], deadline: float, give_up: Callable[[Pending], None]
    ) -> None:
        self.kind = kind
        self.deadline = deadline
        self._give_up = give_up
        self._settled = Latch()
        self.work: Callable[[float], None] | None = None

    @property
    def result(self) -> bool | None:
        """The result; None while there is none."""
        return self._settled.result

    def settle(self, *, result: bool) -> Pending:
        """Set the result, unless there is one, and wake the callers that wait for it."""
        self._settled.set(result=result)
        return self

    def wait(self, deadline: float | None = None) -> bool:
        """Wait for the result until ``deadline`` (by default its own); return False if there is none."""
        deadline = self.deadline if deadline is None else deadline
        if self.work is not None and self.result is None:
            self.work(deadline)
        if not self._settled.wait(seconds_until(deadline)):
            self._give_up(self)
        return self.result is True


@dataclass(kw_only=True)
class LaneState:
    """The state of a lane that belongs to one process; a forked child gets a new one.

    ``lock`` guards the events of the backlog and the counters; it is made with the first event. Flush and
    shutdown take no lock, since a signal handler may call them while the interrupted thread holds it. They
    are messages, ``counters`` are replaced as a whole, and ``claims`` has the first caller of each thing that
    happens once.

    ``hired`` is the thread that was started last, ``worker`` the one that works. ``bell`` wakes it; it is
    ``idle`` while it has nothing to do. ``exporting`` is the number of events in ``export``; ``given_up`` of
    them were there when the shutdown timed out, and count as dropped until it returns; ``declined`` counts
    the events for an exporter that is switched off. ``reported_lost`` counts the losses that a flush has
    reported.
    """

    lock: ClassVar[Late[threading.RLock]] = Late(reentrant_lock)
    bell: ClassVar[Late[Bell]] = Late(Bell)

    backlog: Backlog[Pending]
    inherited: bool = False
    claims: dict[str, Any] = field(default_factory=dict)
    hired: threading.Thread | None = None
    worker: threading.Thread | None = None
    idle: bool = False
    exporting: int = 0
    given_up: int = 0
    declined: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    reported_lost: int = 0
    last_error: str | None = None
    counters: tuple[int, int, int, int] = (0, 0, 0, 0)

    @property
    def closing(self) -> Pending | None:
        """The requested shutdown, if there is one."""
        return self.claims.get("shutdown")

    @property
    def has_worker(self) -> bool:
        """Whether a thread works, or is about to."""
        return any(thread is not None and thread.is_alive() for thread in (self.worker, self.hired))

    def claim(self, what: str, by: Claimant) -> Claimant:
        """Return the first claimant of ``what``, which happens once."""
        first: Claimant = self.claims.setdefault(what, by)
        return first

    def count(self) -> None:
        """Publish the counters of one moment; called with the lock held."""
        queued = len(self.backlog) + self.exporting
        self.counters = (self.delivered, self.failed, self.dropped, queued)

    def status(self, switched_off: str | None = None) -> LaneStatus:
        """Return the counters of one moment."""
        delivered, failed, dropped, queued = self.counters
        return LaneStatus(
            delivered=delivered,
            failed=failed,
            dropped=dropped + self.declined,
            queued=queued,
            last_error=self.last_error,
            switched_off=switched_off,
        )

    def lost_nothing_new(self) -> bool:
        """Return whether no event was lost since the previous call, so that each loss is reported once."""
        with self.lock:
            before, self.reported_lost = self.reported_lost, self.failed + self.dropped
            return self.reported_lost <= before


def _number_lost(error: BaseException | None, whole: int) -> tuple[int, str]:
    """Return how many events of a batch were not exported, and what the log says about it."""
    if not isinstance(error, EventsLostError):
        return (0 if error is None else whole), "failed"
    # The attribute is the exporter's: it may be anything, or not exist.
    lost, _ = guard.catch(lambda: index(error.lost))
    if lost is not None and lost >= 1:
        return min(lost, whole), "failed"
    shown, _ = guard.catch(lambda: repr(error.lost)[:_SHOWN_LENGTH])
    return whole, (
        f"failed; EventsLostError has lost={escaped(shown or 'None')}, which must be a whole number, "
        "1 or more, so the whole batch counts as lost"
    )


class Worker:
    """Exports the events that wait in the lane, usually in a thread of its own."""

    def __init__(
        self, state: LaneState, calls: ExporterCalls, *, batch_size: int, batch_wait_seconds: float
    ) -> None:
        self._state = state
        self._calls = calls
        self._batch_size = batch_size
        self._batch_wait = batch_wait_seconds

    def run(self) -> None:
        """Export batches and answer requests until the lane is shut down."""
        if self._begin():
            try:
                while self._work():
                    pass
            finally:
                self._leave()

    def run_until(self, pending: Pending, deadline: float) -> None:
        """Export batches and answer requests until ``pending`` is answered, or until ``deadline``."""
        if self._begin():
            try:
                while pending.result is None and time.monotonic() < deadline and self._work():
                    pass
            finally:
                self._stop()

    def _begin(self) -> bool:
        """Return whether this is the one worker of the lane."""
        if self._state.claim("work", self) is not self:
            return False
        self._state.worker = threading.current_thread()
        return True

    def _work(self) -> bool:
        """Export a batch or answer a request; return False after a shutdown."""
        state = self._state
        self._wait_for_work()
        with state.lock:
            message = state.backlog.take_message()
            events, contexts = ([], []) if message else state.backlog.take(self._batch_size)
            state.exporting = len(events)
            state.count()
        if events:
            self._export(events, contexts)
        elif message is not None:
            try:
                self._answer(message)
            finally:
                message.settle(result=False)  # if there is none: this thread is being ended
            return message.kind != "shutdown"
        return True

    def _wait_for_work(self) -> None:
        state, backlog = self._state, self._state.backlog
        while not backlog and not backlog.has_message:
            state.idle = True
            if not backlog and not backlog.has_message:  # nothing was added before `put` saw `idle`
                state.bell.wait()
        state.idle = False
        deadline = time.monotonic() + self._batch_wait
        while len(backlog) < self._batch_size and not backlog.has_message:
            left = deadline - time.monotonic()
            if left <= 0 or not state.bell.wait(left):
                break

    def _export(self, events: list[Event], contexts: list[object]) -> None:
        state = self._state
        error = self._calls.export(events, contexts)
        failed, happened = _number_lost(error, len(events))
        with state.lock:
            state.exporting = 0
            state.dropped -= state.given_up
            state.given_up = 0
            state.delivered += len(events) - failed
            state.failed += failed
            if error is not None:
                state.last_error = describe(error)
            state.count()
            lost = state.failed + state.dropped
        if error is not None:
            self._calls.report("export", happened, lost=lost, error=error)

    def _answer(self, message: Pending) -> None:
        if message.kind == "drain":
            message.settle(result=True)
            return
        flushed = self._calls.flush(message.deadline)
        flushed = self._state.lost_nothing_new() and flushed
        # A shutdown calls both hooks: an exporter that buffers may implement only one of them.
        closed = message.kind == "flush" or self._calls.shutdown(message.deadline)
        if message.kind == "shutdown":
            self._calls.report_rest(self._state.failed + self._state.dropped)
        message.settle(result=flushed and closed)

    def _leave(self) -> None:
        """Count the events that are lost with this thread.

        After a shutdown these are the events that came during it. Other code, such as a debugger, may also
        end the thread by an exception; then the next event or flush starts another one.
        """
        state = self._state
        result = None if state.closing is None else state.closing.result
        if result is None:
            self._stop()
            state.reported_lost -= 1  # the next flush returns False: the batch just taken may be lost too
            self._calls.report("worker", "its thread was ended", lost=state.failed + state.dropped)
            return
        with state.lock:
            state.dropped += state.backlog.clear_events()
            state.count()
        # Flushes that were requested during this get the same result.
        while (later := state.backlog.take_message()) is not None:
            later.settle(result=result)

    def _stop(self) -> None:
        """Let another thread be the worker."""
        state = self._state
        with state.lock:
            state.failed += state.exporting
            state.exporting = 0
            state.count()
        state.worker = state.hired = None
        state.claims.pop("work", None)
