"""What is in Redis: the events of all streams."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from redis_server import RedisServer

LOOK = """
local streams = {}
for _, name in ipairs(redis.call('KEYS', ARGV[1])) do
  streams[#streams + 1] = {name, redis.call('XRANGE', name, '-', '+')}
end
return streams
"""
"""Looks at all streams in one step: events may move from one to another meanwhile."""


def stored_texts(redis: RedisServer, prefix: str = "threadtrail") -> dict[int, list[str]]:
    """The events of each stream as JSON, by its number."""
    with redis.client() as client:
        streams: Any = client.eval(LOOK, 0, f"{prefix}:events:*")
    return {
        int(name.rpartition(b":")[2]): [event.decode() for _, (_, event) in entries]
        for name, entries in sorted(streams)
    }


def stored(redis: RedisServer, prefix: str = "threadtrail") -> list[dict[str, Any]]:
    """The events of all streams, one stream after another, as plain values."""
    return [json.loads(text) for texts in stored_texts(redis, prefix).values() for text in texts]


def all_is_collected(redis: RedisServer) -> bool:
    """Whether nothing waits: everything was delivered, and that was confirmed."""
    return not any(stored_texts(redis).values())


def ended_runs(redis: RedisServer) -> list[str]:
    """The ids of the runs whose end is stored."""
    return [event["run"]["id"] for event in stored(redis) if event["event"] == "RunEnded"]
