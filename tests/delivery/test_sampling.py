from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from delivery.support import changed, ended
from threadtrail.delivery import sampling
from threadtrail.delivery.sampling import DETAILS_HELD_PER_TURN, TURNS_HELD, Sampler
from threadtrail.events import (
    AssistantDeleted,
    Event,
    Failure,
    RequestFailed,
    Run,
    RunCreated,
    RunEnded,
    Step,
    ToolCall,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.turn import turn_of
from threadtrail.values import Carried

if TYPE_CHECKING:
    from collections.abc import Iterable


def admit(sampler: Sampler, events: Iterable[Event]) -> list[Event]:
    admitted = []
    for event in events:
        for passed, contexts in sampler.admit(event, {"x": event.time}):
            assert contexts == {"x": passed.time}  # each with its own, also when it was held
            admitted.append(passed)
    return admitted


def started(trace_id: str, parent: str | None = None, time: int = 0) -> TraceStarted:
    return TraceStarted(time=time, name="t", trace_id=trace_id, parent_trace_id=parent)


def left(trace_id: str, parent: str | None = None, *, error: bool = False) -> TraceEnded:
    return TraceEnded(
        time=99,
        name="t",
        trace_id=trace_id,
        parent_trace_id=parent,
        started_at=0,
        error=Failure(type="ValueError") if error else None,
    )


def request_failed(run_id: str | None = None, trace_id: str | None = None) -> RequestFailed:
    return RequestFailed(
        time=50,
        operation="threads.runs.retrieve",
        error=Failure(type="rate_limit"),
        run_id=run_id,
        trace_id=trace_id,
        started_at=1,
    )


def run(run_id: str, status: str = "completed", trace_id: str | None = None) -> list[Event]:
    return [
        changed(1, run_id, trace_id),
        changed(2, run_id, trace_id),
        ended(3, run_id, status, trace_id),
    ]


def test_with_rate_one_everything_passes() -> None:
    events = [started("t"), *run("r", trace_id="t"), left("t"), *run("s", "failed")]
    assert admit(Sampler(1.0), events) == events


def test_runs_are_chosen_whole_and_in_every_process_alike() -> None:
    kept = set()
    for number in range(1000):
        events = run(f"run_{number}")
        admitted = admit(Sampler(0.25), events)
        assert admitted in (events, [])
        assert admit(Sampler(0.25), events) == admitted
        kept |= {number} if admitted else set()
    assert 200 < len(kept) < 300
    assert all(admit(Sampler(0.5), run(f"run_{number}")) for number in kept)


@pytest.mark.parametrize("status", ["failed", "expired"])
def test_a_failed_run_is_released_whole_and_in_order(status: str) -> None:
    sampler = Sampler(0.0)
    assert admit(sampler, run("a")[:2]) == []
    assert admit(sampler, run("b", status)) == run("b", status)
    assert admit(sampler, run("a")[2:]) == []
    assert len(sampler._turns._by_id) == 0


def test_a_run_with_a_failed_request_is_kept() -> None:
    events = [changed(1), request_failed("run_1"), changed(2), ended(3)]
    assert admit(Sampler(0.0), events) == events


def test_events_of_no_run_pass() -> None:
    events: list[Event] = [AssistantDeleted(time=1, assistant_id="a"), request_failed()]
    assert admit(Sampler(0.0), events) == events


def test_a_group_is_chosen_as_one() -> None:
    chosen = 0
    for number in range(200):
        trace = f"trace_{number}"
        events = [
            started(trace),
            *run(f"a{number}", trace_id=trace),
            started(f"{trace}/inner", trace),
            *run(f"b{number}", trace_id=f"{trace}/inner"),
            left(f"{trace}/inner", trace),
            left(trace),
        ]
        sampler = Sampler(0.5)
        admitted = admit(sampler, events)
        assert admitted in (events, [])
        chosen += bool(admitted)
        assert len(sampler._traces._by_id) == 0
    assert 70 < chosen < 130


def test_a_trace_passes_with_the_run_that_failed_in_it_only() -> None:
    start, inner, end_inner, end = started("t"), started("i", "t"), left("i", "t"), left("t")
    good, bad = run("good", trace_id="t"), run("bad", "failed", trace_id="i")
    assert admit(Sampler(0.0), [start, *good, inner, *bad, end_inner, end]) == [
        start,
        inner,
        *bad,
        end_inner,
        end,
    ]
    assert admit(Sampler(0.0), [start, *good, end]) == []


def test_a_trace_left_by_an_exception_passes() -> None:
    assert admit(Sampler(0.0), [started("t"), left("t", error=True)]) == [
        started("t"),
        left("t", error=True),
    ]


def test_a_failed_request_in_a_trace_passes_after_its_start() -> None:
    events = [started("t"), request_failed(trace_id="t"), left("t")]
    assert admit(Sampler(0.0), events) == events


def test_what_is_held_is_bounded() -> None:
    sampler = Sampler(0.0)
    many = [changed(number) for number in range(DETAILS_HELD_PER_TURN + 50)]
    assert admit(sampler, [*many, ended(999, status="failed")]) == [
        *many[:DETAILS_HELD_PER_TURN],
        ended(999, status="failed"),
    ]
    for number in range(TURNS_HELD + 10):
        assert admit(sampler, [changed(1, f"run_{number}")]) == []
    assert len(sampler._turns._by_id) == TURNS_HELD
    assert admit(sampler, [ended(2, "run_0", "failed")]) == [ended(2, "run_0", "failed")]


def test_a_forked_child_does_not_release_what_the_parent_held() -> None:
    sampler = Sampler(0.0)
    assert admit(sampler, run("a")[:2]) == []
    with sampler._lock:  # another thread of the parent held it
        sampler.after_fork_in_child()
        assert admit(sampler, [ended(3, "a", "failed")]) == [ended(3, "a", "failed")]


def test_what_is_held_is_bounded_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "BYTES_HELD", 10_000)
    sampler = Sampler(0.0)
    for number in range(100):
        assert admit(sampler, [changed(1, f"run_{number}"), changed(2, f"run_{number}")]) == []
    assert sampler._turns._bytes <= 10_000
    assert len(admit(sampler, [ended(3, "run_99", "failed")])) == 3
    assert len(admit(sampler, [ended(3, "run_0", "failed")])) == 1, "its details were dropped first"
    for number in range(100):
        admit(sampler, [ended(3, f"run_{number}")])
    assert sampler._turns._bytes == 0


def test_what_is_dropped_for_lack_of_room_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "BYTES_HELD", 100_000)
    sampler = Sampler(0.0)
    events = [event for number in range(300) for event in run(f"run_{number}")[:-1]]
    assert admit(sampler, events) == []
    assert 100 < sampler.dropped < len(events)


def tool_loop(turn_id: str, last_status: str = "completed") -> list[Event]:
    """The events of a turn of two runs: one asks for a call, the next one brings its output."""
    call = ToolCall(id="call_1", kind="function", name="look_up", output="x", ended_at=3)
    asking = Run(
        id=turn_id,
        turn_id=turn_id,
        status="completed",
        steps=(Step(id="item_1", kind="function_call", tool_calls=(call,)),),
    )
    error = Failure(type="server_error") if last_status == "failed" else None
    answering = Run(id=f"{turn_id}/2", turn_id=turn_id, status=last_status, error=error, finished=True)
    return [
        RunCreated(time=1, run_id=asking.id, turn_id=turn_id, type="response.created"),
        changed(2, asking.id),
        RunEnded(time=3, run=asking),
        RunCreated(time=4, run_id=answering.id, turn_id=turn_id, type="response.created"),
        changed(5, answering.id),
        RunEnded(time=6, run=answering),
        TurnEnded(time=7, turn=turn_of([asking, answering], finished=True)),
    ]


def test_a_turn_is_chosen_whole() -> None:
    chosen = 0
    for number in range(200):
        sampler, events = Sampler(0.5), tool_loop(f"resp_{number}")
        admitted = admit(sampler, events)
        assert admitted in (events, [])
        chosen += bool(admitted)
        assert len(sampler._turns._by_id) == 0
    assert 70 < chosen < 130


def test_a_failed_run_releases_all_of_its_turn() -> None:
    sampler, events = Sampler(0.0), tool_loop("resp_1", "failed")
    assert admit(sampler, events[:5]) == []
    assert admit(sampler, events[5:]) == events
    assert len(sampler._turns._by_id) == 0


def test_a_run_that_goes_on_after_a_failed_request_is_kept_with_all_of_its_turn() -> None:
    events = tool_loop("resp_1")
    events.insert(3, request_failed("resp_1"))
    assert admit(Sampler(0.0), events) == events


def test_the_end_of_a_run_is_held_with_however_many_details() -> None:
    events = tool_loop("resp_1", "failed")
    many = [changed(number, "resp_1") for number in range(DETAILS_HELD_PER_TURN + 50)]
    admitted = admit(Sampler(0.0), [events[0], *many, *events[2:]])
    assert len(admitted) == DETAILS_HELD_PER_TURN + 3
    assert [type(event) for event in admitted[-3:]] == [RunEnded, RunEnded, TurnEnded]


def test_runs_of_one_id_at_two_servers_are_held_apart() -> None:
    sampler = Sampler(0.0)
    one = [replace(event, server_address="one.example") for event in run("run_1", "failed")]
    two = [replace(event, server_address="two.example") for event in run("run_1")]
    assert admit(sampler, [one[0], two[0]]) == []
    assert admit(sampler, two[1:]) == []
    assert admit(sampler, one[1:]) == one


def test_every_process_makes_the_same_choice_for_a_trace_that_goes_on_elsewhere() -> None:
    chosen = set()
    for number in range(40):
        outermost, inner = f"{number:032x}", f"{number + 100:032x}"
        carried = Carried(trace_id=inner, outermost_trace_id=outermost)
        within = [started(outermost), started(inner, outermost), *run("run_1", trace_id=inner)]
        here = [each for each in admit(Sampler(0.5), within) if isinstance(each, RunEnded)]
        goes_on = [
            replace(started("local", inner), carried=carried),
            *[replace(each, carried=carried) for each in run("run_2", trace_id=inner)],
            *[replace(each, carried=carried) for each in run("run_3", trace_id="local")],
        ]
        there = [each for each in admit(Sampler(0.5), goes_on) if isinstance(each, RunEnded)]
        assert len(there) == 2 * len(here)
        chosen.add(len(here))
    assert chosen == {0, 1}
