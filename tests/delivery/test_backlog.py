from __future__ import annotations

import random

from delivery.support import PATIENCE, Stuck, changed, ended
from threadtrail._guard import Guard
from threadtrail.delivery.backlog import Backlog
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.sizes import size_of
from threadtrail.events import MessageCreated, RunCreated, RunEnded
from threadtrail.values import Message, Run, RunRequest, Step, TextPart, ToolCall


def times(backlog: Backlog[str], limit: int = 1000) -> list[int]:
    return [event.time for event in backlog.take(limit)[0]]


def test_keeps_the_order_of_details_and_ends() -> None:
    backlog: Backlog[str] = Backlog(100)
    for number in range(100):
        backlog.add(ended(number) if number % 3 == 0 else changed(number), number)
    events, contexts = backlog.take(60)
    assert [event.time for event in events] == contexts == list(range(60))
    assert times(backlog) == list(range(60, 100))
    assert not backlog


def test_a_full_queue_drops_the_oldest_detail_before_any_end() -> None:
    backlog: Backlog[str] = Backlog(4)
    dropped = sum(
        backlog.add(event, None)
        for event in [ended(0), changed(1), changed(2), ended(3), changed(4), ended(5)]
    )
    assert dropped == 2
    assert times(backlog) == [0, 3, 4, 5]


def test_full_of_ends_it_drops_a_new_detail_and_the_oldest_end() -> None:
    backlog: Backlog[str] = Backlog(2)
    backlog.add(ended(0), None)
    backlog.add(ended(1), None)
    assert backlog.add(changed(2), None) == 1
    assert backlog.add(ended(3), None) == 1
    assert times(backlog) == [1, 3]


def test_a_message_waits_for_the_events_before_it_only() -> None:
    backlog: Backlog[str] = Backlog(10)
    backlog.add(changed(0), None)
    backlog.add_message("first")
    backlog.add(ended(1), None)
    backlog.add_message("second")
    assert backlog.take_message() is None
    assert times(backlog) == [0]
    assert times(backlog) == []
    assert backlog.take_message() == "first"
    assert backlog.take_message() is None
    assert times(backlog) == [1]
    backlog.remove_message("second")
    assert not backlog.has_message


def test_nothing_is_lost_or_moved_whatever_the_mixture() -> None:
    chance = random.Random(7)  # noqa: S311 - a fixed sequence
    for _ in range(200):
        size = chance.randint(1, 12)
        backlog: Backlog[str] = Backlog(size)
        put = dropped = 0
        taken: list[int] = []
        ends_put: list[int] = []
        for number in range(60):
            action = chance.random()
            if action < 0.2:
                taken += times(backlog, chance.randint(1, 5))
                continue
            event = ended(number) if action < 0.4 else changed(number)
            ends_put += [number] * isinstance(event, RunEnded)
            put += 1
            dropped += backlog.add(event, None)
            assert len(backlog) <= size
        taken += times(backlog)
        assert put == len(taken) + dropped
        assert taken == sorted(set(taken))
        if len(ends_put) <= size:
            assert set(ends_put) <= set(taken)


def test_too_many_bytes_drop_the_oldest_details_and_only_then_ends() -> None:
    backlog: Backlog[str] = Backlog(100, max_bytes=1_000)
    dropped = sum(
        backlog.add(event, None, size)
        for event, size in [(ended(0), 300), (changed(1), 200), (changed(2), 200), (changed(3), 200)]
    )
    assert dropped == 0
    assert backlog.add(ended(4), None, 600) == 3
    assert times(backlog) == [0, 4]
    assert backlog.add(ended(5), None, 900) == 0, "there is room again"
    assert backlog.add(changed(6), None, 200) == 1, "no end gives way to a detail"
    assert backlog.add(ended(7), None, 200) == 1, "but the oldest end to a new one"
    assert times(backlog) == [7]


def test_an_event_that_is_larger_than_the_bound_is_kept_alone() -> None:
    backlog: Backlog[str] = Backlog(100, max_bytes=1_000)
    assert backlog.add(changed(1), None, 5_000) == 0
    assert backlog.add(changed(2), None, 5_000) == 1
    assert times(backlog) == [2]
    backlog.add(changed(3), None, 900)
    assert backlog.clear_events() == 1
    assert backlog.add(changed(4), None, 900) == 0


def test_the_size_of_an_event_is_that_of_its_texts() -> None:
    assert size_of(changed(1)) < 1_500
    text = "x" * 100_000
    message = Message(id="msg_1", role="user", parts=(TextPart(text=text),))
    assert 100_000 < size_of(MessageCreated(time=1, type="t", message=message)) < 102_000
    call = ToolCall(id="call_1", kind="function", name="f", arguments=text, output=text)
    step = Step(id="step_1", kind="tool_calls", tool_calls=(call, call))
    run = Run(id="run_1", status="completed", finished=True, input=(message,), steps=(step,))
    assert 500_000 < size_of(RunEnded(time=1, run=run)) < 510_000
    tool = {"function": {"parameters": {"a": [text, {"b": text}]}}}
    asked = RunCreated(time=1, type="t", run_id="run_1", request=RunRequest(tools=(tool,)))
    assert 200_000 < size_of(asked) < 204_000


def test_a_lane_whose_exporter_hangs_is_bounded_by_size() -> None:
    stuck = Stuck("export")
    guard = Guard()
    lane = Lane("x", stuck.hooks, queue_size=100_000, batch_size=1, guard=guard)
    lane._state.backlog._max_bytes = 1_000_000
    delivery = Delivery([lane], guard=guard)
    message = Message(id="msg_1", role="user", parts=(TextPart(text="x" * 100_000),))
    delivery.publish(changed(0))
    assert stuck.entered.wait(PATIENCE)
    for number in range(50):
        delivery.publish(MessageCreated(time=number, type="t", message=message))
    assert lane.status().queued == 10
    assert lane.status().dropped == 41
    stuck.release.set()
    assert not lane.flush(PATIENCE)
    assert [event.time for event in stuck.events] == [0, *range(41, 50)]
