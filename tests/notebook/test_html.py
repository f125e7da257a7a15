"""What a notebook shows of runs, turns and the recording: all of it, and nothing of it can do anything."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from typing import Any

import pytest

import threadtrail
from threadtrail.delivery.processors import build_processors
from threadtrail.delivery.status import LaneStatus
from threadtrail.events import RunEnded
from threadtrail.runtime import Status
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.turn import Turn, turn_of
from threadtrail.values import Message, Run, TextPart, ToolCall

RUNS = sample_runs()
TURN = turn_of([RUNS["answered_calls"], RUNS["answering_response"]], finished=True)
HOSTILE = '</style></div><script>alert(1)</script><img src=x onerror="alert(1)">\'" style="x:y\x1b[2J\u202e{}'


class Page(HTMLParser):
    """Reads HTML: its elements, their attributes, its text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.texts: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.elements.add(tag)
        self.attributes.update(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1] != "style":
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def shown(value: Any) -> Page:
    source: str = value._repr_html_()
    return Page(source)


def hostile(value: Any) -> Any:
    """The value with every text in it replaced."""
    if isinstance(value, str):
        return HOSTILE
    if isinstance(value, tuple):
        return tuple(hostile(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        kept = {"learnt_from", "source", "executed_by"}
        new = {
            field.name: hostile(getattr(value, field.name))
            for field in fields(value)
            if field.init and field.name not in kept
        }
        return replace(value, **new)
    return value


@pytest.mark.parametrize("name", RUNS)
def test_all_of_a_run_is_there(name: str) -> None:
    run = RUNS[name]
    page = shown(run)
    outcome = str(run.status) if run.finished else "unfinished"
    expected = [outcome, run.id, run.model, run.incomplete_reason, *(call.name for call in run.tool_calls)]
    texts = [message.text for message in (*run.new_input, *run.output)]
    for text in filter(None, [*expected, *texts]):
        assert " ".join(text.split()) in " ".join(page.text.split())
    if run.usage is not None and run.usage.total_tokens:
        assert f"{run.usage.input_tokens:,} in · {run.usage.output_tokens:,} out" in page.text
    assert ("tt-bad" in str(page.attributes)) == (run.failed or any(c.error for c in run.tool_calls))


def test_all_of_a_turn_is_there() -> None:
    text = shown(TURN).text
    for expected in ("completed in 3.4s", "690 in · 72 out", "2 generations", "get_weather", "send_mail"):
        assert expected in text
    assert "How is the weather in Paris?" in text
    assert "It has 22 °C in Paris." in text
    assert shown(Turn(id="resp_1")).text.startswith("? unfinished")


def test_the_waterfall_is_in_time() -> None:
    source = RUNS["parallel_function_calls"]._repr_html_()
    drawn = re.findall(r'class="tt-(\w+)" style="margin-left:([\d.]+)%;width:([\d.]+)%"', source)
    assert [what for what, _, _ in drawn] == [
        "queued", "generating", "tools", "tools", "generating", "tools", "generating",
    ]  # fmt: skip
    begins = [float(left) for _, left, _ in drawn]
    assert begins == sorted(begins)
    assert all(float(left) + float(width) < 100.1 for _, left, width in drawn)
    person = [each for each in TURN.tool_calls if each.executed_by == "human"]
    assert person
    assert TURN._repr_html_().count('"tt-person" style="margin-left') == len(person)


def test_hostile_content_is_text() -> None:
    failing = {"x": LaneStatus(last_error=HOSTILE), HOSTILE: LaneStatus(switched_off=HOSTILE)}
    values = [*map(hostile, RUNS.values()), hostile(TURN), Status(exporters=failing)]
    for value in values:
        page = shown(value)
        assert page.elements <= {"b", "div", "style", "table", "td", "th", "tr"}
        assert {name for name, _ in page.attributes} <= {"class", "style"}
        styles = [text or "" for name, text in page.attributes if name == "style"]
        assert all(re.fullmatch(r"(margin-left:[\d.]+%;)?width:[\d.]+%", style) for style in styles)
        assert "<script>alert(1)</script><img src=x" in page.text
        assert "\\x1b[2J\\u202e" in page.text
        assert not {"\x1b", "\u202e"} & set(page.text)


def test_what_is_long_is_cut() -> None:
    run = RUNS["plain_response"]
    message = Message(role="user", parts=(TextPart(text="x" * 5_000_000),))
    call = ToolCall(id="c", kind="function", name="f" * 5_000, arguments="y" * 5_000_000)
    steps = tuple(replace(step, tool_calls=(call,) * 1000) for step in run.steps)
    source = replace(run, input=(message,) * 1000, steps=steps)._repr_html_()
    assert len(source) < 150_000
    assert "4,999,000 characters" in source
    assert "995 earlier messages" in source
    assert "more calls" in source
    assert len(run._repr_html_()) < 4_000


def test_content_that_is_not_recorded_is_not_shown() -> None:
    (drop,) = build_processors(capture_content=False, redact=None, max_content_bytes=1)
    for event in (
        *events_of(RUNS["parallel_function_calls"]),
        *events_of_turn(RUNS["answered_calls"], RUNS["answering_response"]),
    ):
        record = getattr(drop(event), "run" if isinstance(event, RunEnded) else "turn", None)
        if isinstance(record, Run | Turn):
            text = shown(record).text
            assert "Paris" not in text
            assert "(no content)" in text
            assert all(call.name in text for call in record.tool_calls)


def test_the_state_of_the_recording(capsys: pytest.CaptureFixture[str]) -> None:
    assert "not active" in shown(threadtrail.status()).text
    with threadtrail.instrument(exporters=["console"]) as recording:
        assert "console 0 0 0 0" in shown(recording).text
        assert repr(recording) == "<threadtrail.Instrumentation: recording>"
        assert "active" in shown(threadtrail.status()).text
    assert "not recording" in shown(recording).text
    lost = Status(active=True, patched=("a",), exporters={"x": LaneStatus(delivered=1234, failed=2)})
    assert "1 methods patched" in shown(lost).text
    assert "x 1,234 2 0 0" in shown(lost).text
