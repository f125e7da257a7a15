"""The index of turns: a run that brings a call's output may be in another stream than the run that asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail_redis import scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redis import Redis

    from threadtrail_redis.keys import Keys

SECONDS_KEPT = 86_400


class RedisTurns:
    """Remembers for a day which turn each tool call belongs to.

    Args:
        client: a client of redis-py.
        keys: the names of the keys.
        patiently: calls a function, again if Redis is away.
    """

    def __init__(self, client: Redis, keys: Keys, patiently: Callable[[Callable[[], Any]], Any]) -> None:
        self._client = client
        self._keys = keys
        self._patiently = patiently
        self._put = client.register_script(scripts.PUT_TURNS)

    def put(self, server: str, calls: Mapping[str, str]) -> None:
        """Remember the turn of each call."""
        if calls:
            names = [self._keys.call(server, call_id) for call_id in calls]
            self._patiently(lambda: self._put(keys=names, args=[SECONDS_KEPT, *calls.values()]))

    def get(self, server: str, calls: Sequence[str]) -> Mapping[str, str]:
        """Return the turn of each of these calls that is known."""
        if not calls:
            return {}
        names = [self._keys.call(server, call_id) for call_id in calls]
        found: list[bytes | None] = self._patiently(lambda: self._client.mget(names))
        return {
            call_id: turn.decode() for call_id, turn in zip(calls, found, strict=True) if turn is not None
        }
