"""Say in a few readable lines how two records of the same play differ."""

from __future__ import annotations

import difflib
import json
from typing import Any

MOST_DIFFERENCES = 12
_CONTEXT_LINES = 2


def differences(expected: dict[str, Any], actual: dict[str, Any]) -> list[str]:
    """Return what differs, step by step, then request by request; empty when nothing does."""
    found = []
    for part, key in (("steps", "step"), ("requests", "request")):
        before, after = expected[part], actual[part]
        if len(before) != len(after):
            found.append(f"{len(before)} {part} became {len(after)}: {_first_gap(before, after, key)}")
        found += [
            _difference(part, old, new, key) for old, new in zip(before, after, strict=False) if old != new
        ]
    return found


def report(found: list[str]) -> str:
    """Return the first differences, and how many there are."""
    shown = found[:MOST_DIFFERENCES]
    return "\n\n".join([f"{len(found)} differences", *shown])


def _first_gap(before: list[Any], after: list[Any], key: str) -> str:
    for old, new in zip(before, after, strict=False):
        if old[key] != new[key]:
            return f"{new[key]} came where {old[key]} was"
    return f"the last one shared is {min(before, after, key=len)[-1][key]}"


def _difference(part: str, old: dict[str, Any], new: dict[str, Any], key: str) -> str:
    lines = difflib.unified_diff(
        json.dumps(old, indent=1).splitlines(),
        json.dumps(new, indent=1).splitlines(),
        "without threadtrail",
        "with threadtrail",
        lineterm="",
        n=_CONTEXT_LINES,
    )
    return "\n".join([f"{part}: {old[key]}", *lines])
