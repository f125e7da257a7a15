"""Sampling: export a share of the turns, each as a whole, and every turn in which a run failed."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from threadtrail._late import Late, reentrant_lock
from threadtrail.delivery.sizes import size_of
from threadtrail.events import RequestFailed, RunCreated, RunEnded, TraceEnded, TraceStarted, TurnEnded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.events import Event

    Admitted = tuple[Event, Mapping[str, object] | None]

DETAILS_HELD_PER_TURN = 256
TURNS_HELD = 4096
RUNS_KNOWN = 16_384
"""The maximum number of runs that are remembered as parts of another run's turn."""

BYTES_HELD = 67_108_864
"""The maximum size of held events, by ``size_of``: 64 MiB for turns, and as much for traces."""


@dataclass(slots=True)
class _Holding:
    """Events of a turn (or a trace) that was not chosen, held until it is known whether a run of it fails."""

    parent: str | None = None
    kept: bool = False
    events: list[Admitted] = field(default_factory=list)
    size: int = 0


class _Holdings:
    """The holdings by id. The oldest are dropped if there are too many, or they are too large.

    ``dropped`` counts the events in dropped holdings.
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
            if len(self._by_id) > TURNS_HELD:
                self._drop_oldest()
        return holding

    def hold(self, key: str, admitted: Admitted) -> None:
        holding = self.open(key)
        # Details may exceed this number, and RunEnded contains them.
        if len(holding.events) < DETAILS_HELD_PER_TURN or isinstance(admitted[0], RunEnded):
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
    """Chooses a share of the turns. ``rate`` is between 0 (failed ones only) and 1 (all).

    The choice depends on the turn's id, or on its trace's id if it has one, so that a trace is chosen as a
    whole and every process makes the same choice. A run that asks the app for nothing is a turn by itself.
    The events of a turn that was not chosen are held until it ends. If one of its runs or requests failed,
    they are released, together with the start of their trace. Events without a run and a trace are always
    exported.
    """

    _lock = Late(reentrant_lock)

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._reset()

    def _reset(self) -> None:
        Sampler._lock.forget(self)
        self._turns = _Holdings()
        self._traces = _Holdings()
        self._turn_ids: OrderedDict[str, str] = OrderedDict()

    def admit(self, event: Event, contexts: Mapping[str, object] | None) -> Sequence[Admitted]:
        """Return the events to deliver now: none, this event, or a turn's held events and this event."""
        admitted = (event, contexts)
        if self._rate >= 1:
            return (admitted,)
        with self._lock:
            turn_id = self._turn_id(event)
            turn = None if turn_id is None else _name(event, turn_id)
            if isinstance(event, TraceStarted) and event.trace_id is not None:
                self._traces.open(event.trace_id).parent = event.parent_trace_id
            ends = isinstance(event, TurnEnded) or (isinstance(event, RunEnded) and not event.run.shares_turn)
            released = self._decide(admitted, turn_id, turn, ends=ends)
            if ends:
                self._turns.close(str(turn))
            elif isinstance(event, TraceEnded) and event.trace_id is not None:
                self._traces.close(event.trace_id)
            return released

    def after_fork_in_child(self) -> None:
        """Drop held events: their turns belong to the parent process."""
        self._reset()

    @property
    def dropped(self) -> int:
        """The number of held events that were dropped for lack of room."""
        return self._turns.dropped + self._traces.dropped

    def _turn_id(self, event: Event) -> str | None:
        """Return the id of the turn that an event belongs to; None for an event without a run."""
        if isinstance(event, TurnEnded):
            return event.turn.id
        run_id: str | None = getattr(event, "run_id", None)
        if run_id is None:
            return None
        name = _name(event, run_id)
        if isinstance(event, RunCreated) and event.turn_id not in {None, run_id}:
            self._turn_ids[name] = str(event.turn_id)
            if len(self._turn_ids) > RUNS_KNOWN:
                self._turn_ids.popitem(last=False)
        if isinstance(event, RunEnded) and event.run.turn_id is not None:
            return event.run.turn_id
        return self._turn_ids.get(name, run_id)

    def _decide(
        self, admitted: Admitted, turn_id: str | None, turn: str | None, *, ends: bool
    ) -> Sequence[Admitted]:
        event, _ = admitted
        key = self._outermost(event) or turn_id
        if key is None or self._chosen(key):
            return (admitted,)
        if _failed(event):
            return (*self._release_trace(event.trace_id), *self._release_turn(turn), admitted)
        if ends and not self._is_kept(self._turns.get(turn)):
            return ()
        if isinstance(event, TraceEnded) and not self._is_kept(self._traces.get(event.trace_id)):
            return ()
        holdings, held_by = self._traces, event.trace_id or ""
        if turn is not None:
            holdings, held_by = self._turns, turn
        if holdings.open(held_by).kept:
            return (*self._release_trace(event.trace_id), admitted)
        holdings.hold(held_by, admitted)
        return ()

    def _outermost(self, event: Event) -> str | None:
        """Return the id of the outermost of nested traces, which are sampled as one, in all processes."""
        trace_id, carried = event.trace_id, event.carried
        while (holding := self._traces.get(trace_id)) is not None and holding.parent:
            trace_id = holding.parent
        if carried is not None and trace_id == carried.trace_id:
            return carried.outermost_trace_id or trace_id
        return trace_id

    def _release_trace(self, trace_id: str | None) -> list[Admitted]:
        holding = self._traces.get(trace_id)
        if holding is None or trace_id is None:
            return []
        return [*self._release_trace(holding.parent), *self._traces.release(trace_id)]

    def _release_turn(self, turn: str | None) -> list[Admitted]:
        return [] if turn is None else self._turns.release(turn)

    @staticmethod
    def _is_kept(holding: _Holding | None) -> bool:
        return holding is not None and holding.kept

    def _chosen(self, key: str) -> bool:
        number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
        return number < self._rate * 2**64


def _name(event: Event, identity: str) -> str:
    """Return a name of a run or a turn that includes its server: two servers may use the same ids."""
    return f"{event.server_address}:{event.server_port}/{identity}"


def _failed(event: Event) -> bool:
    if isinstance(event, RunEnded):
        return event.run.failed or event.run.error is not None
    if isinstance(event, TraceEnded):
        return event.error is not None
    return isinstance(event, RequestFailed)
