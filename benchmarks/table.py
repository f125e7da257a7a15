"""Plain text tables: first column to the left, numbers to the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.pairs import Summary


CALLER_AND_WALL = ["bare", "CPU of the caller", "ratio", "wall time", "ratio"]


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    print(f"\n{title}")
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("  " + "  ".join([row[0].ljust(widths[0]), *cells[1:]]), flush=True)


def added(summary: Summary) -> str:
    """Return the added time with its margin, in microseconds."""
    return f"{summary.added:+.2f} ±{summary.margin:.2f}"


def caller_and_wall(thread: Summary, wall: Summary, *, digits: int) -> list[str]:
    """Return the cells under ``CALLER_AND_WALL``; ``digits`` is for the time without the tool."""
    return [f"{thread.bare:.{digits}f}", added(thread), ratio(thread), added(wall), ratio(wall)]


def ratio_with_margin(summary: Summary) -> str:
    """Return the time with the tool as a multiple of the time without, and the margin of that."""
    return f"{summary.ratio:.3f} ±{summary.ratio_margin:.3f}"


def ratio(summary: Summary) -> str:
    """Return the time with the tool as a multiple of the time without."""
    return f"{summary.ratio:.3f}"
