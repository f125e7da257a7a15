"""The table: a row for each scenario, a column for the truth, and one for each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from peer_table.peers import PEERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from peer_table.entries import Recorded
    from peer_table.playing import Column
    from peer_table.scenarios import Scenario, Truth

LEGEND = """\
`✓`: the truth was recorded. Any other cell is runs (threadtrail) or spans (the others) / input tokens on \
them. E: one of them is an error. `!`: the app got an exception that the SDK alone does not raise. `?`: the \
server never said it. n/a: this version of the SDK has no such method."""


def table(columns: Sequence[Column], scenarios: Mapping[str, Scenario]) -> str:
    """Return the table, then what the cells mean, then what went wrong."""
    played = [column for column in columns if column.problem is None]
    titles = [PEERS[column.peer].title for column in played]
    rows = [["scenario", "truth", *titles], ["---"] * (len(played) + 2)]
    for name, scenario in scenarios.items():
        cells = [cell(column.recorded[name], scenario.truth) for column in played]
        rows.append([name, truth_cell(scenario.truth), *cells])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    sdks = [f"{PEERS[column.peer].title} on {PEERS[column.peer].sdk}" for column in played]
    return "\n".join([*lines, "", LEGEND, "", "; ".join(sdks) + ".", *_problems(columns)])


def truth_cell(truth: Truth) -> str:
    """Return the truth in the form in which `cell` shows what was recorded."""
    tokens = "?" if truth.input_tokens is None else truth.input_tokens
    return _cell(truth.runs, tokens, len(truth.tools), error=truth.error)


def cell(recorded: Recorded | None, truth: Truth) -> str:
    """Return what was recorded, in a few characters: a sign alone, if it is the truth."""
    if recorded is None:
        return "n/a"
    text = _cell(recorded.entries, recorded.input_tokens, recorded.tools, error=recorded.error)
    if recorded.raised is not None:
        return f"{text} !"
    known = _cell(truth.runs, truth.input_tokens or 0, len(truth.tools), error=truth.error)
    return "✓" if text == known else text


def _cell(entries: int, tokens: int | str, tools: int, *, error: bool) -> str:
    called = f" + {tools} tool{'s' * (tools > 1)}" if tools else ""
    return f"{entries}/{tokens}{called}{' E' if error else ''}"


def _problems(columns: Sequence[Column]) -> list[str]:
    lines = [f"- {PEERS[each.peer].title}: {each.problem}" for each in columns if each.problem is not None]
    for column in columns:
        for name, recorded in column.recorded.items():
            if recorded is not None and recorded.raised is not None and column.problem is None:
                lines.append(f"- {PEERS[column.peer].title}, {name}: {recorded.raised}")
    return ["", *lines] if lines else []
