"""Pairs of times, and what is typical of their differences: on a busy machine, outliers distort means.

That is the median of the averages of any two differences, after Hodges and Lehmann (1963): nearly as exact as
the mean, and nearly as safe from outliers as the median.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
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

    def typical(self) -> tuple[float, float]:
        """Return the median of the bare times, and that plus the typical difference."""
        bare = statistics.median(self.bare)
        return bare, bare + self.summary().added

    def summary(self, per: int = 1) -> Summary:
        """Return the summary of the pairs, with each time divided by ``per``."""
        pairs = list(zip(self.bare, self.tool, strict=True))
        added, margin = _typical([(tool - bare) / per for bare, tool in pairs])
        ratio, ratio_margin = _typical([tool / bare for bare, tool in pairs if bare] or [math.nan])
        bare = statistics.median(self.bare) / per
        return Summary(bare, added, margin, ratio, len(pairs), ratio_margin)


@dataclass(frozen=True, slots=True)
class Summary:
    """Typical values in microseconds; ``margin`` is half of the 95 % interval of the typical difference.

    ``ratio_margin`` is the same of the ratio.
    """

    bare: float
    added: float
    margin: float
    ratio: float
    pairs: int
    ratio_margin: float


def _typical(values: list[float]) -> tuple[float, float]:
    """Return the typical one of some values, and half of its 95 % interval.

    The interval is that of Wilcoxon's signed-rank test, which assumes no distribution but a symmetrical one.
    """
    count = len(values)
    averages = sorted((one + other) / 2 for one, other in combinations_with_replacement(values, 2))
    reach = 1.96 * math.sqrt(count * (count + 1) * (2 * count + 1) / 24)
    outside = max(0, math.floor(count * (count + 1) / 4 - reach) - 1)
    return statistics.median(averages), (averages[-1 - outside] - averages[outside]) / 2
