"""If no thread can be started, as while the interpreter exits, the main thread delivers while it waits."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from delivery.support import PATIENCE, Collecting, changed
from threadtrail._guard import Guard
from threadtrail.delivery import alarm
from threadtrail.delivery import lane as lane_module
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.status import LaneStatus

if TYPE_CHECKING:
    from collections.abc import Iterator


def lane(hooks: ExporterHooks, name: str = "x", **options: Any) -> Lane:
    return Lane(name, hooks, guard=Guard(), **{"queue_size": 10_000, **options})


def hang(*args: object, **kwargs: object) -> None:
    threading.Event().wait()


@pytest.fixture(autouse=True)
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(worker: object, name: str) -> threading.Thread:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(lane_module, "start_thread", refuse)


@pytest.fixture(autouse=True)
def alarms_of_the_app() -> Iterator[list[int]]:
    """The app has a handler and a timer of its own; they are as they were afterwards."""
    rang: list[int] = []

    def handler(number: int, _frame: object) -> None:
        rang.append(number)

    former = signal.signal(signal.SIGALRM, handler)
    running = signal.setitimer(signal.ITIMER_REAL, 3600.0, 60.0)
    yield rang
    assert signal.getsignal(signal.SIGALRM) is handler
    left, interval = signal.setitimer(signal.ITIMER_REAL, *running)
    signal.signal(signal.SIGALRM, former)
    assert 3000 < left <= 3600
    assert interval == 60.0
    assert rang == []


def in_a_thread(function: Any) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(function()))
    thread.start()
    thread.join(PATIENCE)
    return answers[0]


def test_the_main_thread_delivers_while_it_waits_for_a_flush() -> None:
    exporter = Collecting()
    made = lane(exporter.hooks)
    for number in range(300):
        made.put(changed(number))
    assert made.status() == LaneStatus(queued=300)
    assert made.flush(PATIENCE) is True
    assert [event.time for event in exporter.events] == list(range(300))
    assert exporter.threads == {threading.main_thread()}
    made.put(changed(300))
    assert made.shutdown(PATIENCE) is True
    assert made.status() == LaneStatus(delivered=301)
    assert exporter.calls[-2:] == ["flush", "shutdown"]


def test_another_thread_keeps_them_for_the_exit(caplog: pytest.LogCaptureFixture) -> None:
    """It could not be interrupted at its deadline, so it does not begin."""
    exporter = Collecting()
    made = lane(exporter.hooks, "alone")
    made.put(changed(0))
    assert in_a_thread(lambda: made.flush(PATIENCE)) is False
    assert made.status() == LaneStatus(queued=1)
    assert made.shutdown(PATIENCE) is True
    assert made.status() == LaneStatus(delivered=1)
    (line,) = caplog.messages
    assert line.startswith(
        "exporter 'alone', worker: cannot start a thread; events wait for the exit of the process; "
    )
    assert "lost so far: 0 (RuntimeError: can't create new thread at interpreter shutdown)" in line


def test_a_shutdown_in_another_thread_counts_them_as_dropped(caplog: pytest.LogCaptureFixture) -> None:
    exporter = Collecting()
    made = lane(exporter.hooks, "alone")
    for number in range(3):
        made.put(changed(number))
    assert in_a_thread(lambda: made.shutdown(PATIENCE)) is False
    assert made.status() == LaneStatus(dropped=3)
    assert [line.split(":")[0] for line in caplog.messages] == [
        "exporter 'alone', worker",
        "exporter 'alone', shutdown",
    ]
    assert lane(exporter.hooks, "alone").shutdown(PATIENCE) is True  # nothing was lost
    assert len(caplog.messages) == 2


def test_an_export_that_hangs_is_interrupted() -> None:
    """Also if it catches exceptions and tries again; the batches after it are not tried any more."""
    calls = []

    def export(events: Any, contexts: Any) -> None:
        calls.append(len(events))
        while True:
            with contextlib.suppress(Exception):
                hang()

    made = lane(ExporterHooks(export=export))
    for number in range(300):
        made.put(changed(number))
    assert made.shutdown(1.0) is False
    assert calls == [128]
    assert made.status() == LaneStatus(
        failed=128, dropped=172, last_error="OutOfTimeError: the time for the exit of the process is over"
    )


@pytest.mark.parametrize("hook", ["flush", "shutdown"])
def test_any_hook_that_hangs_is_interrupted(hook: str) -> None:
    exporter = Collecting()
    made = lane(ExporterHooks(**{"export": exporter.export, hook: hang}))
    made.put(changed(0))
    assert made.shutdown(1.0) is False
    assert made.status() == LaneStatus(delivered=1)


def test_a_flush_that_runs_out_of_time_keeps_what_was_not_tried() -> None:
    made = lane(ExporterHooks(export=hang), batch_size=1)
    made.put(changed(0))
    made.put(changed(1))
    assert made.flush(1.0) is False
    assert (made.status().failed, made.status().queued) == (1, 1)
    assert made.shutdown(0.1) is False


def test_an_exporter_that_hangs_leaves_time_to_the_others() -> None:
    exporters = [Collecting(), Collecting()]
    lanes = [lane(ExporterHooks(export=hang), "hangs"), *(lane(each.hooks) for each in exporters)]
    delivery = Delivery(lanes, guard=Guard())
    delivery.publish(changed(0))
    assert delivery.shutdown(2.0) is False
    assert [each.events for each in exporters] == [[changed(0)]] * 2


def test_an_exporter_that_flushes_from_its_own_hook_does_not_wait_for_itself() -> None:
    answers: list[bool] = []
    made = lane(ExporterHooks(export=lambda events, contexts: answers.append(made.flush(PATIENCE))))
    made.put(changed(0))
    assert made.flush(PATIENCE) is True
    assert answers == [False]


def test_a_timer_of_the_app_that_was_due_goes_off_late(alarms_of_the_app: list[int]) -> None:
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    rang = threading.Event()

    def handler(_number: int, _frame: object) -> None:
        rang.set()

    former = signal.signal(signal.SIGALRM, handler)
    until = time.monotonic() + 0.05
    alarm.call_until(time.monotonic() + PATIENCE, lambda: wait_until(until))
    try:
        assert rang.wait(PATIENCE)
    finally:
        signal.signal(signal.SIGALRM, former)
        signal.setitimer(signal.ITIMER_REAL, 3600.0, 60.0)


def wait_until(moment: float) -> None:
    """Wait for the clock, which is the only thing that this can wait for."""
    threading.Event().wait(moment - time.monotonic())
