"""The intervals of differences are those of the literature, and those that drawing samples gives."""

from __future__ import annotations

import random

import pytest

from threadtrail.commands.compare import chance
from threadtrail.commands.compare.chance import Verdict, verdict
from threadtrail.commands.durations import quantile

SECONDS = [1.0, 1.2, 1.3, 1.5, 1.9, 2.0, 2.2, 2.4, 3.1, 3.3, 4.0, 4.8, 5.5, 7.0, 9.0]


def test_the_interval_of_shares_is_the_one_of_newcombes_paper() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table II, method 10: 56 of 70 and 48 of 80.
    assert chance.of_shares((48, 80), (56, 70)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_a_share_of_all_and_of_none_stays_within_bounds() -> None:
    assert chance.of_shares((0, 10), (10, 10)) == pytest.approx((0.6075, 1.0), abs=5e-5)


@pytest.mark.parametrize("percent", [50, 95])
def test_a_quantile_is_drawn_as_from_samples(percent: int) -> None:
    """The shorter way, by the beta distribution, gives each value as often as drawing samples does."""
    numbers = random.Random(1)  # noqa: S311 - no secret
    draw = chance._quantile_drawer(SECONDS, percent)
    count = 20_000
    short = sorted(draw(numbers) for _ in range(count))
    long = sorted(quantile(sorted(numbers.choices(SECONDS, k=len(SECONDS))), percent) for _ in range(count))
    for value in SECONDS:
        shares = [sum(drawn <= value for drawn in each) / count for each in (short, long)]
        assert shares[0] == pytest.approx(shares[1], abs=0.02)


def test_the_mean_of_many_values_is_drawn_from_the_distribution_that_samples_have() -> None:
    many = SECONDS * 20
    few = chance.of_means(SECONDS, SECONDS)
    exact = chance.of_means(many[:199], many[:199])
    drawn = chance.of_means(many, many)
    assert few is not None
    assert exact is not None
    assert drawn is not None
    assert drawn[1] - drawn[0] == pytest.approx((exact[1] - exact[0]) * (199 / 300) ** 0.5, rel=0.1)


def test_equal_recordings_give_equal_results() -> None:
    after = [value + 0.5 for value in SECONDS]
    assert chance.of_quantiles(SECONDS, after, 50) == chance.of_quantiles(SECONDS, after, 50)
    assert chance.of_median(SECONDS) == chance.of_median(SECONDS)


def test_chance_alone_is_seldom_called_a_difference() -> None:
    numbers, called = random.Random(2), 0  # noqa: S311 - no secret
    for _ in range(60):
        before, after = ([numbers.lognormvariate(0, 0.5) for _ in range(25)] for _ in range(2))
        called += verdict(chance.of_quantiles(before, after, 50)) is not Verdict.INCONCLUSIVE
    assert called <= 8


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (None, Verdict.TOO_FEW),
        ((-1.0, 1.0), Verdict.INCONCLUSIVE),
        ((0.0, 1.0), Verdict.INCONCLUSIVE),
        ((0.5, 1.0), Verdict.HIGHER),
        ((-1.0, -0.5), Verdict.LOWER),
        ((0.0, 0.0), Verdict.SAME),
    ],
)
def test_what_an_interval_says(interval: tuple[float, float] | None, expected: Verdict) -> None:
    assert verdict(interval) is expected


def test_nine_values_are_too_few() -> None:
    nine, ten = SECONDS[:9], SECONDS[:10]
    assert chance.of_quantiles(nine, ten, 50) is None
    assert chance.of_means(ten, nine) is None
    assert chance.of_median(nine) is None
    assert chance.of_shares((9, 9), (9, 10)) is None
    assert chance.of_quantiles(ten, ten, 50) is not None


@pytest.mark.parametrize(("percent", "expected"), [(50, 2.0), (95, 4.0), (100, 4.0)])
def test_a_quantile_is_one_of_the_values(percent: int, expected: float) -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], percent) == expected
