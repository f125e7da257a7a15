from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from threadtrail import ConfigurationError
from threadtrail.events import Attributes, Event
from threadtrail.recordings.contents import contents_of
from threadtrail.recordings.reading import read_recording
from threadtrail.testing import samples

if TYPE_CHECKING:
    from pathlib import Path

SAMPLE = samples.sample_runs()["plain_answer"]
RUN = samples.events_of(SAMPLE)
LINES = [event.to_json() for event in RUN]


def written(path: Path, *lines: str, end: str = "\n") -> Path:
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    return path


def test_whole_files_are_read_in_order(tmp_path: Path) -> None:
    first = written(tmp_path / "a.jsonl", *LINES[:3])
    second = written(tmp_path / "b.jsonl", "", *LINES[3:])
    recording = read_recording(first, second)
    assert recording.events == RUN
    assert recording.problems == ()


def test_the_name_of_a_file_does_not_control_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "\x1b[31mruns.jsonl"
    written(path, LINES[0], "no event")
    (problem,) = read_recording(path).problems
    assert problem.endswith("\\x1b[31mruns.jsonl: left out 1 line that is not an event; the first is line 2")


def test_a_torn_last_line_is_named_and_left_out(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.jsonl", *LINES[:2], LINES[2][:40], end="")
    recording = read_recording(path)
    assert recording.events == RUN[:2]
    assert recording.problems == (f"{path}, line 3: the last line is incomplete; it is left out",)


def test_events_of_a_newer_version_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    newer = '{"event": "RunPaused", "time": 1}'
    path = written(tmp_path / "runs.jsonl", newer, *LINES, newer, "nonsense")
    recording = read_recording(path)
    assert recording.events == RUN
    unknown, nonsense = recording.problems
    assert "2 events of the kind 'RunPaused'" in unknown
    assert f"line {len(LINES) + 3}" in nonsense


def test_a_last_line_without_an_end_that_is_no_event_is_not_incomplete(tmp_path: Path) -> None:
    newer = written(tmp_path / "newer.jsonl", *LINES, '{"event": "RunPaused", "time": 1}', end="")
    (problem,) = read_recording(newer).problems
    assert problem.endswith(
        "1 event of the kind 'RunPaused' left out; this version does not know it, a newer one may"
    )
    foreign = written(tmp_path / "foreign.jsonl", *LINES, '{"level": "info"}', end="")
    assert "left out 1 line that is not an event" in read_recording(foreign).problems[0]


def test_a_byte_order_mark_of_an_editor_is_no_part_of_the_first_event(tmp_path: Path) -> None:
    path = written(tmp_path / "runs.jsonl", *LINES)
    path.write_bytes(BOM_UTF8 + path.read_bytes())
    recording = read_recording(path)
    assert (recording.events, recording.problems) == (RUN, ())
    assert Event.from_json("\ufeff" + LINES[0]) == RUN[0]


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"event":' * 5_000,
        *(
            line.replace(f'"time":{event.time}', '"time":1' + "0" * 30)
            for line, event in zip(LINES, RUN, strict=True)
        ),
        LINES[-1].replace('"input_tokens":', '"input_tokens":1' + "0" * 19),
        LINES[-1].replace('"created_at":', '"created_at":-9999999999'),
        LINES[-1].replace('"ended_at":', '"ended_at":99999999'),
    ],
    ids=lambda line: line[:24],
)
def test_a_line_that_no_tool_could_show_is_left_out(tmp_path: Path, line: str) -> None:
    path = written(tmp_path / "runs.jsonl", *LINES, line)
    recording = read_recording(path)
    assert recording.events == RUN
    assert recording.problems == (
        f"{path}: left out 1 line that is not an event; the first is line {len(LINES) + 1}",
    )


def test_large_numbers_of_the_app_are_no_reason_to_refuse_an_event() -> None:
    attributes = Attributes(metadata={"time": 10**30})
    event = replace(RUN[0], attributes=attributes)
    assert Event.from_json(event.to_json()) == event


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{}", "its field 'event' is missing"),
        ('{"event": "RunPaused\\u202e"}', r"this version knows no event 'RunPaused\u202e'"),
        (LINES[0].replace('"time":', '"time":"secret'), "Invalid JSON: "),
        (
            LINES[0].replace('"time":', '"time":"secret","t":'),
            "RunCreated.time: Input should be a valid",
        ),
        (LINES[0].replace('"time":', '"time":9999999999'), "time: the number has more than 64 bits"),
        ("[" * 300 + "}", ""),
    ],
)
def test_the_reason_is_one_line_without_content(line: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^not an event of threadtrail: ") as refused:
        Event.from_json(line)
    assert str(refused.value).startswith(f"not an event of threadtrail: {reason}")
    assert "secret" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_a_file_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "other.jsonl", '{"level": "info"}', "text")
    with pytest.raises(ConfigurationError, match=r"no line of .* is an event of threadtrail"):
        read_recording(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot read .*none\.jsonl.*No such file"):
        read_recording(tmp_path / "none.jsonl")


def test_an_empty_file_is_an_empty_recording(tmp_path: Path) -> None:
    assert read_recording(written(tmp_path / "empty.jsonl", end="")).events == ()


def test_contents_hold_a_run_once_and_what_has_not_ended() -> None:
    contents = contents_of([*RUN, *RUN])
    assert [end.run.id for end in contents.runs] == [SAMPLE.id]
    assert contents.open_runs == {}
    cut = contents_of(RUN[:-1])
    assert cut.runs == ()
    (name,) = cut.open_runs
    assert name[1] == SAMPLE.id
