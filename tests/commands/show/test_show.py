from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from pseudo_terminal import on_terminal
from threadtrail import cli, prices
from threadtrail.events import Event, RequestFailed, RunCreated, RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.testing import samples
from threadtrail.values import Message, TextPart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RUNS = samples.sample_runs()
EVENTS = samples.sample_events()
MERGED = threadtrail.merge(EVENTS)
SECOND = 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "runs.jsonl", EVENTS)


def written(path: Path, events: Sequence[Event], end: str = "\n") -> Path:
    path.write_text("\n".join(event.to_json() for event in events) + end, encoding="utf-8")
    return path


def by_the_console(events: Sequence[Event]) -> str:
    stream = io.StringIO()
    exporter = ConsoleExporter(stream=stream)
    exporter.export(events)
    exporter.shutdown()
    return stream.getvalue()


@pytest.fixture
def shown(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command; return what it prints, and what it says beside."""

    def show(*arguments: object, code: int = 0) -> tuple[str, str]:
        assert cli.main(["show", *map(str, arguments)]) == code
        printed = capsys.readouterr()
        return printed.out, printed.err

    return show


def test_the_trees_are_those_of_the_console(path: Path, shown: Any) -> None:
    assert shown(path) == (by_the_console(MERGED), "")


def test_a_run_a_turn_or_the_beginning_of_an_id(path: Path, shown: Any) -> None:
    asking, answering = RUNS["answered_calls"], RUNS["answering_response"]
    turn, _ = shown(path, "--run", asking.id)
    assert turn == by_the_console(samples.events_of_turn(asking, answering))
    assert shown(path, "--run", answering.id)[0] == turn
    assert shown(path, "--run", asking.id[:-1])[0] == turn
    both = [*samples.events_of(RUNS["failed"]), *samples.events_of(RUNS["plain_response"])]
    assert shown(path, "--run", "resp_plain", "--run", "run_failed")[0] == by_the_console(both)


def test_a_run_brings_the_trace_around_it_and_not_the_others(path: Path, shown: Any) -> None:
    start, end = [event for event in EVENTS if isinstance(event, TraceStarted | TraceEnded)]
    run = RUNS["plain_answer"]
    expected = [start, *samples.events_of(run, trace_id=start.trace_id), end]
    assert shown(path, "--run", run.id)[0] == by_the_console(expected)


def test_an_id_that_is_not_there_or_not_whole(path: Path, shown: Any) -> None:
    _, said = shown(path, "--run", "run_plain_anwser", code=2)
    assert said == (
        "threadtrail: no run or turn 'run_plain_anwser' is in the recording. "
        "Did you mean 'run_plain_answer'?\n"
    )
    _, said = shown(path, "--run", "run_", code=2)
    assert said.startswith("threadtrail: 3 ids begin with 'run_': run_plain_answer, ")
    assert said.endswith(". Give more of the id.\n")


def test_those_that_failed_and_the_last_ones(path: Path, shown: Any) -> None:
    failed, _ = shown(path, "--failed")
    assert [line for line in failed.splitlines() if line[0] in "✗✓"] == [
        line for line in by_the_console(MERGED).splitlines() if line[0] == "✗"
    ]
    assert shown(path, "--status", "failed")[0] == by_the_console(samples.events_of(RUNS["failed"]))
    assert shown(path, "--last", "1")[0] == by_the_console(samples.events_of(RUNS["hosted_tools"]))
    assert shown(path, "--until", "2020-01-01", "--last", "3") == (
        "",
        "threadtrail: no run is one that you asked for; the recording has: 6 completed, 1 failed\n",
    )
    assert shown(path, "--since", "2020-01-01T10:00+01:00")[0] == by_the_console(MERGED)


def test_what_two_processes_wrote_to_one_file_is_one_run_and_repeated_lines_count_once(
    tmp_path: Path, shown: Any
) -> None:
    run, failed = RUNS["plain_response"], next(each for each in EVENTS if isinstance(each, RequestFailed))
    other = replace(run, observed_from_start=False, created_at=(run.created_at or 0) + SECOND, input=())
    polled = [event for event in samples.events_of(other) if not isinstance(event, RunCreated)]
    events = [*samples.events_of(run), *polled, failed]
    path = written(tmp_path / "runs.jsonl", [*events, *events])
    numbers = json.loads(shown(path, "--stats", "--json")[0])
    assert (numbers["runs"]["count"], numbers["turns"], numbers["failed_requests"]["count"]) == (1, 1, 1)
    assert shown(path)[0].count(run.id) == 1


@pytest.mark.parametrize(("option", "value"), [("--since", "yesterday"), ("--last", "0"), ("--last", "some")])
def test_values_that_are_wrong(
    path: Path, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        cli.main(["show", str(path), option, value])
    assert exit_.value.code == 2
    assert repr(value) in capsys.readouterr().err


def test_json_is_the_last_end_of_each_run_and_turn(tmp_path: Path, shown: Any) -> None:
    run = RUNS["plain_response"]
    unfinished = RunEnded(time=run.ended_at or 0, run=replace(run, finished=False))
    finished = RunEnded(time=run.ended_at or 0, run=run, supersedes=True)
    turn = samples.events_of_turn(RUNS["answered_calls"], RUNS["answering_response"])
    path = written(tmp_path / "runs.jsonl", [unfinished, *turn, finished])
    printed, _ = shown(path, "--json")
    events = [Event.from_json(line) for line in printed.splitlines()]
    ends = [event for event in turn if isinstance(event, RunEnded | TurnEnded)]
    (of_run,) = [each for each in events if isinstance(each, RunEnded) and each.run.id == run.id]
    assert (of_run.run.finished, of_run.run.usage) == (True, run.usage)
    assert sorted(map(repr, events)) == sorted(map(repr, [*ends, of_run]))


def test_numbers(tmp_path: Path, shown: Any) -> None:
    path = written(tmp_path / "runs.jsonl", [*EVENTS, *samples.events_of(RUNS["refusal"])[:2]])
    numbers = json.loads(shown(path, "--stats", "--json")[0])
    runs = [event.run for event in EVENTS if isinstance(event, RunEnded)]
    assert numbers["runs"] == {
        "count": 7,
        "by_status": {"completed": 6, "failed": 1},
        "unfinished": 0,
        "without_end": 1,
    }
    assert numbers["turns"] == 6
    assert numbers["failed_requests"] == {"count": 1, "by_error": {"rate_limit_exceeded": 1}}
    assert numbers["tool_calls"]["get_weather"] == {"calls": 4, "failed": 0, "unanswered": 0}
    assert numbers["tool_calls"]["get_policy"] == {"calls": 1, "failed": 1, "unanswered": 0}
    tokens = numbers["tokens"]["gpt-4o"]
    of_model = [run.usage for run in runs if run.model == "gpt-4o" and run.usage is not None]
    assert (tokens["input_tokens"], tokens["cached_input_tokens"]) == (104 + 863, 256)
    assert tokens["total_tokens"] == sum(usage.total_tokens for usage in of_model)
    took = sorted(((run.answered_at or run.ended_at or 0) - (run.created_at or 0)) / SECOND for run in runs)
    assert numbers["seconds"]["run"] == {"count": 7, "p50": took[3], "p95": took[6]}
    assert numbers["began"] == min(run.created_at for run in runs if run.created_at)

    table, _ = shown(path, "--stats")
    lines = [line.split() for line in table.splitlines()]
    for expected in ("runs 7", "completed 6", "not ended in the recording 1", "get_policy 1 1 0"):
        assert expected.split() in lines


def test_what_the_runs_cost(path: Path, shown: Any) -> None:
    pytest.importorskip("genai_prices")
    ends = [event for event in EVENTS if isinstance(event, RunEnded)]
    whole = prices.total(prices.cost(end) for end in ends)
    numbers = json.loads(shown(path, "--stats", "--json")[0])
    assert numbers["cost"]["amount"] == str(whole.amount)
    assert numbers["cost_by_model"]["gpt-4o"]["runs"] == 3
    lines = [line.split() for line in shown(path, "--stats")[0].splitlines()]
    assert ["cost", whole.text] in lines
    assert ["prices", *whole.prices.split()] in lines


def test_why_no_run_has_a_price(tmp_path: Path, shown: Any) -> None:
    pytest.importorskip("genai_prices")
    end = RunEnded(time=SECOND, run=RUNS["plain_answer"], provider="llm.example.com")
    table, _ = shown(written(tmp_path / "runs.jsonl", [end]), "--stats")
    lines = [" ".join(line.split()) for line in table.splitlines()]
    assert "cost of 1 run, 1 has no price" in lines
    assert "no price the prices of llm.example.com are not known" in lines


def test_numbers_without_the_library_of_prices(
    path: Path, shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threadtrail.prices.costing.installed", lambda: False)
    assert json.loads(shown(path, "--stats", "--json")[0])["cost"] is None
    assert "cost" not in shown(path, "--stats")[0]


def test_terminal_escapes_do_nothing(tmp_path: Path, shown: Any) -> None:
    evil = "\x1b[2J\x1b]0;owned\x07\r\u202eok"
    run = RUNS["plain_response"]
    output = (Message(role="assistant", parts=(TextPart(text=evil),)),)
    bad = replace(run, id=f"resp_{evil}", model=evil, output=output, status=evil, metadata={evil: evil})
    path = written(tmp_path / "runs.jsonl", samples.events_of(bad))
    for arguments in ((), ("--stats",), ("--json",), ("--full",), ("--last", "1"), ("--failed",)):
        assert not {"\x1b", "\x07", "\r", "\u202e"} & set("".join(shown(path, *arguments))) - (
            {"\u202e"} if "--json" in arguments else set()
        )
    assert "\\x1b" in shown(path, "--run", "resp", code=0)[0]


def test_what_cannot_be_read_is_said_and_the_rest_is_shown(tmp_path: Path, shown: Any) -> None:
    path = tmp_path / "runs.jsonl"
    lines = [event.to_json() for event in EVENTS]
    path.write_text("\n".join(['{"event": "RunPaused"}', *lines, lines[0][:50]]), encoding="utf-8")
    printed, said = shown(path)
    assert printed == by_the_console(MERGED)
    torn, newer = said.splitlines()
    assert "the last line is incomplete; it is left out" in torn
    assert "1 event of the kind 'RunPaused' left out" in newer
    other = tmp_path / "app.log"
    other.write_text("INFO started\n")
    assert "no line of" in shown(other, code=2)[1]
    assert "No such file" in shown(tmp_path / "none", code=2)[1]
    empty = written(tmp_path / "empty.jsonl", [], end="")
    assert shown(empty) == ("", "threadtrail: no run has ended in the recording\n")
    begun = written(tmp_path / "begun.jsonl", EVENTS[:8])
    note = "threadtrail: 1 run without an end in the recording: run_plain_answer\n"
    assert shown(begun)[1].endswith(note)
    assert shown(begun, "--run", "run_plain") == ("", note)


@pytest.mark.slow
def test_on_a_narrow_terminal(path: Path) -> None:
    drawn = on_terminal(44, "show", str(path), "--failed", NO_COLOR="")
    assert "\x1b[1;31m✗ \x1b[0m" in drawn
    plain = on_terminal(44, "show", str(path), "--failed", "--no-color")
    assert "\x1b" not in plain
    table = on_terminal(44, "show", str(path), "--stats")
    assert "image_generation" in table
    numbers = on_terminal(44, "show", str(path), "--stats", "--failed", "--json")
    (usage,) = json.loads(numbers)["tokens"].values()
    cut = on_terminal(30, "show", str(path), "--stats", "--failed", "--no-color")
    assert f"{usage['total_tokens']:,}" in cut or "…" in cut


@pytest.mark.slow
def test_a_reader_that_leaves_early(tmp_path: Path) -> None:
    run = RUNS["plain_answer"]
    # They take four times what a pipe holds.
    runs = (replace(run, id=f"run_{number}", turn_id=None) for number in range(600))
    path = written(tmp_path / "runs.jsonl", [event for each in runs for event in samples.events_of(each)])
    command = [sys.executable, "-m", "threadtrail", "show", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("✓ Math Tutor")
        process.stdout.close()
        assert process.stderr.read() == ""
