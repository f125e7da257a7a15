"""What was read at once is handed to the exporters at once: in order, all of it, and never too much."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail._guard import Guard
from threadtrail.config.settings import Settings
from threadtrail.context import Scope
from threadtrail.recording.interpreter import Interpreter
from threadtrail.recording.loop import Request
from threadtrail.recording.observation import GroupEnded, GroupStarted
from threadtrail.recording.recorder import PUBLISHED_AT_ONCE, Recorder
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.events import Event


class Deliveries:
    """Keeps the events of each hand-over, by their times, in place of a ``Delivery``."""

    def __init__(self) -> None:
        self.times: list[list[int]] = []

    def publish_all(self, published: Sequence[tuple[Event, Mapping[str, object] | None]]) -> None:
        self.times.append([event.time for event, _contexts in published])


def started() -> tuple[Recorder, Deliveries]:
    deliveries: Any = Deliveries()
    return Recorder(Settings(), deliveries, Guard(), SOURCES), deliveries


def enter(recorder: Recorder, time: int) -> None:
    recorder.take(GroupStarted(time, f"t{time}", "a trace", None, Scope()), 1.0)


def test_what_was_read_is_handed_over_with_the_next_look_at_the_clock() -> None:
    recorder, deliveries = started()
    for time in (1, 2, 3):
        enter(recorder, time)
    assert deliveries.times == []
    recorder.tick(1.0)
    assert deliveries.times == [[1, 2, 3]]
    recorder.tick(1.0)
    assert deliveries.times == [[1, 2, 3]]


def test_a_request_is_answered_after_what_was_read_before_it_is_handed_over() -> None:
    recorder, deliveries = started()
    seen_then: list[list[int]] = []
    enter(recorder, 1)
    recorder.take(GroupEnded(2, "t1"), 1.0)
    recorder.answer(Request("settle", then=lambda: seen_then.extend(deliveries.times)))
    assert seen_then == [[1, 2]]


def test_never_more_than_so_many_are_kept() -> None:
    recorder, deliveries = started()
    for time in range(2 * PUBLISHED_AT_ONCE + 1):
        enter(recorder, time)
    assert [len(times) for times in deliveries.times] == [PUBLISHED_AT_ONCE] * 2
    recorder.tick(1.0)
    assert [*chain.from_iterable(deliveries.times)] == list(range(2 * PUBLISHED_AT_ONCE + 1))


def test_what_was_published_before_an_error_is_handed_over_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_self: Interpreter, _time: int) -> None:
        raise RuntimeError

    recorder, deliveries = started()
    enter(recorder, 1)
    monkeypatch.setattr(Interpreter, "end_all", broken)
    with pytest.raises(RuntimeError):
        recorder.answer(Request("end"))
    assert deliveries.times == [[1]]
