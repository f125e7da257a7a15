"""The runs that are followed, and the ids of those that were published: both bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.runs import RunRecord

PUBLISHED_RUNS = 16_384
"""The maximum number of published runs whose ids are kept, so that looking at them again adds nothing."""


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
        self._published: Bounded[str, bool] = Bounded(PUBLISHED_RUNS)

    def get(self, run_id: str) -> RunRecord | None:
        """Return the open run of this id."""
        return self._open.get(run_id)

    def was_published(self, run_id: str) -> bool:
        """Whether the run of this id was published before, whole."""
        return run_id in self._published

    def on_thread(self, thread_id: str | None) -> list[RunRecord]:
        """Return the open runs of a thread."""
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
        """Set when the run is to be published, whether or not more becomes known of it."""
        self._due[record.id] = at

    def remove(self, record: RunRecord) -> None:
        """Forget a run that is published, except for its id."""
        self._open.pop(record.id, None)
        self._seen.pop(record.id, None)
        self._due.pop(record.id, None)
        on_thread = self._by_thread.get(record.thread_id or "", set())
        on_thread.discard(record.id)
        if not on_thread:
            self._by_thread.pop(record.thread_id or "", None)
        self._published.put(record.id, value=True)

    def expired(self, now: float, patience: float) -> Iterator[RunRecord]:
        """Yield the runs to publish now: settled, not seen for ``patience`` seconds, or over ``max_open``."""
        for run_id in [run_id for run_id, at in self._due.items() if at <= now]:
            yield self._open[run_id]
        while self._open:
            run_id, record = next(iter(self._open.items()))
            if len(self._open) <= self.max_open and self._seen[run_id] + patience > now:
                break
            yield record
            if run_id in self._open:
                # It could not be published: it must not be yielded for ever.
                self.remove(record)

    def next_deadline(self, patience: float) -> float | None:
        """Return when ``expired`` yields a run if nothing changes; ``None`` if no run is followed."""
        times = list(self._due.values())
        if self._open:
            times.append(self._seen[next(iter(self._open))] + patience)
        return min(times, default=None)

    def all(self) -> list[RunRecord]:
        """Return every open run, the one seen longest ago first."""
        return list(self._open.values())

    def __len__(self) -> int:
        return len(self._open)
