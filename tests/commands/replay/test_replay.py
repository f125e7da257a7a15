"""The command: what it prints, notes and returns."""

from __future__ import annotations

import errno
import json
import stat
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import responses_driving
import threadtrail
from pseudo_terminal import on_terminal
from replay_story import many_runs
from threadtrail import cli
from threadtrail.events import AnyEvent, Event, RunCreated, RunEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from openai import OpenAI

    from fake_distributions import Installer
    from threadtrail.testing import AssistantsServer

EVENTS = samples.sample_events()
RUNS = samples.sample_runs()


@pytest.fixture
def path(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", str(here / "copy.jsonl"))
    return written(here / "runs.jsonl", EVENTS)


def written(path: Path, events: Iterable[Event], end: str = "") -> Path:
    path.write_text("".join(f"{event.to_json()}\n" for event in events) + end, encoding="utf-8")
    return path


def copied(path: Path) -> list[Event]:
    return list(read_events(path.parent / "copy.jsonl"))


def lines(events: Iterable[Event]) -> Counter[str]:
    return Counter(event.to_json() for event in events)


@pytest.fixture
def replay(capsys: pytest.CaptureFixture[str]) -> Any:
    """Replay to ``jsonl``; return what is said."""

    def call(*arguments: object, exporter: str = "jsonl", code: int = 0) -> str:
        assert cli.main(["replay", *map(str, arguments), "--exporter", exporter]) == code
        printed = capsys.readouterr()
        return printed.out + printed.err

    return call


def test_a_recording_is_copied_once(path: Path, replay: Any) -> None:
    to = f"jsonl ({path.parent / 'copy.jsonl'})"
    sending, delivered = replay(path).splitlines()
    assert sending.startswith(f"{to}: sending 7 runs and 7 other events (2025-01-01 1")
    assert sending.endswith("; 112 events)")
    assert delivered == f"{to}: 7 runs and 7 other events delivered"
    assert lines(copied(path)) == lines(EVENTS)
    said = replay(path)
    assert "all of it, 7 runs and 7 other events, was delivered before, the last at 20" in said
    assert len(copied(path)) == len(EVENTS)
    replay(path, "--again")
    assert lines(copied(path)) == lines(EVENTS * 2)


def test_the_console_prints_what_it_printed_live(
    server: AssistantsServer, client: OpenAI, path: Path, replay: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    path.unlink()
    exporters = {"console": {"stream": "stderr"}, "jsonl": {"path": path}}
    with threadtrail.instrument(exporters=exporters, settle_seconds=0.0), threadtrail.trace("lesson"):
        responses_driving.in_the_background(server, client)
        with threadtrail.trace("weather"):
            responses_driving.with_an_answered_function(server, client)
    printed = capsys.readouterr().err
    assert printed.startswith("◆ lesson  3 runs in ")
    said = replay(path, exporter="console")
    assert said.endswith(printed)


def test_a_dry_run_sends_and_notes_nothing(path: Path, replay: Any) -> None:
    assert "would send 7 runs" in replay(path, "--dry-run")
    assert not path.with_name("runs.jsonl.replayed").exists()
    assert copied(path) == []
    replay(path, "--run", RUNS["failed"].id)
    said = replay(path, "--dry-run")
    assert "would send 6 runs" in said
    assert "1 run delivered before" in said
    assert "would send 7 runs" in replay(path, "--dry-run", "--again")


def test_a_run_brings_its_turn_and_its_whole_trace_and_is_not_sent_twice(path: Path, replay: Any) -> None:
    replay(path, "--run", RUNS["answering_response"].id)
    assert copied(path) == [*samples.events_of_turn(RUNS["answered_calls"], RUNS["answering_response"])]
    replay(path, "--run", RUNS["plain_answer"].id)
    of_trace = [event for event in EVENTS if event.trace_id is not None]
    assert copied(path)[-len(of_trace) :] == of_trace
    replay(path)
    assert lines(copied(path)) == lines(EVENTS)


def test_only_some_are_sent_again(path: Path, replay: Any) -> None:
    replay(path)
    replay(path, "--again", "--status", "failed")
    failed = samples.events_of(RUNS["failed"])
    assert lines(copied(path)) == lines([*EVENTS, *failed])
    assert "was delivered before" in replay(path)


def test_those_that_failed(path: Path, replay: Any) -> None:
    replay(path, "--failed")
    assert {event.event for event in copied(path)} >= {"RequestFailed", "RunEnded"}
    assert {event.run.id for event in copied(path) if isinstance(event, RunEnded)} == {RUNS["failed"].id}
    said = replay(path, "--status", "expired")
    assert said == "no run is one that you asked for; the recording has: 6 completed, 1 failed\n"


def test_several_recordings_and_exporters(
    path: Path, replay: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    half = len(EVENTS) // 2
    first, second = written(path, EVENTS[:half]), written(path.with_name("more.jsonl"), EVENTS[half:])
    code = cli.main(["replay", str(first), str(second), "--exporter", "jsonl", "--exporter", "console"])
    assert code == 0
    printed = capsys.readouterr()
    assert "console (standard error): 7 runs and 7 other events delivered" in printed.out
    assert "✗ Math Tutor  failed" in printed.err
    # Merged: that the sample runs of assistants are a turn by themselves is left out.
    assert lines(threadtrail.merge(copied(path))) == lines(threadtrail.merge(EVENTS))
    assert len(copied(path)) == len(EVENTS)
    assert "was delivered before" in replay(first, second)


def as_another_process_saw(event: AnyEvent) -> AnyEvent:
    """A process that did not create the run, and looked at it a moment later."""
    later = event.time + 1_000_000
    match event:
        case RunCreated():
            return replace(event, time=later, observed_from_start=False)
        case RunEnded():
            return replace(event, time=later, run=replace(event.run, observed_from_start=False, input=()))
    return replace(event, time=later)


def test_what_several_processes_wrote_to_one_file_is_sent_as_one_run(
    here: Path, path: Path, replay: Any
) -> None:
    of_one = [*samples.events_of(RUNS["plain_answer"]), *samples.events_of(RUNS["plain_response"])]
    of_another = [*map(as_another_process_saw, samples.events_of(RUNS["plain_answer"]))]
    path = written(here / "shared.jsonl", [*of_one, *of_another])
    assert "2 runs delivered" in replay(path)
    sent = copied(path)
    assert lines(sent) == lines(threadtrail.merge([*of_one, *of_another]))
    assert [event.run.id for event in sent if isinstance(event, RunEnded)] == [
        "run_plain_answer",
        "resp_plain_response",
    ]
    assert "2 runs, was delivered before" in replay(path)
    assert copied(path) == sent


@pytest.mark.usefixtures("path")
def test_a_file_that_another_process_continues_is_sent_merged_and_its_rest_only_once(
    here: Path, replay: Any
) -> None:
    run = RUNS["plain_answer"]
    first = samples.events_of(run)
    unfinished = RunEnded(
        time=first[-1].time, run=replace(run, status="in_progress", finished=False, usage=None)
    )
    others = samples.events_of(RUNS["plain_response"])
    path = written(here / "shared.jsonl", [*others, *first[:-1], unfinished])
    replay(path)
    before = copied(path)
    written(path, [*others, *first[:-1], unfinished, as_another_process_saw(first[-1])])
    assert "1 run continued after being delivered" in replay(path)
    again = copied(path)[len(before) :]
    (end,) = (event for event in again if isinstance(event, RunEnded))
    assert (end.run.id, end.run.finished, end.run.usage) == (run.id, True, run.usage)
    assert lines(again) <= lines(threadtrail.merge(read_events(path)))


@pytest.mark.usefixtures("path")
def test_a_turn_of_two_processes_in_one_file_is_sent_as_one_turn(here: Path, replay: Any) -> None:
    asking, answering = RUNS["answered_calls"], RUNS["answering_response"]
    alone = replace(answering, turn_id=answering.id, answers=())
    events = [*samples.events_of(asking), *samples.events_of(alone)]
    path = written(here / "turn.jsonl", events)
    replay(path)
    turns = {event.run.turn_id for event in copied(path) if isinstance(event, RunEnded)}
    assert turns == {asking.id}


@pytest.mark.usefixtures("path")
def test_an_end_that_its_own_process_superseded_is_sent_as_it_was_published(here: Path, replay: Any) -> None:
    run = RUNS["plain_response"]
    before = samples.events_of(run)[:-1]
    time = run.ended_at or 0
    unfinished = RunEnded(time=time, run=replace(run, finished=False, usage=None), source=run.source)
    finished = RunEnded(time=time, run=run, source=run.source, supersedes=True)
    events = [*before, unfinished, finished]
    path = written(here / "superseded.jsonl", events)
    replay(path)
    assert lines(copied(path)) == lines(events)


def test_what_is_noted_has_no_content_and_outlasts_a_torn_line(path: Path, replay: Any) -> None:
    replay(path, "--run", RUNS["failed"].id)
    state = path.with_name("runs.jsonl.replayed")
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    (line,) = state.read_text().splitlines()
    noted = json.loads(line)
    assert noted.keys() == {"exporter", "destination", "at", "delivered"}
    assert "tutor" not in line.lower()
    damaged = ({"delivered": [1]}, {"delivered": {"a": None}}, {"failed": 5}, {"failed": [[1]]}, {"again": 7})
    others = "\n".join(json.dumps({**json.loads(line), **each}) for each in damaged)
    state.write_text(f"{others}\n{line}\n[1]\nnull\n{line[:50]}")
    replay(path)
    assert lines(copied(path)) == lines(EVENTS)
    assert "was delivered before" in replay(path)
    assert "sending 7 runs" in replay(path, "--state", path.with_name("other"))


def test_a_turn_that_went_on_is_sent_again_as_a_whole(path: Path, replay: Any) -> None:
    turn = samples.events_of_turn(RUNS["answered_calls"], RUNS["answering_response"])
    replay(written(path, turn[:-2]))
    said = replay(written(path, turn))
    assert "sending 2 runs" in said
    assert "of these, 2 runs continued after being delivered; sent again as a whole" in said
    assert copied(path) == [*turn[:-2], *turn]
    assert "was delivered before" in replay(path)


def test_a_full_disk_is_an_error_and_the_rest_is_not_sent(
    path: Path, replay: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("threadtrail.commands.replay.progress.os.fsync", full)
    assert "No space left on device; name another file" in replay(path, exporter="console", code=2)


def test_what_cannot_be_noted_is_not_sent(path: Path, replay: Any) -> None:
    said = replay(path, "--state", path.parent, code=2)
    assert "Is a directory; name another file: --state FILE" in said
    assert copied(path) == []


@pytest.mark.parametrize(
    "content",
    [None, "notes of mine\n", "[]\n{}\n", "[" * 100_000 + "\n"],
    ids=["recording", "text", "JSON", "deep"],
)
def test_nothing_is_added_to_a_file_that_is_something_else(
    content: str | None, path: Path, replay: Any
) -> None:
    other = path.with_name("other")
    other.write_text(path.read_text() if content is None else content)
    before = other.read_bytes()
    for option in ((), ("--dry-run",), ("--again",)):
        said = replay(path, "--state", other, *option, code=2)
        assert f"{str(other)!r} does not note what was delivered; name another file: --state FILE" in said
    assert other.read_bytes() == before
    assert copied(path) == []


def test_usage_errors(path: Path, replay: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "no run or turn 'run_none' is in the recording." in replay(path, "--run", "run_none", code=2)
    assert "exporters = 'jsnol' (--exporter): there is no such exporter." in replay(
        path, exporter="jsnol", code=2
    )
    for name in ("symbolic", "hard"):
        other = path.with_name(f"{name}.jsonl")
        (other.symlink_to if name == "symbolic" else other.hardlink_to)(path)
        monkeypatch.setenv("THREADTRAIL_JSONL_PATH", str(other))
        assert "would write into the recording itself" in replay(path, code=2)
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", str(path))
    assert "would write into the recording itself" in replay(path, code=2)
    assert list(read_events(path)) == list(EVENTS)
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    said = replay(path, code=2)
    assert "switched off (environment variable THREADTRAIL_DISABLED); to send runs, remove that" in said


def test_a_time_that_is_not_one_is_a_usage_error(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for option in ("--timeout", "--since"):
        with pytest.raises(SystemExit) as exit_:
            cli.main(["replay", str(path), "--exporter", "jsonl", option, "0"])
        assert exit_.value.code == 2
        assert f"argument {option}: '0' is" in capsys.readouterr().err


def test_what_cannot_be_read_is_said_and_the_rest_is_sent(path: Path, replay: Any) -> None:
    torn = EVENTS[0].to_json()[:40]
    written(path, EVENTS, end='{"event": "RunPaused"}\n' + torn)
    said = replay(path)
    assert "the last line is incomplete; it is left out" in said
    assert "1 event of the kind 'RunPaused' left out" in said
    assert lines(copied(path)) == lines(EVENTS)
    other = path.with_name("app.log")
    other.write_text("INFO started\n")
    assert "no line of" in replay(other, code=2)
    assert "No such file" in replay(path.with_name("none"), code=2)
    empty = written(path.with_name("empty.jsonl"), [])
    assert replay(empty) == "the recording has no events; nothing is sent\n"


def test_an_exporter_that_is_switched_off_or_loses_everything(
    path: Path, replay: Any, install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
        import os, threadtrail

        class Exporter:
            @threadtrail.hookimpl
            def start(self):
                return os.environ.get("OFF")

            @threadtrail.hookimpl
            def export(self, events):
                if "DOWN" in os.environ:
                    raise ConnectionError("\\x1b[2Jrefused")
    """
    install("replay-target", {"target": "replay_target:Exporter"}, replay_target=source)
    monkeypatch.setenv("OFF", "nothing is sent on Sundays")
    off = replay(path, exporter="target", code=2)
    assert off == "threadtrail: the exporter 'target' is switched off: nothing is sent on Sundays\n"
    monkeypatch.delenv("OFF")
    monkeypatch.setenv("DOWN", "1")
    said = replay(path, exporter="target", code=1)
    assert "target (unknown): 0 runs delivered, 7 runs and 7 other events not: " in said
    assert "not: ConnectionError: \\x1b[2Jrefused\n" in said
    assert "when that is corrected, the same command sends the rest" in said
    monkeypatch.delenv("DOWN")
    assert "7 runs and 7 other events delivered" in replay(path, exporter="target")


def test_an_interruption_says_how_to_go_on(path: Path, replay: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("threadtrail.commands.replay.sending.Sender.send", interrupted)
    assert "interrupted; 0 runs delivered; the same command sends the rest" in replay(path, code=130)


INTERRUPTING = """
import json, os, signal
import threadtrail

class Exporter:
    @threadtrail.hookimpl
    def export(self, events):
        with open(os.environ["COPY"], "a") as file:
            file.writelines(f"{event.to_json()}\\n" for event in events)
        if os.environ.pop("INTERRUPTS", None):
            os.kill(os.getpid(), signal.SIGINT)
"""


def test_ctrl_c_makes_nothing_be_sent_twice(
    path: Path, replay: Any, install: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [replace(RUNS["plain_answer"], id=f"run_{number}", turn_id=None) for number in range(60)]
    written(path, [event for run in runs for event in samples.events_of(run)])
    monkeypatch.setenv("COPY", str(path.parent / "copy.jsonl"))
    monkeypatch.setenv("INTERRUPTS", "1")
    install("replay-interrupts", {"interrupts": "replay_interrupts:Exporter"}, replay_interrupts=INTERRUPTING)
    said = replay(path, exporter="interrupts", code=130)
    first = sum(isinstance(event, RunEnded) for event in copied(path))
    assert 0 < first < 60
    assert f"interrupted; {first} runs delivered; the same command sends the rest" in said
    replay(path, exporter="interrupts")
    assert lines(copied(path)) == lines(read_events(path))


@pytest.mark.slow
def test_a_bar_on_a_terminal(path: Path) -> None:
    many_runs(path)
    drawn = on_terminal(80, "replay", str(path), "--exporter", "jsonl", errors=True)
    assert "600 runs delivered" in drawn
    assert "600/600" in drawn
