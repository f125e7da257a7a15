"""The texts of a comparison's numbers, for the terminal and for the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from threadtrail.commands.compare.chance import LEAST, Verdict
from threadtrail.commands.compare.measures import (
    LEAST_FOR_HIGH,
    LEAST_FOR_HIGH_VERDICT,
    Kind,
)
from threadtrail.commands.durations import SECOND
from threadtrail.exporters.console_text import counted, duration, visible
from threadtrail.prices import money

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.commands.compare.comparison import PairRow
    from threadtrail.commands.compare.files import Side
    from threadtrail.commands.compare.measures import Number, Row
    from threadtrail.commands.compare.units import Unit
    from threadtrail.recordings.tools import ToolCalls

NO_DATA = "-"
WHOLE = 100
"""Means from this number up are written without decimal places."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The texts of a row. ``good`` and ``bad``: whether the difference is good or bad news."""

    label: str
    before: str
    after: str
    difference: str
    verdict: str
    good: bool = False
    bad: bool = False


def cells(row: Row) -> Cells:
    """Return the texts of a row."""
    judged = row.verdict in {Verdict.LOWER, Verdict.HIGHER} and row.measure.better is not None
    return Cells(
        label=row.measure.label,
        before=_written(row.before, row.measure.kind, row.values[0]),
        after=_written(row.after, row.measure.kind, row.values[1]),
        difference=_difference(row),
        verdict=_verdict(row),
        good=judged and row.verdict == row.measure.better,
        bad=judged and row.verdict != row.measure.better,
    )


@dataclass(frozen=True, slots=True)
class PairCells:
    """The texts of a row on pairs. ``good`` and ``bad``: whether the difference is good or bad news."""

    label: str
    median: str
    pairs: str
    verdict: str
    good: bool = False
    bad: bool = False


def pair_cells(row: PairRow) -> PairCells:
    """Return the texts of a row on pairs."""
    few = row.verdict is Verdict.TOO_FEW
    return PairCells(
        label=row.measure.label,
        median=NO_DATA if row.median is None else signed(row.median, row.measure.kind),
        pairs=f"{row.pairs:,}",
        verdict=_too_few([row.pairs], LEAST) if few else row.verdict or "",
        good=row.verdict is Verdict.LOWER,
        bad=row.verdict is Verdict.HIGHER,
    )


def signed(number: float, kind: Kind) -> str:
    """Return a difference with its sign."""
    text = number_text(abs(number), kind)
    if not number:
        return text
    return f"{'+' if number > 0 else '-'}{text}"


def number_text(number: Number, kind: Kind) -> str:
    """Return a number as people read it."""
    match kind:
        case Kind.SECONDS:
            return duration(round(float(number) * SECOND))
        case Kind.MONEY:
            return money(Decimal(number))
        case Kind.SHARE:
            return f"{number:.0%}"
    whole = number == int(number) or number >= WHOLE
    return f"{number:,.0f}" if whole else f"{number:,.1f}"


def side_lines(side: Side) -> tuple[str, ...]:
    """Return a side's name, its APIs, its number of turns and its period."""
    lines = [side.name, ", ".join(side.sources), counted(len(side.units), "turn")]
    if side.began is not None and side.ended is not None:
        lines.append(f"{_moment(side.began)} to {_moment(side.ended)}")
    return tuple(line for line in lines if line)


def calls(tool: ToolCalls) -> str:
    """Return how often a tool was called, and how many of the calls failed or stayed unanswered."""
    facts = [f"{tool.calls:,}" if tool.calls else NO_DATA]
    facts += [f"{tool.failed:,} failed"] if tool.failed else []
    facts += [f"{tool.unanswered:,} unanswered"] if tool.unanswered else []
    return ", ".join(facts)


def cut(text: str, length: int) -> str:
    """Return the text on one line, cut to a maximum number of characters."""
    line = visible(text[: 4 * length])
    return line if len(line) <= length else f"{line[: length - 1]}…"


def took(unit: Unit) -> str:
    """Return how long a turn took, or how it ended if it did not complete."""
    return unit.status if unit.duration is None else duration(unit.duration)


def tokens(unit: Unit) -> str:
    """Return the number of a turn's tokens."""
    usage = unit.turn.usage
    return NO_DATA if usage is None else f"{usage.total_tokens:,}"


def _written(number: Number | None, kind: Kind, values: int) -> str:
    if number is None:
        return NO_DATA
    if kind is Kind.SHARE:
        return f"{round(number * values):,} ({number_text(number, kind)})"
    return number_text(number, kind)


def _difference(row: Row) -> str:
    difference = row.difference
    if difference is None or row.before is None:
        return NO_DATA
    if row.measure.kind is Kind.SHARE:
        return f"{difference * 100:+.1f} points" if difference else "0 points"
    text = signed(difference, row.measure.kind)
    if row.measure.kind is Kind.COUNT or not row.before or not difference:
        return text
    return f"{text} ({difference / float(row.before):+.0%})"


def _verdict(row: Row) -> str:
    """Return the verdict on the difference, with the number of values if they are too few."""
    if row.verdict is not Verdict.TOO_FEW:
        return row.verdict or ""
    high = row.measure.key.endswith("p95")
    if high and min(row.values) < LEAST_FOR_HIGH:
        return _too_few(row.values, LEAST_FOR_HIGH)
    return _too_few(row.values, LEAST_FOR_HIGH_VERDICT if high else LEAST)


def _too_few(values: Sequence[int], least: int) -> str:
    there = " and ".join(f"{number:,}" for number in dict.fromkeys(values))
    return f"too few: {there}, needs {least}"


def _moment(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds // SECOND).astimezone():%Y-%m-%d %H:%M}"
