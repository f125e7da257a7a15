"""Sampling: export a share of the runs, each as a whole, and every failed run."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail._late import Late, reentrant_lock
from threadtrail.delivery.sizes import size_of
from threadtrail.events import RequestFailed, RunEnded, TraceEnded, TraceStarted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.events import Event

    Admitted = tuple[Event, Mapping[str, object] | None]

EVENTS_HELD_PER_RUN = 256
RUNS_HELD = 4096
BYTES_HELD = 67_108_864
"""The maximum size of the events that are held, by ``size_of``: 64 MiB for runs, and as much for traces."""


@dataclass(slots=True)
class _Holding:
    """Events of a run (or a trace) that was not chosen, held until it is known whether it fails."""

    parent: str | None = None
    kept: bool = False
    events: list[Admitted] = field(default_factory=list)
    size: int = 0


class _Holdings:
    """The holdings by id. The oldest are dropped when there are too many, or they are too large.

    ``dropped`` counts the events that were held until then.
    """

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, _Holding] = OrderedDict()
        self._bytes = 0
        self.dropped = 0

    def get(self, key: str | None) -> _Holding | None:
        return None if key is None else self._by_id.get(key)

    def open(self, key: str) -> _Holding:
        holding = self._by_id.get(key)
        if holding is None:
            holding = self._by_id[key] = _Holding()
            if len(self._by_id) > RUNS_HELD:
                self._drop_oldest()
        return holding

    def hold(self, key: str, admitted: Admitted) -> None:
        holding = self.open(key)
        # Only details exceed this number, and RunEnded, which is never held, contains them.
        if len(holding.events) < EVENTS_HELD_PER_RUN:
            size = size_of(admitted[0])
            holding.events.append(admitted)
            holding.size += size
            self._bytes += size
            while self._bytes > BYTES_HELD:
                self._drop_oldest()

    def release(self, key: str) -> list[Admitted]:
        holding = self.open(key)
        holding.kept = True
        released, holding.events = holding.events, []
        self._bytes -= holding.size
        holding.size = 0
        return released

    def close(self, key: str) -> None:
        holding = self._by_id.pop(key, None)
        if holding is not None:
            self._bytes -= holding.size

    def _drop_oldest(self) -> None:
        oldest = next(iter(self._by_id))
        self.dropped += len(self._by_id[oldest].events)
        self.close(oldest)


class Sampler:
    """Chooses a share of the runs. ``rate`` is between 0 (failed runs only) and 1 (all).

    The choice depends on the run's id, or on its trace's id if it has one, so that a trace is chosen as a
    whole and every process makes the same choice. The events of a run that was not chosen are held until it
    ends. If the run or one of its requests failed, they are released, together with the start of their trace.
    Events without a run and a trace are always exported.
    """

    _lock = Late(reentrant_lock)

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._reset()

    def _reset(self) -> None:
        Sampler._lock.forget(self)
        self._runs = _Holdings()
        self._traces = _Holdings()

    def admit(self, event: Event, contexts: Mapping[str, object] | None) -> Sequence[Admitted]:
        """Return the events to deliver now: none, this event, or a run's held events and this event."""
        admitted = (event, contexts)
        if self._rate >= 1:
            return (admitted,)
        with self._lock:
            run_id: str | None = getattr(event, "run_id", None)
            run = _run_of(event, run_id)
            if isinstance(event, TraceStarted) and event.trace_id is not None:
                self._traces.open(event.trace_id).parent = event.parent_trace_id
            released = self._decide(admitted, run_id, run)
            if isinstance(event, RunEnded):
                self._runs.close(str(run))
            elif isinstance(event, TraceEnded) and event.trace_id is not None:
                self._traces.close(event.trace_id)
            return released

    def after_fork_in_child(self) -> None:
        """Drop what is held: those runs belong to the parent process."""
        self._reset()

    @property
    def dropped(self) -> int:
        """How many events were held and dropped, since too many were held."""
        return self._runs.dropped + self._traces.dropped

    def _decide(self, admitted: Admitted, run_id: str | None, run: str | None) -> Sequence[Admitted]:
        event, _ = admitted
        key = self._outermost(event.trace_id) or run_id
        if key is None or self._chosen(key):
            return (admitted,)
        if _failed(event):
            return (*self._release_trace(event.trace_id), *self._release_run(run), admitted)
        if isinstance(event, RunEnded) and not self._is_kept(self._runs.get(run)):
            return ()
        if isinstance(event, TraceEnded) and not self._is_kept(self._traces.get(event.trace_id)):
            return ()
        holdings, held_by = self._traces, event.trace_id or ""
        if run is not None:
            holdings, held_by = self._runs, run
        if holdings.open(held_by).kept:
            return (*self._release_trace(event.trace_id), admitted)
        holdings.hold(held_by, admitted)
        return ()

    def _outermost(self, trace_id: str | None) -> str | None:
        """Return the id of the outermost of nested traces, which are sampled as one."""
        while (holding := self._traces.get(trace_id)) is not None and holding.parent:
            trace_id = holding.parent
        return trace_id

    def _release_trace(self, trace_id: str | None) -> list[Admitted]:
        holding = self._traces.get(trace_id)
        if holding is None or trace_id is None:
            return []
        return [*self._release_trace(holding.parent), *self._traces.release(trace_id)]

    def _release_run(self, run: str | None) -> list[Admitted]:
        return [] if run is None else self._runs.release(run)

    @staticmethod
    def _is_kept(holding: _Holding | None) -> bool:
        return holding is not None and holding.kept

    def _chosen(self, key: str) -> bool:
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
        return number < self._rate * 2**64


def _run_of(event: Event, run_id: str | None) -> str | None:
    """Return what names the run of an event: two servers may count their ids alike."""
    return None if run_id is None else f"{event.server_address}:{event.server_port}/{run_id}"


def _failed(event: Event) -> bool:
    if isinstance(event, RunEnded):
        return event.run.failed or event.run.error is not None
    if isinstance(event, TraceEnded):
        return event.error is not None
    return isinstance(event, RequestFailed)
