"""Pairs of times, and their medians: on a busy machine, means are distorted by outliers."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MICROSECOND = 1_000


@dataclass(slots=True)
class Pairs:
    """Times of the bare SDK, and of the tool beside them, in microseconds."""

    bare: list[float] = field(default_factory=list)
    tool: list[float] = field(default_factory=list)

    def add(self, bare: float, tool: float) -> None:
        """Add a pair, in nanoseconds."""
        self.add_microseconds(bare / MICROSECOND, tool / MICROSECOND)

    def add_microseconds(self, bare: float, tool: float) -> None:
        """Add a pair, in microseconds."""
        self.bare.append(bare)
        self.tool.append(tool)

    def add_medians(self, bare: Sequence[float], tool: Sequence[float]) -> None:
        """Add the medians of two blocks, in nanoseconds."""
        self.add(statistics.median(bare), statistics.median(tool))

    def medians(self) -> tuple[float, float]:
        """Return the median of the bare times, and that plus the median of the differences."""
        bare = statistics.median(self.bare)
        return bare, bare + self.summary().added

    def summary(self, per: int = 1) -> Summary:
        """Return the summary of the pairs, with each time divided by ``per``."""
        differences = sorted((tool - bare) / per for bare, tool in zip(self.bare, self.tool, strict=True))
        ratios = [tool / bare for bare, tool in zip(self.bare, self.tool, strict=True) if bare]
        return Summary(
            bare=statistics.median(self.bare) / per,
            added=statistics.median(differences),
            margin=_margin(differences),
            ratio=statistics.median(ratios or [math.nan]),
            pairs=len(differences),
            ratio_margin=_margin(sorted(ratios)) if ratios else math.nan,
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """Medians in microseconds; ``margin`` is half of the median difference's 95 % interval.

    ``ratio_margin`` is the same of the ratio.
    """

    bare: float
    added: float
    margin: float
    ratio: float
    pairs: int
    ratio_margin: float


def _margin(ordered: list[float]) -> float:
    """Return half of the 95 % interval of the median, by order statistics, which assume no distribution."""
    count = len(ordered)
    reach = 1.96 * math.sqrt(count) / 2
    low = max(0, math.floor(count / 2 - reach))
    high = min(count - 1, math.ceil(count / 2 + reach))
    return (ordered[high] - ordered[low]) / 2
