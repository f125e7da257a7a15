"""A comparison as one self-contained HTML page without a script."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from threadtrail.commands import view
from threadtrail.commands.compare.words import (
    calls,
    cells,
    pair_cells,
    side_lines,
    tokens,
    took,
)
from threadtrail.exporters.console_text import counted, shortened, visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.commands.compare.comparison import Comparison, Section
    from threadtrail.commands.compare.files import Side
    from threadtrail.commands.compare.matching import Pair
    from threadtrail.commands.compare.units import Unit
    from threadtrail.commands.compare.words import Cells, PairCells

MAX_PAIRS = 500
"""The maximum number of pairs on the page."""

MAX_ANSWER, MAX_QUESTION = 20_000, 300

STYLES = ((view.__name__, "page/theme.css"), (__package__, "page.css"))

EMPTY = "<td></td>"
"""Keeps the columns of all tables in line."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Makes the browser load and run nothing, whatever an answer contains."""


def page(found: Comparison) -> str:
    """Return the page. Text from a recording is escaped; control characters are shown as escape sequences."""
    style = "".join(files(package).joinpath(name).read_text(encoding="utf-8") for package, name in STYLES)
    body = "\n".join(_body(found))
    return f"""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Before and after: threadtrail compare</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def _body(found: Comparison) -> Iterator[str]:
    yield "<h1>Before and after</h1>"
    yield f'<div class="sides">{_side("before", found.before)}{_side("after", found.after)}</div>'
    for section in (found.whole, *found.groups):
        yield from _section(section)
    if found.pairs:
        yield from _pairs(found)
    if found.notes:
        yield f"<h2>Notes</h2><ul>{''.join(f'<li>{_text(note)}</li>' for note in found.notes)}</ul>"


def _side(name: str, side: Side) -> str:
    lines = "".join(f"<span>{_text(line)}</span>" for line in side_lines(side))
    return f'<div class="side"><b>{name}</b>{lines}</div>'


def _section(section: Section) -> Iterator[str]:
    by = f" <small>matched by {_text(section.by)}</small>" if section.by is not None else ""
    yield f"<h2>{_text(section.label)}{by}</h2>"
    rows = []
    for row in map(cells, section.rows):
        part = ' class="part"' if row.label.startswith(" ") else ""
        numbers = "".join(f"<td>{_text(text)}</td>" for text in (row.before, row.after, row.difference))
        rows.append(f"<tr><td{part}>{_text(row.label)}</td>{numbers}{_verdict(row)}</tr>")
    yield _table(("", "before", "after", "difference", ""), rows)
    if section.tools:
        tools = [
            f"<tr><td>{_text(name)}</td><td>{calls(before)}</td><td>{calls(after)}</td>{EMPTY * 2}</tr>"
            for name, (before, after) in section.tools.items()
        ]
        yield _table(("tool calls", "before", "after", "", ""), tools)


def _pairs(found: Comparison) -> Iterator[str]:
    yield f"<h2>{counted(len(found.pairs), 'pair')} with the same input</h2>"
    rows = [
        f"<tr><td>{row.label}</td>{EMPTY}<td>{row.pairs}</td><td>{row.median}</td>{_verdict(row)}</tr>"
        for row in map(pair_cells, found.pair_rows)
    ]
    yield _table(("", "", "pairs", "median difference", ""), rows)
    yield from map(_pair, found.pairs[:MAX_PAIRS])
    if len(found.pairs) > MAX_PAIRS:
        yield f'<p class="dim">and {counted(len(found.pairs) - MAX_PAIRS, "other")}</p>'


def _pair(pair: Pair) -> str:
    both = (pair.before, pair.after)
    question = escape(shortened(pair.before.question, MAX_QUESTION))
    facts = f"{' → '.join(map(took, both))} · {' → '.join(map(tokens, both))} tokens"
    answers = "".join(f"<div>{_answer(unit)}</div>" for unit in both)
    return (
        f'<details><summary><span class="dim">{_text(facts)}</span><bdi>{question}</bdi></summary>'
        f'<div class="answers">{answers}</div></details>'
    )


def _answer(unit: Unit) -> str:
    facts = " · ".join((unit.turn.id, unit.status, took(unit), f"{tokens(unit)} tokens"))
    answer = escape(shortened(unit.answer, MAX_ANSWER, visible_lines))
    return f'<span class="dim">{_text(facts)}</span><p dir="auto">{answer or "(no answer)"}</p>'


def _verdict(row: Cells | PairCells) -> str:
    news = "good" if row.good else "bad" if row.bad else "dim"
    return f'<td class="{news}">{row.verdict}</td>'


def _table(headings: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return f'<div class="wide"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _text(text: str) -> str:
    return escape(visible(text))
