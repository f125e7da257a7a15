"""``threadtrail compare``: the numbers are right, and what they leave out is reported."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doc_blocks import ROOT
from fork_server import fork_server
from pseudo_terminal import on_terminal
from recorded_turns import SECOND, START, assistants_run, called, response, said, turn, used, written
from threadtrail import _install, cli
from threadtrail.events import Event, RequestFailed, RunCreated
from threadtrail.testing.server import Message, RunScript, Usage
from threadtrail.values import Assistant, Failure

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.testing import OpenAIServer


def before() -> list[Event]:
    """Twenty turns that took 1 to 20 s, each with a call; two that failed; a request that did."""
    good = [
        assistants_run(
            k, k, f"question {k}", used(1_000, 100, cached=200), steps=called("get_weather", f"c{k}")
        )
        for k in range(1, 21)
    ]
    bad = [assistants_run(k, 0.1, f"question {k}", None, status="failed") for k in (21, 22)]
    error = Failure(type="rate_limit_exceeded")
    failed = RequestFailed(time=START, started_at=START, operation="threads.runs.create", error=error)
    return [*good, *bad, failed]


def after() -> list[Event]:
    """Twenty-five turns that took 0.5 to 12.5 s, of two responses each; of five, the call failed."""
    events: list[Event] = []
    for k in range(1, 26):
        asking = response(
            k,
            k / 5,
            f"question  {k}\n",
            used(600, 40, cached=0, reasoning=0),
            steps=called("get_weather", f"call_{k}", failed=k <= 5),
            output=(),
        )
        answering = response(
            k,
            k / 10,
            "",
            used(700, 60, cached=500, reasoning=20),
            after=k * 0.4,
            id=f"resp_{k}b",
            first_output_at=None,
            input=said("tool", "4 degrees"),
        )
        events += turn(asking, answering)
    return events


@pytest.fixture
def sides(tmp_path: Path) -> tuple[str, str]:
    return str(written(tmp_path / "before.jsonl", before())), str(written(tmp_path / "after.jsonl", after()))


@pytest.fixture
def compared(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command; return what it prints, and what it says beside."""

    def compare(*arguments: object, code: int = 0) -> tuple[str, str]:
        assert cli.main(["compare", *map(str, arguments)]) == code
        printed = capsys.readouterr()
        return printed.out, printed.err

    return compare


def rows(section: dict[str, Any]) -> dict[str, tuple[Any, Any, Any]]:
    return {row["key"]: (row["before"], row["after"], row["verdict"]) for row in section["rows"]}


def lines(text: str) -> dict[str, list[str]]:
    """The cells of the first row with each label."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        label, *cells = [cell for cell in line.strip().split("  ") if cell] or [""]
        found.setdefault(label, [cell.strip() for cell in cells])
    return found


class TestNumbers:
    """Every number of it was worked out by hand."""

    def test_of_all_turns(self, sides: tuple[str, str], compared: Any) -> None:
        found = json.loads(compared(*sides, "--json")[0])
        numbers = rows(found["whole"])
        assert numbers["turns"] == (22, 25, None)
        assert numbers["status_completed"] == (20 / 22, 1.0, "inconclusive")
        assert numbers["status_failed"] == (2 / 22, 0.0, "inconclusive")
        # A turn after took 0.4 k until it asked again, and 0.1 k to answer. Ranks: 10 of 20, 13 of 25.
        # So much spread in so few turns could be chance; their pairs, below, leave no doubt.
        assert numbers["duration_p50"] == (10.0, 6.5, "inconclusive")
        # Ranks 19 of 20, 24 of 25; a hundred of each would be needed to say more.
        assert numbers["duration_p95"] == (19.0, 12.0, "too few")
        assert numbers["input_tokens"] == (1_000.0, 1_300.0, "higher")
        assert numbers["cached_input_tokens"] == (200.0, 500.0, "higher")
        assert numbers["output_tokens"] == (100.0, 100.0, "the same")
        assert numbers["reasoning_tokens"] == (None, 20.0, None)
        # 20 calls of 22 turns, 25 of 25; none and 5 of them failed, which is 0.4 to 39 points more.
        assert numbers["tool_calls_per_turn"] == (pytest.approx(20 / 22), 1.0, "inconclusive")
        assert numbers["tool_calls_failed"] == (0.0, 0.2, "higher")
        assert numbers["requests_failed"] == (1, 0, None)
        assert found["whole"]["tools"] == {
            "get_weather": {
                "before": {"calls": 20, "failed": 0, "unanswered": 0},
                "after": {"calls": 25, "failed": 5, "unanswered": 0},
            }
        }
        assert found["before"]["failed_requests"] == {"rate_limit_exceeded": 1}
        assert (found["before"]["runs"], found["after"]["runs"]) == (22, 50)
        assert "first_output_p50" not in numbers

    def test_of_costs(self, sides: tuple[str, str], compared: Any) -> None:
        pytest.importorskip("genai_prices")
        found = json.loads(compared(*sides, "--json")[0])
        numbers = rows(found["whole"])
        # gpt-4o, of a million: 2.5 in, 1.25 cached, 10 out. 800, 200 and 100; then 800, 500 and 100.
        assert numbers["cost_per_turn"] == (0.00325, 0.003625, "higher")
        assert numbers["cost"] == (0.065, 0.090625, None)
        assert "before: of 22 runs, 2 have no price: its tokens are not known" in found["notes"]
        pair = {row["key"]: row for row in found["pairs"]["rows"]}["cost"]
        assert (pair["median_difference"], pair["pairs"]) == (pytest.approx(0.000375), 20)

    def test_of_pairs_with_the_same_input(self, sides: tuple[str, str], compared: Any) -> None:
        found = json.loads(compared(*sides, "--json")[0])["pairs"]
        # The two that failed have a counterpart, too, and no duration. Of -10, -9.5, ... -0.5 the tenth.
        assert len(found["turns"]) == 22
        numbers = {
            row["key"]: (row["median_difference"], row["pairs"], row["verdict"]) for row in found["rows"]
        }
        assert numbers["duration"] == (-5.5, 20, "lower")
        assert numbers["input_tokens"] == (300.0, 20, "higher")
        assert numbers["output_tokens"] == (0.0, 20, "the same")
        third = found["turns"][2]
        assert third["input"] == "question 3"
        assert third["before"]["answer"] == "Answer to question 3"
        assert third["after"]["answer"] == "Reply to"
        assert (third["before"]["seconds"], third["after"]["seconds"]) == (3.0, 1.5)
        assert third["after"]["runs"] == ["resp_3", "resp_3b"]

    def test_as_a_table(self, sides: tuple[str, str], compared: Any) -> None:
        out = compared(*sides, "--pairs", 21)[0]
        found = lines(out)
        assert found["completed"] == ["20 (91%)", "25 (100%)", "+9.1 points", "inconclusive"]
        assert found["duration p50"] == ["10.0s", "6.5s", "-3.5s (-35%)", "inconclusive"]
        assert found["duration p95"] == ["19.0s", "12.0s", "-7.0s (-37%)", "too few: 20 and 25, needs 100"]
        assert found["input tokens per turn"] == ["1,000", "1,300", "+300 (+30%)", "higher"]
        assert found["of these reasoning"] == ["-", "20", "-"]
        assert found["get_weather"] == ["20", "25, 5 failed"]
        assert "22 pairs with the same input" in found
        assert found["duration"] == ["-5.5s", "20", "lower"]
        assert found["question 21"][:2] == ["failed → 10.5s", "- → 1,400"]
        assert "question 22" not in found
        assert "and 1 other: --pairs N prints N, --json all" in out


@pytest.mark.slow
def test_the_math_tutor_in_both_apis(server: OpenAIServer, here: Path, compared: Any) -> None:
    """``examples/migration.py`` as a user runs it, against a real server, and recorded to a file."""
    server.script(lambda request: RunScript(Message(f"x = 1: {request.last_user_text}", usage=Usage(60, 4))))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("THREADTRAIL_")},
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "sk-local",
        "THREADTRAIL_EXPORTERS": "jsonl",
        "THREADTRAIL_JSONL_PATH": "runs.jsonl",
    }
    program = str(ROOT / "examples" / "migration.py")
    done = fork_server().run([program], cwd=here, env=environment, timeout=240)
    assert done.returncode == 0, done.stderr
    found = json.loads(compared("runs.jsonl", "--json")[0])
    numbers = rows(found["whole"])
    assert numbers["turns"] == (2, 2, None)
    assert numbers["status_completed"] == (1.0, 1.0, "too few")
    assert numbers["input_tokens"] == (60.0, 60.0, "too few")
    assert numbers["duration_p50"][2] == "too few"
    assert found["groups"] == []  # one on each side, so all turns are it
    question, check = found["pairs"]["turns"]
    assert question["input"] == "I need to solve the equation `3x + 11 = 14`. Can you help me?"
    assert check["before"]["answer"] == check["after"]["answer"] == "x = 1: How do I check that?"
    assert check["before"]["turn"].startswith("run_")
    assert check["after"]["turn"].startswith("resp_")


class TestTooLittle:
    """A side without data has no zeros, and few turns give no verdict."""

    def test_few_turns(self, tmp_path: Path, compared: Any) -> None:
        few = [end for end in before() if not isinstance(end, RequestFailed)][:9]
        some = [end for end in before() if not isinstance(end, RequestFailed)][:19]
        paths = [written(tmp_path / name, events) for name, events in (("a.jsonl", few), ("b.jsonl", some))]
        found = lines(compared(*paths)[0])
        assert found["duration p50"] == ["5.0s", "10.0s", "+5.0s (+100%)", "too few: 9 and 19, needs 10"]
        assert found["duration p95"] == ["-", "-", "-", "too few: 9 and 19, needs 20"]
        assert found["completed"][-1] == "too few: 9 and 19, needs 10"
        assert found["duration"] == ["0.0s", "9", "too few: 9, needs 10"]

    def test_a_side_without_a_run(self, tmp_path: Path, compared: Any) -> None:
        created = RunCreated(time=START, run_id="run_1")
        paths = [
            written(tmp_path / name, events)
            for name, events in (("a.jsonl", before()), ("b.jsonl", [created]))
        ]
        out = compared(*paths)[0]
        found = lines(out)
        assert found["turns"] == ["22", "0", "-22"]
        assert found["completed"] == ["20 (91%)", "-", "-"]
        assert found["duration p50"] == ["10.0s", "-", "-"]
        assert found["input tokens per turn"] == ["1,000", "-", "-"]
        assert found["tool calls per turn"] == ["0.9", "-", "-"]
        assert "after: none of its runs has an end" in out
        assert "after: left out 1 run without an end in the recording" in out

    def test_inputs_that_differ(self, tmp_path: Path, compared: Any) -> None:
        other = [response(k, 1, f"something else {k}", used(1, 1)) for k in range(3)]
        paths = [written(tmp_path / n, events) for n, events in (("a.jsonl", before()), ("b.jsonl", other))]
        out = compared(*paths)[0]
        assert "no turns of both sides have the same input" in out
        assert "pairs with" not in out

    def test_a_turn_that_was_given_up_and_one_whose_end_is_not_recorded(
        self, tmp_path: Path, compared: Any
    ) -> None:
        open_call = replace(called("ask", "c1")[0].tool_calls[0], output=None)
        waiting = response(1, 1, "q", used(1, 1))
        steps = (replace(called("ask", "c1")[0], tool_calls=(open_call,)),)
        events = [
            replace(waiting, run=replace(waiting.run, steps=steps)),
            assistants_run(2, 600, "q", None, status="in_progress", finished=False),
        ]
        path = written(tmp_path / "a.jsonl", events)
        found = json.loads(compared(path, path, "--json")[0])
        assert rows(found["whole"])["status_unfinished"][:2] == (1.0, 1.0)
        assert found["whole"]["tools"]["ask"]["before"] == {"calls": 1, "failed": 0, "unanswered": 1}
        assert "duration_p50" not in rows(found["whole"])


class TestGroups:
    """Which turns of both sides are about the same."""

    def grouped(
        self, compared: Any, tmp_path: Path, left: list[Event], right: list[Event], *more: str
    ) -> Any:
        paths = written(tmp_path / "l.jsonl", left), written(tmp_path / "r.jsonl", right)
        found = json.loads(compared(*paths, "--json", *more)[0])
        return {(group["label"], group["matched_by"]): rows(group)["turns"][:2] for group in found["groups"]}

    def left(self) -> list[Event]:
        tutor = assistants_run(1, 1, "3x + 11 = 14", used(1, 1))
        assistant = Assistant(id="asst_2", name="Weather")
        other = replace(tutor.run, assistant=assistant, request=replace(tutor.run.request, instructions=None))
        weather = [
            replace(
                tutor,
                run=replace(other, id=f"run_w{k}", turn_id=f"run_w{k}", input=said("user", f"city {k}")),
            )
            for k in range(3)
        ]
        return [tutor, *weather]

    def right(self, *, instructions: str | None, questions: str = "city") -> list[Event]:
        tutor = response(1, 1, "3x + 11 = 14", used(1, 1))
        weather = [response(10 + k, 1, f"{questions} {k}", used(1, 1)) for k in range(3)]
        request = replace(weather[0].run.request, instructions=instructions)
        return [tutor, *(replace(end, run=replace(end.run, request=request)) for end in weather)]

    def test_by_instructions_and_by_model(self, compared: Any, tmp_path: Path) -> None:
        assert self.grouped(compared, tmp_path, self.left(), self.right(instructions=None)) == {
            ("Weather = gpt-4o", "model"): (3, 3),
            ("Math Tutor = You are a math tutor.", "instructions and model"): (1, 1),
        }

    def test_by_input(self, compared: Any, tmp_path: Path) -> None:
        right = self.right(instructions="Say how the weather is.")
        assert self.grouped(compared, tmp_path, self.left(), right) == {
            ("Weather = Say how the weather is.", "input"): (3, 3),
            ("Math Tutor = You are a math tutor.", "instructions and model"): (1, 1),
        }

    def test_by_name(self, compared: Any, tmp_path: Path) -> None:
        assert self.grouped(compared, tmp_path, self.left(), self.left()) == {
            ("Weather", "name"): (3, 3),
            ("Math Tutor", "name"): (1, 1),
        }

    def test_what_has_no_counterpart_stands_alone_until_somebody_matches_it(
        self, compared: Any, tmp_path: Path
    ) -> None:
        right = self.right(instructions="Say how the weather is.", questions="town")
        assert self.grouped(compared, tmp_path, self.left(), right) == {
            ("Weather", None): (3, 0),
            ("Say how the weather is.", None): (0, 3),
            ("Math Tutor = You are a math tutor.", "instructions and model"): (1, 1),
        }
        out = compared(tmp_path / "l.jsonl", tmp_path / "r.jsonl")[0]
        assert "2 groups on one side only; --match BEFORE=AFTER says which belong together" in out
        matched = self.grouped(compared, tmp_path, self.left(), right, "--match", "Weather=Say how")
        assert ("Weather = Say how the weather is.", "--match") in matched

    def test_a_label_that_is_not_there(self, compared: Any, tmp_path: Path) -> None:
        paths = written(tmp_path / "l.jsonl", self.left()), written(tmp_path / "r.jsonl", self.left())
        _, said_beside = compared(*paths, "--match", "Wether=Weather", code=2)
        assert "--match 'Wether': the side before has none; it has 'Math Tutor', 'Weather'" in said_beside
        with pytest.raises(SystemExit):
            cli.main(["compare", "a", "b", "--match", "Weather"])


def test_one_recording_is_split_by_its_apis(tmp_path: Path, compared: Any) -> None:
    both = written(tmp_path / "runs.jsonl", [*after(), *before()])
    found = json.loads(compared(both, "--json")[0])
    assert rows(found["whole"])["turns"][:2] == (22, 25)
    assert [found[side]["sources"] for side in ("before", "after")] == [
        ["openai.assistants"],
        ["openai.responses"],
    ]
    one = written(tmp_path / "one.jsonl", before())
    assert "has openai.assistants; name a second recording" in compared(one, code=2)[1]


def test_a_side_may_be_a_folder_or_a_pattern(tmp_path: Path, compared: Any) -> None:
    for name, events in (("a", before()), ("b", after())):
        (tmp_path / name).mkdir()
        written(tmp_path / name / "1.jsonl", events[:10])
        written(tmp_path / name / "2.jsonl", events[10:])
    found = json.loads(compared(tmp_path / "a", tmp_path / "b" / "[12].jsonl", "--json")[0])
    assert rows(found["whole"])["turns"][:2] == (22, 25)
    (tmp_path / "empty").mkdir()
    assert "no file in" in compared(tmp_path / "empty", tmp_path / "b", code=2)[1]
    assert "cannot read" in compared(tmp_path / "none*.jsonl", tmp_path / "b", code=2)[1]


def test_without_the_library_there_are_no_costs(
    sides: tuple[str, str], compared: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    out = compared(*sides)[0]
    assert "cost" not in lines(out)
    assert f"without costs: {_install.extra_command('prices')}" in out


def test_the_prices_of_a_gateway_are_those_that_one_names(tmp_path: Path, compared: Any) -> None:
    pytest.importorskip("genai_prices")
    events = [replace(end, provider="llm.example.com") for end in before()]
    path = written(tmp_path / "a.jsonl", events)
    assert "the prices of llm.example.com are not known" in compared(path, path)[0]
    _, wrong = compared(path, path, "--prices-of", "opnai", code=2)
    assert "--prices-of 'opnai': genai-prices has no such provider. Did you mean 'openai'?" in wrong
    found = json.loads(compared(path, path, "--prices-of", "openai", "--json")[0])
    assert rows(found["whole"])["cost"][0] == 0.065


HOSTILE = "<script>alert(1)</script>\x1b[31mred\u202e</td>"


MARKUP = "[bold]a[/b] [link=http://x]"
"""What rich would obey, or fail at."""


def hostile() -> list[Event]:
    run = assistants_run(1, 1, f"question {HOSTILE}", used(1, 1), output=said("assistant", HOSTILE))
    assistant = Assistant(id="asst_2", name=HOSTILE)
    marked = assistants_run(3, 1, MARKUP, used(1, 1), output=said("assistant", MARKUP))
    ended = assistants_run(4, 1, "q", used(1, 1), status=f"{HOSTILE}{MARKUP}")
    named = replace(run, run=replace(run.run, assistant=assistant))
    return [named, assistants_run(2, 1, "q", used(1, 1)), marked, ended]


def test_the_page_has_all_of_it_and_runs_nothing(
    sides: tuple[str, str], tmp_path: Path, compared: Any
) -> None:
    target = tmp_path / "report.html"
    _, said_beside = compared(*sides, "--html", target)
    assert f"wrote {target}" in said_beside
    page = target.read_text(encoding="utf-8")
    assert target.stat().st_mode & 0o077 == 0
    assert "<td>duration p50</td><td>10.0s</td><td>6.5s</td><td>-3.5s (-35%)</td>" in page
    assert '<td class="good">lower</td>' in page
    assert "Answer to question 3" in page
    assert "Reply to" in page
    assert "http" not in page.replace("http-equiv", "")


def test_content_controls_neither_the_page_nor_the_terminal(tmp_path: Path, compared: Any) -> None:
    path = written(tmp_path / "a.jsonl", hostile())
    out, _ = compared(path, path, "--html", tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert f"{MARKUP}  " in out
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    for text in (out, page):
        assert "\x1b" not in text
        assert "\u202e" not in text


def test_a_page_that_cannot_be_written_is_said(sides: tuple[str, str], tmp_path: Path, compared: Any) -> None:
    assert "cannot write" in compared(*sides, "--html", tmp_path / "none" / "report.html", code=2)[1]


@pytest.mark.slow
def test_on_a_narrow_terminal_no_number_is_cut(sides: tuple[str, str]) -> None:
    drawn = on_terminal(80, "compare", *sides)
    assert "\x1b[32mlower" in drawn
    assert "20 (91%)" in drawn
    assert "…" not in drawn
    assert all(len(line) < 400 for line in drawn.splitlines())


def test_numbers_of_times_to_the_first_output(tmp_path: Path, compared: Any) -> None:
    streamed = [
        assistants_run(k, 9, f"q{k}", used(1, 1), first_output_at=START + k * 60 * SECOND + k * SECOND)
        for k in range(1, 4)
    ]
    path = written(tmp_path / "a.jsonl", streamed)
    numbers = rows(json.loads(compared(path, path, "--json")[0])["whole"])
    assert numbers["first_output_p50"] == (2.0, 2.0, "too few")
