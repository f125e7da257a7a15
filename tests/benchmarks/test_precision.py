"""A row is measured again until its margin is narrow, and named where it stays wide."""

from __future__ import annotations

from benchmarks.pairs import Pairs
from benchmarks.precision import Imprecise, is_precise


def measured(*differences: float) -> Pairs:
    pairs = Pairs()
    for difference in differences:
        pairs.add_microseconds(100.0, 100.0 + difference)
    return pairs


def test_a_row_is_precise_with_a_narrow_margin_of_enough_pairs() -> None:
    assert is_precise([measured(*[10.0, 11.0] * 10).summary()])
    assert not is_precise([measured(*[10.0, 11.0] * 10).summary(), measured(*[0.0, 30.0] * 10).summary()])
    assert not is_precise([measured(10.0, 11.0).summary()])  # two pairs have no interval


def test_the_typical_difference_is_hardly_moved_by_outliers() -> None:
    summary = measured(10.0, 11.0, 12.0, 13.0, 14.0, 500.0).summary()
    assert summary.added == 12.5
    assert summary.margin == 245.0  # of six values, the 95 % interval has all: no luck is left out
    many = measured(*[10.0, 11.0, 12.0, 13.0, 14.0] * 4, 500.0).summary()
    assert many.added == 12.0
    assert 0.5 <= many.margin <= 1.0


def test_rows_that_stay_wide_are_named_with_their_margins() -> None:
    imprecise = Imprecise()
    imprecise.look("narrow", measured(*[10.0] * 10).summary())
    assert str(imprecise) == "CPU time: every margin is under 2 us"
    imprecise.look("wide", measured(*[0.0, 30.0] * 10).summary())
    assert str(imprecise).endswith("wide (±15.0)")
