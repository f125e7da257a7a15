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
from threadtrail.events import Event, RunCreated, RunEnded, ToolCallCompleted
from threadtrail.recordings.reading import read_recording
from threadtrail.values import Step, ToolCall

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


def test_times_of_turns_and_calls_that_nobody_answered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asking(number: int, call: ToolCall) -> RunEnded:
        steps = (Step(id=f"fc_{number}", kind="function_call", tool_calls=(call,)),)
        return recorded.response(number, 9.0, "?", None, steps=steps)

    open_call = ToolCall(id="call_1", kind="function", name="look_up", arguments="{}", executed_by="client")
    late, given_up = asking(5, open_call), asking(6, replace(open_call, id="call_2"))
    answered = replace(open_call, output="4 degrees", ended_at=late.time + 1)
    failed = [recorded.response(number, 1.0, "?", None, status="failed") for number in (3, 4)]
    events = [
        *failed,
        recorded.response(1, 4.0, "?", None),
        recorded.response(2, 6.0, "?", None),
        late,
        ToolCallCompleted(time=late.time + 1, run_id=late.run.id, tool_call=answered, source=late.source),
        given_up,
        ToolCallCompleted(
            time=given_up.time,
            run_id=given_up.run.id,
            tool_call=replace(open_call, id="call_2", started_at=given_up.time, ended_at=given_up.time),
            source=given_up.source,
        ),
    ]
    path = str(recorded.written(tmp_path / "runs.jsonl", events))
    assert cli.main(["show", "--stats", "--json", path]) == 0
    stats = json.loads(capsys.readouterr().out)
    assert stats["seconds"]["turn"] == {"count": 4, "p50": 1.0, "p95": 6.0}
    assert stats["seconds"]["completed_turn"] == {"count": 2, "p50": 4.0, "p95": 6.0}
    assert stats["tool_calls"] == {"look_up": {"calls": 2, "failed": 0, "unanswered": 1}}
    assert cli.main(["compare", "--json", path, path]) == 0
    whole = json.loads(capsys.readouterr().out)["whole"]
    (median,) = [row["before"] for row in whole["rows"] if row["key"] == "duration_p50"]
    assert median == stats["seconds"]["completed_turn"]["p50"]
    assert whole["tools"]["look_up"]["before"] == stats["tool_calls"]["look_up"]
