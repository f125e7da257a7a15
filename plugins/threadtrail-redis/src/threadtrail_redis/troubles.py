"""Problems of a Redis, with advice; for ``doctor``, the log and ``last_error``."""

from __future__ import annotations

import ssl

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from threadtrail._guard import describe
from threadtrail.checks import causes, no_answer
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


MEANINGS: tuple[tuple[type[RedisError] | tuple[type[RedisError], ...], str, str], ...] = (
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
    (MasterDownError, "has lost its primary", "See its log."),
    (
        (ClusterCrossSlotError, ClusterDownError, AskError),  # with MovedError
        "is a cluster, over which the streams cannot be spread",
        "Use a Redis without cluster mode; a Sentinel can make it highly available (option client).",
    ),
)

NEEDED = "~threadtrail:* +@read +@write +@scripting +@connection +info +time"
"""What an ACL user needs, in the app and in the collector."""

OF_SCRIPT = "The user executing the script can't run this command"
"""How Redis says within a script that the user lacks a permission."""


def trouble(address: str, error: RedisError, timeout: float) -> CheckError:
    """Return what an error of redis-py means, and the advice."""
    for kind, says, advice in MEANINGS:
        if isinstance(error, kind):
            return CheckError(f"Redis at {address} {says}.", advice)
    if isinstance(error, (RedisConnectionError, RedisTimeoutError)):
        return _no_connection(address, error, timeout)
    advice = "See its log."
    if str(error).startswith(("DB index is out of range", "SELECT is not allowed")):
        return CheckError(
            f"Redis at {address} has no database of this number.",
            "Choose another in url; without the setting databases, Redis has those from 0 to 15.",
        )
    if str(error).startswith("MISCONF"):
        return CheckError(
            f"Redis at {address} cannot write to its disk, and takes nothing (MISCONF).",
            "Make room on its disk; its log says what is wrong.",
        )
    if isinstance(error, NoPermissionError) or OF_SCRIPT in str(error):
        advice = f"Give the user what it needs, with your prefix: ACL SETUSER NAME {NEEDED}."
    return CheckError(f"Redis at {address} answers with an error: {describe(error)}.", advice)


def _no_connection(address: str, error: RedisError, timeout: float) -> CheckError:
    found = no_answer(address, error, timeout)
    chain = list(causes(error))
    failed = next((cause for cause in chain if isinstance(cause, ssl.SSLError)), None)
    if failed is not None:
        reason = getattr(failed, "verify_message", None) or failed.strerror or failed.reason
        return CheckError(
            f"TLS with {address} fails: {reason}.",
            "Check the certificates: in url, ssl_ca_certs names the file that the server's is checked with, "
            "ssl_certfile and ssl_keyfile yours, if the server asks for one.",
        )
    if address.startswith("rediss://") and any(isinstance(cause, FileNotFoundError) for cause in chain):
        return CheckError(
            f"No TLS with {address}: a file that url names is not there.",
            "Correct ssl_ca_certs, ssl_certfile and ssl_keyfile in url.",
        )
    if address.startswith("rediss://") and isinstance(error, RedisTimeoutError):
        return CheckError(
            found.problem, "Check the address, and whether it speaks TLS there; without TLS, use redis://."
        )
    if address.startswith("redis://") and any(isinstance(cause, ConnectionResetError) for cause in chain):
        return CheckError(
            f"Redis at {address} closes the connection.",
            "If it speaks TLS there, use rediss://; else see its log.",
        )
    return found
