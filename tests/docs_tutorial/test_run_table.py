"""What the tutorial says of its exporter, beyond what the tests in it show."""

from __future__ import annotations

import csv
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail import cli
from threadtrail.testing.samples import events_of, sample_events, sample_runs
from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from openai import OpenAI

RunTable = pytest.importorskip("threadtrail_example").RunTable

FILES, PROCESSES = 200, 4
PROGRAM = f"""
from multiprocessing import get_context
from pathlib import Path

from threadtrail.testing.samples import sample_events
from threadtrail_example import RunTable


def write(barrier):
    for number in range({FILES}):
        barrier.wait(timeout=240)
        RunTable(path=Path(f"{{number}}.csv")).export(sample_events())


if __name__ == "__main__":
    spawn = get_context("spawn")
    barrier = spawn.Barrier({PROCESSES})
    writers = [spawn.Process(target=write, args=(barrier,)) for _ in range({PROCESSES})]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    raise SystemExit(any(writer.exitcode for writer in writers))
"""


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_processes_that_begin_a_file_together_write_one_header(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    subprocess.run([sys.executable, str(program)], cwd=tmp_path, check=True, timeout=240)
    header = "ended_at,assistant,model,status,seconds,input_tokens,output_tokens,cost,run"
    runs = sum(event.event == "RunEnded" for event in sample_events())
    for number in range(FILES):
        first, *rest = (tmp_path / f"{number}.csv").read_text(encoding="utf-8").splitlines()
        assert first == header
        assert header not in rest
        assert len(rest) == PROCESSES * runs


def ask(client: OpenAI) -> None:
    assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
    question: Any = {"messages": [{"role": "user", "content": "3x + 11 = 14"}]}
    client.beta.threads.create_and_run_poll(assistant_id=assistant.id, thread=question)


def test_a_file_that_was_moved_away_is_begun_anew(client: OpenAI, tmp_path: Path, strict: None) -> None:
    path, moved = tmp_path / "runs.csv", tmp_path / "runs.1.csv"
    with threadtrail.instrument(exporters={"run-table": {"path": path}}):
        ask(client)
        assert threadtrail.flush(60)
        path.rename(moved)
        ask(client)
    assert [row["status"] for row in rows(moved) + rows(path)] == ["completed", "completed"]


def test_a_run_that_was_not_seen_to_end_says_so(client: OpenAI, tmp_path: Path, strict: None) -> None:
    path = tmp_path / "runs.csv"
    with threadtrail.instrument(exporters={"run-table": {"path": path}}):
        assistant = client.beta.assistants.create(model="gpt-4o")
        client.beta.threads.create_and_run(assistant_id=assistant.id)
    (row,) = rows(path)
    assert row["assistant"] == assistant.id
    assert (row["status"], row["input_tokens"], row["cost"]) == ("unfinished", "", "")


def test_a_run_that_finishes_after_all_has_a_second_row(client: OpenAI, tmp_path: Path, strict: None) -> None:
    path = tmp_path / "runs.csv"
    with threadtrail.instrument(exporters={"run-table": {"path": path}}, run_timeout_seconds=0.2):
        response = client.responses.create(model="gpt-4o", input="3x + 11 = 14", background=True)
        wait_until(path.exists)
        while response.status in {"queued", "in_progress"}:
            response = client.responses.retrieve(response.id)
    unfinished, finished = rows(path)
    assert unfinished["run"] == finished["run"] == response.id
    assert (unfinished["status"], finished["status"]) == ("unfinished", "completed")
    assert unfinished["input_tokens"] == ""
    assert int(finished["input_tokens"]) > 0


def test_the_time_of_a_response_is_that_of_its_answer(tmp_path: Path) -> None:
    run = sample_runs()["answered_calls"]
    assert run.created_at
    assert run.answered_at
    assert run.ended_at
    assert run.answered_at < run.ended_at
    table = RunTable(path=tmp_path / "runs.csv")
    table.export(events_of(run))
    (row,) = rows(tmp_path / "runs.csv")
    assert float(row["seconds"]) == (run.answered_at - run.created_at) / 10**9


def test_an_object_takes_its_path_as_text_too(here: Path, client: OpenAI, strict: None) -> None:
    path: Any = "lessons.csv"
    with threadtrail.instrument(exporters=[RunTable(path=path)]):
        ask(client)
    assert len(rows(here / "lessons.csv")) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"price": {}}, "there is no such option. Did you mean 'prices'? Options: path, prices."),
        (
            {"prices": {"gpt-4o": 2.5}},
            "option prices = {'gpt-4o': 2.5} (keyword argument): it is not valid: gpt-4o: Input should be a ",
        ),
        ({"prices": 2.5}, "option prices = 2.5 (keyword argument): it must be a table."),
    ],
)
def test_a_wrong_option_is_an_error_that_says_what_is_allowed(options: dict[str, object], said: str) -> None:
    with pytest.raises(threadtrail.ConfigurationError) as caught:
        threadtrail.instrument(exporters={"run-table": options})
    assert said in str(caught.value)


def test_options_from_the_environment(
    client: OpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    monkeypatch.setenv("THREADTRAIL_RUN_TABLE_PATH", str(tmp_path / "table.csv"))
    monkeypatch.setenv("THREADTRAIL_RUN_TABLE_PRICES", '{"gpt-4o": [2.5, 10]}')
    with threadtrail.instrument(exporters=["run-table"]):
        ask(client)
    (row,) = rows(tmp_path / "table.csv")
    assert float(row["cost"]) > 0


def test_a_table_that_is_no_json_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADTRAIL_RUN_TABLE_PRICES", '{ "gpt-4o" = [2.5, 10] }')
    with pytest.raises(threadtrail.ConfigurationError) as caught:
        threadtrail.instrument(exporters=["run-table"])
    assert str(caught.value).endswith(': it must be a table, written as JSON: {"name": ...}.')


def test_a_recording_can_be_replayed_to_a_second_file(
    client: OpenAI, here: Path, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    with threadtrail.instrument(exporters={"jsonl": {"path": "rec.jsonl"}}):
        ask(client)
    for name in ("first.csv", "second.csv"):
        monkeypatch.setenv("THREADTRAIL_RUN_TABLE_PATH", name)
        assert cli.main(["replay", "rec.jsonl", "--exporter", "run-table"]) == 0
    assert len(rows(here / "first.csv")) == 1
    assert rows(here / "first.csv") == rows(here / "second.csv")


def test_a_folder_that_is_missing_is_an_error_before_the_first_run(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    with pytest.raises(threadtrail.ConfigurationError) as caught:
        threadtrail.instrument(exporters={"run-table": {"path": folder / "runs.csv"}})
    assert "path" in str(caught.value)
    path = folder / "runs.csv"
    assert str(caught.value).endswith(f": cannot write {path}. Create its folder, or choose another.")
    assert list(tmp_path.iterdir()) == []


def test_the_doctor_leaves_no_file_behind(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["doctor", "--exporter", "run-table"]) == 0
    assert "  setting  path = 'runs.csv' (default)\n" in capsys.readouterr().out
    assert list(here.iterdir()) == []
    monkeypatch.setenv("THREADTRAIL_RUN_TABLE_PATH", str(here / "nowhere" / "runs.csv"))
    assert cli.main(["doctor", "--exporter", "run-table"]) == 2
    path = here / "nowhere" / "runs.csv"
    assert f": cannot write {path}. Create its folder, or " in capsys.readouterr().out
