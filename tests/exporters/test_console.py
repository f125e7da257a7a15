"""What people read: every fact of a run, the same in colour and without, and nothing steers a terminal."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from durations import DURATIONS
from threadtrail.errors import ConfigurationError, EventsLostError
from threadtrail.events import (
    Attributes,
    Event,
    Failure,
    RequestFailed,
    RunEnded,
    TraceEnded,
    TraceStarted,
)
from threadtrail.exporters import trace_groups, turn_groups
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.console_text import duration, encodable, shortened, visible
from threadtrail.exporters.run_tree import run_node
from threadtrail.testing.samples import events_of, sample_events, sample_runs
from threadtrail.values import EMPTY, FilePart, ImagePart, Message, OtherPart, Run, TextPart, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.exporters.lines import Node
    from threadtrail.prices import Cost

RUNS = sample_runs()
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A text file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def printed(*events: Event, content_length: int = 300) -> str:
    stream = io.StringIO()
    ConsoleExporter(stream, content_length=content_length, costs=False).export(events)
    return stream.getvalue()


def printed_run(run: Run) -> str:
    return printed(RunEnded(time=run.ended_at or 0, run=run))


def ended(name: str, trace_id: str | None = None) -> RunEnded:
    return RunEnded(time=RUNS[name].ended_at or 0, run=RUNS[name], trace_id=trace_id)


def interpreted(code: str, output: str) -> Run:
    """A run in which the code interpreter ran this code for half a second."""
    run = RUNS["code_interpreter"]
    step, call = run.steps[0], run.steps[0].tool_calls[0]
    start = call.started_at or step.started_at or 0
    call = replace(
        call, arguments=code, output=output, results=(), started_at=start, ended_at=start + 500_000_000
    )
    return replace(run, steps=(replace(step, tool_calls=(call,)), *run.steps[1:]))


def in_color(*events: Event, width: int = 200) -> str:
    stream = Terminal()
    ConsoleExporter(stream, width=width, costs=False).export(events)
    return stream.getvalue()


class TestTree:
    def test_a_plain_answer(self) -> None:
        assert printed(*events_of(RUNS["plain_answer"])) == (
            "✓ Math Tutor  completed in 2.1s  gpt-4o\n"
            "├── run         run_plain_answer · thread_sample\n"
            "├── attributes  user u1 · session s1 · tags beta · topic=algebra\n"
            "├── status      queued 0.0s → in_progress 0.4s → completed 2.1s  5 polls\n"
            "├── user        I need to solve the equation `3x + 11 = 14`. Can you help me?\n"
            "├── step        message_creation 1.0s  104 in · 21 out\n"
            "├── assistant   Subtract 11 and divide by 3: x = 1.\n"
            "└── tokens      104 in · 21 out · 125 total\n"
        )

    def test_tool_calls_hang_below_their_step(self) -> None:
        text = printed(*events_of(RUNS["parallel_function_calls"]))
        assert (
            "├── step       tool_calls 0.8s  210 in · 48 out\n"
            "│   ├── tool  get_weather  0.4s\n"
            '│   │   ├── arguments  {"city": "Paris"}\n'
            "│   │   └── output     22 °C, sunny\n"
            "│   └── tool  get_weather  0.4s\n"
            '│       ├── arguments  {"city": "Oslo"}\n'
            "│       └── output     -3 °C, snow ❄️\n"
        ) in text
        assert "863 in · 101 out · 256 cached · 0 reasoning · 964 total\n" in text
        assert "assistant  Paris has 22 °C, Oslo -3 °C, Rome 24 °C. ↵ Take a coat to Oslo.\n" in text

    @pytest.mark.parametrize(
        ("name", "facts"),
        [
            (
                "code_interpreter",
                ["code    import matplotlib.pyplot as plt\n", "output  4\n", "image   file_plot"],
            ),
            ("file_search", ["found  handbook.pdf (0.87): Staff have 25 days", "found  faq.md (0.41): "]),
            ("refusal", ["assistant  [refused] I'm sorry, I can't help with that."]),
            (
                "image_answer",
                ["upside down. [image https://example.com/cat.png]", "assistant  [image file_cat]"],
            ),
            (
                "failed",
                ["✗ Math Tutor  failed in 1.0s", "error   rate_limit_exceeded: You exceeded your current"],
            ),
            (
                "expired",
                ["✗ Math Tutor  expired in 10m00s", "get_weather  9m59s  no output", "error   expired: "],
            ),
            (
                "incomplete",
                ["! Math Tutor  incomplete in", "from both  incomplete: max_tokens", "max_completion_to"],
            ),
            ("cancelled", ["○ Math Tutor  cancelled in 1.6s", "cancelling 1.0s → cancelled 1.6s"]),
            ("unfinished", ["? Math Tutor  unfinished: last seen requires_action, given up after 15m00s"]),
            (
                "steps_never_seen",
                ["step       tool_calls 0.3s  details not seen", "310 in · 40 out · 350"],
            ),
            ("streamed", ["completed 1.3s  streamed · first output 0.6s", "0 cached · 16 reasoning"]),
        ],
    )
    def test_what_a_run_tells(self, name: str, facts: list[str]) -> None:
        text = printed(*events_of(RUNS[name]))
        assert [fact for fact in facts if fact not in text] == []

    def test_a_run_of_which_nothing_is_known(self) -> None:
        assert printed_run(Run(id="run_1")) == (
            "? run  unfinished: last seen nowhere, given up after 0.0s\n"
            "├── run     run_1\n"
            "└── status  unknown\n"
        )

    def test_content_that_is_switched_off(self) -> None:
        run = RUNS["plain_answer"]
        silent = tuple(replace(message, parts=(TextPart(),)) for message in run.output)
        assert "assistant   (no content)\n" in printed_run(replace(run, output=silent))

    def test_messages_of_any_kind(self) -> None:
        inline = ImagePart(url="data:image/png;base64,iVBORw0KGgo=", media_type="image/png", size_bytes=1234)
        message = Message(
            role="user",
            parts=(
                TextPart(text="see"),
                inline,
                ImagePart(url="data:image/png;base64,iVBORw0KGgo="),
                FilePart(filename="a.pdf"),
                OtherPart(type="hologram", data=EMPTY),
            ),
            attachments=({"file_id": "file_1", "tools": ()},),
        )
        text = printed_run(replace(RUNS["failed"], input=(message,)))
        assert (
            "see [image image/png, 1,234 bytes] [image inline] [file a.pdf] [hologram] [attached file_1]"
            in text
        )

    def test_tool_calls_of_any_kind(self) -> None:
        call = ToolCall(
            id="call_1",
            kind="mcp",
            name="lookup",
            results=({"rows": ({"a": 1},)}, "as text"),
            error=Failure(type="timeout", message="no answer"),
        )
        run = RUNS["code_interpreter"]
        text = printed_run(replace(run, steps=(replace(run.steps[0], tool_calls=(call,)),)))
        assert "tool  lookup  2.0s  mcp\n" in text
        assert '├── result  {"rows": [{"a": 1}]}\n' in text
        assert "├── result  as text\n" in text
        assert "└── error   timeout: no answer\n" in text

    def test_code_keeps_its_lines_and_their_indentation(self) -> None:
        code = "\ndef double(x):\r\n\treturn (\n        x * 2  \n    )\n\nprint(double(2))\x1b[2J\n"
        text = printed_run(interpreted(code, "4\n  8\n"))
        assert (
            "│   └── tool  code_interpreter  0.5s\n"
            "│       ├── code    def double(x):\n"
            "│       │               return (\n"
            "│       │                   x * 2\n"
            "│       │               )\n"
            "│       │\n"
            "│       │           print(double(2))\\x1b[2J\n"
            "│       └── output  4\n"
            "│                     8\n"
        ) in text

    def test_code_of_many_lines_is_cut_like_any_content(self) -> None:
        run = interpreted("x = 1\n" * 200, "1")
        text = printed(RunEnded(time=1, run=run), content_length=9)
        assert "├── code    x = 1\n│       │           x =… (+1,191 characters)\n" in text

    def test_code_in_colour_says_the_same(self) -> None:
        event = RunEnded(time=1, run=interpreted("for x in y:\n    print(x)\n\nprint()", "4\n  8"))
        assert _lines(ESCAPES.sub("", in_color(event))) == _lines(printed(event))

    def test_what_is_known_only_to_the_second_took_less_than_one(self) -> None:
        run = RUNS["plain_answer"]
        second = (run.started_at or 0) // 10**9 * 10**9 + 10**9
        step = replace(run.steps[0], started_at=second, ended_at=second)
        run = replace(run, steps=(step,), started_at=second - 10**9, ended_at=second + 10**9)
        assert "message_creation <1s  104 in" in printed_run(run)

    def test_a_run_that_used_no_token_says_nothing_of_tokens(self) -> None:
        run = RUNS["plain_answer"]
        none = Usage(input_tokens=0, output_tokens=0, total_tokens=0, cached_input_tokens=0)
        text = printed_run(replace(run, usage=none, steps=(replace(run.steps[0], usage=none),)))
        assert "0 in" not in text
        assert "tokens" not in text
        assert "message_creation 1.0s\n" in text

    def test_another_provider_is_named(self) -> None:
        event = replace(ended("plain_answer"), provider="azure.ai.openai")
        assert "gpt-4o · azure.ai.openai\n" in printed(event)

    def test_a_failed_request_is_one_line(self) -> None:
        failures = [event for event in sample_events() if isinstance(event, RequestFailed)]
        assert printed(*failures) == (
            "✗ threads.runs.create failed: rate_limit_exceeded (HTTP 429): Rate limit reached. "
            "Try again in 20 s.  tried 3 times · thread_sample · req_sample\n"
        )

    def test_only_what_ended_is_printed(self) -> None:
        assert printed(*events_of(RUNS["plain_answer"])[:-1]) == ""


class TestTrace:
    STARTED = TraceStarted(time=0, name="lesson", trace_id="t1", attributes=Attributes(user_id="u2"))
    ENDED = TraceEnded(
        time=3_000_000_000, started_at=0, name="lesson", trace_id="t1", attributes=Attributes(user_id="u2")
    )

    def test_its_runs_are_printed_under_its_name_when_it_ends(self) -> None:
        stream = io.StringIO()
        exporter = ConsoleExporter(stream)
        exporter.export([self.STARTED, ended("refusal", "t1"), ended("cancelled", "t1")])
        assert stream.getvalue() == ""
        exporter.export([ended("failed"), self.ENDED])
        lines = [line for line in stream.getvalue().splitlines() if "Math Tutor" in line or "lesson" in line]
        assert lines == [
            "✗ Math Tutor  failed in 1.0s  gpt-4o",
            "◆ lesson  2 runs in 3.0s",
            "├── ✓ Math Tutor  completed in 1.2s  gpt-4o",
            "└── ○ Math Tutor  cancelled in 1.6s  gpt-4o",
        ]
        assert "├── attributes  user u2\n" in stream.getvalue()

    def test_a_trace_in_which_nothing_happened_is_not_printed(self) -> None:
        inner = TraceStarted(time=1, name="inner", trace_id="t2", parent_trace_id="t1")
        left = TraceEnded(time=2, started_at=1, name="inner", trace_id="t2", parent_trace_id="t1")
        assert printed(self.STARTED, inner, left, self.ENDED) == ""
        assert "inner" not in printed(self.STARTED, inner, left, ended("refusal", "t1"), self.ENDED)

    def test_traces_within_a_trace(self) -> None:
        inner = TraceStarted(time=1, name="inner", trace_id="t2", parent_trace_id="t1")
        left = TraceEnded(time=2, started_at=1, name="inner", trace_id="t2", parent_trace_id="t1")
        text = printed(self.STARTED, inner, ended("refusal", "t2"), left, ended("failed", "t1"), self.ENDED)
        assert [line for line in text.splitlines() if "Tutor" in line or "◆" in line] == [
            "◆ lesson  2 runs in 3.0s",
            "├── ◆ inner  1 run in <1ms",
            "│   └── ✓ Math Tutor  completed in 1.2s  gpt-4o",
            "└── ✗ Math Tutor  failed in 1.0s  gpt-4o",
        ]

    def test_the_error_that_left_it(self) -> None:
        failed = replace(self.ENDED, error=Failure(type="ZeroDivisionError", message="division by zero"))
        assert "└── error       ZeroDivisionError: division by zero\n" in printed(self.STARTED, failed)

    @pytest.mark.parametrize("hook", ["flush", "shutdown"])
    def test_what_is_held_is_printed_once_if_it_does_not_end_in_time(self, hook: str) -> None:
        stream = io.StringIO()
        exporter = ConsoleExporter(stream)
        inner = TraceStarted(time=1, name="inner", trace_id="t2", parent_trace_id="t1")
        exporter.export([self.STARTED, ended("refusal", "t1"), inner, ended("failed", "t2")])
        getattr(exporter, hook)()
        getattr(exporter, hook)()
        assert [line for line in stream.getvalue().splitlines() if "Tutor" in line or "◆" in line] == [
            "◆ lesson  still open",
            "├── ✓ Math Tutor  completed in 1.2s  gpt-4o",
            "└── ◆ inner  still open",
            "    └── ✗ Math Tutor  failed in 1.0s  gpt-4o",
        ]
        exporter.export([ended("cancelled", "t1"), self.ENDED])
        last = [line for line in stream.getvalue().splitlines() if "Tutor" in line or "◆" in line][4:]
        assert last == ["◆ lesson  2 runs in 3.0s  continued", "└── ○ Math Tutor  cancelled in 1.6s  gpt-4o"]

    def test_a_run_whose_trace_is_unknown_is_printed_at_once(self) -> None:
        assert printed(ended("refusal", "never_started")).startswith("✓ Math Tutor")

    def test_the_number_of_held_runs_is_limited(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trace_groups, "MAX_HELD", 3)
        stream = io.StringIO()
        exporter = ConsoleExporter(stream)
        exporter.export([self.STARTED, *[ended("refusal", "t1")] * 2])
        assert stream.getvalue() == ""
        exporter.export([ended("refusal", "t1")])
        assert stream.getvalue().count("✓ Math Tutor") == 3

    def test_traces_that_never_end_do_not_pile_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trace_groups, "MAX_HELD", 3)
        stream = io.StringIO()
        exporter = ConsoleExporter(stream)
        for number in range(10):
            exporter.export([replace(self.STARTED, trace_id=f"t{number}"), ended("refusal", f"t{number}")])
            assert len(exporter._groups._open) <= 3
        exporter.flush()
        assert stream.getvalue().count("✓ Math Tutor") == 10

    def test_a_forked_child_leaves_what_is_held_to_its_parent(self) -> None:
        stream = io.StringIO()
        exporter = ConsoleExporter(stream)
        exporter.export([self.STARTED, ended("refusal", "t1")])
        exporter.after_fork()
        exporter.flush()
        assert stream.getvalue() == ""


class TestTerminal:
    def test_colour_adds_escape_codes_and_no_fact(self) -> None:
        events = [*sample_events(), *(ended(name) for name in RUNS)]
        assert "\x1b[" in in_color(*events)
        colourless = ESCAPES.sub("", in_color(*events, width=400))
        assert _lines(colourless) == _lines(printed(*events))

    def test_an_error_is_red(self) -> None:
        line = next(line for line in in_color(ended("failed")).splitlines() if "rate_limit_exceeded" in line)
        assert re.search(r"\x1b\[1;31mrate_limit_exceeded: You exceeded your current quota\.", line)

    def test_long_content_wraps_inside_the_tree(self) -> None:
        run = RUNS["plain_answer"]
        long = (TextPart(text="日本語のとても長い文章 🎉 " * 9 + "x" * 120),)
        event = RunEnded(time=1, run=replace(run, output=(replace(run.output[0], parts=long),)))
        lines = ESCAPES.sub("", in_color(event, width=60)).splitlines()
        assert max(map(cell_len, lines)) <= 60
        answer = next(index for index, line in enumerate(lines) if "assistant" in line and "日本" in line)
        assert lines[answer + 1].startswith("│               ")
        assert sum(line.count("x") for line in lines[answer:]) >= 120

    @pytest.mark.parametrize(
        ("environment", "stream", "color", "expected"),
        [
            ({}, Terminal, "auto", True),
            ({}, io.StringIO, "auto", False),
            ({"NO_COLOR": "1"}, Terminal, "auto", False),
            ({"NO_COLOR": ""}, Terminal, "auto", True),
            ({"TERM": "dumb"}, Terminal, "auto", False),
            ({"FORCE_COLOR": "1"}, io.StringIO, "auto", True),
            ({}, io.StringIO, "always", True),
            ({}, Terminal, "never", False),
        ],
    )
    def test_when_there_is_colour(
        self,
        monkeypatch: pytest.MonkeyPatch,
        environment: dict[str, str],
        stream: type[io.StringIO],
        color: str,
        expected: bool,
    ) -> None:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        file = stream()
        ConsoleExporter(file, color=color).export([ended("failed")])  # type: ignore[arg-type]  # a parameter
        assert ("\x1b[" in file.getvalue()) is expected
        assert "rate_limit_exceeded" in file.getvalue()

    def test_the_stream_is_the_one_of_the_moment(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        exporter, to_stdout = ConsoleExporter(), ConsoleExporter("stdout")
        exporter.export([ended("refusal")])
        to_stdout.export([ended("failed")])
        captured = capsys.readouterr()
        assert captured.err.startswith("✓ Math Tutor  completed")
        assert captured.out.startswith("✗ Math Tutor  failed")
        monkeypatch.setattr(sys, "stderr", None)  # as in a program without a console
        exporter.export([ended("refusal")])

    def test_each_batch_is_one_write(self) -> None:
        class Counting(io.StringIO):
            writes = 0

            def write(self, text: str) -> int:
                self.writes += 1
                return super().write(text)

        stream = Counting()
        ConsoleExporter(stream).export([ended(name) for name in RUNS])
        assert stream.writes == 1

    def test_a_stream_that_knows_only_ascii(self) -> None:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding="ascii")
        ConsoleExporter(stream).export([ended("parallel_function_calls")])
        text = raw.getvalue().decode("ascii")
        assert text.startswith("+ Math Tutor  completed in 3.8s  gpt-4o\n|-- run ")
        assert "queued 0.0s -> in_progress 0.3s" in text
        assert "22 \\xb0C, sunny" in text


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


class TestHostileContent:
    TEXT = "\x1b]0;owned\x07\x1b[2J\x9b31m\x08\r\x00\u202eevil\u2028[bold red]not markup[/bold red] :boom: \\"

    def events(self) -> Iterable[Event]:
        run, text = RUNS["parallel_function_calls"], self.TEXT
        message = replace(run.output[0], role=text, parts=(TextPart(text=text), ImagePart(file_id=text)))
        call = replace(run.tool_calls[0], name=text, kind=text, arguments=text, output=text, results=(text,))
        error = Failure(type=text, message=text)
        step = replace(run.steps[0], kind=text, status=text, error=error, tool_calls=(call,))
        hostile = replace(
            run,
            id=text,
            thread_id=text,
            model=text,
            status=text,
            assistant=run.assistant and replace(run.assistant, name=text, id=text),
            status_history=tuple(replace(change, status=text) for change in run.status_history),
            input=(message,),
            output=(message,),
            steps=(step,),
            error=error,
            incomplete_reason=text,
            attributes=Attributes(user_id=text, session_id=text, tags=(text,), metadata={text: text}),
        )
        yield TraceStarted(time=0, name=text, trace_id="t")
        yield RunEnded(time=1, run=hostile, provider=text, trace_id="t")
        yield RequestFailed(time=1, started_at=0, operation=text, error=error, request_id=text, run_id=text)
        yield TraceEnded(time=1, started_at=0, name=text, trace_id="t", error=error)

    def test_no_control_character_reaches_the_stream(self) -> None:
        text = printed(*self.events())
        assert [character for character in set(text) if not character.isprintable()] == ["\n"]
        assert text.count("\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\x08\\r\\x00\\u202eevil\\u2028") > 20

    def test_colour_lets_none_pass_either_and_no_markup_works(self) -> None:
        text = ESCAPES.sub("", in_color(*self.events(), width=10_000))
        assert [character for character in set(text) if not character.isprintable()] == ["\n"]
        assert text.count("[bold red]not markup[/bold red] :boom: \\") == printed(*self.events()).count(
            "[bold red]not markup[/bold red] :boom: \\"
        )


class TestText:
    @pytest.mark.parametrize(("nanoseconds", "words"), DURATIONS)
    def test_durations(self, nanoseconds: int, words: str) -> None:
        assert duration(nanoseconds) == words

    def test_emoji_stay_whole(self) -> None:
        family = "👨\u200d👩\u200d👧 ❄️ é 日本"
        assert visible(family) == family
        assert shortened("👨\u200d👩" + "x" * 50, 1) == "👨… (+52 characters)"

    def test_long_content_is_cut_with_a_note(self) -> None:
        assert shortened("a" * 5000, 10) == "aaaaaaaaaa… (+4,990 characters)"
        assert shortened("a" * 12, 10) == "a" * 12

    def test_content_length(self) -> None:
        assert "user        I need… (+55 characters)\n" in printed(ended("plain_answer"), content_length=6)

    def test_text_that_can_be_written_is_left_alone(self) -> None:
        assert encodable("├ ✓ é", "utf-8") == "├ ✓ é"
        assert encodable("├ ✓ é", "latin-1") == "| + é"
        assert encodable("\ud800", None) == "\\ud800"


class TestArguments:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"stream": "stdin"}, "stream='stdin': choose auto, stderr or stdout"),
            ({"color": "pink"}, "color='pink': choose one of auto, always, never"),
            ({"width": 3}, "width=3: choose 40 columns or more"),
            ({"content_length": 0}, "content_length=0: choose 1 character or more"),
        ],
    )
    def test_a_wrong_argument_is_named_with_its_choices(
        self, arguments: dict[str, object], words: str
    ) -> None:
        with pytest.raises(ConfigurationError) as raised:
            ConsoleExporter(**arguments)  # type: ignore[arg-type]  # wrong on purpose
        assert words in str(raised.value)


def test_without_a_terminal_rich_is_not_loaded() -> None:
    program = (
        "import io, sys\n"
        "from threadtrail.exporters.console import ConsoleExporter\n"
        "from threadtrail.testing.samples import sample_events\n"
        "ConsoleExporter(io.StringIO(), costs=False).export(sample_events())\n"
        "print('rich' in sys.modules, 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"


def test_an_event_that_cannot_be_printed_keeps_no_other_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose tool call has results that are nested deeper than Python recurses, say."""
    good = RunEnded(time=1, run=Run(id="run_good", status="completed", finished=True))
    bad = RunEnded(time=1, run=Run(id="run_bad", status="completed", finished=True))

    def fail_for_one(event: RunEnded, length: int, cost: Cost | None) -> Node:
        if event is bad:
            raise RecursionError("maximum recursion depth exceeded")
        return run_node(event, length, cost)

    monkeypatch.setattr(turn_groups, "run_node", fail_for_one)
    stream = io.StringIO()
    with pytest.raises(
        EventsLostError, match="1 of 3 events could not be exported: RecursionError"
    ) as caught:
        ConsoleExporter(stream).export([good, bad, good])
    assert caught.value.lost == 1
    assert stream.getvalue().count("run_good") == 2
