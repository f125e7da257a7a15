"""Reads the headers of W3C's Trace Context strictly: malformed ones are ignored."""

from __future__ import annotations

import re

__all__ = ["read_trace_id", "read_traceparent", "read_tracestate"]

PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^\s]*)?", re.ASCII)
TRACE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
KEY = r"[a-z0-9][a-z0-9_\-*/@]{0,255}"
MEMBER = re.compile(rf"{KEY}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{{0,255}}[\x21-\x2b\x2d-\x3c\x3e-\x7e]", re.ASCII)

MAX_PARENT = 512
MAX_STATE = 512
MAX_MEMBERS = 32


def read_trace_id(text: object) -> str | None:
    """Return an id of 32 hexadecimal digits; ``None`` if it is not valid."""
    valid = isinstance(text, str) and TRACE_ID.fullmatch(text) is not None and text.strip("0")
    return str(text) if valid else None


def read_traceparent(text: object) -> str | None:
    """Return a ``traceparent`` in version 00 of the format; ``None`` if it is not valid."""
    if not isinstance(text, str) or len(text) > MAX_PARENT:
        return None
    found = PARENT.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    # Later versions may have more fields; version 00 has only the first of the flags.
    if version == "ff" or (version == "00" and more) or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return f"00-{trace_id}-{span_id}-{int(flags, 16) & 1:02x}"


def read_tracestate(text: object) -> str | None:
    """Return a ``tracestate`` of 512 characters at most; ``None`` if it is empty or not valid."""
    if not isinstance(text, str) or len(text) > MAX_STATE:
        return None
    members = [member for part in text.split(",") if (member := part.strip(" \t"))]
    if not members or len(members) > MAX_MEMBERS:
        return None
    keys = {member.partition("=")[0] for member in members}
    if len(keys) < len(members) or not all(MEMBER.fullmatch(member) for member in members):
        return None
    return ",".join(members)
