"""What is an address that OTLP over HTTP can be sent to."""

from __future__ import annotations

from urllib.parse import urlsplit

EXAMPLE = "http://localhost:4318"


def is_address(text: str) -> bool:
    """Whether it is whole: ``http`` or ``https``, a host, and a port that is one, if any."""
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets without an end, or a port that is no number
        return False


def no_address(name: str, text: str, example: str = EXAMPLE) -> str:
    """Say that the setting ``name`` is none; a password in it is not told."""
    shown = text.rpartition("@")[2].partition("?")[0]
    return (
        f"{name}={shown!r} is no address: write it out, http:// or https:// first, such as {example} "
        "(a collector's, for OTLP over HTTP)"
    )
