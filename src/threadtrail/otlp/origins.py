"""Compares the hosts of addresses, and names projects: credentials of one host are not sent to another."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

__all__ = ["key_mark", "origin", "same_origin"]

PORTS = {"http": 80, "https": 443}


def origin(address: str) -> str:
    """Return scheme, host and port of an address; the address itself if it has none."""
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS.get(parts.scheme)
    except ValueError:  # brackets without an end, or a port that is not a number
        return address
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    if not host:
        return address
    return (
        f"{parts.scheme}://{host}" if port == PORTS.get(parts.scheme) else f"{parts.scheme}://{host}:{port}"
    )


def same_origin(one: str, other: str) -> bool:
    """Return whether both addresses have the same scheme, host and port."""
    return origin(one) == origin(other)


def key_mark(key: str) -> str:
    """Return ``key 3f2a``: digits that tell the keys of projects apart; no key can be derived from them."""
    return f"key {hashlib.sha256(key.encode()).hexdigest()[:4]}"
