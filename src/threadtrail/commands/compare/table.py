"""A comparison as tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from threadtrail.commands.compare.words import (
    NO_DATA,
    calls,
    cells,
    cut,
    pair_cells,
    side_lines,
    tokens,
    took,
)
from threadtrail.commands.terminal import print_on, print_unwrapped, terminal
from threadtrail.exporters.console_text import counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import JustifyMethod, OverflowMethod, RenderableType

    from threadtrail.commands.compare.comparison import Comparison, Section
    from threadtrail.commands.compare.matching import Pair
    from threadtrail.commands.compare.words import Cells, PairCells

MAX_GROUPS = 20
"""The maximum number of assistants and prompts that are shown; those with the most turns come first."""

QUESTION_LENGTH, ANSWER_LENGTH = 40, 60


def print_comparison(found: Comparison, *, pairs: int, color: bool) -> None:
    """Print a comparison on standard output, with at most ``pairs`` of its pairs."""
    items = [*_items(found, pairs)]
    console = terminal(color=color)
    if console is not None:
        print_on(console, *items)
    else:
        print_unwrapped(*items)


def _items(found: Comparison, pairs: int) -> Iterator[RenderableType]:
    for name, side in (("before", found.before), ("after", found.after)):
        yield Text.assemble((f"{name:<6}  ", "bold"), visible("  ".join(side_lines(side))))
    for section in (found.whole, *found.groups[:MAX_GROUPS]):
        by = f", matched by {section.by}" if section.by is not None else ""
        yield ""
        yield Text.assemble((visible(section.label), "bold"), by)
        yield _numbers(section)
        if section.tools:
            yield _tools(section)
    if more := found.groups[MAX_GROUPS:]:
        yield Text(f"and {counted(len(more), 'group')} with fewer turns: --json has them", "dim")
    if found.pairs:
        yield ""
        yield Text(f"{counted(len(found.pairs), 'pair')} with the same input", "bold")
        yield _pair_rows(found)
        yield from _pairs(found.pairs, pairs)
    if found.notes:
        yield ""
    for note in found.notes:
        yield Text(visible(note), "dim")


def _numbers(section: Section) -> Table:
    table = _table("", "before", "after", "difference", "", texts=1)
    for row in map(cells, section.rows):
        _add(table, row.label, row.before, row.after, row.difference, _verdict(row))
    return table


def _tools(section: Section) -> Table:
    table = _table("tool", "before", "after", texts=0)
    for name, (before, after) in section.tools.items():
        _add(table, name, calls(before), calls(after))
    return table


def _pair_rows(found: Comparison) -> Table:
    table = _table("", "median difference", "pairs", "", texts=1)
    for row in map(pair_cells, found.pair_rows):
        _add(table, row.label, row.median, row.pairs, _verdict(row))
    return table


def _verdict(row: Cells | PairCells) -> Text:
    return Text(row.verdict, "green" if row.good else "red" if row.bad else "dim")


def _pairs(pairs: Sequence[Pair], most: int) -> Iterator[RenderableType]:
    if not most:
        return
    table = _table("input", "took", "tokens", "answer before", "answer after")
    for pair in pairs[:most]:
        both = pair.before, pair.after
        _add(
            table,
            cut(pair.before.question, QUESTION_LENGTH),
            " → ".join(took(unit) for unit in both),
            " → ".join(tokens(unit) for unit in both),
            *(cut(unit.answer, ANSWER_LENGTH) or NO_DATA for unit in both),
        )
    yield ""
    yield table
    if len(pairs) > most:
        yield Text(f"and {counted(len(pairs) - most, 'other')}: --pairs N prints N, --json all", "dim")


def _add(table: Table, *cells: str | Text) -> None:
    """Add a row. Text from a recording is never read as markup or as control codes of the terminal."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(_shown(cell)) for cell in cells))


def _shown(text: str) -> str:
    """Return the text with control characters made visible; the indentation of a part's label stays."""
    return text[: len(text) - len(text.lstrip(" "))] + visible(text)


def _table(*headings: str, texts: int = 2) -> Table:
    """Return an empty table whose first and last ``texts`` columns are text, and the others numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for place, heading in enumerate(headings):
        is_text = place == 0 or place >= len(headings) - texts
        justify: JustifyMethod = "left" if is_text else "right"
        # The ellipsis shows that a number was cut.
        overflow: OverflowMethod = "fold" if is_text else "ellipsis"
        table.add_column(Text(heading), justify=justify, overflow=overflow, no_wrap=not is_text)
    return table
