"""Decides whether a row was measured often enough: half of its 95 % interval is under two microseconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.measuring import Measured
    from benchmarks.pairs import Summary

MARGIN = 2.0
"""The margin, in microseconds, under which a row is precise."""

FEWEST_PAIRS = 6
"""The minimum number of pairs for a 95 % interval."""

Rows = Callable[["Measured"], "Sequence[Summary]"]
"""Returns the summaries of CPU time in the rows of a table, from what was measured."""


def is_precise(summaries: Sequence[Summary]) -> bool:
    """Return whether every margin is known and under two microseconds."""
    return all(summary.margin < MARGIN and summary.pairs >= FEWEST_PAIRS for summary in summaries)


class Imprecise:
    """The rows whose margin stayed over two microseconds, however often they were measured."""

    def __init__(self) -> None:
        self._rows: list[str] = []

    def look(self, row: str, *summaries: Summary) -> None:
        """Keep the name of a row if it is not precise."""
        if not is_precise(summaries):
            few = min(each.pairs for each in summaries) < FEWEST_PAIRS
            margin = "few pairs" if few else f"±{max(each.margin for each in summaries):.1f}"
            self._rows.append(f"{row} ({margin})")

    def __str__(self) -> str:
        """Return one line: that all rows are precise, or which are not."""
        if not self._rows:
            return f"CPU time: every margin is under {MARGIN:.0f} us"
        return (
            f"CPU time: these margins could not be brought under {MARGIN:.0f} us, on a machine that does "
            f"other things as well: {', '.join(self._rows)}"
        )
