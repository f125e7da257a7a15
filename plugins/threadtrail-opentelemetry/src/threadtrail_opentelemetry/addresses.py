"""Addresses that OTLP over HTTP can be sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

EXAMPLE = "http://localhost:4318"


def is_address(text: str) -> bool:
    """Return whether the text is a whole address: ``http`` or ``https``, a host, and a valid port, if any."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an end, or a port that is not a number
        return False


def no_address(name: str, text: str, example: str = EXAMPLE) -> str:
    """Return the message for a setting that is not an address, without a password in it."""
    shown = text.rpartition("@")[2].partition("?")[0]
    return (
        f"{name}={shown!r} is not an address. Give the whole address of a collector for OTLP over HTTP, "
        f"with http:// or https://, such as {example}"
    )
