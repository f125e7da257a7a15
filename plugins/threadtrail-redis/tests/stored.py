"""What is in Redis: the events of all streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis_server import RedisServer


def stored_texts(redis: RedisServer, prefix: str = "threadtrail") -> dict[int, list[str]]:
    """The events of each stream as JSON, by its number."""
    streams: dict[int, list[str]] = {}
    with redis.client() as client:
        names: Any = client.keys(f"{prefix}:events:*")
        for name in sorted(names):
            entries: Any = client.xrange(name)
            streams[int(name.rpartition(b":")[2])] = [fields[b"event"].decode() for _, fields in entries]
    return streams


def stored(redis: RedisServer, prefix: str = "threadtrail") -> list[dict[str, Any]]:
    """The events of all streams, one stream after another, as plain values."""
    return [json.loads(text) for texts in stored_texts(redis, prefix).values() for text in texts]


def ended_runs(redis: RedisServer) -> list[str]:
    """The ids of the runs whose end is stored."""
    return [event["run"]["id"] for event in stored(redis) if event["event"] == "RunEnded"]
