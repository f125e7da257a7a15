from __future__ import annotations

import random

from delivery.support import changed, ended
from threadtrail.delivery.backlog import Backlog
from threadtrail.events import RunEnded


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
