"""What each test costs, and the list of those that `make test-fast` leaves out for it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

LIST = Path(__file__).with_name("costly_tests.txt")
"""The tests whose first case takes more than `LIMIT_SECONDS`; written by `make test-costs`."""

LIMIT_SECONDS = 0.015
"""CPU time, of this process and of those that a test starts: `make test-fast` has a thousand tests."""

_costs: dict[str, float] = {}


def name_of(item: pytest.Item) -> str:
    """Return the name of a test without its case."""
    return item.nodeid.partition("[")[0]


def mark_costly(items: list[pytest.Item]) -> None:
    """Give the tests of the list the mark ``costly``."""
    costly = set(LIST.read_text(encoding="utf-8").splitlines())
    for item in items:
        if name_of(item) in costly:
            item.add_marker(pytest.mark.costly)


@pytest.hookimpl(wrapper=True)
def note_cost(item: pytest.Item) -> Generator[None, object, object]:
    """Note the CPU time of a test with its fixtures: that of its first case."""
    begun = _seconds()
    try:
        return (yield)
    finally:
        _costs.setdefault(name_of(item), _seconds() - begun)


def write_list() -> None:
    """Write the list anew, from the tests of this process."""
    costly = sorted(name for name, seconds in _costs.items() if seconds > LIMIT_SECONDS)
    LIST.write_text("".join(f"{name}\n" for name in costly), encoding="utf-8")


def _seconds() -> float:
    of_all = os.times()
    return time.process_time() + of_all.children_user + of_all.children_system
