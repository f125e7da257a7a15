"""The runs that are followed, and the ids of those that were published: both bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.delivery.sizes import size_of
from threadtrail.recording.bounded import Bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.links import InChain
    from threadtrail.recording.publishing import Server
    from threadtrail.recording.runs import RunKey, RunRecord

SET_ASIDE_RUNS = 1_000
"""The maximum number of runs that are kept in case they finish after they were given up."""

KNOWN_IDS = 65_536
"""The maximum number of ids of runs that are kept, to know them again and to tell one that is used anew."""

PUBLISHED_RUNS = 16_384
"""The maximum number of published runs whose ids are kept, so that looking at them again adds nothing."""


class RunStore:
    """Open runs by server and id, in the order they were last seen, and by thread; at most ``max_open``.

    Times are ``time.monotonic()`` seconds: they only decide when to give up waiting.
    """

    def __init__(self) -> None:
        self.max_open = 0
        self._open: dict[RunKey, RunRecord] = {}
        self._due: dict[RunKey, float] = {}
        self._by_thread: dict[str, RunRecord | tuple[RunRecord, ...]] = {}
        self._published: Bounded[RunKey, bool] = Bounded(PUBLISHED_RUNS)
        self.set_aside: Bounded[RunKey, RunRecord] = Bounded(SET_ASIDE_RUNS)
        self._given_up: Bounded[RunKey, InChain] = Bounded(PUBLISHED_RUNS)
        self._ids: Bounded[str, RunKey] = Bounded(KNOWN_IDS)

    def get(self, key: RunKey) -> RunRecord | None:
        """Return the open run of this key."""
        return self._open.get(key)

    def was_published(self, key: RunKey) -> bool:
        """Whether the run of this key was published before, as finished."""
        return key in self._published

    def reuses_id(self, key: RunKey, *, created: bool) -> bool:
        """Whether a run that begins has the id of an earlier one: of another server, or ``created`` anew."""
        before = self._ids.get(key[1])
        self._ids.put(key[1], key)
        return before is not None and (created or before != key)

    def has_seen(self, run_id: str) -> bool:
        """Whether a run of this id began, not too long ago. Any thread may ask."""
        return self._ids.peek(run_id) is not None

    def begin_again(self, key: RunKey) -> None:
        """Forget that a run of this key was published: the server has used its id again."""
        self._published.pop(key)
        self.set_aside.pop(key)
        self._given_up.pop(key)

    def take_back(self, key: RunKey) -> RunRecord | None:
        """Return the run of this key that was given up unfinished, to be followed again."""
        return self.set_aside.pop(key)

    def give_up(self, record: RunRecord) -> None:
        """Remember that a run was published as unfinished, also when nothing but its chain is kept of it."""
        self._given_up.put(record.key, record.chain)

    def given_up(self, key: RunKey) -> InChain | None:
        """Return the chain of the run of this key, if it was published as unfinished."""
        return self._given_up.get(key)

    def on_thread(self, server: Server, thread_id: str | None) -> list[RunRecord]:
        """Return the open runs of a thread."""
        return [record for record in self._beside(thread_id or "") if record.key[0] == server]

    def _beside(self, thread_id: str) -> tuple[RunRecord, ...]:
        """Return the open runs of a thread: nearly always one, which is kept without a tuple."""
        found = self._by_thread.get(thread_id, ())
        return found if isinstance(found, tuple) else (found,)

    def touch(self, record: RunRecord, now: float) -> None:
        """Keep the run, or note that it was looked at again."""
        key = record.key
        self._open.pop(key, None)
        self._open[key] = record  # the last one again
        record.touched_at = now
        if self._due and not record.ended:
            # Somebody looks at it after all.
            self._due.pop(key, None)
        if record.thread_id:
            beside = self._beside(record.thread_id)
            if record not in beside:
                self._by_thread[record.thread_id] = (*beside, record) if beside else record

    def due(self, record: RunRecord, at: float) -> None:
        """Set when the run is to be published, whether or not more becomes known of it."""
        self._due[record.key] = at

    def remove(self, record: RunRecord) -> None:
        """Follow a run no longer: only its id is kept, or all of it if it may finish yet."""
        key, thread = record.key, record.thread_id or ""
        self._open.pop(key, None)
        self._due.pop(key, None)
        beside = tuple(each for each in self._beside(thread) if each is not record)
        if beside:
            self._by_thread[thread] = beside
        else:
            self._by_thread.pop(thread, None)
        if record.ended:
            self._published.put(key, value=True)
        else:
            self.set_aside.put(key, record)

    def due_at(self, now: float) -> list[RunRecord]:
        """Return the runs that are due by now."""
        return [self._open[key] for key, at in self._due.items() if at <= now]

    def expired(self, now: float, patience: float) -> Iterator[RunRecord]:
        """Yield the runs that were not seen for ``patience`` seconds, or are over ``max_open``."""
        expired: list[RunRecord] = []
        for record in self._open.values():
            too_many = len(self._open) - len(expired) > self.max_open
            if not too_many and record.touched_at + patience > now:
                break
            expired.append(record)
        for record in expired:
            yield record
            if self._open.get(record.key) is record:
                # It could not be published: it must not be yielded for ever.
                self.remove(record)

    def over(self, max_bytes: int) -> list[RunRecord]:
        """Return the runs without which the others take ``max_bytes`` at most: those seen longest ago."""
        sizes = {key: size_of(record.kept) for key, record in self._open.items()}
        total, over = sum(sizes.values()), []
        for key, record in self._open.items():
            if total <= max_bytes:
                break
            over.append(record)
            total -= sizes[key]
        return over

    def next_deadline(self, patience: float) -> float | None:
        """Return when ``expired`` yields a run if nothing changes; ``None`` if no run is followed."""
        times = list(self._due.values())
        if self._open:
            times.append(next(iter(self._open.values())).touched_at + patience)
        return min(times, default=None)

    def all(self) -> list[RunRecord]:
        """Return every open run, the one seen longest ago first."""
        return list(self._open.values())

    def __len__(self) -> int:
        return len(self._open)


class RunsOfServer:
    """The runs of one server, as its source may look at them."""

    def __init__(self, store: RunStore, server: Server) -> None:
        self._store = store
        self._server = server

    def get(self, run_id: str) -> RunRecord | None:
        """Return the followed run of this id."""
        return self._store.get((self._server, run_id))

    def on_thread(self, thread_id: str | None) -> list[RunRecord]:
        """Return the followed runs of a thread."""
        return self._store.on_thread(self._server, thread_id)
