"""Numbers of a server that no backend could take are left out, and take nothing with them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from threadtrail.sources.json_values import count, nanoseconds, number_or_none, place


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e308, 10**400, 2**63, True, "1", None, []])
def test_no_number(value: Any) -> None:
    assert number_or_none(value) is None
    assert nanoseconds(value) is None
    assert count({"total_tokens": value, "tokens": 3}, "total_tokens", "tokens") == 3


@pytest.mark.parametrize(("seconds", "expected"), [(0, 0), (1.5, 1_500_000_000)])
def test_seconds(seconds: float, expected: int) -> None:
    assert nanoseconds(seconds) == expected


@pytest.mark.parametrize("seconds", [-1, 2**40])
def test_times_before_1970_and_after_the_year_2262_are_odd(seconds: float) -> None:
    assert nanoseconds(seconds) is None


def test_less_than_nothing_is_no_count() -> None:
    assert count({"total_tokens": -1, "tokens": 0}, "total_tokens", "tokens") == 0


@pytest.mark.parametrize("value", [-1, 1.5, 10**400, math.nan, True, "1", None, []])
def test_what_is_no_place_is_the_first(value: Any) -> None:
    assert place(value) == 0
    assert place(2) == 2
