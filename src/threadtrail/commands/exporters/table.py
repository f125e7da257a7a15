"""The table of exporters: in columns on a terminal that is wide enough, as whole lines elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail._text import sentences
from threadtrail.commands.exporters.rows import Row, State
from threadtrail.exporters.console_text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

HEADINGS = ("name", "distribution", "version", "hooks", "enabled")
GAP = "  "
LEAST_WIDTH_OF_LAST = 24
STYLES = {State.ENABLED: "green", State.AVAILABLE: "dim", State.SWITCHED_OFF: "yellow"}
OTHER_STYLE = "bold red"


def lines(rows: Sequence[Row]) -> list[str]:
    """Return a line for each row and one for the headings, in aligned columns; nothing is cut."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return [GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in cells]


def table(rows: Sequence[Row], width: int) -> Table | None:
    """Return the table for a terminal of this width; None if names would have to be wrapped.

    The hooks are below the state of the exporter, since side by side they would need 120 columns.
    """
    from rich.table import Table  # noqa: PLC0415 - only terminals need rich
    from rich.text import Text  # noqa: PLC0415 - the same

    drawn = Table(box=None, pad_edge=False, padding=(0, len(GAP), 0, 0), header_style="bold")
    for heading in ("name", "distribution"):
        drawn.add_column(heading, no_wrap=True)
    drawn.add_column("enabled", overflow="fold")
    taken = 0
    for row in rows:
        name, distribution, version, hooks, enabled = _cells(row)
        origin = f"{distribution} {version}" if row.distribution else distribution
        last = Text.assemble((enabled, STYLES.get(row.state, OTHER_STYLE)), overflow="fold")
        if row.hooks is not None:
            last.append(f"\nhooks: {hooks}", "dim")
        drawn.add_row(Text(name, "bold"), origin, last)
        taken = max(taken, len(name) + len(origin) + 2 * len(GAP))
    return drawn if width - taken >= LEAST_WIDTH_OF_LAST else None


def _cells(row: Row) -> tuple[str, ...]:
    hooks = "?" if row.hooks is None else ", ".join(row.hooks)
    texts = row.name, row.distribution or "-", row.version or "-", hooks, _enabled(row)
    return tuple(map(visible, texts))


def _enabled(row: Row) -> str:
    match row.state:
        case State.ENABLED:
            return f"yes ({row.origin})"
        case State.AVAILABLE:
            return "no"
        case State.SWITCHED_OFF:
            return f"no: threadtrail is switched off ({row.origin})"
        case State.NOT_INSTALLED:
            return f"not installed ({row.origin}). {row.advice}"
    chosen = f" ({row.origin})" if row.chosen else ""
    return sentences(f"{row.state}{chosen}: {row.problem}.", row.advice)
