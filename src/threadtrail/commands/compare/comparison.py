"""Two sides, compared: as a whole, by assistant or prompt, and pair by pair."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail import _install
from threadtrail.commands.compare.chance import Interval, Verdict, of_median, verdict
from threadtrail.commands.compare.files import Side
from threadtrail.commands.compare.matching import Match, Pair, matches_of, pairs_of
from threadtrail.commands.compare.measures import (
    MEDIAN,
    Kind,
    Measure,
    Number,
    Row,
    count_row,
    rows_of,
    tools_in,
)
from threadtrail.commands.durations import SECOND, quantile
from threadtrail.exporters.console_text import counted
from threadtrail.prices import installed
from threadtrail.prices.amounts import without_price
from threadtrail.recordings.tools import ToolCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from threadtrail.commands.compare.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The numbers of some turns of both sides. ``by`` says how they were matched, if they were."""

    label: str
    by: str | None = None
    rows: tuple[Row, ...]
    tools: Mapping[str, tuple[ToolCalls, ToolCalls]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """The median, over all pairs, of how much more a turn has after than before."""

    measure: Measure
    median: float | None
    pairs: int
    verdict: Verdict | None = None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The result of a comparison."""

    before: Side
    after: Side
    whole: Section
    groups: tuple[Section, ...]
    pairs: tuple[Pair, ...]
    pair_rows: tuple[PairRow, ...]
    notes: tuple[str, ...] = ()


def compare(before: Side, after: Side, chosen: Sequence[tuple[str, str]] = ()) -> Comparison:
    """Compare two sides.

    Args:
        before: the earlier side.
        after: the later side.
        chosen: pairs of labels, of assistants or prompts that belong together.

    Raises:
        ConfigurationError: a side has no such assistant or prompt.
    """
    matches = matches_of(before.units, after.units, chosen)
    whole = _section("all turns", before.units, after.units)
    pairs = tuple(pair for match in matches for pair in pairs_of(match))
    requests = count_row(
        "requests_failed",
        "requests that failed",
        len(before.failed_requests),
        len(after.failed_requests),
    )
    return Comparison(
        before=before,
        after=after,
        whole=Section(label=whole.label, rows=(*whole.rows, requests), tools=whole.tools),
        groups=tuple(map(_group_section, matches)) if len(matches) > 1 else (),
        pairs=pairs,
        pair_rows=tuple(_pair_rows(pairs)),
        notes=tuple(_notes(before, after, matches, pairs)),
    )


def errors_of(side: Side) -> Counter[str]:
    """Return how many requests failed with each type of error."""
    return Counter(event.error.type for event in side.failed_requests)


def _group_section(match: Match) -> Section:
    before = match.before.units if match.before is not None else ()
    after = match.after.units if match.after is not None else ()
    return _section(match.label, before, after, match.by)


def _section(label: str, before: Sequence[Unit], after: Sequence[Unit], by: str | None = None) -> Section:
    ours, theirs = tools_in(before), tools_in(after)
    names = tools_in((*before, *after))  # the most frequent first
    tools = {name: (ours.get(name, ToolCalls()), theirs.get(name, ToolCalls())) for name in names}
    return Section(label=label, by=by, rows=rows_of(before, after), tools=tools)


def _pair_rows(pairs: Sequence[Pair]) -> Iterator[PairRow]:
    yield _pair_row(pairs, Measure("duration", "duration", Kind.SECONDS), _seconds)
    yield _pair_row(pairs, Measure("input_tokens", "input tokens", Kind.TOKENS), _input_tokens)
    yield _pair_row(pairs, Measure("output_tokens", "output tokens", Kind.TOKENS), _output_tokens)
    if any(unit.costs is not None for pair in pairs for unit in (pair.before, pair.after)):
        yield _pair_row(pairs, Measure("cost", "cost", Kind.MONEY), lambda unit: unit.price)


def _seconds(unit: Unit) -> float | None:
    return None if unit.duration is None else unit.duration / SECOND


def _input_tokens(unit: Unit) -> int | None:
    return unit.turn.usage.input_tokens if unit.turn.usage is not None else None


def _output_tokens(unit: Unit) -> int | None:
    return unit.turn.usage.output_tokens if unit.turn.usage is not None else None


def _pair_row(pairs: Sequence[Pair], measure: Measure, value: Callable[[Unit], Number | None]) -> PairRow:
    both = [(value(pair.before), value(pair.after)) for pair in pairs]
    differences = sorted(
        float(after) - float(before) for before, after in both if before is not None and after is not None
    )
    interval = of_median(differences)
    return PairRow(
        measure=measure,
        median=quantile(differences, MEDIAN) if differences else None,
        pairs=len(differences),
        verdict=verdict(interval) if differences else None,
        interval=interval,
    )


def _notes(before: Side, after: Side, matches: Sequence[Match], pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield notes on what the numbers leave out."""
    for name, side in (("before", before), ("after", after)):
        if not side.units:
            yield f"{name}: none of its runs has an end"
        if side.open_runs:
            yield f"{name}: left out {counted(side.open_runs, 'run')} without an end in the recording"
        costs = [unit.costs for unit in side.units if unit.costs is not None]
        if unpriced := sum(cost.unpriced for cost in costs):
            why = ", ".join(dict.fromkeys(reason for cost in costs for reason in cost.unknown))
            yield f"{name}: {without_price(unpriced, sum(cost.runs for cost in costs))}: {why}"
        yield from dict.fromkeys(f"{name}: cost {note}" for cost in costs for note in cost.notes)
    alone = [match for match in matches if match.by is None]
    if alone and len(matches) > 1:
        groups = counted(len(alone), "group")
        yield f"{groups} on one side only; --match BEFORE=AFTER says which belong together"
    if not pairs:
        yield "no turns of both sides have the same input, so none are compared one by one"
    if not installed():
        yield f"without costs: {_install.extra_command('prices')}"
