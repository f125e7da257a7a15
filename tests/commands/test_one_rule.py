"""All commands show the same facts of a recording, each in its own form."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from recorded_turns import written
from threadtrail import cli, prices
from threadtrail.commands.view.contents import page_data
from threadtrail.commands.view.rows import FIELDS
from threadtrail.shape import shape
from threadtrail.testing import samples
from threadtrail.turn import add_usages, turn_of
from threadtrail.values import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.events import Event
    from threadtrail.values import Run

RUNS = samples.sample_runs()
Printed = Callable[..., str]


@pytest.fixture(name="printed")
def _printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    def printed(*arguments: object) -> str:
        assert cli.main([*map(str, arguments)]) == 0
        return capsys.readouterr().out

    return printed


def rows_of(events: tuple[Event, ...]) -> list[dict[str, Any]]:
    shown = page_data(events, title="test").shown
    return [dict(zip(FIELDS, each.row, strict=True)) for each in shown]


class TestATurnThatNobodyWentOnWith:
    """The response is completed; its turn is unfinished."""

    @pytest.fixture(params=["with its TurnEnded", "without"], name="events")
    def _events(self, request: pytest.FixtureRequest) -> tuple[Event, ...]:
        run = RUNS["open_call"]
        return samples.events_of_turn(run) if request.param != "without" else samples.events_of(run)

    def test_the_page_has_a_line_for_each(self, events: tuple[Event, ...]) -> None:
        turn, run = rows_of(events)
        assert (turn["kind"], turn["status"], turn["state"]) == ("turn", "unfinished", "warning")
        assert (run["kind"], run["status"], run["state"]) == ("run", "completed", "good")
        assert run["parent"] == turn["handle"] == "turn:resp_open_call"
        (detail, _) = (each.detail for each in page_data(events, title="test").shown)
        assert detail["status"] == "unfinished"
        assert detail["notes"] == [
            "Unfinished: its last response asked for tool calls, and no response followed."
        ]

    def test_the_tables_count_both(self, events: tuple[Event, ...], tmp_path: Path, printed: Printed) -> None:
        path = written(tmp_path / "runs.jsonl", events)
        numbers = json.loads(printed("show", path, "--stats", "--json"))
        assert numbers["runs"]["by_status"] == {"completed": 1}
        assert (numbers["turns"], numbers["unfinished_turns"]) == (1, 1)
        assert numbers["seconds"]["turn"]["count"] == 0
        assert ["unfinished", "turns", "1"] in map(str.split, printed("show", path, "--stats").splitlines())
        rows = json.loads(printed("compare", path, path, "--json"))["whole"]["rows"]
        shares = {row["key"]: row["before"] for row in rows if row["key"].startswith("status_")}
        assert shares == {"status_completed": 0.0, "status_unfinished": 1.0}

    def test_the_tree_says_so(self, tmp_path: Path, printed: Printed) -> None:
        path = written(tmp_path / "runs.jsonl", samples.events_of_turn(RUNS["open_call"]))
        first = printed("show", path).splitlines()[0]
        assert first.startswith("? gpt-5.2-2025-12-11  unfinished: not continued after ")
        turn = turn_of([RUNS["open_call"]], finished=False)
        assert "? unfinished: not continued after " in turn._repr_html_()


def test_an_answered_call_without_a_next_response_is_not_the_end_of_its_turn() -> None:
    events = samples.events_of(RUNS["answered_calls"])
    assert [row["status"] for row in rows_of(events)] == ["unfinished", "completed"]


def test_a_run_of_an_assistant_is_a_turn_by_itself() -> None:
    (row,) = rows_of(samples.events_of(RUNS["parallel_function_calls"]))
    assert (row["kind"], row["status"]) == ("run", "completed")


def given_up() -> Run:
    """A run of an assistant that its process stopped following while the app worked on a call."""
    run = RUNS["unfinished"]
    (step,) = run.steps
    (call,) = step.tool_calls
    call = replace(call, ended_at=run.ended_at, error=Failure(type="unfinished"))
    return replace(run, steps=(replace(step, tool_calls=(call,)),))


@pytest.mark.parametrize("run", [given_up(), RUNS["open_call"]], ids=["assistant", "response"])
class TestACallThatTheAppNeverAnswered:
    """It is unanswered; it did not fail."""

    COUNTED = {"calls": 1, "failed": 0, "unanswered": 1}  # noqa: RUF012 - a constant

    def test_the_tables_count_it_so(self, run: Run, tmp_path: Path, printed: Printed) -> None:
        path = written(tmp_path / "runs.jsonl", samples.events_of(run))
        assert [*json.loads(printed("show", path, "--stats", "--json"))["tool_calls"].values()] == [
            self.COUNTED
        ]
        whole = json.loads(printed("compare", path, path, "--json"))["whole"]
        assert [tool["before"] for tool in whole["tools"].values()] == [self.COUNTED]
        failed = [row["before"] for row in whole["rows"] if row["key"] == "tool_calls_failed"]
        assert failed == [0.0]

    def test_the_page_shows_it_so(self, run: Run) -> None:
        detail = page_data(samples.events_of(run), title="test").shown[-1].detail
        (call,) = [item for item in detail["conversation"] if item["kind"] == "call"]
        assert call["open"]
        assert "error" not in call
        lane = detail["waterfall"]["lanes"][-1]
        assert lane["open"]
        assert "state" not in lane
        assert lane["end"] == detail["waterfall"]["length"]


class TestARunWhoseServerGaveTokensOfItsStepsAlone:
    """They are the run's, as exporters for tracing backends have them."""

    RUN = RUNS["parallel_function_calls"]
    OF_STEPS = 964

    @pytest.fixture(name="path")
    def _path(self, tmp_path: Path) -> Path:
        return written(tmp_path / "runs.jsonl", samples.events_of(replace(self.RUN, usage=None)))

    def test_the_tables(self, path: Path, printed: Printed) -> None:
        numbers = json.loads(printed("show", path, "--stats", "--json"))
        assert numbers["tokens"]["gpt-4o"]["total_tokens"] == self.OF_STEPS
        rows = json.loads(printed("compare", path, path, "--json"))["whole"]["rows"]
        tokens = {row["key"]: row["before"] for row in rows if row["key"].endswith("put_tokens")}
        assert tokens["input_tokens"] + tokens["output_tokens"] == self.OF_STEPS

    def test_the_tree_and_the_page(self, path: Path, printed: Printed) -> None:
        run = replace(self.RUN, usage=None)
        assert f"{self.OF_STEPS} total" in printed("show", path)
        assert [row["tokens"] for row in rows_of(samples.events_of(run))] == [self.OF_STEPS]
        (_, *generations) = shape(run).walk()
        assert sum(each.usage.total_tokens for each in generations if each.usage) == self.OF_STEPS

    def test_the_cost(self) -> None:
        pytest.importorskip("genai_prices")
        of_steps = add_usages(step.usage for step in self.RUN.steps)
        expected = prices.cost(replace(self.RUN, usage=of_steps)).amount
        assert prices.cost(replace(self.RUN, usage=None)).amount == expected is not None
