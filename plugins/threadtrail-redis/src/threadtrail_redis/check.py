"""Asks Redis whether it would take events and keep them. Leaves nothing there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from threadtrail.errors import CheckError
from threadtrail_redis.troubles import trouble

if TYPE_CHECKING:
    from redis import Redis

    from threadtrail_redis.connection import Target
    from threadtrail_redis.keys import Keys

OLDEST = 7
"""The first version of Redis whose scripts can run when the memory is full."""

PROBE = """
-- Writes as an exporter does, with several keys at once, and takes it back. Collectors ask for the time, too.
redis.call('TIME')
redis.call('XADD', KEYS[1], '*', 'event', '')
redis.call('DEL', KEYS[1])
"""


def ask(target: Target, keys: Keys, streams: int, timeout: float) -> str:
    """Ask once, within ``timeout`` seconds; return a sentence about the answer.

    Raises:
        CheckError: there is no answer, the login is rejected, or events would not be kept.
    """
    client = target.connect(timeout=timeout)
    try:
        info: dict[str, Any] = client.info()
        _check_version(target, info)
        _check_eviction(target, info)
        client.eval(PROBE, 2, keys.probe, keys.streams)
        contents = _contents(client, keys, streams)
        return f"{_name(info)} at {target.shown} takes events: {contents}{_memory(info)}."
    except RedisError as error:
        raise trouble(target.shown, error, timeout) from error
    finally:
        target.close(client)


def _check_version(target: Target, info: dict[str, Any]) -> None:
    version = str(info.get("redis_version", OLDEST))  # Valkey names the one that it is like
    if int(version.partition(".")[0]) < OLDEST:
        problem = f"Redis at {target.shown} is version {version}, which is too old for collectors."
        raise CheckError(problem, f"Use Redis {OLDEST} or newer, or Valkey.")


def _check_eviction(target: Target, info: dict[str, Any]) -> None:
    policy = str(info.get("maxmemory_policy", ""))
    if info.get("maxmemory") and policy.startswith("allkeys"):
        raise CheckError(
            f"Redis at {target.shown} may remove events that nobody has collected: its maxmemory-policy is "
            f"{policy}.",
            "Set it to noeviction, or use a Redis that is not a cache.",
        )


def _contents(client: Redis, keys: Keys, streams: int) -> str:
    known = client.get(keys.streams)
    number = streams if known is None else int(known)
    waiting = sum(client.xlen(keys.stream(each)) for each in range(number))
    other = "" if number == streams else f" (not {streams}, as the option says)"
    return f"{number} streams{other}, in which {waiting:,} events wait"


def _memory(info: dict[str, Any]) -> str:
    """Say how much of a limited memory is used: batches are larger than what is written here."""
    limit = int(info.get("maxmemory", 0))
    return f"; {int(info.get('used_memory', 0)) / limit:.0%} of its maxmemory is used" if limit else ""


def _name(info: dict[str, Any]) -> str:
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', 'of an unknown version')}"
