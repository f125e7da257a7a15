"""The table of what other tools record has all scenarios and tools, and our column is the truth."""

from __future__ import annotations

import dataclasses

from peer_table.peers import PEERS
from peer_table.scenarios import SCENARIOS, Truth
from peer_table.table import truth_cell

from doc_blocks import DOCS

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (DOCS / "what-other-tools-record.md").read_text(encoding="utf-8").splitlines()
    if line.count("|") > 3
]


def recorded(truth: Truth) -> str:
    """What we record: no tokens where the server never said any."""
    return truth_cell(dataclasses.replace(truth, input_tokens=truth.input_tokens or 0))


def test_every_tool_has_its_column() -> None:
    assert ROWS[0] == ["scenario", "truth", *(peer.title for peer in PEERS.values())]


def test_every_scenario_has_its_row_and_ours_is_the_truth() -> None:
    assert [row[:3] for row in ROWS[2:]] == [
        [name, truth_cell(scenario.truth), recorded(scenario.truth)] for name, scenario in SCENARIOS.items()
    ]
