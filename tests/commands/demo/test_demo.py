from __future__ import annotations

import os
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import openai
import pytest

import threadtrail
from fake_distributions import Installer
from threadtrail import _install
from threadtrail.cli import main
from threadtrail.commands.demo import responses, stage
from threadtrail.events import Event, RunEnded, TraceStarted
from threadtrail.exporters.jsonl import read_events

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, and an environment that says nothing of threadtrail or of colours."""
    for variable in list(os.environ):
        if variable.startswith(("THREADTRAIL_", "NO_COLOR", "FORCE_COLOR")):
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage, "POLL_AFTER_MS", 1)
    monkeypatch.setattr(responses, "POLL_SECONDS", 0.0)
    return tmp_path


def events_of_demo(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[Event]:
    file = folder / "demo.jsonl"
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", str(file))
    assert main(["demo", *arguments, "--exporter", "jsonl"]) == 0
    return list(read_events(file))


def test_responses_as_events(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    events = events_of_demo(here, monkeypatch, "responses")
    runs = [event.run for event in events if isinstance(event, RunEnded)]
    assert {run.source for run in runs} == {"openai.responses"}
    assert all(run.status == "completed" and run.finished for run in runs)
    asking, answering, polled, streamed, *lesson = runs
    assert [(call.name, call.output) for call in asking.tool_calls] == [
        ("get_weather", "4 degrees"),
        ("get_weather", "21 degrees"),
    ]
    assert (answering.answers, answering.turn_id) == ((asking.id,), asking.id)
    assert (polled.background, polled.poll_count) == (True, 4)
    assert [(call.kind, call.executed_by) for call in polled.tool_calls] == [("code_interpreter", "server")]
    assert str(polled.tool_calls[0].output).startswith("[0, 1, 1, 2, 3, 5, 8")
    assert (streamed.streamed, streamed.first_output_at is not None) == (True, True)
    assert len(lesson) == 2
    assert {run.thread_id for run in lesson} == {run.session_key for run in lesson}
    assert [run.usage and run.usage.total_tokens for run in runs] == [112, 147, 598, 70, 83, 125]
    printed = capsys.readouterr().out
    assert "completed: In Rome: it has 21 degrees, and Oslo has 4 degrees.\n" in printed
    assert "\nIt is the study of vectors, and of the maps that keep lines straight.\n" in printed


def test_responses_come_first_then_the_assistants(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stage, "PARTS", {name: parts[:1] for name, parts in stage.PARTS.items()})
    assert main(["demo"]) == 0
    headlines = [line for line in capsys.readouterr().out.splitlines() if line.endswith("──")]
    assert [line.rstrip("─ ") for line in headlines] == [
        "Responses: Two function calls, answered by the program",
        "Math Tutor: An assistant, a thread, a run, its answer",
        "Assistants overview: Three threads at once, and a follow-up question",
    ]


def test_what_an_older_sdk_does_not_have_is_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(openai, "__version__", "1.79.0")
    assert main(["demo", "responses"]) == 0
    printed, drawn = capsys.readouterr()
    assert [line for line in printed.splitlines() if line.startswith("Left out")] == [
        (
            "Left out, since it needs openai 1.80.0 or newer: Responses: In the background with code "
            "interpreter, polled until it is done"
        ),
        "Left out, since it needs openai 1.101.0 or newer: Responses: A conversation of two questions",
    ]
    first, streamed = [line for line in drawn.splitlines() if line.startswith("✓ gpt-4o  completed in ")]
    assert (first.endswith("2 generations"), streamed.endswith("127.0.0.1")) == (True, True)


@pytest.mark.slow
def test_math_tutor_on_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "math-tutor"]) == 0
    printed, drawn = capsys.readouterr()
    assert "completed: Subtract 11 from both sides, then divide by 3: x = 1.\n" in printed
    assert "console: " in printed
    assert "✓ Math Tutor  completed in " in drawn
    assert "assistant  Hi, I am your math tutor. What shall we solve?" in drawn
    assert "◆ math lesson  2 runs in " in drawn
    assert "user student-7 · tags demo" in drawn
    assert "\x1b" not in printed + drawn
    assert not threadtrail.status().active


def test_math_tutor_as_events(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = events_of_demo(here, monkeypatch, "math-tutor")
    runs = [event for event in events if isinstance(event, RunEnded)]
    (trace,) = [event for event in events if isinstance(event, TraceStarted)]
    assert [event.trace_id for event in runs] == [None, trace.trace_id, trace.trace_id]
    assert all(event.run.status == "completed" and event.run.finished for event in runs)
    assert [message.role for message in runs[0].run.input] == ["assistant", "user"]
    assert [message.text for message in runs[0].run.output] == [
        "Subtract 11 from both sides, then divide by 3: x = 1."
    ]


@pytest.mark.slow
def test_overview_as_events(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [
        event.run for event in events_of_demo(here, monkeypatch, "overview") if isinstance(event, RunEnded)
    ]
    assert len({run.id for run in runs}) == len(runs) == 8
    assert all(run.status == "completed" and run.finished for run in runs)
    first, second, third, follow_up, code, search, polled_quiz, streamed_quiz = runs
    assert len({first.thread_id, second.thread_id, third.thread_id}) == 3
    assert follow_up.thread_id == third.thread_id
    assert [call.name for call in code.tool_calls] == ["code_interpreter"]
    assert str(code.tool_calls[0].output).startswith("[0, 1, 1, 2, 3, 5, 8")
    assert len(search.tool_calls[0].results) == 2
    for quiz in (polled_quiz, streamed_quiz):
        assert [(call.name, call.output) for call in quiz.tool_calls] == [
            ("display_quiz", '["a", "I do not know."]')
        ]
        assert quiz.usage is not None
        assert quiz.usage.total_tokens == 722
    assert (polled_quiz.streamed, streamed_quiz.streamed) == (False, True)
    assert streamed_quiz.first_output_at is not None
    printed = capsys.readouterr().out
    assert printed.count("Quiz: Linear equations") == 2
    assert printed.count("The first is right. For the second: a variable is") == 2


def test_sdk_warnings_do_not_clutter_the_demo_and_the_filters_are_put_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = list(warnings.filters)
        assert main(["demo", "math-tutor"]) == 0
        assert list(warnings.filters) == before
    assert "Warning" not in capsys.readouterr().err


def test_unknown_exporter_is_reported_before_anything_is_played(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--exporter", "nope"]) == 2
    printed, told = capsys.readouterr()
    assert printed == ""
    assert "'nope'" in told
    assert "console, jsonl" in told


def test_an_exporter_that_loses_events_fails_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install = Installer(tmp_path / "site", monkeypatch)
    module = """
        import threadtrail

        class Broken:
            @threadtrail.hookimpl
            def export(self, events):
                raise ConnectionError("the backend is away")
    """
    install("threadtrail-broken", {"broken": "broken_backend:Broken"}, broken_backend=module)
    assert main(["demo", "math-tutor", "--exporter", "broken", "--exporter", "console"]) == 1
    printed, drawn = capsys.readouterr()
    assert "broken: 0 events delivered, 28 failed, 0 dropped: " in printed
    assert "the backend is away" in printed
    assert "console: 28 events delivered\n" in printed
    assert "◆ math lesson" in drawn


def test_an_exporter_that_is_switched_off_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install = Installer(tmp_path / "site", monkeypatch)
    module = """
        import threadtrail

        class Off:
            @threadtrail.hookimpl
            def start(self):
                return "ACME_DISABLED is true"

            @threadtrail.hookimpl
            def export(self, events): ...
    """
    install("threadtrail-off", {"off": "off_backend:Off"}, off_backend=module)
    assert main(["demo", "math-tutor", "--exporter", "off"]) == 1
    printed, _ = capsys.readouterr()
    assert "off: 0 events delivered, 0 failed, 28 dropped: switched off: ACME_DISABLED is true\n" in printed


def test_disabled_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("THREADTRAIL_DISABLED", "1")
    assert main(["demo", "math-tutor"]) == 0
    printed, drawn = capsys.readouterr()
    assert "THREADTRAIL_DISABLED is set, so nothing was recorded." in printed
    assert drawn == ""


def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert main(["demo", "math-tutor", "--no-color"]) == 0
    assert "◆ math lesson" in capsys.readouterr().err


@pytest.mark.slow
def test_missing_extra_names_the_command_that_installs_it() -> None:
    without_uvicorn = "import sys; sys.modules['uvicorn'] = None\n"
    program = without_uvicorn + "from threadtrail.cli import main; sys.exit(main(['demo']))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert _install.extra_command("testing") in done.stderr
    assert "Traceback" not in done.stderr
