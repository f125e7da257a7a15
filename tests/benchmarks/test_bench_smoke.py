"""The benchmark runs, and each row of its tables has numbers; their values are not tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLS = [
    "create thread",
    "create message",
    "create run",
    "retrieve, unchanged",
    "retrieve, changed",
    "submit outputs",
    "list messages",
]
RESPONSE_CALLS = [
    "create response",
    "create in background",
    "poll, unchanged",
    "poll, changed",
    "create, 1 kB asked",
    "create, 1 MB asked",
]
TIMES = r" +\d+(?:\.\d+)?(?: +[+-]\d+\.\d\d ±\d+\.\d\d +\d+\.\d{3}){2}"
WHOLE_RUN = r" +\d+(?: +[+-]\d+\.\d\d ±\d+\.\d\d +\d+\.\d{3} ±\d+\.\d{3}){3}"
MEMORY = r" +\d+\.\d +\d+\.\d +-?\d+\.\d +\d+\.\d\d"


@pytest.fixture(scope="module")
def printed() -> str:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def row(printed: str, name: str, numbers: str) -> bool:
    return re.search(f"^ *{re.escape(name)}{numbers}$", printed, re.MULTILINE) is not None


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["control", "sync", "async"])
@pytest.mark.parametrize("call", CALLS)
def test_each_kind_of_call_has_its_row(printed: str, call: str, kind: str) -> None:
    assert row(printed, f"{call} ({kind})", TIMES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("call", RESPONSE_CALLS)
def test_each_kind_of_call_of_responses_has_its_row(printed: str, call: str, kind: str) -> None:
    assert row(printed, f"{call} ({kind})", TIMES)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "events", ["1010 events of Assistants", "12 events of Assistants", "1006 events of Responses"]
)
def test_long_and_short_streams_have_their_rows(printed: str, events: str, kind: str) -> None:
    assert row(printed, f"{events} ({kind})", TIMES)


@pytest.mark.slow
def test_the_first_events_of_a_process_have_their_row(printed: str) -> None:
    assert row(printed, "the first stream of a process", r" +\d+ +[+-]\d+")


@pytest.mark.slow
def test_a_whole_run_becomes_one_recorded_run_and_the_control_none(printed: str) -> None:
    assert row(printed, "nothing (control)", WHOLE_RUN + " +-")
    assert row(printed, "threadtrail", WHOLE_RUN + " +1 run")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["open run", "finished run", "background response"])
def test_memory_has_a_row_for_each_number_of_runs(printed: str, kind: str) -> None:
    assert row(printed, f"1 {kind}", MEMORY)
    assert row(printed, f"100 {kind}s", MEMORY)
    assert row(printed, f"1,000 {kind}s", MEMORY)


@pytest.mark.slow
def test_the_goals_are_named_at_the_end(printed: str) -> None:
    goals = re.findall(
        r"^(added .*): -?\d+\.\d us, (?:within|OVER) the goal of (\d+) us$", printed, re.MULTILINE
    )
    assert goals == [
        ("added per call, at most", "15"),
        ("added per call of Responses, at most", "15"),
        ("added by a megabyte in the request, at the least", "5"),
        ("added per event of a long stream of Assistants, at most", "3"),
        ("added per event of a long stream of Responses, at most", "3"),
        ("added to the first events of a process", "1000"),
    ]


@pytest.mark.slow
def test_the_last_line_says_whether_the_margins_are_narrow(printed: str) -> None:
    last = printed.splitlines()[-1]
    assert last.startswith("CPU time: these margins could not be brought under 2 us")
    assert "create run (sync) (few pairs)" in last


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository")
def test_the_tree_of_a_commit_is_compared_with_this_one() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--base", "HEAD"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=800,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    for name in (*CALLS, "create response", "a run, the caller", "a run, all threads"):
        assert row(process.stdout, name, r" +[+-]\d+\.\d +[+-]\d+\.\d +[+-]\d+\.\d\d ±\d+\.\d\d"), name


@pytest.mark.slow
@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="needs the repository")
def test_an_unknown_commit_is_reported() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--base", "no-such-commit"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert process.returncode == 1
    assert "no-such-commit" in process.stderr
    assert "Traceback" not in process.stderr
