"""The table of what other tools record has all scenarios and tools, and our column is the truth."""

from __future__ import annotations

import pytest
from peer_table.entries import Recorded
from peer_table.peers import PEERS
from peer_table.scenarios import SCENARIOS, Truth
from peer_table.table import cell, truth_cell

from doc_blocks import DOCS

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DOCS / "what-other-tools-record.md").read_text(encoding="utf-8").splitlines()
    if line.count("|") > 3
]


def test_every_tool_has_its_column() -> None:
    assert ROWS[0] == ["scenario", "truth", *(peer.title for peer in PEERS.values())]


def test_every_scenario_has_its_row_and_ours_is_the_truth() -> None:
    assert [row[:3] for row in ROWS[2:]] == [
        [name, truth_cell(scenario.truth), "✓"] for name, scenario in SCENARIOS.items()
    ]


@pytest.mark.parametrize(
    ("recorded", "truth", "shown"),
    [
        (Recorded(1, 100), Truth(), "✓"),
        (Recorded(6, 100), Truth(), "6/100"),
        (Recorded(1, 100, error=True), Truth(), "1/100 E"),
        (Recorded(1, 100, raised="ValueError"), Truth(), "1/100 !"),
        (Recorded(1, 0), Truth(input_tokens=None), "✓"),
        (Recorded(2, 200), Truth(runs=2, input_tokens=200, tools=("function",)), "2/200"),
        (Recorded(2, 200, tools=1), Truth(runs=2, input_tokens=200, tools=("function",)), "✓"),
        (None, Truth(), "n/a"),
    ],
)
def test_only_what_differs_from_the_truth_is_written_out(
    recorded: Recorded | None, truth: Truth, shown: str
) -> None:
    assert cell(recorded, truth) == shown
