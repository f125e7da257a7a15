"""Reads the header of W3C's Baggage. It is a separate module, since only servers need it."""

from __future__ import annotations

from urllib.parse import unquote

__all__ = ["read_baggage"]

MAX_CHARACTERS = 8_192
MAX_MEMBERS = 180


def read_baggage(text: object) -> dict[str, str]:
    """Return the values of a ``baggage`` by their keys; none if it is too long or not valid."""
    if not isinstance(text, str) or len(text) > MAX_CHARACTERS:
        return {}
    members = text.split(",")
    found: dict[str, str] = {}
    for member in members[:MAX_MEMBERS]:
        key, equals, value = member.partition(";")[0].partition("=")
        if not equals:
            return {}
        found[key.strip(" \t")] = unquote(value.strip(" \t"))
    return found
