"""The measures of both sides: rows of numbers, with the verdict on their difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from threadtrail.commands.compare.chance import (
    Interval,
    Verdict,
    of_means,
    of_quantiles,
    of_shares,
    verdict,
)
from threadtrail.commands.compare.units import COMPLETED, Unit
from threadtrail.commands.durations import SECOND, quantile
from threadtrail.recordings.tools import ToolCalls, tools_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEDIAN, HIGH = 50, 95
LEAST_FOR_HIGH = 20
"""The minimum number of values for a p95: of fewer, it would be the largest."""

LEAST_FOR_HIGH_VERDICT = 100
"""The minimum number of values for a verdict on a p95: of fewer, a handful decide what it is."""

Number = int | float | Decimal

Sides = tuple[Sequence[Unit], Sequence[Unit]]


class Kind(StrEnum):
    """The kind of a row's numbers."""

    SECONDS = "seconds"
    TOKENS = "tokens"
    MONEY = "money"
    COUNT = "count"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Measure:
    """The measure of a row. ``better`` is the verdict that is good news; ``None`` if neither is."""

    key: str
    label: str
    kind: Kind
    better: Verdict | None = Verdict.LOWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A number of both sides; ``None`` where a side has no data.

    ``values`` is the number of turns on each side behind the numbers (for tool calls, the number of calls).
    ``verdict`` says whether ``after`` is lower or higher than ``before``, and ``interval`` is the 95 %
    interval of their difference. Both are ``None`` for plain counts.
    """

    measure: Measure
    before: Number | None
    after: Number | None
    values: tuple[int, int]
    verdict: Verdict | None = None
    interval: Interval | None = None

    @property
    def difference(self) -> float | None:
        """``after`` minus ``before``."""
        if self.before is None or self.after is None:
            return None
        return float(Decimal(self.after) - Decimal(self.before))


def rows_of(before: Sequence[Unit], after: Sequence[Unit]) -> tuple[Row, ...]:
    """Return the rows of two sides."""
    sides = (before, after)
    return (
        count_row("turns", "turns", len(before), len(after)),
        *_statuses(sides),
        *_quantiles(Measure("duration", "duration", Kind.SECONDS), sides, lambda unit: unit.duration),
        *_quantiles(
            Measure("first_output", "first output", Kind.SECONDS), sides, lambda unit: unit.first_output
        ),
        *_tokens(sides),
        *_costs(sides),
        *_calls(sides),
    )


def count_row(key: str, label: str, before: int, after: int) -> Row:
    """Return a row of two plain counts, without a verdict."""
    measure = Measure(key, label, Kind.COUNT)
    return Row(measure=measure, before=before, after=after, values=(before, after))


def _statuses(sides: Sides) -> Iterator[Row]:
    """Yield the share of the turns that ended in each status: first ``completed``, then by frequency."""
    before, after = (Counter(unit.status for unit in side) for side in sides)
    others = [status for status, _ in (before + after).most_common() if status != COMPLETED]
    for status in (COMPLETED, *others):
        better = Verdict.HIGHER if status == COMPLETED else Verdict.LOWER
        measure = Measure(f"status_{status}", status, Kind.SHARE, better)
        yield _share(measure, (before[status], before.total()), (after[status], after.total()))


def _share(measure: Measure, before: tuple[int, int], after: tuple[int, int]) -> Row:
    known = bool(before[1] and after[1])
    interval = of_shares(before, after)
    return Row(
        measure=measure,
        before=before[0] / before[1] if before[1] else None,
        after=after[0] / after[1] if after[1] else None,
        values=(before[1], after[1]),
        verdict=verdict(interval) if known else None,
        interval=interval,
    )


def _quantiles(measure: Measure, sides: Sides, time: Callable[[Unit], int | None]) -> Iterator[Row]:
    """Yield two rows of times: half of the turns took at most p50, 95 of 100 at most p95."""
    before, after = (
        sorted(took / SECOND for unit in side if (took := time(unit)) is not None) for side in sides
    )
    if not before and not after:
        return
    values = len(before), len(after)
    for percent, least, least_for_verdict in (
        (MEDIAN, 1, 1),
        (HIGH, LEAST_FOR_HIGH, LEAST_FOR_HIGH_VERDICT),
    ):
        interval = of_quantiles(before, after, percent) if min(values) >= least_for_verdict else None
        yield Row(
            measure=replace(measure, key=f"{measure.key}_p{percent}", label=f"{measure.label} p{percent}"),
            before=quantile(before, percent) if len(before) >= least else None,
            after=quantile(after, percent) if len(after) >= least else None,
            values=values,
            verdict=verdict(interval) if all(values) else None,
            interval=interval,
        )


TOKENS = (
    Measure("input_tokens", "input tokens per turn", Kind.TOKENS),
    Measure("cached_input_tokens", "  of these cached", Kind.TOKENS, None),
    Measure("cache_write_input_tokens", "  of these written to the cache", Kind.TOKENS, None),
    Measure("output_tokens", "output tokens per turn", Kind.TOKENS),
    Measure("reasoning_tokens", "  of these reasoning", Kind.TOKENS),
)
OMITTED_IF_ZERO = "cache_write_input_tokens"
"""The key of a row that is left out if its numbers are all 0."""


def _tokens(sides: Sides) -> Iterator[Row]:
    for measure in TOKENS:
        before, after = (
            [count for unit in side if (count := getattr(unit.turn.usage, measure.key, None)) is not None]
            for side in sides
        )
        if measure.key != OMITTED_IF_ZERO or any(before) or any(after):
            yield _mean(measure, before, after)


def _costs(sides: Sides) -> Iterator[Row]:
    """Yield the cost per turn and the total cost of the turns whose price is known."""
    if not any(unit.costs is not None for side in sides for unit in side):
        return
    before, after = ([price for unit in side if (price := unit.price) is not None] for side in sides)
    yield _mean(Measure("cost_per_turn", "cost per turn", Kind.MONEY), before, after)
    yield Row(
        measure=Measure("cost", "cost", Kind.MONEY),
        before=sum(before, start=Decimal(0)) if before else None,
        after=sum(after, start=Decimal(0)) if after else None,
        values=(len(before), len(after)),
    )


def _mean(measure: Measure, before: Sequence[Number], after: Sequence[Number]) -> Row:
    interval = of_means([float(number) for number in before], [float(number) for number in after])
    means = [sum(map(Decimal, side)) / len(side) if side else None for side in (before, after)]
    return Row(
        measure=measure,
        before=means[0],
        after=means[1],
        values=(len(before), len(after)),
        verdict=verdict(interval) if before and after else None,
        interval=interval,
    )


def _calls(sides: Sides) -> Iterator[Row]:
    before, after = ([len(unit.turn.tool_calls) for unit in side] for side in sides)
    yield _mean(Measure("tool_calls_per_turn", "tool calls per turn", Kind.COUNT, None), before, after)
    failed = [sum(tool.failed for tool in tools_in(side).values()) for side in sides]
    if any(before) or any(after):
        measure = Measure("tool_calls_failed", "  of these failed", Kind.SHARE)
        yield _share(measure, (failed[0], sum(before)), (failed[1], sum(after)))


def tools_in(units: Sequence[Unit]) -> dict[str, ToolCalls]:
    """Return the calls of each tool by its name, the most frequent first."""
    return tools_of(call for unit in units for call in unit.turn.tool_calls)
