"""Appends events to Redis Streams, from which ``threadtrail collect`` takes them.

    threadtrail.instrument(exporters={"redis": {"url": "redis://localhost:6379/0"}})

Works with Redis 7 and Valkey, by redis-py.
"""

from typing import TYPE_CHECKING, Any

from threadtrail_redis.exporter import RedisExporter

if TYPE_CHECKING:
    from threadtrail_redis.place import RedisPlace

__all__ = ["RedisExporter", "RedisPlace"]


def __getattr__(name: str) -> Any:
    """Import what only collectors need when it is asked for."""
    if name == "RedisPlace":
        from threadtrail_redis.place import RedisPlace  # noqa: PLC0415 - see above

        return RedisPlace
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
