"""Durations of a recording: from a start to an end, and their quantiles by the nearest rank."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND = 1_000_000_000
"""In nanoseconds."""


def span(start: int | None, end: int | None) -> int | None:
    """Return the time from a start to an end, at least 0; ``None`` if one of them is not known."""
    return None if start is None or end is None else max(0, end - start)


def quantile(ordered: Sequence[float], percent: int) -> float:
    """Return the quantile of ordered values by the nearest rank, so that it is one of the values."""
    return ordered[rank(len(ordered), percent) - 1]


def rank(count: int, percent: int) -> int:
    """Return the rank of the quantile among ``count`` ordered values, counted from 1."""
    return -(-count * percent // 100)
