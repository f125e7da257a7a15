"""Recordings that were compressed, empty ones, and files that are none, as the commands take them."""

from __future__ import annotations

import gzip
import json
import lzma
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail import cli
from threadtrail.errors import ConfigurationError
from threadtrail.recordings.growing import GrowingRecording
from threadtrail.recordings.reading import read_recording
from threadtrail.testing import samples

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = samples.events_of(samples.sample_runs()["plain_answer"])
TEXT = "".join(f"{event.to_json()}\n" for event in EVENTS).encode()
COMMANDS: dict[str, tuple[str, ...]] = {
    "show": (),
    "view": ("--no-open",),
    "compare": (),
    "replay": ("--dry-run", "--exporter", "console"),
    "collect": ("--exporter", "console", "--from"),
}


@pytest.fixture(name="refused", params=COMMANDS)
def _refused(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: Any, capsys: Any) -> Any:
    """Give a file to each command; return why it refuses it."""
    monkeypatch.chdir(tmp_path)

    def refused(path: Path) -> str:
        assert cli.main([request.param, *COMMANDS[request.param], str(path)]) == 2
        return str(capsys.readouterr().err)

    return refused


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_what_gzip_made_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "runs.jsonl.gz", gzip.compress(TEXT))
    assert read_recording(path).events == EVENTS
    assert cli.main(["show", str(tmp_path), "--stats", "--json"]) == 0  # the only one of the folder
    assert json.loads(capsys.readouterr().out)["runs"]["count"] == 1


@pytest.mark.parametrize(
    "damaged",
    [gzip.compress(TEXT)[:-20], gzip.compress(TEXT)[:60] + b"?" * 99, gzip.compress(TEXT)[:-8] + bytes(8)],
    ids=["cut off", "overwritten", "of another sum"],
)
def test_what_gzip_made_and_is_damaged(tmp_path: Path, damaged: bytes) -> None:
    path = written(tmp_path / "runs.jsonl.gz", damaged)
    with pytest.raises(ConfigurationError, match=r"cannot read '.*gz': what gzip made of it is damaged"):
        read_recording(path)


def test_what_grows_is_not_compressed(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.jsonl.gz", gzip.compress(TEXT))
    with pytest.raises(ConfigurationError, match=r"compressed with gzip, .*; leave out --serve"):
        GrowingRecording(path)


def test_what_another_program_compressed_is_to_be_unpacked(tmp_path: Path, refused: Any) -> None:
    said = refused(written(tmp_path / "runs.jsonl.xz", lzma.compress(TEXT)))
    assert "unpack it" in said
    assert "xz" in said


def test_a_folder_without_recordings(tmp_path: Path, refused: Any) -> None:
    (tmp_path / "logs").mkdir()
    said = refused(tmp_path / "logs")
    assert "there is no file" in said or "name a recording" in said
    assert "logs" in said


def test_an_empty_recording_makes_an_empty_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "runs.jsonl", b"")
    assert cli.main(["view", str(path), "--output", str(tmp_path / "page.html")]) == 0
    assert "the recording has no events" in capsys.readouterr().err
