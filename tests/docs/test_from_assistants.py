"""docs/from-assistants-to-responses.md: its programs do the same in both APIs, and are recorded alike."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING, NamedTuple

import pytest

import threadtrail
from doc_blocks import DOCS, blocks, run_programs
from threadtrail import cli
from threadtrail.events import RunEnded, TurnEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing.server import FunctionCall, Message, RunRequest, RunScript, ToolCalls, Usage
from threadtrail.values import Run, StatusChange, ToolCall

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.testing import AssistantsServer
    from threadtrail.turn import Turn

PAGE = DOCS / "from-assistants-to-responses.md"


def choose(request: RunRequest) -> RunScript:
    """What a model would answer, at the same price in both APIs."""
    if "warmer" not in request.last_user_text:
        return RunScript(Message("x = 1", usage=Usage(60, 4)))
    cities = ToolCalls(
        FunctionCall("get_weather", {"city": "Oslo"}),
        FunctionCall("get_weather", {"city": "Rome"}),
        usage=Usage(80, 20),
    )
    return RunScript(cities, lambda _outputs: Message("In Rome.", usage=Usage(130, 5)))


class Recorded(NamedTuple):
    """What the page's programs print, and leave in their file."""

    printed: list[str]
    runs: list[Run]
    turns: list[Turn]


@pytest.fixture
def recorded(
    server: AssistantsServer,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    strict: None,
) -> Recorded:
    """The page's programs, run one after the other."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    server.script(choose)
    run_programs(PAGE)
    threadtrail.uninstrument()
    events = list(read_events(here / "runs.jsonl"))
    return Recorded(
        capsys.readouterr().out.splitlines(),
        [event.run for event in events if isinstance(event, RunEnded)],
        [event.turn for event in events if isinstance(event, TurnEnded)],
    )


def test_both_are_recorded_alike(recorded: Recorded) -> None:
    question, weather = [run for run in recorded.runs if run.source == "openai.assistants"]
    answered, asking, told, polled = [run for run in recorded.runs if run.source == "openai.responses"]
    assert [run.usage and run.usage.total_tokens for run in (question, answered, polled)] == [64, 64, 64]
    assert question.output[0].text == answered.output[0].text == "x = 1"
    assert str(question.thread_id).startswith("thread_")
    assert str(answered.thread_id).startswith("conv_")
    assert (question.session_key, answered.session_key) == (question.thread_id, answered.thread_id)
    assert (asking.thread_id, told.session_key) == (None, asking.session_key)
    assert (polled.background, polled.poll_count) == (True, 2)
    calls = [[(call.name, call.output) for call in run.tool_calls] for run in (weather, asking)]
    assert calls == [[("get_weather", "4 degrees"), ("get_weather", "21 degrees")]] * 2
    assert [run.turn_id for run in (question, weather, told)] == [question.id, weather.id, asking.id]
    assert recorded.printed[:2] == ["x = 1", "x = 1"]
    assert set(recorded.printed[2:]) == {
        "openai.assistants: 2 turns, 299 tokens",
        "openai.responses: 3 turns, 363 tokens",
    }


def test_a_turn_has_the_same_sum_on_both_sides(recorded: Recorded) -> None:
    assert sorted(len(turn.run_ids) for turn in recorded.turns) == [1, 2]
    assert [turn.usage and turn.usage.total_tokens for turn in recorded.turns] == [235, 235]
    assert [turn.tool_calls[1].output for turn in recorded.turns] == ["21 degrees", "21 degrees"]
    by_responses = next(turn for turn in recorded.turns if len(turn.run_ids) == 2)
    assert by_responses.output[0].text == "In Rome."


def test_the_comparison_is_what_is_printed(recorded: Recorded, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("genai_prices")
    assert cli.main(["compare", "runs.jsonl", "--prices-of", "openai"]) == 0
    printed = set(without_times(capsys.readouterr().out))
    shown = [line for block in blocks(PAGE, "text") for line in without_times(block)]
    assert len(shown) > 25
    assert [line for line in shown if line not in printed] == []


def without_times(text: str) -> list[str]:
    """The lines without what differs each time: moments, durations, and the space that aligns them."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "MOMENT", text)
    text = re.sub(r"[+-]?<?\d+(?:\.\d+)?m?s\b(?: \([+-]?\d+%\))?", "TIME", text)
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_fields_that_it_names_exist() -> None:
    cells = [
        line.split("|")[3] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.count("|") == 4
    ]
    named = {
        name
        for cell in cells
        for name in re.findall(r"`(?:Run\.)?(\w+)(?:=\"\w+\")?`", cell)
        if name.islower()
    }
    assert len(named) > 12
    known = {field.name for kind in (Run, ToolCall, StatusChange) for field in fields(kind)}
    assert named - known == set()


def test_what_the_local_server_gives_is_said(
    server: AssistantsServer,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    strict: None,
) -> None:
    pytest.importorskip("genai_prices")
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    run_programs(PAGE)
    threadtrail.uninstrument()
    capsys.readouterr()
    assert cli.main(["compare", "runs.jsonl", "--prices-of", "openai"]) == 0
    rows = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    for row in ("input tokens per turn 20 20", "output tokens per turn 10 10", "tool calls per turn 0 0"):
        assert any(line.startswith(f"{row} 0") for line in rows), row
    said = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert "each turn has 20 tokens of input and 10 of output there, and no tool is called" in said
