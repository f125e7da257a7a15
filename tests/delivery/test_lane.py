from __future__ import annotations

import logging
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE, Collecting, Stuck, changed, ended
from threadtrail._guard import Guard
from threadtrail.delivery import lane as lane_module
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.status import LaneStatus
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.events import Event


def lane(hooks: ExporterHooks, guard: Guard | None = None, **options: Any) -> Lane:
    return Lane("x", hooks, guard=guard or Guard(), **{"queue_size": 10_000, **options})


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    exporter = Stuck("export")
    yield exporter
    exporter.release.set()


def add_up(status: LaneStatus) -> int:
    return status.delivered + status.failed + status.dropped + status.queued


def test_making_a_lane_starts_nothing() -> None:
    before = threading.active_count()
    made = lane(Collecting().hooks)
    assert threading.active_count() == before
    assert made.status() == LaneStatus()
    assert made.flush(0.0) is True
    assert threading.active_count() == before


def test_events_come_once_in_order_with_their_contexts_from_one_thread() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks)
    for number in range(5000):
        made.put(ended(number) if number % 7 == 0 else changed(number), number)
    assert made.flush(PATIENCE) is True
    assert [event.time for event in exporter.events] == exporter.contexts == list(range(5000))
    assert max(exporter.batches) <= 128
    (thread,) = exporter.threads
    assert (thread.name, thread.daemon) == ("threadtrail-x", True)
    assert made.status() == LaneStatus(delivered=5000)
    assert made.shutdown(PATIENCE) is True


def test_a_drained_lane_has_exported_everything_and_its_exporter_did_not_flush() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks, queue_size=10)
    for number in range(25):
        if number % 10 == 0:
            assert made.begin_drain(time.monotonic() + PATIENCE).wait() is True
        made.put(changed(number))
    assert made.begin_drain(time.monotonic() + PATIENCE).wait() is True
    assert made.status() == LaneStatus(delivered=25)
    assert set(exporter.calls) == {"export"}


def test_a_lane_that_cannot_be_drained_in_time(stuck: Stuck) -> None:
    made = lane(stuck.hooks)
    made.put(changed(1))
    assert made.begin_drain(time.monotonic()).wait() is False
    stuck.release.set()
    assert made.begin_drain(time.monotonic() + PATIENCE).wait() is True
    assert made.status() == LaneStatus(delivered=1)


def test_a_batch_cannot_be_changed_by_the_exporter() -> None:
    kinds: set[type] = set()

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        kinds.update({type(events), type(contexts)})

    made = lane(ExporterHooks(export=export))
    made.put(changed(1))
    assert made.flush(PATIENCE) is True
    assert kinds == {tuple}


def test_a_lone_event_needs_no_flush() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks)
    made.put(changed(1))
    assert exporter.wait_for(1) == [changed(1)]


def test_a_full_batch_does_not_wait_for_the_clock() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks, batch_size=8, batch_wait_seconds=3600.0)
    for number in range(8):
        made.put(changed(number))
    exporter.wait_for(8)
    assert exporter.batches == [8]


def test_a_queue_smaller_than_a_batch_does_not_overflow_while_waiting() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks, queue_size=4, batch_wait_seconds=3600.0)
    for number in range(4):
        made.put(changed(number))
    exporter.wait_for(4)
    assert made.status().dropped == 0


def test_a_worker_that_collects_is_not_woken_by_each_put() -> None:
    made = lane(Collecting().hooks, batch_wait_seconds=3600.0)
    made.put(changed(0))
    bell = made._state.bell
    ring, woken = bell.ring, []

    def spy() -> None:
        woken.append(1)
        ring()

    bell.ring = spy  # type: ignore[method-assign]  # a spy
    for number in range(126):
        made.put(changed(number))
    assert woken == []
    made.put(changed(127))
    assert woken == [1]


def test_an_exporter_that_raises_loses_its_batch_and_lives_on(caplog: pytest.LogCaptureFixture) -> None:
    got: list[Event] = []

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        if events[0].time < 3:
            raise (SystemExit, KeyboardInterrupt, ValueError)[events[0].time]("no backend")
        got.extend(events)

    made = lane(ExporterHooks(export=export))
    with caplog.at_level(logging.WARNING, "threadtrail"):
        for number in range(4):
            made.put(changed(number))
            made.flush(PATIENCE)
    assert got == [changed(3)]
    assert made.status() == LaneStatus(delivered=1, failed=3, last_error="ValueError: no backend")
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "exporter 'x', export: failed; events lost so far: 1 (SystemExit: no backend)"


def test_a_full_queue_keeps_the_ends_of_runs_and_counts(
    stuck: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    made = lane(stuck.hooks, queue_size=10, batch_size=1)
    made.put(changed(0))
    assert stuck.entered.wait(PATIENCE)
    for number in range(1, 8):
        made.put(ended(number))
    for number in range(8, 30):
        made.put(changed(number))
    assert made.status() == LaneStatus(queued=11, dropped=19)
    assert "queue: full, dropping events" in caplog.text
    assert len(caplog.records) == 1
    stuck.release.set()
    assert made.flush(PATIENCE) is False  # 19 were dropped
    assert [event.time for event in stuck.events] == [*range(8), 27, 28, 29]
    assert made.status() == LaneStatus(delivered=11, dropped=19)


def test_counters_add_up_at_any_moment() -> None:
    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        if events[0].time % 2:
            raise ValueError

    made = lane(ExporterHooks(export=export), queue_size=50, batch_size=7)
    put = [0] * 4
    wrong: list[tuple[int, LaneStatus, int]] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            before = sum(put)
            status = made.status()
            # A put under way is counted by the lane before the putting thread counts it.
            if not before <= add_up(status) <= sum(put) + len(put):
                wrong.append((before, status, sum(put)))

    def fill(index: int) -> None:
        for number in range(500):
            made.put(changed(number))
            put[index] += 1

    watcher = threading.Thread(target=watch)
    fillers = [threading.Thread(target=fill, args=(index,)) for index in range(len(put))]
    for thread in [watcher, *fillers]:
        thread.start()
    for thread in fillers:
        thread.join()
    done.set()
    watcher.join()
    assert wrong == []
    assert made.flush(PATIENCE) is False
    status = made.status()
    assert status.queued == 0
    assert add_up(status) == 2000


def test_flush_gives_up_at_its_deadline_and_can_be_asked_again(
    stuck: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    made = lane(stuck.hooks)
    made.put(changed(0))
    for _ in range(3):
        assert made.flush(0.01) is False
    assert not made._state.backlog.has_message  # what nobody waits for does not pile up
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == "exporter 'x', flush: timed out; events still queued: 1; events lost so far: 0"
    stuck.release.set()
    assert made.flush(PATIENCE) is True


@pytest.mark.parametrize(
    ("flush", "expected"),
    [(lambda timeout: None, True), (lambda timeout: True, True), (lambda timeout: False, False)],
)
def test_flush_answers_what_the_exporter_answers(flush: Any, expected: bool) -> None:
    made = lane(ExporterHooks(export=Collecting().export, flush=flush))
    made.put(changed(0))
    assert made.flush(PATIENCE) is expected


def test_flush_passes_the_time_that_is_left() -> None:
    given: list[float] = []

    def flush(timeout: float) -> None:
        given.append(timeout)

    made = lane(ExporterHooks(export=Collecting().export, flush=flush))
    made.put(changed(0))
    assert made.flush(PATIENCE) is True
    assert 0 < given[0] <= PATIENCE
    assert made.flush(float("inf")) is True


def test_a_flush_that_raises_is_false_and_the_lane_lives_on() -> None:
    def flush(timeout: float) -> None:
        sys.exit(3)

    exporter = Collecting()
    made = lane(ExporterHooks(export=exporter.export, flush=flush))
    made.put(changed(0))
    assert made.flush(PATIENCE) is False
    made.put(changed(1))
    exporter.wait_for(2)


def test_an_exporter_that_flushes_from_its_own_hook_does_not_wait_for_itself() -> None:
    answers: list[bool | None] = []

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        answers.append(made.begin_flush(time.monotonic() + PATIENCE).result)

    made = lane(ExporterHooks(export=export))
    made.put(changed(0))
    assert made.flush(PATIENCE) is True
    assert answers == [False]


@pytest.mark.parametrize("hook", ["export", "flush"])
def test_an_exporter_that_shuts_down_from_its_own_hook_does_not_wait_for_itself(hook: str) -> None:
    answers: list[bool] = []
    exporter = Collecting()

    def shut_down(**_arguments: object) -> None:
        if not answers:  # a shutdown flushes once more
            answers.append(made.shutdown(PATIENCE))

    made = lane(replace(exporter.hooks, **{hook: shut_down}))
    made.put(changed(0))
    assert made.flush(PATIENCE) is True
    assert made.shutdown(PATIENCE) is True
    assert answers == [False]
    assert exporter.calls[-1] == "shutdown"
    assert made.status() == LaneStatus(delivered=1)


def test_shutdown_delivers_the_rest_and_closes_once() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks)
    for number in range(300):
        made.put(changed(number))
    assert made.shutdown(PATIENCE) is True
    assert made.shutdown(PATIENCE) is True
    assert made.flush(PATIENCE) is True
    made.put(changed(300))
    assert len(exporter.events) == 300
    assert exporter.calls[-2:] == ["flush", "shutdown"]
    assert exporter.calls.count("shutdown") == 1
    assert made.status() == LaneStatus(delivered=300, dropped=1)
    (thread,) = exporter.threads
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_an_unused_exporter_is_closed_too() -> None:
    exporter = Collecting()
    assert lane(exporter.hooks).shutdown(PATIENCE) is True
    assert exporter.calls == ["flush", "shutdown"]


def test_shutdown_of_a_stuck_exporter_gives_up_and_counts(
    stuck: Stuck, caplog: pytest.LogCaptureFixture
) -> None:
    made = lane(stuck.hooks, batch_size=1)
    for number in range(5):
        made.put(changed(number))
    assert stuck.entered.wait(PATIENCE)
    assert made.shutdown(0.01) is False
    assert made.status() == LaneStatus(dropped=5)
    assert made.shutdown(0.01) is False
    assert made.flush(0.01) is False
    line = caplog.records[0].getMessage()
    assert line == "exporter 'x', shutdown: timed out; events lost so far: 5"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, LaneStatus(delivered=1, dropped=4)),
        (ValueError("no"), LaneStatus(failed=1, dropped=4, last_error="ValueError: no")),
    ],
)
def test_what_comes_back_from_an_exporter_that_was_given_up_is_counted_anew(
    error: Exception | None, expected: LaneStatus
) -> None:
    entered, release, closed = (threading.Event() for _ in range(3))

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        entered.set()
        assert release.wait(PATIENCE)
        if error is not None:
            raise error

    made = lane(ExporterHooks(export=export, shutdown=lambda timeout: closed.set()), batch_size=1)
    for number in range(5):
        made.put(changed(number))
    assert entered.wait(PATIENCE)
    assert made.shutdown(0.01) is False
    assert made.status() == LaneStatus(dropped=5)
    release.set()
    assert closed.wait(PATIENCE)
    assert made.status() == expected


@pytest.mark.parametrize(("lost", "counted"), [(1, 1), (3, 3), (99, 5)])
def test_an_exporter_says_how_many_of_a_batch_were_lost(lost: int, counted: int) -> None:
    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        raise threadtrail.EventsLostError("some are too large", lost=lost)

    made = lane(ExporterHooks(export=export), batch_size=5, batch_wait_seconds=3600.0)
    for number in range(5):
        made.put(changed(number))
    assert made.flush(PATIENCE) is False
    assert made.status() == LaneStatus(
        delivered=5 - counted, failed=counted, last_error="EventsLostError: some are too large"
    )
    assert made.flush(PATIENCE) is True


class WithoutNumberError(threadtrail.EventsLostError):
    def __init__(self, problem: str, lost: object = None) -> None:
        Exception.__init__(self, problem)


@pytest.mark.parametrize("error", [threadtrail.EventsLostError, WithoutNumberError])
@pytest.mark.parametrize("lost", ["x", None, 2.5, 0, -3])
def test_a_number_that_makes_no_sense_counts_as_the_whole_batch(
    error: type[threadtrail.EventsLostError], lost: Any, caplog: pytest.LogCaptureFixture
) -> None:
    got: list[Event] = []

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        if events[0].time < 5:
            raise error("some are too large", lost=lost)
        got.extend(events)

    made = lane(ExporterHooks(export=export), batch_size=5, batch_wait_seconds=3600.0)
    for number in range(5):
        made.put(changed(number))
    assert made.flush(PATIENCE) is False
    made.put(changed(5))
    assert made.flush(PATIENCE) is True
    assert got == [changed(5)], "the worker lives on"
    assert made.status() == LaneStatus(
        delivered=1, failed=5, last_error=f"{error.__name__}: some are too large"
    )
    (line,) = [record.getMessage() for record in caplog.records]
    shown = None if error is WithoutNumberError else lost
    assert line == (
        f"exporter 'x', export: failed; EventsLostError has lost={shown!r}, which must be a whole number, "
        f"1 or more, so the whole batch counts as lost; events lost so far: 5 ({error.__name__}: some are "
        "too large)"
    )


def test_the_shutdown_says_what_was_lost_since_the_log_said_so_last(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        raise ValueError

    made = lane(ExporterHooks(export=export), batch_size=1)
    for number in range(7):
        made.put(changed(number))
        made.flush(PATIENCE)
    made.shutdown(PATIENCE)
    assert [record.getMessage() for record in caplog.records] == [
        "exporter 'x', export: failed; events lost so far: 1 (ValueError)",
        "exporter 'x', shutdown: done; events lost so far: 7",
    ]


@pytest.mark.parametrize("where", ["flush", "shutdown"])
def test_a_hook_that_hangs_at_the_end_is_given_up(where: str) -> None:
    exporter = Stuck(where)
    made = lane(exporter.hooks)
    made.put(changed(0))
    wait_until(lambda: made.status().delivered == 1)
    assert made.shutdown(0.05) is False
    assert made.status() == LaneStatus(delivered=1)
    exporter.release.set()


def test_a_flush_during_the_shutdown_gets_its_answer() -> None:
    exporter = Stuck("shutdown")
    made = lane(exporter.hooks)
    made.put(changed(0))
    closing = made.begin_shutdown(time.monotonic() + PATIENCE)
    assert exporter.entered.wait(PATIENCE)
    flushing = made.begin_flush(time.monotonic() + PATIENCE)
    exporter.release.set()
    assert flushing.wait() is True
    assert closing.wait() is True


def test_a_worker_that_could_not_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(worker: object, name: str) -> threading.Thread:
        raise RuntimeError("can't start new thread")

    exporter = Collecting()
    made = lane(exporter.hooks)
    with monkeypatch.context() as patch:
        patch.setattr(lane_module, "start_thread", refuse)
        made.put(changed(0))
    made.put(changed(1))
    assert exporter.wait_for(2) == [changed(0), changed(1)]


def test_a_log_handler_may_come_back_into_the_lane() -> None:
    made = lane(Stuck().hooks, queue_size=1, batch_size=1)
    made.shutdown(PATIENCE)

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            made.status()
            made.put(changed(99))

    handler = Handler()
    logger = logging.getLogger("threadtrail")
    logger.addHandler(handler)
    try:
        made.put(changed(0))
    finally:
        logger.removeHandler(handler)
    assert made.status().dropped == 2


def test_events_that_come_together_and_fill_a_batch_are_not_waited_with() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks, batch_size=10, batch_wait_seconds=10 * PATIENCE)
    made.put(changed(0))
    made.put_all([(changed(number), None, 1) for number in range(1, 25)])
    assert [event.time for event in exporter.wait_for(20)[:20]] == list(range(20))
    assert made.flush(PATIENCE) is True
    assert [event.time for event in exporter.events] == list(range(25))


def test_events_that_come_together_after_the_shutdown_all_count_as_dropped() -> None:
    made = lane(Collecting().hooks)
    assert made.shutdown(PATIENCE) is True
    made.put_all([(changed(number), None, 1) for number in range(3)])
    assert made.status() == LaneStatus(dropped=3)
