"""Short texts by name, which collectors share in Redis for some hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from threadtrail_redis import scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from redis import Redis

    Patiently = Callable[[Callable[[], Any]], Any]
    """Calls a function, again if Redis is away."""

DAY = 86_400
"""How long the turn of a call is kept, in seconds: calls may wait for a person."""

MARKED_SECONDS = 21_600
"""How long a run is marked as published, in seconds: longer than processes record ended runs."""


class Index:
    """Texts by name.

    Args:
        client: a client of redis-py.
        patiently: calls a function, and retries it while Redis is unreachable.
        prefix: the beginning of the names of the keys.
        seconds: how long a text is kept.
    """

    def __init__(self, client: Redis, patiently: Patiently, prefix: str, seconds: int) -> None:
        self._client = client
        self._patiently = patiently
        self._prefix = prefix
        self._seconds = seconds
        self._put = client.register_script(scripts.PUT)

    def put(self, texts: Mapping[str, str]) -> None:
        """Keep each text by its name."""
        if texts:
            keys = [self._prefix + name for name in texts]
            self._patiently(lambda: self._put(keys=keys, args=[self._seconds, *texts.values()]))

    def get(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return the texts of those names that have one."""
        if not names:
            return {}
        keys = [self._prefix + name for name in names]
        found: list[bytes | None] = self._patiently(lambda: self._client.mget(keys))
        return {name: text.decode() for name, text in zip(names, found, strict=True) if text is not None}


class Turns:
    """The turn of each tool call: the run that brings its output may be in another stream."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def put(self, server: str, turns: Mapping[str, str]) -> None:
        """Keep the turn of each call of a server, by the call's id."""
        self._index.put({f"{server}:{call_id}": turn_id for call_id, turn_id in turns.items()})

    def get(self, server: str, calls: Sequence[str]) -> Mapping[str, str]:
        """Return the turns of those calls that are known."""
        names = {f"{server}:{call_id}": call_id for call_id in calls}
        return {names[name]: turn_id for name, turn_id in self._index.get(list(names)).items()}
