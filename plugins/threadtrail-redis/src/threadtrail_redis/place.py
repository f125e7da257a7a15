"""Redis Streams as a place to collect from, shared with other collectors by leases."""

from __future__ import annotations

import logging
import os
import socket
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import BusyLoadingError, RedisError

from threadtrail.collecting.place import Entry
from threadtrail.config.layers import environment_values
from threadtrail.errors import ConfigurationError
from threadtrail_redis.connection import Target, back_off
from threadtrail_redis.fenced import Reading, Streams, Token
from threadtrail_redis.index import DAY, MARKED_SECONDS, Index, Turns
from threadtrail_redis.keys import Keys
from threadtrail_redis.leases import Leases
from threadtrail_redis.placement import stream_of
from threadtrail_redis.troubles import PassingError, passes, trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from redis import Redis

    from threadtrail_redis.fenced import Found

logger: logging.Logger = logging.getLogger("threadtrail.redis")

Result = TypeVar("Result")

SHARE_SECONDS = 1.0
"""How often a collector checks whether streams are free, or others have joined, in seconds."""

LONGEST_WAIT_SECONDS = 1.0
LOADING_SECONDS = 600.0
"""How long a collector that starts waits for a Redis that has started as well."""

LOADING_PAUSE_SECONDS = 0.2
LOG_SECONDS = 60.0
PATIENCE_SECONDS = 30.0
"""How long a command is retried while Redis is unreachable, in seconds."""

STOPPING_SECONDS = 3.0
"""How long commands are retried after the collector was asked to stop, in seconds."""


class RedisPlace:
    """The streams of one fleet, as one of its collectors sees them.

    Args:
        address: as the option ``url`` of the exporter.
        username: the user's name, if it is not in the address; without both, that of the exporter's variable.
        password: the same of the password, which others can read where it is on a command line.
        prefix: how the names of all keys begin; as the exporter's.
        lease_seconds: after which the streams of a collector that died are taken over.
        timeout: seconds to connect, and for an answer.
    """

    def __init__(  # noqa: PLR0913 - options of a command
        self,
        address: str,
        *,
        username: str | None = None,
        password: str | None = None,
        prefix: str = "threadtrail",
        lease_seconds: float = 10.0,
        timeout: float = 5.0,
    ) -> None:
        if not lease_seconds > 0:
            raise ConfigurationError("it must be above 0", option="lease_seconds", value=lease_seconds)
        if "@" not in address:
            login = environment_values(("redis_username", "redis_password"))
            username = username or login.get("redis_username")
            password = password or login.get("redis_password")
        self._target = Target(url=address, username=username, password=password, timeout=timeout)
        self._keys = Keys(prefix)
        self._client: Redis = self._target.connect()
        name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._leases = Leases(self._client, self._keys, name=name, seconds=lease_seconds)
        self._streams = Streams(self._client, self._keys, self._leases)
        self._readings: list[Reading] = []
        self._stops_at = float("inf")
        self._number = 0
        self._shared_at = float("-inf")
        self._put_off: list[Token] = []
        self._given_up = 0
        self._present_trouble: str | None = None
        self._logged_at = float("-inf")
        self.turns: Turns = Turns(Index(self._client, self._patiently, self._keys.calls, DAY))
        self.marks: Index = Index(self._client, self._patiently, self._keys.published, MARKED_SECONDS)

    def open(self) -> None:
        """Connect, and take streams; wait while Redis loads its data.

        Raises:
            ConfigurationError: Redis does not answer, or rejects the login.
        """
        deadline = time.monotonic() + LOADING_SECONDS
        while True:
            try:
                self._leases.start()
                self._share()
            except RedisError as error:
                if not isinstance(error, BusyLoadingError) or time.monotonic() > deadline:
                    raise ConfigurationError(str(self._described(error))) from error
                time.sleep(LOADING_PAUSE_SECONDS)
            else:
                return

    def read(self, timeout: float) -> Sequence[Entry]:
        """Return the next entries; wait up to ``timeout`` seconds if there are none."""
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            try:
                entries = self._read()
                if entries or left <= 0:
                    return entries
                self._wait(min(left, LONGEST_WAIT_SECONDS))
            except RedisError as error:
                self._trouble = self._described(error).problem
                if left <= 0:
                    return ()
                time.sleep(min(left, 0.1))

    def pause(self, timeout: float) -> None:
        """Wait for ``timeout`` seconds; keep and share the streams, but read nothing."""
        try:
            self._keep_streams()
            self._trouble = None
        except RedisError as error:
            self._trouble = self._described(error).problem
        time.sleep(timeout)

    def stop(self) -> None:
        """End the retries of commands soon, in case Redis is away."""
        self._stops_at = time.monotonic() + STOPPING_SECONDS

    def attempt(self, tokens: Sequence[object], count: int) -> None:
        """Count deliveries that were begun, by 1, and take back those that failed, by -1.

        Raises:
            ConnectionError: Redis is away.
        """
        self._patiently(lambda: self._streams.attempt(_tokens(tokens), count))

    def fetch(self, tokens: Sequence[object]) -> Sequence[bytes | None]:
        """Return the events of entries as JSON, and None for those that are not in Redis.

        Raises:
            ConnectionError: Redis is away.
        """
        wanted = _tokens(tokens)
        lines: Sequence[bytes | None] = self._patiently(lambda: self._streams.lines(wanted))
        return lines

    def acknowledge(self, tokens: Sequence[object]) -> None:
        """Remove entries that were delivered; if Redis is away for long, that is put off."""
        delivered = _tokens(tokens)
        try:
            self._patiently(lambda: self._streams.acknowledge(delivered))
        except ConnectionError:
            self._put_off += delivered

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:
        """Move entries to the dead letters.

        Raises:
            ConnectionError: Redis is away; they stay where they are.
        """
        for entry in entries:
            for token in _tokens([entry.token]):
                bury = partial(self._streams.give_up, token, entry.line, reason)
                self._given_up += bool(self._patiently(bury))

    def move(self, tokens: Sequence[object], lines: Sequence[str | bytes], key: str) -> bool:
        """Put events into the stream of a turn or a trace, in place of entries of other ones, in one step.

        Return False, and do nothing, if another collector owns one of these by now.
        """
        to = self._stream_of(key)
        return bool(self._patiently(lambda: self._streams.move(_tokens(tokens), lines, to)))

    def group_of(self, key: str) -> str:
        """Return the group that a run, a turn or a trace falls to, by its id."""
        return str(self._stream_of(key))

    def _stream_of(self, key: str) -> int:
        """Return the stream of a key; while Redis has forgotten how many there are, no stream is owned."""
        return stream_of(key, max(1, self._number))

    def lost(self) -> Collection[str]:
        """Return the groups that this collector has stopped owning since the last call."""
        return {str(stream.number) for stream in self._leases.take_lost()}

    @property
    def is_read_to_its_end(self) -> bool:
        """Whether everything was read: processes may always append more."""
        return False

    def is_at(self, address: str) -> bool:
        """Return whether an address leads to the same database of the same Redis, as far as it shows that."""
        return self._target.leads_to(address)

    def status(self) -> Mapping[str, object]:
        """Return the state for an orchestrator, as JSON values."""
        counts, error = self._counts()
        return {
            "address": self._target.shown,
            "name": self._leases.name,
            "connected": error is None and self._trouble is None,
            "trouble": self._trouble or error,
            "streams": self._number,
            "groups": sorted(str(stream.number) for stream in self._leases.owned()),
            "given_up": self._given_up,
            **counts,
        }

    def peek(self) -> Iterator[bytes]:
        """Yield all events that wait, as JSON, one stream after another; take none of them.

        Raises:
            ConfigurationError: Redis does not answer, or rejects the login.
        """
        try:
            known: Any = self._client.get(self._keys.streams)
            for number in range(int(known or 0)):
                yield from self._streams.all_of(number)
        except RedisError as error:
            raise ConfigurationError(str(self._described(error))) from error

    def close(self) -> None:
        """Release the streams; entries that are not acknowledged stay for the next collector."""
        try:
            try:
                self._streams.acknowledge(self._put_off)
            finally:
                if self._leases.started:
                    self._leases.stop()
        except RedisError as error:  # the leases run out by themselves
            self._trouble = self._described(error).problem
        self._target.close(self._client)

    def _share(self) -> None:
        """Take this collector's share of the streams, as soon as a process has written that there are any."""
        known: Any = self._client.get(self._keys.streams)
        self._number = 0 if known is None else int(known)
        self._leases.share(self._number)
        self._shared_at = time.monotonic()

    def _keep_streams(self) -> None:
        """Acknowledge what could not be acknowledged before, and share the streams with other collectors."""
        if self._put_off:  # before streams are given back: their next owner would deliver it again
            self._streams.acknowledge(self._put_off)
            self._put_off = []
        if time.monotonic() >= self._shared_at + SHARE_SECONDS:
            self._share()

    def _read(self) -> list[Entry]:
        self._keep_streams()
        self._readings = self._current_readings()
        found: list[Found] = []
        problem: RedisError | None = None
        for reading in self._readings:
            try:
                found += self._streams.read(reading)
            except RedisError as error:
                problem = error
                if passes(error):
                    break  # Redis is away, for all streams
        if problem is not None and not found:
            raise problem
        self._trouble = None if problem is None else self._described(problem).problem
        return [_entry(each) for each in found]

    def _current_readings(self) -> list[Reading]:
        known = {reading.stream: reading for reading in self._readings}
        return [known.get(stream) or Reading(stream) for stream in self._leases.owned()]

    def _wait(self, seconds: float) -> None:
        """Wait until something is appended to a stream of this collector."""
        last: Any = {self._keys.stream(reading.stream.number): reading.last for reading in self._readings}
        if not last:
            time.sleep(min(seconds, 0.1))
            return
        milliseconds = int(1000 * min(seconds, self._target.timeout / 2))
        self._client.xread(last, count=1, block=max(1, milliseconds))

    def _counts(self) -> tuple[dict[str, int], str | None]:
        try:
            streams = range(self._number)
            waiting: Any = sum(self._client.xlen(self._keys.stream(number)) for number in streams)
            dead: Any = self._client.get(self._keys.dead_count)
        except RedisError as error:
            return {}, self._described(error).problem
        return {"waiting": waiting, "dead_letters": int(dead or 0)}, None

    def _patiently(self, function: Callable[[], Result]) -> Result:
        """Call what asks Redis, again with growing pauses while Redis is away.

        Raises:
            ConnectionError: it was away for too long, or refuses.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS

        def attempt() -> Result | RedisError:
            try:
                return function()
            except RedisError as error:
                if time.monotonic() < min(deadline, self._stops_at) and passes(error):
                    raise PassingError from error
                return error

        result: Result | RedisError = back_off(PassingError).call_with_retry(attempt, lambda _error: None)
        if isinstance(result, RedisError):
            self._trouble = self._described(result).problem
            raise ConnectionError(self._trouble) from result
        return result

    @property
    def _trouble(self) -> str | None:
        """Why nothing can be read; ``None`` if it can. It is logged when it begins, once a minute at most."""
        return self._present_trouble

    @_trouble.setter
    def _trouble(self, problem: str | None) -> None:
        begins = problem is not None and self._present_trouble is None
        self._present_trouble = problem
        if begins and time.monotonic() >= self._logged_at + LOG_SECONDS:
            self._logged_at = time.monotonic()
            logger.warning("collect: %s Meanwhile nothing is collected; it is tried again", problem)

    def _described(self, error: RedisError) -> Any:
        return trouble(self._target.shown, error, self._target.timeout)


def _entry(found: Found) -> Entry:
    group = str(found.token.stream.number)
    return Entry(token=found.token, line=found.line, group=group, attempts=found.attempts + 1)


def _tokens(tokens: Sequence[object]) -> list[Token]:
    return [token for token in tokens if isinstance(token, Token)]
