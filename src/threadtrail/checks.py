"""What the hook ``check`` of an exporter says of addresses, and of requests that nobody answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._text import shown_address
from threadtrail.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["no_answer", "shown_address", "why_no_answer"]

FARTHEST_CAUSE = 20


def no_answer(address: str, error: BaseException, timeout: float) -> CheckError:
    """Say that a request to ``address`` got no answer within ``timeout`` seconds, or none at all.

    ``error`` is what the HTTP client raised. Only the system's words for its cause are used, never the
    client's own, since those may quote what was sent.
    """
    shown = shown_address(address)
    if _timed_out(error):
        return CheckError(
            f"{shown} did not answer within {timeout:g} seconds.",
            "See whether the address is right, and whether this machine may reach it (proxy, firewall).",
        )
    return CheckError(
        f"Nothing answers at {shown}: {_reason(error)}.",
        "Start what should answer there, or correct the address.",
    )


def why_no_answer(address: str, error: BaseException) -> str:
    """Say in a few words why a request to ``address`` got no answer, for the log and ``last_error``."""
    shown = shown_address(address)
    if _timed_out(error):
        return f"{shown} did not answer in time"
    return f"Nothing answers at {shown}: {_reason(error)}".rstrip(".")


def _timed_out(error: BaseException) -> bool:
    return any("Timeout" in kind.__name__ for kind in type(error).__mro__)


def _reason(error: BaseException) -> str:
    causes = list(_causes(error))
    said = (cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror)
    return next(said, type(causes[-1]).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what led to it, also where a client passes that on as an argument only."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < FARTHEST_CAUSE:
        current = waiting.pop(0)
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            arguments = [item for item in current.args if isinstance(item, BaseException)]
            reason = getattr(current, "reason", None)  # as urllib3 has it
            found = (current.__cause__, current.__context__, reason, *arguments)
            waiting += [item for item in found if isinstance(item, BaseException)]
