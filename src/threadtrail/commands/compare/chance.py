"""Whether a difference between two sides is more than chance: 95 % intervals of the difference.

For quantiles and means, the interval is that of a percentile bootstrap: the difference is calculated again
for ``RESAMPLES`` samples that are drawn, with replacement, from the measured values; the middle 95 % of the
results are the interval. The random numbers always start from the same seed, so that equal recordings give
equal results. For shares, it is Newcombe's interval, built from two Wilson intervals.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from enum import StrEnum

from threadtrail.commands.durations import rank

LEAST = 10
"""The minimum number of values on each side for a verdict on their difference."""

RESAMPLES = 2_000
SEED = 20_260_826
Z = 1.959964
"""How many standard deviations on either side of the mean hold 95 % of a normal distribution."""

MANY = 200
"""With at least this many values, the mean of a sample is drawn from a normal distribution."""

Interval = tuple[float, float]

Draw = Callable[[random.Random], float]
"""Draws a value from a distribution."""


class Verdict(StrEnum):
    """The verdict on a difference."""

    LOWER = "lower"
    HIGHER = "higher"
    SAME = "the same"
    INCONCLUSIVE = "inconclusive"
    TOO_FEW = "too few"


def verdict(interval: Interval | None) -> Verdict:
    """Return the verdict for an interval of the difference; ``None`` stands for too few values."""
    if interval is None:
        return Verdict.TOO_FEW
    low, high = interval
    if low == high == 0:
        return Verdict.SAME
    if low > 0:
        return Verdict.HIGHER
    return Verdict.LOWER if high < 0 else Verdict.INCONCLUSIVE


def of_quantiles(before: Sequence[float], after: Sequence[float], percent: int) -> Interval | None:
    """Return the interval of the difference of two quantiles; ``None`` if there are too few values."""
    return _interval([_quantile_drawer(sorted(side), percent) for side in (before, after)], before, after)


def of_means(before: Sequence[float], after: Sequence[float]) -> Interval | None:
    """Return the interval of the difference of two means; ``None`` if there are too few values."""
    return _interval([_mean_drawer(values) for values in (before, after)], before, after)


def of_median(differences: Sequence[float]) -> Interval | None:
    """Return the interval of the median of differences of pairs; ``None`` if there are too few."""
    if len(differences) < LEAST:
        return None
    draw, numbers = _quantile_drawer(sorted(differences), 50), random.Random(SEED)  # noqa: S311 - no secret
    return _middle([draw(numbers) for _ in range(RESAMPLES)])


def of_shares(before: tuple[int, int], after: tuple[int, int]) -> Interval | None:
    """Return the interval of the difference of two shares; ``None`` if there are too few values.

    Each share is given as a pair: how many, out of how many.
    """
    if min(before[1], after[1]) < LEAST:
        return None
    (share, low, high), (later, later_low, later_high) = _wilson(*before), _wilson(*after)
    difference = later - share
    return (
        difference - math.hypot(later - later_low, high - share),
        difference + math.hypot(later_high - later, share - low),
    )


def _interval(drawers: Sequence[Draw], *sides: Sequence[float]) -> Interval | None:
    if min(map(len, sides)) < LEAST:
        return None
    numbers = random.Random(SEED)  # noqa: S311 - no secret
    before, after = drawers
    return _middle([after(numbers) - before(numbers) for _ in range(RESAMPLES)])


def _middle(results: list[float]) -> Interval:
    """Return the bounds of the middle 95 % of the results."""
    ordered, outside = sorted(results), RESAMPLES // 40
    return ordered[outside], ordered[-outside - 1]


def _quantile_drawer(ordered: Sequence[float], percent: int) -> Draw:
    """Return a function that draws the quantile of a sample of these ordered values.

    It need not draw the sample itself: the rank of its quantile among the values follows a beta distribution.
    """
    count = len(ordered)
    place = rank(count, percent)
    return lambda numbers: ordered[min(int(count * numbers.betavariate(place, count + 1 - place)), count - 1)]


def _mean_drawer(values: Sequence[float]) -> Draw:
    """Return a function that draws the mean of a sample of these values."""
    count = len(values)
    if count < MANY:
        return lambda numbers: sum(numbers.choices(values, k=count)) / count
    mean = math.fsum(values) / count
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in values)) / count
    return lambda numbers: numbers.gauss(mean, error)


def _wilson(part: int, whole: int) -> tuple[float, float, float]:
    """Return a share, and the bounds of its 95 % interval."""
    share, squared = part / whole, Z * Z
    centre = (part + squared / 2) / (whole + squared)
    half = Z / (whole + squared) * math.sqrt(part * (whole - part) / whole + squared / 4)
    return share, max(0.0, centre - half), min(1.0, centre + half)
