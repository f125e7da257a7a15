"""What people read of a turn: one tree, with what was asked, each generation and its calls, and the time."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.events import Attributes, RunEnded, ToolCallCompleted, TraceEnded, TraceStarted, TurnEnded
from threadtrail.exporters import turn_groups
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.testing import capture
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.testing.server import FunctionCall, RunScript, ToolCalls, Usage
from threadtrail.turn import TimeSpent, turn_of
from threadtrail.values import Caller

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openai import OpenAI

    from threadtrail.events import Event
    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run, ToolCall

RUNS = sample_runs()
ASKING, ANSWERING = RUNS["answered_calls"], RUNS["answering_response"]
TURN = events_of_turn(ASKING, ANSWERING)
FIRST_END = next(place for place, event in enumerate(TURN) if isinstance(event, RunEnded)) + 1
SECOND = 1_000_000_000


class Printer:
    """A console exporter, and what it has printed since it was last looked at."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.exporter = ConsoleExporter(self.stream, costs=False)

    def export(self, events: Iterable[Event]) -> str:
        self.exporter.export(list(events))
        return self.new()

    def flush(self) -> str:
        self.exporter.flush()
        return self.new()

    def new(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text


def ended(run: Run, **more: Any) -> RunEnded:
    return RunEnded(time=run.ended_at or 0, run=run, source=run.source, **more)


def turn_ended(*runs: Run, **more: Any) -> TurnEnded:
    turn = replace(turn_of(runs, finished=True), **more)
    return TurnEnded(time=turn.ended_at or 0, turn=turn, source=runs[0].source)


def open_again(run: Run) -> Run:
    """The run as it was when nobody had answered its calls."""
    steps = tuple(
        replace(
            step,
            tool_calls=tuple(
                replace(call, output=None, ended_at=None, approved=None) for call in step.tool_calls
            ),
        )
        for step in run.steps
    )
    return replace(run, steps=steps)


def late(run: Run, place: int) -> ToolCallCompleted:
    """The event of a call that is answered after the run was published."""
    call = run.tool_calls[place]
    return ToolCallCompleted(time=call.ended_at or 0, run_id=run.id, tool_call=call, source=run.source)


def call_ended(run: Run, place: int) -> ToolCall:
    """The call as the recorder gives it up: with an end, and nothing else."""
    call = run.tool_calls[place]
    return replace(call, ended_at=run.ended_at)


def test_a_turn_is_one_tree() -> None:
    assert (
        Printer().export(TURN)
        == """\
✓ gpt-5.2-2025-12-11  completed in 3.4s  2 generations
├── turn        resp_answered_calls
├── user        How is the weather in Paris?
├── generation  1.2s  310 in · 60 out · 16 reasoning · resp_answered_calls
│   ├── reasoning  The weather has to be looked up.
│   ├── tool       get_weather  1.4s
│   │   ├── arguments  {"city": "Paris"}
│   │   └── output     22 °C, sunny
│   ├── tool       take_note  1.4s  custom
│   │   ├── arguments  Paris: ask again.
│   │   └── output     (empty)
│   └── tool       send_mail  1.4s  mcp_approval · on mail · waited for a person
│       ├── arguments  {"to": "all"}
│       └── answer     refused
├── generation  0.8s  380 in · 12 out · 256 cached · resp_answering_response
│   └── assistant  It has 22 °C in Paris.
├── time        generating 2.0s · waiting for a person 1.4s
└── tokens      690 in · 72 out · 256 cached · 16 reasoning · 762 total
"""
    )


def test_nothing_is_printed_before_it_ends_and_nothing_after() -> None:
    printer = Printer()
    assert printer.export(TURN[:-1]) == ""
    assert printer.export(TURN[-1:]).count("\n") == 18
    assert printer.flush() == ""


def test_a_plain_response_is_printed_at_once() -> None:
    assert Printer().export(events_of(RUNS["plain_response"])).startswith("✓ pmpt_math_tutor  completed")


def test_a_run_of_an_assistant_is_printed_at_once_and_once() -> None:
    printer, run = Printer(), RUNS["parallel_function_calls"]
    events = events_of_turn(run)
    assert isinstance(events[-1], TurnEnded)
    assert printer.export(events[:-1]).startswith("✓ Math Tutor  completed")
    assert printer.export(events[-1:]) == printer.flush() == ""


def test_a_turn_of_one_run_looks_like_any_run_unless_nobody_went_on_with_it() -> None:
    run = RUNS["open_call"]
    printer = Printer()
    assert printer.export([ended(run)]) == ""
    text = printer.export([turn_ended(run)])
    assert text.startswith("✓ gpt-5.2-2025-12-11  completed in 1.0s\n├── run     resp_open_call")
    assert "├── tool    get_weather  no output\n" in text
    text = Printer().export([ended(run), turn_ended(run, finished=False)])
    assert text.startswith("? gpt-5.2-2025-12-11  unfinished: not continued after 1.0s  1 generation\n")
    assert "├── generation  1.0s" in text
    assert "│   └── tool  get_weather  no output\n" in text


def test_where_the_time_went() -> None:
    spent = TimeSpent(
        queued=SECOND // 5, generating=2 * SECOND, tools=SECOND, person=185 * SECOND, other=SECOND // 10
    )
    text = Printer().export([*TURN[:-1], turn_ended(ASKING, ANSWERING, time_spent=spent)])
    line = "queued 0.2s · generating 2.0s · tools 1.0s · waiting for a person 3m05s · other 0.1s"
    assert f"├── time        {line}\n" in text


def test_a_call_that_was_answered_late_is_shown_with_its_output() -> None:
    asking = open_again(ASKING)
    events = [ended(asking), *(late(ASKING, place) for place in range(3)), ended(ANSWERING)]
    text = Printer().export([*events, turn_ended(ASKING, ANSWERING)])
    assert text == Printer().export(TURN)


def test_a_call_that_was_given_up_has_no_output_and_no_time() -> None:
    asking = open_again(ASKING)
    given_up = [replace(late(ASKING, place), tool_call=call_ended(asking, place)) for place in range(3)]
    printer = Printer()
    printer.export([ended(asking), *given_up])
    text = printer.export([turn_ended(asking, finished=False)])
    assert text.count("no output") == 3
    printer.export([ended(asking)])
    printer.flush()
    assert printer.export([*given_up, turn_ended(asking, finished=False)]) == ""


def test_a_person_who_answers_after_a_flush_is_shown() -> None:
    printer = Printer()
    printer.export([ended(open_again(ASKING))])
    printer.flush()
    printer.export([late(ASKING, 2)])
    text = printer.export([turn_ended(ASKING)])
    assert "├── tool    send_mail  1.4s  mcp_approval · on mail · waited for a person\n" in text
    assert "answer     refused\n" in text


def test_runs_stand_in_the_order_in_which_they_began() -> None:
    events = [ended(ANSWERING), ended(ASKING), turn_ended(ASKING, ANSWERING)]
    assert Printer().export(events) == Printer().export(TURN)


def test_what_the_user_adds_amid_a_turn() -> None:
    answering = replace(ANSWERING, input=(*ANSWERING.input, *ASKING.input))
    text = Printer().export([ended(ASKING), ended(answering), turn_ended(ASKING, answering)])
    assert text.count("How is the weather in Paris?") == 2
    assert "│   ├── user       How is the weather in Paris?\n│   └── assistant  It has" in text


def test_a_turn_within_a_tool_of_another() -> None:
    runs = [replace(run, called_by=Caller(call_id="call_1")) for run in (ASKING, ANSWERING)]
    text = Printer().export([*map(ended, runs), turn_ended(*runs)])
    assert "├── turn        resp_answered_calls · called by call_1\n" in text
    alone = replace(RUNS["plain_response"], called_by=Caller(call_id="call_1", run_id="resp_1"))
    assert " · called by call_1 of resp_1" in Printer().export([ended(alone)]).split("\n")[1]


# -- before it ends -------------------------------------------------------------------------------------


def test_a_flush_prints_what_is_there_and_the_rest_follows() -> None:
    printer = Printer()
    printer.export([ended(open_again(ASKING))])
    text = printer.flush()
    assert text.startswith("✓ gpt-5.2-2025-12-11  completed in 1.2s\n├── run        resp_answered_calls")
    assert text.count("no output") == 3
    assert printer.flush() == ""
    printer.export([late(ASKING, 0), ended(ANSWERING)])
    assert (
        printer.export([turn_ended(ASKING, ANSWERING)])
        == """\
✓ gpt-5.2-2025-12-11  completed in 3.4s  2 generations  continued
├── tool        get_weather  1.4s
│   ├── arguments  {"city": "Paris"}
│   └── output     22 °C, sunny
├── generation  0.8s  380 in · 12 out · 256 cached · resp_answering_response
│   └── assistant  It has 22 °C in Paris.
├── time        generating 2.0s · waiting for a person 1.4s
└── tokens      690 in · 72 out · 256 cached · 16 reasoning · 762 total
"""
    )


def test_several_flushes() -> None:
    third = replace(ANSWERING, id="resp_third", created_at=(ANSWERING.created_at or 0) + 5 * SECOND)
    printer = Printer()
    printer.export([ended(ASKING), ended(ANSWERING)])
    begun = printer.flush().split("\n")
    assert begun[0] == "… gpt-5.2-2025-12-11  still open"
    assert begun[-2] == "    └── assistant  It has 22 °C in Paris."
    printer.export([ended(third)])
    more = printer.flush().split("\n")
    assert more[0] == "… gpt-5.2-2025-12-11  still open  continued"
    assert len(more) == 4
    last = printer.export([turn_ended(ASKING, ANSWERING, third)]).split("\n")
    assert last[0].endswith("3 generations  continued")
    assert [line[4:8] for line in last[1:-1]] == ["time", "toke"]


def test_nothing_is_left_to_say_of_one_run_that_was_printed() -> None:
    printer = Printer()
    printer.export([ended(RUNS["open_call"])])
    assert printer.flush() != ""
    given_up = replace(RUNS["open_call"].tool_calls[0], ended_at=1)
    event = ToolCallCompleted(time=1, run_id="resp_open_call", tool_call=given_up, source="openai.responses")
    assert printer.export([event, turn_ended(RUNS["open_call"], finished=False)]) == ""


def test_a_shutdown_prints_what_is_held() -> None:
    printer = Printer()
    printer.export([ended(ASKING), ended(ANSWERING)])
    printer.exporter.shutdown()
    assert "It has 22 °C in Paris." in printer.new()


def test_a_fork_drops_what_the_parent_prints() -> None:
    printer = Printer()
    printer.export([ended(ASKING)])
    printer.exporter.after_fork()
    assert printer.export([turn_ended(ASKING)]) == printer.flush() == ""


# -- how it ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({"status": "failed"}, "✗ gpt-5.2-2025-12-11  failed in 3.4s  2 generations"),
        ({"finished": False}, "? gpt-5.2-2025-12-11  unfinished: not continued after 3.4s  2 generations"),
        (
            {"finished": False, "status": "queued"},
            "? gpt-5.2-2025-12-11  unfinished: last seen queued, given up after 3.4s  2 generations",
        ),
        ({"model": "gpt-5"}, "✓ gpt-5.2-2025-12-11  completed in 3.4s  gpt-5 · 2 generations"),
    ],
)
def test_each_end(more: dict[str, Any], header: str) -> None:
    text = Printer().export([*TURN[:-1], turn_ended(ASKING, ANSWERING, **more)])
    assert text.split("\n")[0] == header


def test_a_generation_that_failed() -> None:
    failed = replace(RUNS["failed_response"], turn_id=ASKING.id, answers=(ASKING.id,))
    text = Printer().export([ended(ASKING), ended(failed), turn_ended(ASKING, failed)])
    assert "├── generation  0.7s  failed  streamed · resp_failed_response\n" in text
    assert "│   └── error  invalid_image_url: The image cannot be downloaded." in text


def test_in_colour_it_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    ConsoleExporter(stream, color="always", width=200, costs=False).export(TURN)
    lines = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()]
    assert lines[:-1] == Printer().export(TURN).splitlines()


def test_nothing_in_a_turn_steers_the_terminal() -> None:
    evil = "\x1b[2J\x07\r"
    call = replace(ASKING.tool_calls[0], name=f"name{evil}", arguments=evil, output=evil)
    asking = replace(
        ASKING,
        id=f"resp{evil}",
        turn_id=f"resp{evil}",
        model=f"model{evil}",
        thread_id=evil,
        status=f"done{evil}",
        steps=(replace(ASKING.steps[1], tool_calls=(call,)),),
    )
    answering = replace(ANSWERING, turn_id=asking.id, model=f"other{evil}", status=evil)
    printer = Printer()
    printer.export([ended(open_again(asking)), ended(answering)])
    text = printer.flush() + printer.export([late(asking, 0), turn_ended(asking, answering)])
    assert {character for character in text if character < " "} == {"\n"}
    assert "\\x1b[2J" in text


# -- around it ------------------------------------------------------------------------------------------


def test_within_a_trace() -> None:
    attributes = Attributes(user_id="u1")
    began = TraceStarted(time=0, name="math", trace_id="t", attributes=attributes)
    over = TraceEnded(time=5 * SECOND, started_at=0, name="math", trace_id="t", attributes=attributes)
    runs = [replace(run, attributes=attributes) for run in (ASKING, ANSWERING)]
    printer = Printer()
    assert printer.export([began, *events_of_turn(*runs, trace_id="t")]) == ""
    text = printer.export([over])
    assert text.startswith("◆ math  2 runs in 5.0s\n├── attributes  user u1\n└── ✓ gpt-5.2-2025-12-11  ")
    assert text.count("user u1") == 1


def test_two_turns_at_once_do_not_mix() -> None:
    other = [replace(run, id=f"{run.id}_2", turn_id=f"{ASKING.id}_2") for run in (ASKING, ANSWERING)]
    printer = Printer()
    assert printer.export([ended(ASKING), ended(other[0]), ended(other[1]), ended(ANSWERING)]) == ""
    assert "resp_answering_response_2" in printer.export([turn_ended(*other)])
    assert printer.export(TURN[-1:]) == Printer().export(TURN)


def test_a_run_that_comes_after_its_turn_is_printed_at_once() -> None:
    printer = Printer()
    printer.export(TURN)
    text = printer.export([ended(replace(ANSWERING, id="resp_late"), supersedes=True)])
    assert text.startswith("✓ gpt-5.2-2025-12-11  completed in 0.8s\n├── run        resp_late")


def test_a_server_uses_the_id_of_a_turn_again() -> None:
    printer = Printer()
    assert printer.export(TURN) == printer.export(TURN) == Printer().export(TURN)


def test_what_is_held_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_groups, "MAX_HELD", 5)
    printer, printed = Printer(), ""
    for number in range(12):
        run = replace(ASKING, id=f"resp_{number}", turn_id=f"resp_{number}")
        printed += printer.export([ended(run)])
    held = len(printer.exporter._turns._open)
    assert held <= 5
    printed += printer.flush()
    assert all(f"run        resp_{number} ·" in printed for number in range(12))


def test_a_long_turn_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn_groups, "MAX_HELD", 3)
    monkeypatch.setattr(turn_groups, "MAX_KNOWN", 6)
    printer, printed = Printer(), ""
    for number in range(12):
        printed += printer.export([ended(replace(ANSWERING, id=f"resp_{number}"))])
    printed += printer.flush()
    assert all(re.search(rf"\bresp_{number}\b", printed) for number in range(12))


def test_a_turn_of_a_real_client(client: OpenAI, server: AssistantsServer) -> None:
    server.script(
        RunScript(ToolCalls(FunctionCall("get_weather", "{}")), "It is warm.", usage=Usage(100, 20))
    )
    printer = Printer()
    with capture() as captured:
        first: Any = client.responses.create(model="gpt-4o", input="How is the weather?")
        answer: Any = {"type": "function_call_output", "output": "22", "call_id": first.output[0].call_id}
        client.responses.create(model="gpt-4o", input=[answer], previous_response_id=first.id)
    text = printer.export(captured.events)
    assert text.count("How is the weather?") == text.count("output     22\n") == 1
    assert text.count("It is warm.") == 1
    assert "2 generations\n" in text
    assert "└── tokens      200 in · 40 out" in text
