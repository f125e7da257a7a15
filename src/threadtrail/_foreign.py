"""Values of the app, of any class, as JSON: no exception of theirs reaches the app."""

from __future__ import annotations

import datetime as dt
import enum
import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from threadtrail._frozen import FrozenDict, clean_text
from threadtrail._guard import guard

DEEPEST = 50
MOST_VALUES = 10_000
CUT = "…"
"""Replaces values that lie deeper, that contain themselves, or that come after ``MOST_VALUES`` others."""

_TIMES = (dt.datetime, dt.date, dt.time)


def text_of(value: object) -> str:
    """Return the value as text; ``<Class>`` if it cannot be written."""
    text, error = guard.catch(_written, value)
    return clean_text(text) if error is None and isinstance(text, str) else f"<{type(value).__name__}>"


def freeze_any(value: object) -> Any:
    """Return the value as immutable JSON, like ``freeze``; never raises."""
    frozen, error = guard.catch(_Freezer().frozen, value, 0)
    if error is None:
        return frozen
    return FrozenDict() if isinstance(value, Mapping) else text_of(value)


def _written(value: object) -> str:
    if isinstance(value, _TIMES):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    return str(value)


class _Freezer:
    """Freezes one value; keeps the values around the current one, and the number of values so far."""

    def __init__(self) -> None:
        self._within: set[int] = set()
        self._count = 0

    def frozen(self, value: object, depth: int) -> Any:
        self._count += 1
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, str):
            return clean_text(value)
        if not isinstance(value, (Mapping, list, tuple, AbstractSet)):
            return text_of(value)
        if depth >= DEEPEST or self._count > MOST_VALUES or id(value) in self._within:
            return CUT
        self._within.add(id(value))
        try:
            return self._container(value, depth + 1)
        finally:
            self._within.discard(id(value))

    def _container(self, value: Any, depth: int) -> Any:
        if isinstance(value, Mapping):
            return FrozenDict({text_of(key): self.frozen(item, depth) for key, item in value.items()})
        return tuple(self.frozen(item, depth) for item in value)
