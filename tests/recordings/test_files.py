"""The files that a name, a folder or a pattern stands for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from threadtrail import cli
from threadtrail.errors import ConfigurationError
from threadtrail.recordings.files import files_of
from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    ("show", "--stats"),
    ("view", "--no-open"),
    ("compare", None),
    ("replay", "--dry-run", "--exporter", "console"),
    ("status", "--from"),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two recordings, one more in a folder below, and a file that is none."""
    runs = samples.sample_runs()
    (tmp_path / "logs/old").mkdir(parents=True)
    for name, run in (("a", "plain_answer"), ("b", "plain_response"), ("old/c", "failed")):
        lines = [event.to_json() for event in samples.events_of(runs[run])]
        (tmp_path / f"logs/{name}.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "logs/readme.txt").write_text("no recording")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "logs"


def test_a_folder_a_pattern_and_a_file_each_once(folder: Path) -> None:
    one, other, old = folder / "a.jsonl", folder / "b.jsonl", folder / "old/c.jsonl"
    assert files_of(str(folder)) == (one, other)
    assert files_of(str(other), f"{folder}/*.jsonl") == (other, one)
    assert set(files_of(f"{folder}/**/*.jsonl")) == {one, other, old}
    assert files_of("logs/nothing.jsonl") == (Path("logs/nothing.jsonl"),)
    (folder / "[x].jsonl").touch()
    assert files_of(f"{folder}/[x].jsonl") == (folder / "[x].jsonl",)


def test_an_address_is_no_file_and_its_login_stays_secret() -> None:
    with pytest.raises(ConfigurationError, match=r"^redis://x\.test:6379/0 is no file; name") as refused:
        files_of("redis://app:s3cret-one@x.test:6379/0")
    assert "s3cret-one" not in str(refused.value)


def test_a_folder_without_recordings_and_no_name_at_all(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"no file in '.*empty' ends in \.jsonl or \.jsonl\.gz"):
        files_of(str(folder / "empty"))
    with pytest.raises(ConfigurationError, match="'' names no recording"):
        files_of("")


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
@pytest.mark.usefixtures("folder")
def test_every_command_takes_them(command: Sequence[str | None], capsys: pytest.CaptureFixture[str]) -> None:
    name, *options = [each for each in command if each is not None]
    for given in ("logs", "logs/*.jsonl"):
        assert cli.main([name, *options, given]) == 0
        assert capsys.readouterr().err == ""
    assert cli.main([name, *options, ""]) == 2
    assert "names no recording" in capsys.readouterr().err
