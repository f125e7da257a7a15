"""A lane without a queue: exports at once, in the caller's thread. For tests, where nothing should wait."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal

from threadtrail._guard import describe
from threadtrail._guard import guard as default_guard
from threadtrail.delivery.calls import ExporterCalls
from threadtrail.delivery.pending import Pending
from threadtrail.delivery.status import LaneStatus

if TYPE_CHECKING:
    from threadtrail._guard import Guard
    from threadtrail.delivery.hooks import ExporterHooks
    from threadtrail.events import Event


class InlineLane:
    """Hands each event to its exporter within ``put``: one event at a time, errors contained and counted.

    Deadlines are passed to the exporter, but nothing bounds one that hangs: it hangs the caller.
    """

    def __init__(self, name: str, hooks: ExporterHooks, *, guard: Guard = default_guard) -> None:
        self.name = name
        self.hooks = hooks
        self._calls = ExporterCalls(name, hooks, guard, contain=Exception)
        self._begin()

    def _begin(self) -> None:
        # Reentrant: an exporter that itself uses the SDK comes back here from within its own hook.
        self._lock = threading.RLock()
        self._delivered = self._failed = self._dropped = self._told_lost = 0
        self._last_error: str | None = None
        self._closed: bool | None = None

    def put(self, event: Event, context: object = None) -> None:
        """Export the event now."""
        with self._lock:
            if self._closed is not None:
                self._dropped += 1
                self._calls.report("queue", "it is shut down", lost=self.status().lost)
                return
            error = self._calls.export((event,), (context,))
            if error is None:
                self._delivered += 1
                return
            self._failed += 1
            self._last_error = describe(error)
            self._calls.report("export", "failed", lost=self.status().lost, error=error)

    def start_worker(self) -> bool:
        """Do nothing: the caller is the worker."""
        return True

    def begin_flush(self, deadline: float) -> Pending:
        """Flush now; the answer is there when this returns."""
        with self._lock:
            result = self._flush(deadline) if self._closed is None else self._closed
        return _settled("flush", deadline, result=result)

    def begin_shutdown(self, deadline: float) -> Pending:
        """Shut down now, once; the answer is there when this returns."""
        with self._lock:
            if self._closed is None:
                self._closed = False
                flushed = self._flush(deadline)
                self._closed = self._calls.shutdown(deadline) and flushed
            return _settled("shutdown", deadline, result=self._closed)

    def flush(self, timeout: float) -> bool:
        """Flush the exporter, which gets ``timeout`` seconds; False also if events were lost before."""
        return self.begin_flush(time.monotonic() + timeout).wait()

    def shutdown(self, timeout: float) -> bool:
        """Flush and close the exporter, which gets ``timeout`` seconds for both."""
        return self.begin_shutdown(time.monotonic() + timeout).wait()

    def status(self) -> LaneStatus:
        """Return the counters; nothing is ever queued."""
        with self._lock:
            return LaneStatus(
                delivered=self._delivered,
                failed=self._failed,
                dropped=self._dropped,
                last_error=self._last_error,
            )

    def after_fork_in_child(self) -> None:
        """Begin anew in a forked child."""
        self._begin()
        self._calls.after_fork()

    def _flush(self, deadline: float) -> bool:
        flushed = self._calls.flush(deadline)
        before, self._told_lost = self._told_lost, self._failed + self._dropped
        return self._told_lost == before and flushed


def _settled(kind: Literal["flush", "shutdown"], deadline: float, *, result: bool) -> Pending:
    return Pending(kind, deadline, _nothing_to_give_up).settle(result=result)


def _nothing_to_give_up(_pending: Pending) -> None:
    """Settled from the start: no caller's deadline can pass."""
