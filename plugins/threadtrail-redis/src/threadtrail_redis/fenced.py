"""The work of a stream's owner on its entries; a collector that has lost the stream cannot change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from threadtrail_redis import scripts
from threadtrail_redis.appending import FIELD
from threadtrail_redis.leases import Owned

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from redis import Redis
    from redis.commands.core import Script

    from threadtrail_redis.keys import Keys
    from threadtrail_redis.leases import Leases

Argument = str | bytes | int

PAGE = 500
"""The number of entries of a stream that are read, or acknowledged, in one step."""

DEAD_KEPT = 10_000
"""The number of dead letters that are kept; further ones are only counted."""

FIRST = "0-0"
NEW = ">"


@dataclass(frozen=True, slots=True)
class Token:
    """What an entry is acknowledged by: its stream, as one collector owns it, and its id there."""

    stream: Owned
    id: str


@dataclass(frozen=True, slots=True)
class Found:
    """An entry: an event as JSON, and how many of its deliveries were begun and never came back."""

    token: Token
    line: bytes
    attempts: int


@dataclass(slots=True)
class Reading:
    """How far a stream is read: first what its last owner left, then what is new."""

    stream: Owned
    cursor: str = FIRST
    last: str = FIRST

    @property
    def takes_over(self) -> bool:
        """Whether there may be entries that the last owner has read."""
        return self.cursor != NEW

    def again(self) -> None:
        """Read on after the last entry that came: Redis may have handed out more, and its answer was lost."""
        self.cursor = self.last


class Streams:
    """The streams of which ``leases`` says which this collector owns."""

    def __init__(self, client: Redis, keys: Keys, leases: Leases) -> None:
        self._client = client
        self._keys = keys
        self._leases = leases
        self._read = client.register_script(scripts.READ)
        self._attempt = client.register_script(scripts.ATTEMPT)
        self._acknowledge = client.register_script(scripts.ACKNOWLEDGE)
        self._give_up = client.register_script(scripts.GIVE_UP)
        self._move = client.register_script(scripts.MOVE)

    def read(self, reading: Reading) -> list[Found]:
        """Return the next entries of a stream.

        Raises:
            RedisError: there is no answer; the next call returns what it would have held.
        """
        args: list[Argument] = [scripts.GROUP, scripts.CONSUMER, PAGE, reading.cursor]
        try:
            entries = self._run(self._read, reading.stream, self._names(reading.stream), args)
        except RedisError:
            reading.again()
            raise
        if entries == scripts.NOT_OWNER:
            return []
        if reading.takes_over:
            reading.cursor = entries[-1][0].decode() if entries else NEW
        if entries:
            reading.last = entries[-1][0].decode()
        return [
            Found(Token(reading.stream, entry_id.decode()), line, attempts)
            for entry_id, line, attempts in entries
        ]

    def lines(self, tokens: Sequence[Token]) -> list[bytes | None]:
        """Return the events of entries as JSON, and None for those that are not there."""
        found: list[Any] = []
        for start in range(0, len(tokens), PAGE):
            pipeline = self._client.pipeline(transaction=False)
            for token in tokens[start : start + PAGE]:
                pipeline.xrange(self._keys.stream(token.stream.number), min=token.id, max=token.id)
            found += pipeline.execute()
        return [entries[0][1].get(FIELD.encode()) if entries else None for entries in found]

    def all_of(self, number: int) -> Iterator[bytes]:
        """Yield all events of a stream as JSON, whoever owns it."""
        after = "-"
        while entries := self._range(number, after):
            yield from (fields.get(FIELD.encode(), b"") for _, fields in entries)
            after = f"({entries[-1][0].decode()}"

    def _range(self, number: int, after: str) -> Any:
        return self._client.xrange(self._keys.stream(number), min=after, count=PAGE)

    def attempt(self, tokens: Iterable[Token], count: int) -> None:
        """Add to the number of deliveries of these entries that were begun."""
        for stream, ids in pages(tokens):
            names = [self._keys.owners, self._keys.attempts(stream.number)]
            self._run(self._attempt, stream, names, [count, *ids])

    def acknowledge(self, tokens: Iterable[Token]) -> None:
        """Remove entries that were delivered."""
        for stream, ids in pages(tokens):
            self._run(self._acknowledge, stream, self._names(stream), [scripts.GROUP, *ids])

    def give_up(self, token: Token, line: bytes, reason: str) -> bool:
        """Move an entry to the dead letters; return False if it is another collector's by now."""
        names = [*self._names(token.stream), self._keys.dead, self._keys.dead_count]
        args: list[Argument] = [scripts.GROUP, token.id, line, reason, DEAD_KEPT]
        return bool(self._run(self._give_up, token.stream, names, args) != scripts.NOT_OWNER)

    def move(self, tokens: Sequence[Token], lines: Sequence[str | bytes], to: int) -> bool:
        """Put events into one stream in place of entries; return False if these are another's by now."""
        sources = list(pages(tokens, page=len(tokens)))
        names = [self._keys.owners, self._keys.stream(to)]
        args: list[Argument] = [scripts.GROUP, FIELD, len(sources)]
        for stream, ids in sources:
            names += (self._keys.stream(stream.number), self._keys.attempts(stream.number))
            args += (stream.number, stream.owner, len(ids), *ids)
        answer: Any = self._move(keys=names, args=[*args, *lines])
        return bool(answer != scripts.NOT_OWNER)

    def _names(self, stream: Owned) -> list[str]:
        return [self._keys.owners, self._keys.stream(stream.number), self._keys.attempts(stream.number)]

    def _run(self, script: Script, stream: Owned, names: list[str], args: Sequence[Argument]) -> Any:
        answer: Any = script(keys=names, args=[stream.number, stream.owner, *args])
        if answer == scripts.NOT_OWNER:
            self._leases.lose(stream)
        return answer


def pages(tokens: Iterable[Token], page: int = PAGE) -> Iterator[tuple[Owned, list[str]]]:
    """Yield the ids of each stream, a page at a time."""
    by_stream: dict[Owned, list[str]] = {}
    for token in tokens:
        by_stream.setdefault(token.stream, []).append(token.id)
    for stream, ids in by_stream.items():
        for start in range(0, len(ids), page):
            yield stream, ids[start : start + page]
