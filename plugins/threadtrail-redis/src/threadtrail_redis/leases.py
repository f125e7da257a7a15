"""The streams that a collector owns: all running collectors share them evenly."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from threadtrail_redis import scripts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis import Redis

    from threadtrail_redis.keys import Keys

BEATS_PER_LEASE = 3


@dataclass(frozen=True, slots=True)
class Owned:
    """A stream, and the text by which Redis identifies its owner: no collector has it twice."""

    number: int
    owner: str


class Leases:
    """The leases of one collector. They are renewed in a thread of their own, and shared in ``share``.

    Args:
        client: a client of redis-py.
        keys: the names of the keys.
        name: the collector's name; no other one has it.
        seconds: the time after which a silent collector has lost its streams.
    """

    def __init__(self, client: Redis, keys: Keys, *, name: str, seconds: float) -> None:
        self.name = name
        self._client = client
        self._keys = keys
        self._seconds = seconds
        self._lock = threading.Lock()
        self._owned: dict[int, Owned] = {}
        self._lost: list[Owned] = []
        self._collectors: list[str] = [name]
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._meet = client.register_script(scripts.MEET)
        self._take = client.register_script(scripts.TAKE)
        self._renew = client.register_script(scripts.RENEW)
        self._release = client.register_script(scripts.RELEASE)

    def start(self) -> None:
        """Announce this collector, and keep its announcement alive in a thread."""
        self._beat()
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._beat_on, name="threadtrail-leases", daemon=True)
        self._thread.start()

    @property
    def started(self) -> bool:
        """Whether this collector has announced itself to the others."""
        return self._thread is not None

    def stop(self) -> None:
        """Release all streams, and leave."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.give_back(self.owned())
        self._client.zrem(self._keys.collectors, self.name)

    def owned(self) -> list[Owned]:
        """Return the streams that this collector owns."""
        with self._lock:
            return list(self._owned.values())

    def take_lost(self) -> list[Owned]:
        """Return the streams that were lost, or given back, since the last call."""
        with self._lock:
            lost, self._lost = self._lost, []
            return lost

    def lose(self, stream: Owned) -> None:
        """Note that another collector owns a stream."""
        with self._lock:
            if self._owned.get(stream.number) == stream:
                del self._owned[stream.number]
                self._lost.append(stream)

    def share(self, streams: int) -> None:
        """Release streams beyond this collector's share, and take free ones up to it."""
        self._look_around()
        quota = self._quota(streams)
        owned = self.owned()
        self.give_back(owned[quota:])
        room = quota - len(owned)
        for number in self._beginning_here([each for each in range(streams) if each not in self._occupied()]):
            if room <= 0:
                break
            room -= self._take_one(Owned(number, f"{self.name}/{uuid.uuid4().hex}"))

    def give_back(self, streams: Iterable[Owned]) -> None:
        """Release these streams to other collectors."""
        for stream in streams:
            self.lose(stream)
            self._release(keys=[self._keys.lease(stream.number)], args=[stream.owner])

    def _take_one(self, stream: Owned) -> bool:
        keys = [self._keys.lease(stream.number), self._keys.owners, self._keys.stream(stream.number)]
        args: list[str | int] = [stream.number, stream.owner, self._milliseconds, scripts.GROUP]
        if self._take(keys=keys, args=args) != 1:
            return False
        with self._lock:
            self._owned[stream.number] = stream
        return True

    def _occupied(self) -> set[int]:
        """Return the streams not to take: that one was lost has to be seen before it is taken again."""
        with self._lock:
            return {*self._owned, *(stream.number for stream in self._lost)}

    def _quota(self, streams: int) -> int:
        """Return this collector's share: as many as each, and one of the rest for those that come first."""
        names = sorted(self._collectors)
        each, rest = divmod(streams, len(names))
        return each + (names.index(self.name) < rest)

    def _beginning_here(self, numbers: list[int]) -> list[int]:
        """Return the numbers turned, so that collectors that start together do not all try the same first."""
        names = sorted(self._collectors)
        start = len(numbers) * names.index(self.name) // len(names)
        return numbers[start:] + numbers[:start]

    def _beat_on(self) -> None:
        while not self._ended.wait(self._seconds / BEATS_PER_LEASE):
            try:
                self._beat()
            except RedisError:  # reads say so, and a lease that nobody takes meanwhile is renewed later
                continue

    def _look_around(self) -> None:
        """Announce this collector, and read which others are running."""
        names: list[Any] = self._meet(keys=[self._keys.collectors], args=[self.name, self._seconds])
        self._collectors = [name.decode() for name in names]

    def _beat(self) -> None:
        self._look_around()
        for stream in self.owned():
            keys = [self._keys.lease(stream.number), self._keys.owners]
            if self._renew(keys=keys, args=[stream.number, stream.owner, self._milliseconds]) != 1:
                self.lose(stream)

    @property
    def _milliseconds(self) -> int:
        return max(1, int(self._seconds * 1000))
