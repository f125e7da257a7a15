"""``threadtrail status``: the runs that were created and never seen to end, of recordings."""

from __future__ import annotations

import importlib.metadata
import json
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail import _install, cli
from threadtrail.events import Event, RunCreated, RunEnded, RunStatusChanged
from threadtrail.values import Attributes, Run, RunRequest

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000
NOW = 1_764_338_400


@pytest.fixture
def listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command at one moment; return its lines, and what it says beside."""
    monkeypatch.setattr("time.time_ns", lambda: NOW * SECOND)
    monkeypatch.setattr("time.time", lambda: NOW)

    def run(*arguments: object, code: int = 0) -> tuple[list[str], str]:
        assert cli.main(["status", *map(str, arguments)]) == code
        printed = capsys.readouterr()
        return printed.out.splitlines(), printed.err

    return run


def created(run_id: str, ago: int, **fields: Any) -> list[Event]:
    """The events of a background run that began so many seconds ago."""
    time = (NOW - ago) * SECOND
    return [
        RunCreated(run_id=run_id, time=time, request=RunRequest(background=True), **fields),
        RunStatusChanged(
            type="thread.run.queued", run_id=run_id, time=time, status="queued", learnt_from="create"
        ),
    ]


def ended(run_id: str, ago: int, *, finished: bool) -> Event:
    run = Run(
        id=run_id,
        status="completed" if finished else "in_progress",
        finished=finished,
        background=True,
        created_at=(NOW - ago) * SECOND,
    )
    return RunEnded(run=run, time=(NOW - ago + 1) * SECOND)


def written(path: Path, *events: Event) -> Path:
    path.write_text("".join(event.to_json() + "\n" for event in events), encoding="utf-8")
    return path


def test_what_no_process_saw_end_is_listed_with_its_age(tmp_path: Path, listed: Any) -> None:
    """The web process created three, the worker saw one of them end, and gave up another one."""
    caller = Attributes(user_id="u1", session_id="s1")
    web = [*created("resp_1", 7500), *created("resp_2", 600, attributes=caller), *created("resp_3", 300)]
    polled = RunStatusChanged(
        type="thread.run.in_progress",
        run_id="resp_2",
        time=(NOW - 9) * SECOND,
        previous="queued",
        status="in_progress",
        learnt_from="poll",
    )
    written(tmp_path / "web.jsonl", *web)
    written(
        tmp_path / "worker.jsonl",
        polled,
        ended("resp_1", 7500, finished=False),
        ended("resp_3", 300, finished=True),
    )
    lines, _ = listed("--from", tmp_path / "*.jsonl")
    assert lines == [
        "2 runs without an end:",
        "  resp_1  in_progress   2h05m  background, given up by the process that followed it",
        "  resp_2  in_progress  10m00s  background, user u1, session s1",
    ]
    lines, _ = listed("--from", tmp_path / "web.jsonl", "--from", tmp_path / "worker.jsonl", "--until", "1h")
    assert lines[0] == "1 run without an end:"
    (line,), _ = listed("--from", tmp_path / "*.jsonl", "--until", "1h", "--json")
    found = json.loads(line)
    assert (found["run_id"], found["given_up"], found["status"]) == ("resp_1", True, "in_progress")
    assert found["created_at"] == (NOW - 7500) * SECOND


def test_runs_that_have_ended_are_not_listed(tmp_path: Path, listed: Any) -> None:
    path = written(
        tmp_path / "a.jsonl",
        *created("resp_1", 60),
        ended("resp_1", 60, finished=False),
        ended("resp_1", 60, finished=True),
    )
    assert listed("--from", path)[0] == ["0 runs without an end"]


@pytest.mark.parametrize(
    ("place", "words"),
    [("absent.jsonl", "cannot read"), ("carrierpigeon://x", "nothing that is installed collects from")],
)
def test_places_that_cannot_be_read(place: str, words: str, listed: Any) -> None:
    _, said = listed("--from", place, code=2)
    assert words in said


def test_what_collects_from_redis_is_named(listed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: ())
    _, said = listed("--from", "redis://127.0.0.1", code=2)
    assert f"this installs what does: {_install.plugin_command('redis')}" in said
