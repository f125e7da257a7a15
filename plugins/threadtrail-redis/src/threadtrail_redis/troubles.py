"""Problems of a Redis, with advice; for ``doctor``, the log and ``last_error``."""

from __future__ import annotations

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from threadtrail._guard import describe
from threadtrail.checks import no_answer
from threadtrail.errors import CheckError

PASSING: tuple[type[Exception], ...] = (
    RedisConnectionError,
    RedisTimeoutError,
    ReadOnlyError,
    OutOfMemoryError,
)
"""What may be over in a moment: a restart, a failover, a collector that makes room."""


def passes(error: RedisError) -> bool:
    """Return whether it is worth trying again: a rejected login will be rejected again."""
    return isinstance(error, PASSING) and not isinstance(error, AuthenticationError)


MEANINGS: tuple[tuple[type[RedisError], str, str], ...] = (
    (
        AuthenticationError,
        "rejects the login",
        "Correct the user name and the password: in url, or as the options username and password.",
    ),
    (
        ReadOnlyError,
        "is a replica, which takes no writes",
        "Name its primary in url; of a Sentinel, pass the option client.",
    ),
    (
        OutOfMemoryError,
        "has no memory left (maxmemory)",
        "Start more collectors (threadtrail collect), which remove what is delivered, or raise maxmemory.",
    ),
    (BusyLoadingError, "is still loading its data", "Wait until it has."),
)


def trouble(address: str, error: RedisError, timeout: float) -> CheckError:
    """Return what an error of redis-py means, and the advice."""
    for kind, says, advice in MEANINGS:
        if isinstance(error, kind):
            return CheckError(f"Redis at {address} {says}.", advice)
    if isinstance(error, (RedisConnectionError, RedisTimeoutError)):
        return no_answer(address, error, timeout)
    advice = "See its log."
    if isinstance(error, NoPermissionError):
        advice = (
            "Give the user what it needs: "
            "ACL SETUSER NAME ~threadtrail:* +@read +@write +@scripting +@connection +info."
        )
    return CheckError(f"Redis at {address} answers with an error: {describe(error)}.", advice)
