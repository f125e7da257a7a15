"""Errors for the hook ``check`` of exporters that send by OTLP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.errors import CheckError

if TYPE_CHECKING:
    from threadtrail.otlp.session import Answer

__all__ = ["redirect_error"]


def redirect_error(address: str, answer: Answer, *, backend: str, setting: str) -> CheckError:
    """Return the error for an address that answers with a redirect.

    Args:
        address: the requested address, without its secrets.
        answer: its answer.
        backend: what should answer there: ``a collector``, for example.
        setting: how the address is set, as the end of a sentence.
    """
    if not answer.moved_to:
        return CheckError(
            f"{address} redirects (HTTP {answer.status}), without a valid target.",
            f"Redirects are not followed. Set the address of {backend} itself: {setting}",
        )
    return CheckError(
        f"{address} redirects to {answer.moved_to} (HTTP {answer.status}), and redirects are not followed.",
        f"If {backend} is at that address, set it: {setting}",
    )
