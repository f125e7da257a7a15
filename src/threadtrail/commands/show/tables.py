"""The numbers about a recording as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from threadtrail.commands.durations import SECOND
from threadtrail.commands.terminal import print_on, print_unwrapped, terminal
from threadtrail.exporters.console_text import duration, visible
from threadtrail.prices.amounts import money
from threadtrail.recordings.choosing import moment_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import JustifyMethod, OverflowMethod

    from threadtrail.commands.show.statistics import Statistics
    from threadtrail.prices.amounts import Costs

UNKNOWN = "-"


def print_statistics(numbers: Statistics, *, color: bool) -> None:
    """Print the numbers on standard output."""
    tables = [item for table in _tables(numbers) if table.row_count for item in (table, "")]
    console = terminal(color=color)
    if console is not None:
        print_on(console, *tables)
    else:
        print_unwrapped(*tables)


def _tables(numbers: Statistics) -> Iterator[Table]:
    yield _table(("runs", f"{numbers.runs.total():,}"), _runs(numbers))
    times = {
        "run": numbers.run_times,
        "turn": numbers.turn_times,
        "completed turn": numbers.completed_times,
        "to first output": numbers.first_output_times,
    }
    rows = ((name, _seconds(of.p50), _seconds(of.p95), of.count) for name, of in times.items() if of.count)
    yield _table(("took", "p50", "p95", "count"), rows)
    headings = "tokens", "input", "cached", "written", "output", "reasoning", "total"
    yield _table(headings if numbers.cost is None else (*headings, "cost"), _tokens(numbers))
    if numbers.cost is not None:
        yield _table(("cost", numbers.cost.text), _cost(numbers.cost), texts=True)
    tools = ((name, of.calls, of.failed, of.unanswered) for name, of in numbers.tools.items())
    yield _table(("tool calls", "calls", "failed", "unanswered"), tools)
    failed = numbers.failed_requests
    yield _table(("failed requests", f"{failed.total():,}"), failed.most_common())


def _runs(numbers: Statistics) -> Iterator[tuple[str, int | str]]:
    yield from numbers.runs.most_common()
    if numbers.unfinished:
        yield "never seen to end", numbers.unfinished
    if numbers.without_end:
        yield "not ended in the recording", numbers.without_end
    if numbers.began is not None and numbers.ended is not None:
        yield "turns", numbers.turns
        if numbers.unfinished_turns:
            yield "unfinished turns", numbers.unfinished_turns
        yield "from", moment_text(numbers.began)
        yield "to", moment_text(numbers.ended)


def _tokens(numbers: Statistics) -> Iterator[tuple[str | int | None, ...]]:
    for model, usage in numbers.usage.items():
        costs = numbers.costs.get(model)
        yield (
            model,
            usage.input_tokens,
            usage.cached_input_tokens,
            usage.cache_write_input_tokens,
            usage.output_tokens,
            usage.reasoning_tokens,
            usage.total_tokens,
            *([] if numbers.cost is None else [_amount(costs)]),
        )


def _cost(costs: Costs) -> Iterator[tuple[str, str]]:
    yield from (("no price", reason) for reason in costs.unknown)
    yield from (("note", note) for note in costs.notes)
    if costs.prices:
        yield "prices", costs.prices


def _amount(costs: Costs | None) -> str | None:
    return None if costs is None or costs.amount is None else money(costs.amount, costs.currency)


def _table(
    headings: Sequence[str], rows: Iterable[Sequence[str | int | None]], *, texts: bool = False
) -> Table:
    """Return a table with names in the first column and numbers in the others, or text with ``texts``."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in headings:
        text = texts or heading == headings[0]
        justify: JustifyMethod = "left" if text else "right"
        # The ellipsis shows that a number was cut.
        overflow: OverflowMethod = "fold" if text else "ellipsis"
        table.add_column(heading, justify=justify, overflow=overflow, no_wrap=not text)
    for row in rows:
        table.add_row(*map(_cell, row))
    return table


def _cell(value: str | int | None) -> Text:
    if isinstance(value, int):
        return Text(f"{value:,}")
    return Text(UNKNOWN if value is None else visible(value))


def _seconds(seconds: float | None) -> str | None:
    return None if seconds is None else duration(round(seconds * SECOND))
