"""Addresses without their secrets, and errors for requests without an answer; for exporters' ``check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._text import shown_address
from threadtrail.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["causes", "no_answer", "shown_address", "why_no_answer"]

MAX_CAUSES = 20


def no_answer(address: str, error: BaseException, timeout: float) -> CheckError:
    """Return the error for a request to ``address`` that got no answer within ``timeout`` seconds.

    ``error`` is what the HTTP client raised. Only the operating system's description of its cause is used,
    since the client's may quote what was sent.
    """
    shown = shown_address(address)
    if _timed_out(error):
        return CheckError(
            f"{shown} did not answer within {timeout:g} seconds.",
            "Check the address, and whether a proxy or a firewall blocks it.",
        )
    return CheckError(f"Nothing answers at {shown}: {_reason(error)}.", _advice(error))


def why_no_answer(address: str, error: BaseException) -> str:
    """Return in a few words why a request to ``address`` got no answer, for the log and ``last_error``."""
    shown = shown_address(address)
    if _timed_out(error):
        return f"{shown} did not answer in time"
    return f"Nothing answers at {shown}: {_reason(error)}".rstrip(".")


def _timed_out(error: BaseException) -> bool:
    return any("Timeout" in kind.__name__ for kind in type(error).__mro__)


def _advice(error: BaseException) -> str:
    kinds = {type(cause).__name__ for cause in causes(error)}
    if "gaierror" in kinds:
        return "Correct the host name, or check the network of this machine."
    if any(name.startswith("SSL") for name in kinds):
        return "Check the address, and the certificate of the server there."
    return "Start the server there, or correct the address."


def _reason(error: BaseException) -> str:
    chain = list(causes(error))
    described = (cause.strerror for cause in chain if isinstance(cause, OSError) and cause.strerror)
    return next(described, type(chain[-1]).__name__)


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and its causes, also those that a client passes only as an argument."""
    waiting, seen = [error], set[int]()
    while waiting and len(seen) < MAX_CAUSES:
        current = waiting.pop(0)
        if id(current) not in seen:
            seen.add(id(current))
            yield current
            arguments = [item for item in current.args if isinstance(item, BaseException)]
            reason = getattr(current, "reason", None)  # as urllib3 has it
            found = (current.__cause__, current.__context__, reason, *arguments)
            waiting += [item for item in found if isinstance(item, BaseException)]
