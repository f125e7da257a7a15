"""The runs that are followed, and the ids of those that were published, both within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.delivery.sizes import size_of
from threadtrail.recording.bounded import Bounded, Latest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.recording.links import InChain
    from threadtrail.recording.publishing import Server
    from threadtrail.recording.runs import RunKey, RunRecord

SET_ASIDE_RUNS = 1_000
"""The maximum number of runs that were given up and are kept in case they still finish."""

KNOWN_IDS = 65_536
"""How many ids of runs are kept, to recognise the runs, and ids that a server uses again."""

PUBLISHED_RUNS = 16_384
"""How many published runs are remembered by their ids, so that another look at them adds nothing."""


class RunStore:
    """Open runs by server and id, in the order they were last seen, and by thread; at most ``max_open``.

    Times are ``time.monotonic()`` seconds: they only decide when to give up waiting.
    """

    def __init__(self) -> None:
        self.max_open = 0
        self._open: dict[RunKey, RunRecord] = {}
        self._due: dict[RunKey, float] = {}
        self._by_thread: dict[str, RunRecord | tuple[RunRecord, ...]] = {}
        self._published: Latest[RunKey, bool] = Latest(PUBLISHED_RUNS)
        self.set_aside: Bounded[RunKey, RunRecord] = Bounded(SET_ASIDE_RUNS)
        self._given_up: Bounded[RunKey, InChain] = Bounded(PUBLISHED_RUNS)
        self._ids: Latest[str, RunKey] = Latest(KNOWN_IDS)

    def get(self, key: RunKey) -> RunRecord | None:
        """Return the open run of this key."""
        return self._open.get(key)

    def was_published(self, key: RunKey) -> bool:
        """Return whether the run of this key was published before, as finished."""
        return key in self._published

    def reuses_id(self, key: RunKey, *, created: bool) -> bool:
        """Return whether a run that begins has the id of an earlier one.

        That one is of another server or, if the run was ``created`` here, of the same one.
        """
        before = self._ids.get(key[1])
        self._ids.put(key[1], key)
        return before is not None and (created or before != key)

    def has_seen(self, run_id: str) -> bool:
        """Return whether a run of this id began, as far back as ids are kept. Any thread may call this."""
        return self._ids.get(run_id) is not None

    def begin_again(self, key: RunKey) -> None:
        """Forget that a run of this key was published, since the server has used its id again."""
        self._published.pop(key)
        self.set_aside.pop(key)
        self._given_up.pop(key)

    def take_back(self, key: RunKey) -> RunRecord | None:
        """Remove and return the run of this key that was given up unfinished, to follow it again."""
        return self.set_aside.pop(key)

    def give_up(self, record: RunRecord) -> None:
        """Remember that a run was published as unfinished, even when only its chain is kept of it."""
        self._given_up.put(record.key, record.chain)

    def given_up(self, key: RunKey) -> InChain | None:
        """Return the chain of the run of this key, if it was published as unfinished."""
        return self._given_up.get(key)

    def chain_of(self, key: RunKey) -> InChain | None:
        """Return the chain of the run of this key, if it is open or was published as unfinished."""
        record = self._open.get(key)
        return record.chain if record is not None else self._given_up.get(key)

    def on_thread(self, server: Server, thread_id: str | None) -> list[RunRecord]:
        """Return the open runs of a thread."""
        return [record for record in self._beside(thread_id or "") if record.key[0] == server]

    def _beside(self, thread_id: str) -> tuple[RunRecord, ...]:
        """Return the open runs of a thread. A single one, nearly always the case, is kept without a tuple."""
        found = self._by_thread.get(thread_id, ())
        return found if isinstance(found, tuple) else (found,)

    def touch(self, record: RunRecord, now: float) -> None:
        """Keep the run as the one seen last."""
        key = record.key
        self._open.pop(key, None)
        self._open[key] = record  # moves it to the end
        record.touched_at = now
        if self._due and not record.ended:
            # The app does look at it again.
            self._due.pop(key, None)
        if record.thread_id:
            beside = self._beside(record.thread_id)
            if record not in beside:
                self._by_thread[record.thread_id] = (*beside, record) if beside else record

    def due(self, record: RunRecord, at: float) -> None:
        """Set when to publish the run, even if nothing more is seen of it."""
        self._due[record.key] = at

    def remove(self, record: RunRecord) -> None:
        """Stop following a run: keep only its id or, if it may still finish, all of it."""
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
                # It could not be published, and must not be yielded again and again.
                self.remove(record)

    def over(self, max_bytes: int) -> list[RunRecord]:
        """Return the runs to remove, seen longest ago, so that the others take ``max_bytes`` at most."""
        sizes = {key: size_of(record.kept) for key, record in self._open.items()}
        total, over = sum(sizes.values()), []
        for key, record in self._open.items():
            if total <= max_bytes:
                break
            over.append(record)
            total -= sizes[key]
        return over

    def next_deadline(self, patience: float) -> float | None:
        """Return the time at which the next run is due or expires; ``None`` if no run is followed."""
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
    """The followed runs of one server, for its source."""

    def __init__(self, store: RunStore, server: Server) -> None:
        self._store = store
        self._server = server

    def get(self, run_id: str) -> RunRecord | None:
        """Return the followed run of this id."""
        return self._store.get((self._server, run_id))

    def on_thread(self, thread_id: str | None) -> list[RunRecord]:
        """Return the followed runs of a thread."""
        return self._store.on_thread(self._server, thread_id)
