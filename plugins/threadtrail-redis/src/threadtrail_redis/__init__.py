"""Appends events to Redis Streams, from which ``threadtrail collect`` takes them.

    threadtrail.instrument(exporters={"redis": {"url": "redis://localhost:6379/0"}})

Works with Redis 7 and Valkey, by redis-py.
"""

from threadtrail_redis.exporter import RedisExporter

__all__ = ["RedisExporter"]
