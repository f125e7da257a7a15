"""Appends batches of events to the streams: each event once, and none beyond the maximum length."""

from __future__ import annotations

import logging
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from threadtrail.events import Event
from threadtrail_redis.connection import back_off
from threadtrail_redis.placement import place
from threadtrail_redis.troubles import PassingError, passes, trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis import Redis

    from threadtrail_redis.connection import Target
    from threadtrail_redis.keys import Keys

logger: logging.Logger = logging.getLogger("threadtrail.redis")

FIELD = "event"
"""The field of an entry that holds the event, as ``to_json`` writes it."""

SENDER_SECONDS = 3600
"""How long Redis remembers the last batch of a sender: far longer than a batch is repeated."""

REPORT_SECONDS = 60.0
"""How long nothing more is logged about what keeps events waiting."""

APPEND = """
-- KEYS: the number of streams, the sender, then each stream of this batch.
-- ARGV: number of streams, batch, seconds, room per stream, field, then a stream (of KEYS) and an event each.
-- Returns the number of streams if it is another one, else {0, the positions of refused events}.
local streams = redis.call('GET', KEYS[1])
if streams and streams ~= ARGV[1] then return {tonumber(streams)} end
local last = redis.call('HMGET', KEYS[2], 'batch', 'refused')
if last[1] == ARGV[2] then return {0, last[2]} end
if not streams then redis.call('SET', KEYS[1], ARGV[1]) end
local room, refused = {}, {}
for i = 3, #KEYS do room[i] = tonumber(ARGV[4]) - redis.call('XLEN', KEYS[i]) end
for i = 6, #ARGV, 2 do
  local key = tonumber(ARGV[i])
  if room[key] > 0 then
    room[key] = room[key] - 1
    redis.call('XADD', KEYS[key], '*', ARGV[5], ARGV[i + 1])
  else
    refused[#refused + 1] = (i - 6) / 2
  end
end
refused = table.concat(refused, ',')
redis.call('HSET', KEYS[2], 'batch', ARGV[2], 'refused', refused)
redis.call('EXPIRE', KEYS[2], ARGV[3])
return {0, refused}
"""


class NotDeliveredError(Exception):
    """Redis did not take these events; they are lost."""


class StreamsFullError(RedisError):
    """Some streams are full: no collector has taken the events that wait there."""


@dataclass(slots=True, kw_only=True)
class _Batch:
    """The part of a batch that is not appended yet, and its number."""

    number: int
    items: list[tuple[Event, str]]


class Appender:
    """Appends events by one client; belongs to one process.

    A batch whose answer was lost with the connection is sent again under its number, which Redis remembers.

    Args:
        client: a client of redis-py that repeats nothing by itself.
        target: where it is connected to.
        keys: the names of the keys.
        streams: how many streams to begin with; where Redis has others, theirs is the number.
        max_length: how many events may wait in one stream.
        retry_seconds: how long a batch is tried again.
    """

    def __init__(  # noqa: PLR0913 - keywords without defaults
        self,
        client: Redis,
        *,
        target: Target,
        keys: Keys,
        streams: int,
        max_length: int,
        retry_seconds: float,
    ) -> None:
        self.streams: int = streams
        self.client = client
        self._target = target
        self._keys = keys
        self._max_length = max_length
        self._retry_seconds = retry_seconds
        self._sender = keys.sender(uuid.uuid4().hex)
        self._batches = 0
        self._append = client.register_script(APPEND)
        self._reported_at = float("-inf")

    def append(self, items: Sequence[tuple[Event, str]]) -> int:
        """Append events, each with its JSON; return how many found no room.

        Tries again, with growing pauses, while Redis is away, has no memory or the streams have no room.

        Raises:
            NotDeliveredError: Redis did not take them in time, or never will.
        """
        batch = _Batch(number=self._next(), items=list(items))
        deadline = time.monotonic() + self._retry_seconds

        def attempt() -> int:
            try:
                self._try(batch)
            except StreamsFullError:
                if time.monotonic() >= deadline:
                    return len(batch.items)
                self._report(f"The streams at {self._target.shown} are full (max_length).")
                raise
            except RedisError as error:
                problem = trouble(self._target.shown, error, self._target.timeout).problem
                if time.monotonic() < deadline and passes(error):
                    self._report(problem)
                    raise PassingError from error
                raise NotDeliveredError(problem) from error
            return 0

        refused: int = back_off(PassingError, StreamsFullError).call_with_retry(attempt, self._after_failure)
        return refused

    def _next(self) -> int:
        self._batches += 1
        return self._batches

    def _try(self, batch: _Batch) -> None:
        """Send the rest of the batch; events that find no room stay in it, under a new number."""
        answer = self._send(batch)
        if answer[0] != 0:
            self.streams = int(answer[0])
            answer = self._send(batch)
        refused = [int(position) for position in answer[1].decode().split(",") if position]
        if refused:
            batch.items = [batch.items[position] for position in refused]
            batch.number = self._next()
            raise StreamsFullError

    def _send(self, batch: _Batch) -> Any:
        numbers = [place(event, self.streams) for event, _ in batch.items]
        names = [self._keys.streams, self._sender]
        index: dict[int, int] = {}
        for number in numbers:
            if number not in index:
                names.append(self._keys.stream(number))
                index[number] = len(names)
        entries: list[str | int] = []
        for number, (_, text) in zip(numbers, batch.items, strict=True):
            entries += (index[number], text)
        settings: list[str | int] = [self.streams, batch.number, SENDER_SECONDS, self._max_length, FIELD]
        return self._append(keys=names, args=settings + entries)

    def _report(self, problem: str) -> None:
        """Log what keeps events waiting, once a minute at most."""
        now = time.monotonic()
        if now >= self._reported_at + REPORT_SECONDS:
            self._reported_at = now
            says = "exporter 'redis': %s Its events wait, at most %g seconds (retry_seconds)"
            logger.warning(says, problem, self._retry_seconds)

    def _after_failure(self, error: Exception) -> None:
        """Connect anew after a refusal: the address may lead to another server by now."""
        if not isinstance(error, StreamsFullError):
            self.client.connection_pool.disconnect()
