"""What a recording holds: the commands count the same of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import recorded_turns as recorded
import threadtrail
from threadtrail import cli
from threadtrail.commands.view.contents import page_data
from threadtrail.commands.view.rows import FIELDS
from threadtrail.events import Event, RunCreated, RunEnded
from threadtrail.recordings.reading import read_recording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ONE = recorded.response(1, 2.0, "Oslo?", recorded.used(100, 10))
OTHER = recorded.response(2, 4.0, "Rome?", recorded.used(200, 20))
SAME_ID = replace(OTHER, run=replace(OTHER.run, id=ONE.run.id, turn_id=ONE.run.turn_id))


def begun(end: RunEnded) -> RunCreated:
    return RunCreated(
        time=end.run.created_at or 0, run_id=end.run.id, turn_id=end.run.turn_id, source=end.source
    )


@pytest.fixture
def counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Return what ``show``, ``compare`` and ``view`` count: runs, turns, tokens."""

    def count(events: Sequence[Event]) -> list[tuple[int, int, int]]:
        path = str(recorded.written(tmp_path / "runs.jsonl", events))
        assert cli.main(["show", "--stats", "--json", path]) == 0
        stats = json.loads(capsys.readouterr().out)
        assert cli.main(["compare", "--json", path, path]) == 0
        side = json.loads(capsys.readouterr().out)
        means = {row["key"]: (row["before"] or 0) for row in side["whole"]["rows"]}
        page = page_data(read_recording(path).events, title="")
        rows = [dict(zip(FIELDS, shown.row, strict=True)) for shown in page.shown]
        of_runs = [row for row in rows if row["kind"] == "run"]
        turns = side["before"]["turns"]
        return [
            (
                stats["runs"]["count"],
                stats["turns"],
                sum(usage["total_tokens"] for usage in stats["tokens"].values()),
            ),
            (
                side["before"]["runs"],
                turns,
                round((means["input_tokens"] + means["output_tokens"]) * turns),
            ),
            (
                len(of_runs),
                len([row for row in rows if row["parent"] is None]),
                sum(row["tokens"] or 0 for row in of_runs),
            ),
        ]

    return count


REUSED = replace(SAME_ID, run=replace(SAME_ID.run, id_reused=True))
UNFINISHED = replace(
    ONE, run=replace(ONE.run, finished=False, status="in_progress", usage=None, answered_at=None)
)


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([ONE, OTHER], (2, 2, 330)),
        ([ONE, ONE, OTHER, ONE], (2, 2, 330)),
        ([replace(ONE, server_address="one"), replace(ONE, server_address="two")], (2, 2, 220)),
        ([ONE, REUSED], (2, 2, 330)),
        ([begun(ONE), ONE, begun(REUSED), REUSED], (2, 2, 330)),
        # Two processes, one after the other, before a server that began to count anew.
        ([begun(ONE), ONE, begun(SAME_ID), SAME_ID], (2, 2, 330)),
        ([UNFINISHED, replace(ONE, supersedes=True)], (1, 1, 110)),
        ([begun(ONE), UNFINISHED, replace(ONE, supersedes=True), begun(OTHER)], (1, 1, 110)),
    ],
    ids=["two", "repeated", "servers", "reused", "reused, begun", "anew", "superseded", "open"],
)
def test_every_command_counts_the_same(
    events: Sequence[Event], expected: tuple[int, int, int], counted: Any
) -> None:
    shown, compared, viewed = counted(events)
    assert (shown, compared) == (expected, expected)
    open_ones = len({event.run_id for event in events if isinstance(event, RunCreated)}) > expected[0]
    assert viewed == tuple(number + (open_ones and place < 2) for place, number in enumerate(expected))


def test_merging_says_that_an_id_was_used_again_and_stays_so() -> None:
    merged = threadtrail.merge([begun(SAME_ID), SAME_ID, begun(ONE), ONE])
    runs = [event.run for event in merged if isinstance(event, RunEnded)]
    assert [(run.created_at, run.id_reused) for run in runs] == [
        (ONE.run.created_at, False),
        (SAME_ID.run.created_at, True),
    ]
    assert threadtrail.merge(merged) == merged
