"""`threadtrail collect` with files: each run once, nothing lost, and it goes on where it stopped."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from merging.test_layout import layout
from threadtrail import cli
from threadtrail.collecting import state
from threadtrail.collecting.files import FilesPlace
from threadtrail.events import Event, RunEnded
from threadtrail.exporters.jsonl import JsonlExporter, read_events
from threadtrail.testing import samples, unused_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

PATIENCE = 200.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "logs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", "out.jsonl")
    return tmp_path


def write(path: Path, events: Iterable[Event]) -> None:
    """Append them at once: a collector sees all of them, or none."""
    with path.open("ab", buffering=0) as file:
        file.write("".join(event.to_json() + "\n" for event in events).encode())


def write_layout(folder: Path) -> None:
    for number, events in enumerate(layout()):
        write(folder / "logs" / f"{number}.jsonl", events)


def collect(*more: str, exporter: str = "jsonl") -> int:
    return cli.main(["collect", "--from", "logs/*.jsonl", "--exporter", exporter, "--settle", "0.1", *more])


def exported(folder: Path) -> list[Event]:
    path = folder / "out.jsonl"
    return list(read_events(path)) if path.exists() else []


def ends(events: Iterable[Event]) -> list[tuple[str, bool, bool]]:
    return [
        (event.run.id, event.run.finished, event.supersedes)
        for event in events
        if isinstance(event, RunEnded)
    ]


def test_what_is_there_is_exported_once_and_that_is_all(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_layout(folder)
    assert collect() == 0
    events = exported(folder)
    assert ends(events) == [("run_1", True, False)]
    (end,) = [event for event in events if isinstance(event, RunEnded)]
    assert end.run.usage is not None
    assert end.run.usage.input_tokens == 190
    assert "1 run exported" in capsys.readouterr().out
    assert collect() == 0
    assert exported(folder) == events


def test_what_an_exporter_refuses_is_reported_and_left_to_the_same_command(
    folder: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    write_layout(folder)
    with pytest.MonkeyPatch.context() as down:
        down.setattr(JsonlExporter, "export", refuse)
        assert collect() == 1
    printed = capsys.readouterr().out
    assert "0 runs exported" in printed
    assert "not everything was exported; run the same command again to export the rest" in printed
    assert "without an end" not in printed
    assert "ConnectionError: refused" in caplog.text
    assert "lost" not in caplog.text
    assert exported(folder) == []
    assert collect() == 0
    assert "not everything" not in capsys.readouterr().out
    assert ends(exported(folder)) == [("run_1", True, False)]


@threadtrail.hookimpl
def refuse(*_arguments: object) -> None:
    raise ConnectionError("refused")


def test_another_exporter_is_told_what_it_does_not_get(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The state is of the files, and so of all exporters together."""
    write_layout(folder)
    assert collect() == 0
    assert collect() == 0
    assert capsys.readouterr().err == ""
    assert collect(exporter="console") == 0
    printed = capsys.readouterr()
    assert "0 runs exported" in printed.out
    assert printed.err == (
        f"threadtrail: {STATE} notes what other exporters got before, and console does not get that. "
        "To export everything there, use a state of its own: --option state=FILE\n"
    )
    assert collect("--option", "state=other.json", exporter="console") == 0
    printed = capsys.readouterr()
    assert "1 run exported" in printed.out
    assert "does not get" not in printed.err


def test_an_exporter_that_got_nothing_yet_misses_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_layout(folder)
    with pytest.MonkeyPatch.context() as down:
        down.setattr(JsonlExporter, "export", refuse)
        assert collect() == 1
    capsys.readouterr()
    assert collect(exporter="console") == 0
    assert "does not get" not in capsys.readouterr().err
    assert collect() == 0  # the same command again, which the first one advised
    assert "and jsonl does not get that" in capsys.readouterr().err


def test_a_new_file_a_torn_line_and_a_line_of_another_kind(folder: Path) -> None:
    write_layout(folder)
    path = folder / "logs" / "0.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]) + "nonsense\n" + lines[-1][:30], encoding="utf-8")
    assert collect() == 1
    before = exported(folder)
    assert ends(before) == [("run_1", True, False)]
    given_up = folder / "threadtrail-collected.json.given-up.jsonl"
    assert given_up.read_text(encoding="utf-8") == "nonsense\n"
    # What is written to the end now is late, and says nothing new.
    path.write_text("".join(lines[:-1]) + "nonsense\n" + lines[-1], encoding="utf-8")
    assert collect() == 0


STATE = "threadtrail-collected.json"


def test_a_recording_is_not_overwritten_by_the_state(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_layout(folder)
    recording = folder / "logs" / "0.jsonl"
    others = folder / "settings.json", folder / "deep.json"
    others[0].write_text('{"theme": "dark"}\n')
    others[1].write_text("[" * 100_000 + "\n")
    for path in (recording, *others):
        before = path.read_bytes()
        assert collect("--option", f"state={path}") == 2
        assert f"{str(path)!r} is not the state of a collector; name another" in capsys.readouterr().err
        assert path.read_bytes() == before
    assert exported(folder) == []


def test_lines_that_are_no_events_are_logged_together(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "logs" / "foreign.jsonl").write_text("nonsense\n" * 20)
    assert collect() == 1
    (logged,) = [record.getMessage() for record in caplog.records if "given up" in record.getMessage()]
    assert logged.startswith("collect: events given up: 20, not an event of threadtrail: ")
    assert (folder / f"{STATE}.given-up.jsonl").read_text() == "nonsense\n" * 20


def test_what_comes_late_after_a_restart_is_not_exported_again(folder: Path) -> None:
    web, worker, submitter, late = layout()
    write(folder / "logs" / "web.jsonl", [*web, *worker, *submitter])
    assert collect() == 0
    exported_before = exported(folder)
    (end,) = [event for event in submitter if isinstance(event, RunEnded)]
    unfinished = replace(end, run=replace(end.run, finished=False))
    write(folder / "logs" / "late.jsonl", [*late, end, unfinished])
    assert collect() == 0
    assert exported(folder) == exported_before


def test_a_run_that_was_exported_as_unfinished_is_superseded_after_a_restart(folder: Path) -> None:
    web, worker, submitter, _ = layout()
    write(folder / "logs" / "web.jsonl", web)
    assert collect() == 0
    write(folder / "logs" / "web.jsonl", [*worker, *submitter])
    assert collect() == 0
    assert ends(exported(folder)) == [("run_1", False, False), ("run_1", True, True)]


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_a_state_that_was_not_written_to_its_end_is_read_as_far_as_it_goes(folder: Path, kept: float) -> None:
    """Without the line that says so, a run is exported again, with the same ids; nothing is lost."""
    write(folder / "logs" / "0.jsonl", [event for part in layout() for event in part])
    kill_after_delivery(folder)
    first, exported_runs, delivered_lines = (folder / STATE).read_bytes().splitlines(keepends=True)
    lines = exported_runs[: int(len(exported_runs) * min(kept, 1.0))]
    lines += delivered_lines[: int(len(delivered_lines) * max(kept - 1.0, 0.0))]
    (folder / STATE).write_bytes(first + lines)
    assert collect() == 0
    runs = ends(exported(folder))
    assert set(runs) == {("run_1", True, False)}
    assert len(runs) == (1 if kept >= 1.0 else 2)
    assert collect() == 0
    assert ends(exported(folder)) == runs


def kill_after_delivery(folder: Path) -> None:
    """Let a collector deliver all, and kill it."""
    with following(folder):
        wait_until(has_run(folder), timeout=PATIENCE)
        wait_until(
            lambda: b'"files": {"' in (folder / STATE).read_bytes().partition(b"\n")[2], timeout=PATIENCE
        )


@contextlib.contextmanager
def following(folder: Path, *more: str, exporter: str = "jsonl") -> Iterator[subprocess.Popen[bytes]]:
    """A collector that follows the files, and is killed in the end."""
    command = [
        *(sys.executable, "-m", "threadtrail", "collect", "--from", "logs/*.jsonl", "--follow"),
        *("--exporter", exporter, "--settle", "0.2", *more),
    ]
    process = subprocess.Popen(command, cwd=folder)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_what_another_state_says_of_other_files_stays_when_it_is_written_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "MAX_BYTES", 0)
    write(folder / "logs" / "0.jsonl", [event for part in layout() for event in part])
    assert collect() == 0
    write(folder / "more.jsonl", plain_run("run_2"))
    for _ in range(2):
        assert collect("--from", "more.jsonl") == 0
        assert collect() == 0
        assert collect("--from", "more.jsonl") == 0
        assert [name for name, *_ in ends(exported(folder))] == ["run_1", "run_2"]


def plain_run(name: str) -> list[Event]:
    run = replace(samples.sample_runs()["plain_answer"], id=name, turn_id=name)
    return list(samples.events_of(run))


def test_a_state_that_cannot_be_written_is_written_later(folder: Path) -> None:
    noted = state.State(str(folder / STATE))
    noted.open()
    (folder / STATE).unlink()
    (folder / STATE).mkdir()
    with pytest.raises(IsADirectoryError):
        noted.put({"run_1": "finished"})
    (folder / STATE).rmdir()
    noted.note({"1:2": {"path": "a.jsonl", "head": "", "done": [(0, 5)]}})
    noted.note({"1:2": {"path": "a.jsonl", "head": "", "more": [(5, 9), (12, 14)]}})
    noted.close()
    again = state.State(str(folder / STATE))
    again.open()
    assert again.get(["run_1", "run_2"]) == {"run_1": "finished"}
    assert again.files["1:2"]["done"] == [(0, 9), (12, 14)]
    again.close()


def test_lines_that_were_truncated_before_they_were_delivered_do_not_stand_for_what_came_after(
    folder: Path,
) -> None:
    path = folder / "logs" / "0.jsonl"
    path.write_text("one\ntwo\n", encoding="utf-8")
    place = FilesPlace(["logs/*.jsonl"])
    place.open()
    entries = place.read(0)
    assert [entry.line for entry in entries] == [b"one\n", b"two\n"]
    path.write_text("new\n", encoding="utf-8")
    assert [entry.line for entry in place.read(0)] == [b"new\n"]
    place.acknowledge([entry.token for entry in entries])
    place.close()
    again = FilesPlace(["logs/*.jsonl"])
    again.open()
    assert [entry.line for entry in again.read(0)] == [b"new\n"]
    again.close()


def test_a_folder_stands_for_its_files_but_not_for_those_of_the_collector(folder: Path) -> None:
    write_layout(folder)
    with (folder / "logs" / "0.jsonl").open("a", encoding="utf-8") as file:
        file.write("nonsense\n")
    command = ["collect", "--exporter", "jsonl", "--settle", "0.1", "--option", f"state=logs/{STATE}"]
    for place in ("logs", str(folder / "logs")):
        assert cli.main([*command, "--from", place]) == (1 if place == "logs" else 0)
        assert ends(exported(folder)) == [("run_1", True, False)]
    assert (folder / "logs" / f"{STATE}.given-up.jsonl").read_text(encoding="utf-8") == "nonsense\n"


def test_an_output_that_is_collected_from_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_layout(folder)
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", "logs/out.jsonl")
    assert collect() == 2
    assert "collected from" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--option", "sate=x"], "state"),
        (["--option", "state"], "NAME=VALUE"),
        (["--from", "gopher://x"], "one place"),
    ],
)
def test_wrong_use_is_named(
    folder: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_layout(folder)
    assert collect(*arguments) == 2
    assert says in capsys.readouterr().err


def test_without_files_there_is_nothing_to_do(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert collect() == 2
    assert "there is no file logs/*.jsonl" in capsys.readouterr().err


def answer(port: int) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=PATIENCE) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, {}


def known(port: int, part: str, name: str) -> Any:
    return answer(port)[1].get(part, {}).get(name)


@pytest.mark.slow
def test_it_follows_files_says_how_it_stands_and_goes_on_after_sigterm(
    folder: Path, request: pytest.FixtureRequest
) -> None:
    parts = layout()
    port = unused_port()
    write(folder / "logs" / "web.jsonl", parts[0])
    command = [
        *(sys.executable, "-m", "threadtrail", "collect", "--from", "logs/*.jsonl", "--follow"),
        *("--exporter", "jsonl", "--settle", "0.2", "--status-port", str(port)),
    ]

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(command, cwd=folder)
        request.addfinalizer(process.wait)
        request.addfinalizer(process.kill)
        wait_until(lambda: answer(port)[0] == 200, timeout=PATIENCE)
        return process

    def stop(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0

    process = start()
    wait_until(lambda: known(port, "waiting", "open_runs") == 1, timeout=PATIENCE)
    stop(process)
    assert exported(folder) == []
    process = start()
    write(folder / "logs" / "worker.jsonl", parts[1])
    (folder / "logs" / "web.jsonl").rename(folder / "logs" / "web.1.jsonl")
    write(folder / "logs" / "web.jsonl", parts[2])
    wait_until(has_run(folder), timeout=PATIENCE)
    write(folder / "logs" / "late.jsonl", parts[3])
    wait_until(lambda: known(port, "counts", "late") == len(parts[3]), timeout=PATIENCE)
    stop(process)
    assert ends(exported(folder)) == [("run_1", True, False)]


def has_run(folder: Path) -> Callable[[], bool]:
    return lambda: ends(exported(folder)) != []
