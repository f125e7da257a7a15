"""Problems of a Redis, with advice; for ``doctor``, the log and ``last_error``."""

from __future__ import annotations

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
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
    ClusterDownError,  # of a replica as well that has lost its primary
    TryAgainError,
)
"""What may be over in a moment: a restart, a failover, a collector that makes room."""

PASSING_CODES = "MISCONF", "NOREPLICAS", "BUSY "
"""How errors begin that may be over in a moment, and for which redis-py has no class."""


class PassingError(RedisError):
    """Something that may be over in a moment, and is tried again."""


def passes(error: RedisError) -> bool:
    """Return whether it is worth trying again: a rejected login will be rejected again."""
    if isinstance(error, AuthenticationError):
        return False
    return isinstance(error, PASSING) or str(error).startswith(PASSING_CODES)


CLUSTER = "is a Redis Cluster, which is not supported", "Name a Redis in url that is not part of a cluster."

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
    (ClusterDownError, "has lost its primary, or its cluster", "See its log."),
    (AskError, *CLUSTER),
    (ClusterCrossSlotError, *CLUSTER),
)


def trouble(address: str, error: RedisError, timeout: float) -> CheckError:
    """Return what an error of redis-py means, and the advice."""
    for kind, says, advice in MEANINGS:
        if isinstance(error, kind):
            return CheckError(f"Redis at {address} {says}.", advice)
    if isinstance(error, (RedisConnectionError, RedisTimeoutError)):
        return no_answer(address, error, timeout)
    advice = "See its log."
    if str(error).startswith("MISCONF"):
        return CheckError(
            f"Redis at {address} cannot write to its disk, and takes nothing (MISCONF).",
            "Make room on its disk; its log says what is wrong.",
        )
    if isinstance(error, NoPermissionError):
        advice = (
            "Give the user what it needs: "
            "ACL SETUSER NAME ~threadtrail:* +@read +@write +@scripting +@connection +info."
        )
    return CheckError(f"Redis at {address} answers with an error: {describe(error)}.", advice)
