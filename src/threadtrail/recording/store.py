"""The runs that are being followed, and the ids of those that were told: both bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from threadtrail.recording.known import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.runs import RunRecord

TOLD_RUNS = 16_384
"""So many ended runs are remembered by id, so that looking at them again adds nothing."""


class RunStore:
    """Open runs by id, in the order they were last seen, and by thread; at most ``max_open`` of them.

    Times are ``time.monotonic()`` seconds: they only decide when to give up waiting.
    """

    def __init__(self) -> None:
        self.max_open = 0
        self._open: OrderedDict[str, RunRecord] = OrderedDict()
        self._seen: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._by_thread: dict[str, set[str]] = {}
        self._told: Bounded[str, bool] = Bounded(TOLD_RUNS)

    def get(self, run_id: str) -> RunRecord | None:
        """The open run of this id."""
        return self._open.get(run_id)

    def was_told(self, run_id: str) -> bool:
        """Whether the run of this id was published before, whole."""
        return run_id in self._told

    def on_thread(self, thread_id: str | None) -> list[RunRecord]:
        """The open runs of a thread."""
        return [self._open[run_id] for run_id in self._by_thread.get(thread_id or "", ())]

    def touch(self, record: RunRecord, now: float) -> None:
        """Keep the run, or note that it was looked at again."""
        self._open[record.id] = record
        self._open.move_to_end(record.id)
        self._seen[record.id] = now
        if not record.ended:
            # Somebody looks at it after all.
            self._due.pop(record.id, None)
        if record.thread_id:
            self._by_thread.setdefault(record.thread_id, set()).add(record.id)

    def due(self, record: RunRecord, at: float) -> None:
        """The run is to be told at this time, whether or not more becomes known of it."""
        self._due[record.id] = at

    def remove(self, record: RunRecord) -> None:
        """The run was told: only its id is remembered."""
        self._open.pop(record.id, None)
        self._seen.pop(record.id, None)
        self._due.pop(record.id, None)
        on_thread = self._by_thread.get(record.thread_id or "", set())
        on_thread.discard(record.id)
        if not on_thread:
            self._by_thread.pop(record.thread_id or "", None)
        self._told.put(record.id, value=True)

    def expired(self, now: float, patience: float) -> Iterator[RunRecord]:
        """Runs to be told now: settled, not seen for ``patience`` seconds, or too many."""
        for run_id in [run_id for run_id, at in self._due.items() if at <= now]:
            yield self._open[run_id]
        while self._open:
            run_id, record = next(iter(self._open.items()))
            if len(self._open) <= self.max_open and self._seen[run_id] + patience > now:
                break
            yield record
            if run_id in self._open:
                # Whoever was to tell it did not: never look at it twice for that.
                self.remove(record)

    def next_deadline(self, patience: float) -> float | None:
        """When ``expired`` will next have something to say."""
        times = list(self._due.values())
        if self._open:
            times.append(self._seen[next(iter(self._open))] + patience)
        return min(times, default=None)

    def all(self) -> list[RunRecord]:
        """Every open run, that seen longest ago first."""
        return list(self._open.values())

    def __len__(self) -> int:
        return len(self._open)
