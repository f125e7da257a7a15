"""Renders findings: by area, a line for each, and its advice below."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from threadtrail.commands.doctor.findings import Level
from threadtrail.exporters.console_text import counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table
    from rich.text import Text

    from threadtrail.commands.doctor.findings import Finding, Report

STYLES = {
    Level.SETTING: "dim",
    Level.OK: "green",
    Level.NOTE: "cyan",
    Level.WARNING: "yellow",
    Level.PROBLEM: "bold red",
}
WIDTH = max(map(len, Level))
INDENT, GAP = 2, 2
ARROW = "→ "


def lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings as lines; each is one line, however long it is."""
    for area, found in _by_area(findings):
        yield area
        for finding in found:
            yield f"{'':{INDENT}}{finding.level:{WIDTH}}{'':{GAP}}{visible(finding.message)}"
            if finding.advice:
                yield f"{'':{INDENT + WIDTH + GAP}}{ARROW}{visible(finding.advice)}"
        yield ""


def tables(findings: Sequence[Finding]) -> Iterator[Table | Text | str]:
    """Yield the findings for a terminal, with long sentences wrapped in their column."""
    from rich.table import Table  # noqa: PLC0415 - only terminals need rich
    from rich.text import Text  # noqa: PLC0415 - the same

    for area, found in _by_area(findings):
        yield Text(area, "bold")
        grid = Table.grid(padding=(0, GAP, 0, 0))
        grid.add_column(width=INDENT + WIDTH, no_wrap=True)
        grid.add_column(overflow="fold")
        for finding in found:
            level = Text(f"{'':{INDENT}}{finding.level}", STYLES[finding.level])
            grid.add_row(level, Text(visible(finding.message)))
            if finding.advice:
                grid.add_row("", Text(f"{ARROW}{visible(finding.advice)}", "bold"))
        yield grid
        yield ""


def coloured_summary(report: Report) -> Text:
    """Return the summary for a terminal, in the colour of the worst finding."""
    from rich.text import Text  # noqa: PLC0415 - only terminals need rich

    return Text(summary(report), STYLES[_worst(report)])


def summary(report: Report) -> str:
    """Return the numbers of problems, warnings and notes in one line."""
    problems, warnings = report.count(Level.PROBLEM), report.count(Level.WARNING)
    notes = report.count(Level.NOTE)
    parts = [(problems, "problem"), (warnings, "warning"), (notes, "note")]
    counts = ", ".join(counted(number, noun) for number, noun in parts if number)
    if problems or warnings:
        return f"{counts}."
    return f"Nothing is wrong ({counts})." if counts else "Nothing is wrong."


def _worst(report: Report) -> Level:
    return next(level for level in (Level.PROBLEM, Level.WARNING, Level.OK) if report.count(level))


def _by_area(findings: Sequence[Finding]) -> Iterator[tuple[str, list[Finding]]]:
    for area, found in groupby(findings, key=lambda finding: finding.area):
        yield area, list(found)
