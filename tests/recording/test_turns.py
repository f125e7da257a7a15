"""Turns, with clocks that stand still: which runs are one turn, when it is over, and where its time went."""

from __future__ import annotations

import gc
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from recording.invariants import check_story, check_turns
from recording.stage import CREATE, OPERATIONS, SECOND, SUBMIT, Stage
from threadtrail.context import Scope
from threadtrail.events import RunCreated, RunEnded, ToolCallCompleted, TraceEnded, TurnEnded
from threadtrail.recording import chains, sessions, store, tool_work, turns
from threadtrail.recording.observation import Call, GroupEnded, GroupStarted, Raised, Returned
from threadtrail.values import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.events import Event
    from threadtrail.turn import Turn

ASK, LOOK, ADD = "responses.create", "responses.retrieve", "conversations.items.create"
USAGE = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


def output(call_id: str, text: str = "done") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}


def asking(call_id: str) -> dict[str, Any]:
    name = {"name": f"name_{call_id}", "arguments": "{}"}
    return {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "status": "completed", **name}


def approval(call_id: str) -> dict[str, Any]:
    return {"type": "mcp_approval_request", "id": call_id, "name": "delete", "arguments": "{}"}


def approved(call_id: str) -> dict[str, Any]:
    return {"type": "mcp_approval_response", "approval_request_id": call_id, "approve": True}


class Turning(Stage):
    """A stage on which responses are created, looked at, and given outputs."""

    def __init__(self, **limits: Any) -> None:
        super().__init__(**{"tool_wait_seconds": 60.0} | limits)
        self.scope = Scope()

    def respond(  # noqa: PLR0913 - keywords with defaults
        self,
        name: str,
        *,
        at: int,
        took: int = 1,
        asks: tuple[Any, ...] = (),
        brings: tuple[Any, ...] = (),
        status: str | None = "completed",
        operation: str = ASK,
        conversation: str | None = None,
        **more: Any,
    ) -> None:
        """The answer to a request that was made at a second, and took some; ``asks`` are calls."""
        sent = {"model": "gpt-4o", "input": [{"role": "user", "content": "hi"}, *brings], **more}
        ids = {"run_id": name} if operation == LOOK else {}
        call = Call(OPERATIONS[operation], at * SECOND, ids, None, self.scope)
        call.request = b"" if operation == LOOK else json.dumps(sent).encode()
        items = [asking(each) if isinstance(each, str) else each for each in asks]
        body = {
            "object": "response",
            "id": name,
            "status": status,
            "created_at": at,
            "output": items,
            "usage": USAGE if status not in {"queued", "in_progress"} else None,
            "conversation": {"id": conversation} if conversation else None,
            **more,
        }
        self.take(Returned(call, (at + took) * SECOND, body), at + took)

    def add(self, conversation: str, *items: Any, at: int) -> None:
        """Items are put into a conversation."""
        call = Call(OPERATIONS[ADD], at * SECOND, {"thread_id": conversation}, None, self.scope)
        call.request = json.dumps({"items": items}).encode()
        self.take(Returned(call, at * SECOND, {"object": "list", "data": list(items)}), at)

    def fail(self, *brings: Any, at: int) -> None:
        """A request raises that brings outputs."""
        call = Call(OPERATIONS[ASK], at * SECOND, {}, None, self.scope)
        call.request = json.dumps({"input": brings}).encode()
        self.take(Raised(call, at * SECOND, Failure(type="BadRequestError"), 400), at)

    def take(self, observation: Any, now: float) -> None:
        self.interpreter.handle(observation, float(now))
        self.tick(now)

    def tick(self, now: float) -> None:
        self.interpreter.tick(float(now))

    def flush(self) -> None:
        self.interpreter.following.ends.settle()

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def turns(self) -> list[Turn]:
        return [event.turn for event in self.of(TurnEnded)]

    def the_turn(self) -> Turn:
        """The only turn, which is over by now; what must hold of the story is checked."""
        (turn,) = self.turns
        self.leave()
        assert self.turns == [turn]
        return turn

    def leave(self) -> None:
        self.interpreter.end_all(9_999 * SECOND)
        check_story(self.events)
        check_turns(self.events)

    def turn_ids(self) -> dict[str, str]:
        return {event.run_id: event.turn_id for event in self.of(RunCreated)}


def seconds(turn: Turn) -> dict[str, float]:
    """Where the time went that went somewhere."""
    spent = turn.time_spent
    names = ("queued", "generating", "tools", "person", "other")
    return {name: getattr(spent, name) / SECOND for name in names if getattr(spent, name)}


# -- a loop ---------------------------------------------------------------------------------------------


def test_a_turn_ends_with_its_last_run() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, took=2, asks=("a", "b"))
    stage.respond("resp_2", at=6, took=3, brings=(output("a"), output("b")), asks=("c",))
    assert stage.turns == []
    stage.respond("resp_3", at=10, took=1, brings=(output("c"),))
    assert isinstance(stage.events[-1], TurnEnded)
    turn = stage.the_turn()
    assert (turn.id, turn.run_ids) == ("resp_1", ("resp_1", "resp_2", "resp_3"))
    assert (turn.finished, turn.status) == (True, "completed")
    assert turn.usage is not None
    assert turn.usage.total_tokens == 360
    assert [call.name for call in turn.tool_calls] == ["name_a", "name_b", "name_c"]
    assert seconds(turn) == {"generating": 6.0, "tools": 4.0}


def test_a_run_that_asks_nothing_has_no_turn_of_its_own() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1)
    stage.leave()
    assert stage.turns == []


def test_a_person_is_waited_for() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=(approval("mcpr_1"), "a"))
    stage.respond("resp_2", at=12, brings=(approved("mcpr_1"), output("a")))
    turn = stage.the_turn()
    assert seconds(turn) == {"generating": 2.0, "person": 10.0}


def test_a_turn_in_the_background() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, took=0, status="queued", background=True)
    stage.respond("resp_1", at=3, took=0, status="in_progress", operation=LOOK, background=True)
    stage.respond("resp_1", at=5, took=0, asks=("a",), operation=LOOK, background=True)
    stage.respond("resp_2", at=8, took=0, brings=(output("a"),), status="queued", background=True)
    assert stage.turns == []
    stage.respond("resp_2", at=9, took=0, operation=LOOK, background=True)
    turn = stage.the_turn()
    assert turn.run_ids == ("resp_1", "resp_2")
    assert seconds(turn) == {"queued": 2.0, "generating": 3.0, "tools": 3.0}


def test_a_background_run_may_take_long() -> None:
    stage = Turning(run_timeout_seconds=100.0)
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=3, brings=(output("a"),), status="queued", background=True)
    for at in range(90, 1_000, 90):
        stage.respond("resp_2", at=at, status="in_progress", operation=LOOK, background=True)
    assert stage.turns == []
    stage.respond("resp_2", at=1_000, operation=LOOK, background=True)
    assert stage.the_turn().finished


# -- calls that are answered late -----------------------------------------------------------------------


def test_calls_are_answered_by_different_runs() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a", "b"))
    stage.respond("resp_2", at=3, brings=(output("b"),))
    stage.respond("resp_3", at=5, took=30, brings=())  # the user talks on, which answers nothing
    assert stage.turns == []
    stage.tick(70)
    stage.respond("resp_4", at=70, brings=(output("a"),))
    turn = stage.the_turn()
    assert turn.run_ids == ("resp_1", "resp_2", "resp_4")
    assert [message.text for message in turn.input] == ["hi"]
    assert stage.turn_ids()["resp_3"] == "resp_3"


def test_the_first_run_is_first_though_it_was_published_last() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a", "b"))
    stage.respond("resp_2", at=3, brings=(output("a"),))
    stage.respond("resp_3", at=5, brings=(output("b"),))
    assert [event.run_id for event in stage.of(RunEnded)] == ["resp_2", "resp_1", "resp_3"]
    turn = stage.the_turn()
    assert turn.run_ids == ("resp_1", "resp_2", "resp_3")
    assert [message.text for message in turn.input] == ["hi"]


def test_a_late_output_in_a_conversation_waits_for_the_next_run() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a", "b"), conversation="conv_1")
    stage.respond("resp_2", at=3, brings=(output("b"),), conversation="conv_1")
    stage.add("conv_1", output("a"), at=5)
    assert stage.turns == []
    stage.respond("resp_3", at=6, conversation="conv_1")
    assert stage.the_turn().run_ids == ("resp_1", "resp_2", "resp_3")


def test_outputs_of_two_conversations_do_not_mix() -> None:
    stage = Turning()
    for name in ("1", "2"):
        stage.respond(f"resp_{name}", at=1, asks=(f"call_{name}",), conversation=f"conv_{name}")
        stage.add(f"conv_{name}", output(f"call_{name}"), at=2)
    stage.respond("resp_3", at=3, conversation="conv_2")
    stage.respond("resp_4", at=3, conversation="conv_1")
    assert [turn.run_ids for turn in stage.turns] == [("resp_2", "resp_3"), ("resp_1", "resp_4")]
    stage.leave()


def test_two_threads_of_the_app_on_one_conversation() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",), conversation="conv_1")
    stage.respond("resp_2", at=1, asks=("b",), conversation="conv_1")
    stage.respond("resp_3", at=3, brings=(output("a"),), conversation="conv_1")
    stage.respond("resp_4", at=3, brings=(output("b"),), conversation="conv_1")
    assert [turn.run_ids for turn in stage.turns] == [("resp_1", "resp_3"), ("resp_2", "resp_4")]
    stage.leave()


def test_one_run_answers_two_turns() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=2, asks=("b",))
    stage.respond("resp_3", at=3, brings=(output("a"), output("b")))
    assert {turn.id: turn.run_ids for turn in stage.turns} == {
        "resp_1": ("resp_1",),
        "resp_2": ("resp_2", "resp_3"),
    }
    assert all(turn.finished for turn in stage.turns)
    assert stage.of(RunEnded)[-1].run.answers == ("resp_1", "resp_2")
    stage.leave()


def test_a_tool_that_itself_calls_the_api() -> None:
    stage = Turning()
    stage.respond("outer_1", at=1, asks=("a",))
    stage.respond("inner_1", at=3, asks=("b",))
    stage.respond("inner_2", at=5, brings=(output("b"),))
    stage.respond("outer_2", at=7, brings=(output("a"),))
    assert [turn.run_ids for turn in stage.turns] == [("inner_1", "inner_2"), ("outer_1", "outer_2")]
    stage.leave()


def test_the_same_outputs_in_every_later_request() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",))
    for number in range(2, 12):
        stage.respond(f"resp_{number}", at=number * 2, brings=(output("a"),))
    assert stage.the_turn().run_ids == ("resp_1", "resp_2")
    assert len(stage.of(ToolCallCompleted)) == 1


def test_a_server_counts_its_calls_anew_in_each_turn() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("call_0",))
    stage.respond("resp_2", at=3, brings=(output("call_0", "one"),))
    stage.respond("resp_3", at=5, asks=("call_0",))
    stage.respond("resp_4", at=7, brings=(output("call_0", "one"), output("call_0", "two")))
    assert [turn.run_ids for turn in stage.turns] == [("resp_1", "resp_2"), ("resp_3", "resp_4")]
    assert [turn.tool_calls[0].output for turn in stage.turns] == ["one", "two"]
    stage.leave()


def test_a_call_of_the_same_id_before_the_first_is_answered() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("call_0",))
    stage.respond("resp_2", at=3, asks=("call_0",))
    stage.respond("resp_3", at=5, brings=(output("call_0"),))
    stage.leave()
    outputs = {turn.id: [call.output for call in turn.tool_calls] for turn in stage.turns}
    assert outputs == {"resp_1": [None], "resp_2": ["done"]}


# -- runs that fail -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["failed", "incomplete", "cancelled"])
def test_the_outputs_may_be_sent_again(status: str) -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=3, brings=(output("a"),), status=status)
    stage.tick(50)
    assert stage.turns == []
    stage.respond("resp_3", at=50, brings=(output("a"),))
    turn = stage.the_turn()
    assert turn.run_ids == ("resp_1", "resp_2", "resp_3")
    assert (turn.status, turn.finished) == ("completed", True)
    assert len(stage.of(ToolCallCompleted)) == 1


def test_nobody_sends_them_again() -> None:
    stage = Turning(tool_wait_seconds=60.0)
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=3, brings=(output("a"),), status="failed")
    assert stage.interpreter.following.ends.next_deadline() == 64.0
    stage.tick(63)
    assert stage.turns == []
    stage.tick(64)
    turn = stage.the_turn()
    assert (turn.failed, turn.finished) == (True, True)


def test_a_run_that_fails_while_it_asks_ends_its_turn() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",), status="failed")
    assert stage.the_turn().failed


def test_a_request_that_raises_may_be_made_again() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",))
    stage.fail(output("a"), at=3)
    stage.fail(output("a"), at=200)
    stage.respond("resp_2", at=300, brings=(output("a"),))
    assert stage.the_turn().run_ids == ("resp_1", "resp_2")


def test_a_server_that_gives_no_status() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",), status=None)
    stage.respond("resp_2", at=3, brings=(output("a"),), status=None)
    assert stage.the_turn().run_ids == ("resp_1", "resp_2")


# -- calls that nobody answers --------------------------------------------------------------------------


def test_never_answered() -> None:
    stage = Turning(run_timeout_seconds=900.0, tool_wait_seconds=60.0)
    stage.respond("resp_1", at=1, asks=("a",))
    stage.flush()
    stage.tick(901)
    assert stage.turns == []
    stage.tick(902)
    turn = stage.the_turn()
    assert (turn.finished, turn.tool_calls[0].output) == (False, None)
    assert turn.tool_calls[0].ended_at is not None


def test_an_output_that_comes_when_the_turn_was_given_up() -> None:
    stage = Turning(run_timeout_seconds=900.0)
    stage.respond("resp_1", at=1, asks=("a",))
    stage.tick(2_000)
    assert len(stage.turns) == 1
    stage.respond("resp_2", at=2_000, brings=(output("a"),))
    stage.leave()
    assert stage.turn_ids() == {"resp_1": "resp_1", "resp_2": "resp_2"}
    assert stage.of(RunEnded)[-1].run.answers == ("resp_1",)
    assert [event.tool_call.output for event in stage.of(ToolCallCompleted)] == [None]


def test_an_output_after_a_flush() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a", "b"))
    stage.flush()
    stage.respond("resp_2", at=70, brings=(output("a"), output("b")))
    turn = stage.the_turn()
    assert [call.output for call in turn.tool_calls] == ["done", "done"]
    assert seconds(turn) == {"generating": 2.0, "tools": 68.0}


def test_an_output_whose_call_nobody_saw() -> None:
    stage = Turning()
    stage.respond("resp_2", at=3, brings=(output("unknown"),), asks=("a",))
    stage.respond("resp_3", at=5, brings=(output("unknown"), output("a")))
    assert stage.the_turn().run_ids == ("resp_2", "resp_3")


def test_a_program_that_leaves_amid_a_turn() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=3, brings=(output("a"),), status="queued", background=True)
    stage.leave()
    (turn,) = stage.turns
    assert (turn.finished, turn.status, turn.run_ids) == (False, "queued", ("resp_1", "resp_2"))


def test_a_worker_that_was_given_a_run() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, status="in_progress", operation=LOOK, background=True)
    stage.respond("resp_1", at=2, asks=("a",), operation=LOOK, background=True)
    stage.respond("resp_2", at=4, brings=(output("a"),))
    assert stage.the_turn().run_ids == ("resp_1", "resp_2")
    assert stage.interpreter.following.turn_id("resp_2") == "resp_1"


@pytest.mark.parametrize("publish_runs", ["none", "finished"])
def test_what_this_process_may_publish(publish_runs: str) -> None:
    stage = Turning(publish_runs=publish_runs)
    group = GroupStarted(0, "trace_1", "math", None, Scope())
    stage.take(group, 0)
    stage.scope = Scope(trace_id="trace_1")
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=3, brings=(output("a"),))
    stage.respond("resp_3", at=5, status="queued", background=True)
    stage.take(GroupEnded(9 * SECOND, "trace_1"), 9)
    stage.respond("resp_3", at=9, operation=LOOK, background=True)
    assert len(stage.turns) == (1 if publish_runs == "finished" else 0)
    assert len(stage.of(TraceEnded)) == 1


# -- ids that are used again ----------------------------------------------------------------------------


def test_two_turns_begin_with_the_same_id() -> None:
    stage = Turning()
    for at in (0, 10):
        stage.respond("resp_1", at=at + 1, asks=(f"call_{at}",))
        stage.respond("resp_2", at=at + 3, brings=(output(f"call_{at}"),))
    assert [turn.run_ids for turn in stage.turns] == [("resp_1", "resp_2")] * 2
    assert [turn.tool_calls[0].id for turn in stage.turns] == ["call_0", "call_10"]
    assert [turn.started_at for turn in stage.turns] == [1 * SECOND, 11 * SECOND]


def test_an_id_is_used_again_while_its_turn_is_open() -> None:
    stage = Turning()
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_1", at=5, asks=("b",))
    stage.respond("resp_2", at=7, brings=(output("b"),))
    first, second = stage.turns
    assert (first.finished, first.run_ids) == (False, ("resp_1",))
    assert [call.id for call in first.tool_calls] == ["a"]
    assert (second.finished, second.run_ids) == (True, ("resp_1", "resp_2"))
    assert [call.id for call in second.tool_calls] == ["b"]
    assert [event.tool_call.id for event in stage.of(ToolCallCompleted)] == ["a", "b"]


def test_the_recorder_sleeps_until_the_first_turn_is_due() -> None:
    stage = Turning(run_timeout_seconds=100.0, tool_wait_seconds=0.0)
    following = stage.interpreter.following
    stage.respond("resp_1", at=1, asks=("a",))
    stage.respond("resp_2", at=11, asks=("b",))
    assert following.ends.next_deadline() == 102.0
    stage.respond("resp_3", at=50, brings=(output("a"),), asks=("c",))
    stage.tick(102)
    assert (stage.turns, following.ends.next_deadline()) == ([], 112.0)
    stage.tick(112)
    assert [turn.id for turn in stage.turns] == ["resp_2"]
    assert following.ends.next_deadline() == 151.0
    stage.tick(151)
    assert [turn.id for turn in stage.turns] == ["resp_2", "resp_1"]
    assert following.ends.next_deadline() is None


# -- around turns ---------------------------------------------------------------------------------------


def test_a_trace_waits_for_the_turn_that_began_in_it() -> None:
    stage = Turning()
    stage.take(GroupStarted(0, "trace_1", "math", None, Scope()), 0)
    stage.scope = Scope(trace_id="trace_1")
    stage.respond("resp_1", at=1, asks=("a",))
    stage.take(GroupEnded(3 * SECOND, "trace_1"), 3)
    stage.scope = Scope()
    stage.flush()
    assert stage.of(TraceEnded) == []
    stage.respond("resp_2", at=5, brings=(output("a"),))
    assert [type(event) for event in stage.events[-3:]] == [RunEnded, TurnEnded, TraceEnded]
    assert stage.of(TurnEnded)[0].trace_id == "trace_1"
    stage.the_turn()


# -- runs of assistants ---------------------------------------------------------------------------------

FUNCTION = {"id": "call_1", "type": "function", "function": {"name": "solve", "arguments": "{}"}}
WAITS: dict[str, Any] = {"required_action": {"submit_tool_outputs": {"tool_calls": [FUNCTION]}}}
SUBMITTED = {"tool_outputs": [{"tool_call_id": "call_1", "output": "1"}]}


def with_a_function() -> Turning:
    """A run that asks for the output of a function."""
    stage = Turning(settle_seconds=0.0, run_timeout_seconds=100.0)
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.answer("in_progress", asked=2, answered=2)
    stage.answer("requires_action", asked=4, answered=4, **WAITS)
    return stage


def test_a_run_with_a_function_is_a_turn() -> None:
    stage = with_a_function()
    stage.answer("queued", asked=7, answered=7, operation=SUBMIT, request=SUBMITTED)
    stage.answer("completed", asked=9, answered=9)
    turn = stage.the_turn()
    assert (turn.id, turn.run_ids, turn.finished) == ("run_1", ("run_1",), True)
    assert seconds(turn) == {"queued": 1.0, "generating": 4.0, "tools": 3.0}


@pytest.mark.parametrize("status", ["cancelled", "expired", "failed", "incomplete"])
def test_such_a_run_that_ends_otherwise_ends_its_turn_at_once(status: str) -> None:
    stage = with_a_function()
    stage.answer(status, asked=6, answered=6)
    turn = stage.the_turn()
    assert (turn.status, turn.finished) == (status, True)


def test_such_a_run_is_given_up() -> None:
    stage = with_a_function()
    stage.tick(104)
    assert (len(stage.of(RunEnded)), stage.turns) == (1, [])
    stage.tick(204)
    turn = stage.the_turn()
    assert (turn.status, turn.finished) == ("requires_action", False)


def test_such_a_run_finishes_after_it_was_given_up() -> None:
    stage = with_a_function()
    stage.tick(104)
    stage.answer("queued", asked=150, answered=150, operation=SUBMIT, request=SUBMITTED)
    stage.answer("completed", asked=151, answered=151)
    assert [event.supersedes for event in stage.of(RunEnded)] == [False, True]
    turn = stage.the_turn()
    assert (turn.status, turn.finished) == ("completed", True)


def test_such_a_run_finishes_after_its_turn_was_given_up() -> None:
    stage = with_a_function()
    stage.tick(104)
    stage.tick(204)
    stage.answer("completed", asked=3_600, answered=3_600)
    assert [event.supersedes for event in stage.of(RunEnded)] == [False, True]
    assert not stage.the_turn().finished


# -- bounds ---------------------------------------------------------------------------------------------


def test_too_many_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURNS", 3)
    stage = Turning(tool_wait_seconds=0.0)
    for number in range(5):
        stage.respond(f"resp_{number}", at=number + 1, asks=(f"call_{number}",))
    assert [turn.id for turn in stage.turns] == ["resp_0", "resp_1"]
    assert stage.interpreter.forgotten["turns ended early"] == 2
    given_up = [event.tool_call.id for event in stage.of(ToolCallCompleted)]
    assert given_up == ["call_0", "call_1"]
    stage.leave()


def test_too_many_turns_whose_runs_are_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURNS", 3)
    stage = Turning()
    for number in range(5):
        stage.respond(f"resp_{number}", at=number + 1, asks=(f"call_{number}",))
    stage.respond("late", at=9, brings=(output("call_0"),))
    stage.interpreter.end_all(99 * SECOND)
    check_story(stage.events)
    assert len(stage.of(RunEnded)) == 6
    assert len(stage.of(ToolCallCompleted)) == 5


def test_too_large_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threadtrail.recording.room.TURNS_BYTES", 10_000)
    stage = Turning(tool_wait_seconds=0.0)
    for number in range(4):
        large = {**asking(f"call_{number}"), "arguments": "x" * 4_000}
        stage.respond(f"resp_{number}", at=number + 1, asks=(large,))
    stage.interpreter._room.make()
    ended_early = [turn.id for turn in stage.turns]
    assert ended_early == ["resp_0", "resp_1", "resp_2"]
    assert stage.interpreter.forgotten["turns ended early"] == 3
    stage.leave()


def never_answer(stage: Turning, numbers: Iterator[int], count: int) -> int:
    """Begin turns that nobody goes on with; return how many blocks of memory are in use then."""
    for number in itertools.islice(numbers, count):
        stage.respond(f"resp_{number}", at=1, asks=(f"call_{number}",))
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.slow
@pytest.mark.parametrize("tool_wait_seconds", [0.0, 60.0])
def test_memory_is_flat_over_thousands_of_turns(
    monkeypatch: pytest.MonkeyPatch, tool_wait_seconds: float
) -> None:
    monkeypatch.setattr(store, "PUBLISHED_RUNS", 400)
    monkeypatch.setattr(store, "KNOWN_IDS", 400)
    monkeypatch.setattr(store, "SET_ASIDE_RUNS", 100)
    monkeypatch.setattr(turns, "IDS", 400)
    monkeypatch.setattr(turns, "TURNS", 100)
    monkeypatch.setattr(chains, "OPEN_CALLS", 100)
    monkeypatch.setattr(chains, "LINKS", 400)
    monkeypatch.setattr(tool_work, "CALLS", 400)
    monkeypatch.setattr(sessions, "IDS", 400)
    monkeypatch.setattr(sessions, "SESSIONS", 100)
    stage, numbers = Turning(max_open_runs=100, tool_wait_seconds=tool_wait_seconds), itertools.count()
    stage.keep = False
    early = never_answer(stage, numbers, 600)
    late = never_answer(stage, numbers, 2_400)
    assert late - early < 400  # one object kept for each turn would make it 2,400
    forgotten = stage.interpreter.forgotten
    assert forgotten["turns ended early"] + forgotten["calls without outputs"] >= 2_800
