from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from threadtrail import ConfigurationError
from threadtrail.recordings.growing import GrowingRecording
from threadtrail.testing import samples

if TYPE_CHECKING:
    from pathlib import Path

RUN = samples.events_of(samples.sample_runs()["plain_answer"])
LINES = [f"{event.to_json()}\n" for event in RUN]


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(text)


def test_each_look_adds_what_was_written_since(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, LINES[0] + LINES[1][:30])
    recording = GrowingRecording(path)
    assert recording.read_more()
    assert recording.events == list(RUN[:1])
    assert not recording.read_more()
    append(path, LINES[1][30:] + "nonsense\n" + LINES[2])
    assert recording.read_more()
    assert recording.events == list(RUN[:3])
    assert recording.problems == (f"{path}: left out 1 line that is not an event; the first is line 3",)


def test_a_file_that_is_rotated_goes_on_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, LINES[0] + LINES[1])
    recording = GrowingRecording(path)
    recording.read_more()
    path.rename(tmp_path / "runs.jsonl.1")
    assert not recording.read_more()
    append(path, LINES[2])
    assert recording.read_more()
    assert recording.events == list(RUN[:3])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*none\.jsonl"):
        GrowingRecording(tmp_path / "none.jsonl")
