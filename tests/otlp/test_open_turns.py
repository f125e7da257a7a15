"""What exporters keep of turns: their place, their root, the runs whose calls are open; all of it bounded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span

from threadtrail.events import RunCreated, RunEnded, ToolCallCompleted, TurnEnded
from threadtrail.otlp import open_calls, open_turns
from threadtrail.otlp.context import below, span_context_in
from threadtrail.otlp.open_calls import OpenCalls
from threadtrail.otlp.open_turns import OpenTurn, OpenTurns
from threadtrail.testing.samples import sample_runs
from threadtrail.turn import Turn
from threadtrail.values import Caller

if TYPE_CHECKING:
    from threadtrail.values import Run, ToolCall

RUNS = sample_runs()
ASKING, ANSWERING, OPEN = RUNS["answered_calls"], RUNS["answering_response"], RUNS["open_call"]
TRACER = TracerProvider(shutdown_on_exit=False).get_tracer("test")


def active(name: str = "span") -> Context:
    """Return a context in which a span is active."""
    return below(TRACER.start_span(name))


def created(run: Run, **more: Any) -> RunCreated:
    return RunCreated(
        time=run.created_at or 0, run_id=run.id, turn_id=run.turn_id, **{"server_address": "one", **more}
    )


def ended(run: Run, **more: Any) -> RunEnded:
    return RunEnded(time=run.ended_at or 0, run=run, **{"server_address": "one", **more})


def turn_ended(turn_id: str, **more: Any) -> TurnEnded:
    return TurnEnded(time=9, turn=Turn(id=turn_id), **{"server_address": "one", **more})


class Closing:
    """Notes which turns are closed."""

    def __init__(self) -> None:
        self.closed: list[str] = []

    def __call__(self, turn: OpenTurn) -> None:
        assert turn.root is not None
        self.closed.append(turn.turn_id)


@pytest.fixture
def closing() -> Closing:
    return Closing()


@pytest.fixture
def turns(closing: Closing) -> OpenTurns:
    return OpenTurns(closing)


def found(turns: OpenTurns, run: Run, context: Context | None = None, **more: Any) -> OpenTurn:
    turn = turns.of_run(ended(run, **more), context)
    assert turn is not None
    return turn


class TestTurns:
    def test_the_place_is_that_of_the_first_run_whichever_ends_first(self, turns: OpenTurns) -> None:
        first, second = active(), active()
        turns.begin(created(ASKING, trace_id="trace_1", observed_from_start=False), first)
        turns.begin(created(ANSWERING), second)
        turn = found(turns, ANSWERING, second)
        assert (turn.context, turn.trace_id, turn.start) == (first, "trace_1", ASKING.created_at)
        assert turn.from_elsewhere
        assert turn.last == ANSWERING.ended_at
        assert found(turns, ASKING, first) is turn

    def test_without_its_beginning_the_first_that_ends_counts(self, turns: OpenTurns) -> None:
        context = active()
        turn = found(turns, ANSWERING, context, trace_id="trace_1")
        assert (turn.turn_id, turn.context, turn.trace_id) == (ASKING.id, context, "trace_1")
        assert (turn.start, turn.from_elsewhere) == (ANSWERING.created_at, False)

    def test_a_run_that_is_no_turn_has_none_and_is_forgotten(self, turns: OpenTurns) -> None:
        plain = RUNS["plain_response"]
        turns.begin(created(plain, trace_id="trace_1"), None)
        assert turns.of_run(ended(plain), None) is None
        assert found(turns, replace(ANSWERING, turn_id=plain.id)).trace_id is None

    def test_runs_of_assistants_have_none(self, turns: OpenTurns) -> None:
        run = RUNS["parallel_function_calls"]
        turns.begin(created(replace(run, turn_id=run.id)), None)
        assert turns.of_run(ended(run), None) is None
        assert turns.end(turn_ended(run.id)) is None

    def test_two_servers_may_count_alike(self, turns: OpenTurns) -> None:
        assert found(turns, ASKING) is not found(turns, ASKING, server_address="two")

    def test_below_a_root_all_runs_are(self, turns: OpenTurns) -> None:
        turn, inside = found(turns, ASKING), active()
        turn.below_root(inside, "root")
        assert turn.parent(None) is turn.parent(active()) is inside
        assert turns.any_root

    def test_without_a_root_each_run_is_where_it_began(self, turns: OpenTurns) -> None:
        turn, first, own = found(turns, ASKING), active(), active()
        turn.below_app(first)
        assert turn.parent(own) is own
        assert turn.parent(None) is turn.parent(Context({"baggage": 1})) is first
        assert not turns.any_root
        assert turns.end(turn_ended(ASKING.id)) is None

    def test_the_end_gives_the_root_once_and_its_place_remains(self, turns: OpenTurns) -> None:
        turn, inside = found(turns, ASKING), active()
        turn.below_root(inside, "root")
        assert turns.end(turn_ended(ASKING.id)) is turn
        assert turns.end(turn_ended(ASKING.id)) is None
        late = found(turns, ANSWERING)
        assert late is not turn
        assert (late.has_root, late.root) == (True, None)
        assert span_context_in(late.parent(active())) == span_context_in(inside)
        assert not get_current_span(late.inside).is_recording(), (
            "nothing of an ended span is kept but its ids"
        )

    def test_the_turn_of_the_call_that_a_run_was_begun_for(self, turns: OpenTurns) -> None:
        caller = Caller(call_id="call_1", run_id=ANSWERING.id, turn_id=ASKING.id)
        assert turns.calling(caller) is None
        assert turns.calling(None) is None
        turn = found(turns, ASKING)
        assert turns.calling(caller) is turn
        turns.end(turn_ended(ASKING.id))
        assert turns.calling(caller) is not None
        assert turns.calling(replace(caller, turn_id=None)) is None

    def test_a_turn_knows_the_call_that_it_was_begun_for(self, turns: OpenTurns) -> None:
        caller = Caller(call_id="call_1", run_id="resp_1", turn_id="resp_1")
        turns.begin(created(ASKING, called_by=caller), None)
        assert found(turns, ASKING).called_by is caller
        assert found(turns, replace(OPEN, called_by=caller)).called_by is caller

    def test_an_id_that_is_used_again_begins_another_turn(self, turns: OpenTurns, closing: Closing) -> None:
        turns.begin(created(ASKING), None)
        found(turns, ASKING).below_root(active(), "root")
        turns.begin(created(ASKING), None)
        assert closing.closed == [ASKING.id]
        assert found(turns, ASKING).inside is None
        found(turns, ASKING).below_root(active(), "root")
        turns.end(turn_ended(ASKING.id))
        turns.begin(created(ASKING), None)
        assert found(turns, ASKING).inside is None

    def test_they_are_bounded_by_number(
        self, turns: OpenTurns, closing: Closing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(open_turns, "MAX_TURNS", 2)
        for number in range(4):
            run = replace(ASKING, id=f"resp_{number}", turn_id=f"resp_{number}")
            found(turns, run).below_root(active(), "root")
        assert closing.closed == ["resp_0", "resp_1"]
        late = found(turns, replace(ANSWERING, turn_id="resp_1"))
        assert (late.has_root, late.root) == (True, None), "what comes of a closed one is still below it"
        for number in (2, 3):
            turns.end(turn_ended(f"resp_{number}"))
        assert found(turns, replace(ANSWERING, turn_id="resp_1")).inside is None

    def test_what_is_open_at_the_end_is_closed(self, turns: OpenTurns, closing: Closing) -> None:
        found(turns, ASKING).below_root(active(), "root")
        found(turns, OPEN).below_app(active())
        turns.close_all()
        turns.close_all()
        assert closing.closed == [ASKING.id]

    def test_in_a_forked_child_they_are_the_parents(self, turns: OpenTurns, closing: Closing) -> None:
        found(turns, ASKING).below_root(active(), "root")
        turns.clear()
        assert turns.end(turn_ended(ASKING.id)) is None
        assert closing.closed == []


def completed(run: Run, call: ToolCall, **more: Any) -> ToolCallCompleted:
    return ToolCallCompleted(time=9, run_id=run.id, tool_call=call, **{"server_address": "one", **more})


class TestCalls:
    def test_a_call_is_given_out_once_with_its_run(self) -> None:
        calls, (call,) = OpenCalls(), OPEN.tool_calls
        calls.add(ended(OPEN, trace_id="trace_1"))
        kept = calls.take(completed(OPEN, call))
        assert kept is not None
        assert (kept.trace_id, kept.run.id, kept.run.steps) == ("trace_1", OPEN.id, OPEN.steps)
        assert (kept.run.input, kept.run.output, kept.run.status_history) == ((), (), ())
        assert kept.run.request == OPEN.request
        assert calls.take(completed(OPEN, call)) is None

    def test_each_of_several_calls_is_given_out(self) -> None:
        calls, (call,) = OpenCalls(), OPEN.tool_calls
        other = replace(call, id="call_2")
        both = replace(OPEN, steps=(replace(OPEN.steps[0], tool_calls=(call, other)),))
        calls.add(ended(both))
        assert calls.take(completed(OPEN, other)) is not None
        assert calls.take(completed(OPEN, call)) is not None

    def test_calls_that_are_in_their_run_are_not_late(self) -> None:
        calls = OpenCalls()
        calls.add(ended(ASKING))
        assert calls.take(completed(ASKING, ASKING.tool_calls[0])) is None
        assert calls.take(completed(OPEN, OPEN.tool_calls[0])) is None

    def test_assistants_and_what_is_published_again_have_none(self) -> None:
        calls, (call,) = OpenCalls(), OPEN.tool_calls
        calls.add(ended(replace(OPEN, one_generation=False)))
        calls.add(ended(replace(OPEN, background=True, finished=False)))
        assert calls.take(completed(OPEN, call)) is None

    def test_two_servers_may_count_alike(self) -> None:
        calls, (call,) = OpenCalls(), OPEN.tool_calls
        calls.add(ended(OPEN))
        assert calls.take(completed(OPEN, call, server_address="two")) is None

    def test_they_are_bounded_by_number_and_cleared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(open_calls, "MAX_RUNS", 2)
        calls, (call,) = OpenCalls(), OPEN.tool_calls
        runs = [replace(OPEN, id=f"resp_{number}", turn_id=f"resp_{number}") for number in range(3)]
        for run in runs:
            calls.add(ended(run))
        assert [calls.take(completed(run, call)) is None for run in runs] == [True, False, False]
        calls.add(ended(OPEN))
        calls.clear()
        assert calls.take(completed(OPEN, call)) is None
