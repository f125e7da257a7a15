from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from delivery.support import PATIENCE, Collecting, Stuck, changed, ended
from threadtrail._guard import Guard
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane
from threadtrail.delivery.processors import build_processors
from threadtrail.delivery.sampling import Sampler
from threadtrail.delivery.status import LaneStatus
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event


def deliver(hooks: dict[str, ExporterHooks], **options: Any) -> Delivery:
    guard = Guard()
    lanes = [Lane(name, each, queue_size=1000, guard=guard) for name, each in hooks.items()]
    return Delivery(lanes, guard=guard, **options)


def test_one_that_works_is_not_hurt_by_one_that_raises_and_one_that_hangs() -> None:
    good, stuck = Collecting(), Stuck("export")

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        raise RuntimeError("no backend")

    delivery = deliver({"bad": ExporterHooks(export=export), "stuck": stuck.hooks, "good": good.hooks})
    published = [ended(number) if number % 5 == 0 else changed(number) for number in range(500)]
    for event in published:
        delivery.publish(event)
    assert good.wait_for(500) == published
    assert delivery.flush(0.05) is False
    wait_until(lambda: delivery.status()["good"] == LaneStatus(delivered=500))
    status = delivery.status()
    assert status["bad"].failed + status["bad"].queued == 500
    assert status["stuck"].queued == 500
    assert delivery.shutdown(0.05) is False
    wait_until(lambda: good.calls[-1] == "shutdown")
    stuck.release.set()


def test_all_lanes_share_one_deadline() -> None:
    stuck = [Stuck("export") for _ in range(100)]
    delivery = deliver({f"x{number}": each.hooks for number, each in enumerate(stuck)})
    delivery.publish(changed(1))
    begun = time.monotonic()
    assert delivery.shutdown(0.6) is False
    assert time.monotonic() - begun < 0.6 * len(stuck)  # far more than once the deadline, on any machine
    assert all(status.queued + status.dropped == 1 for status in delivery.status().values())
    for each in stuck:
        each.release.set()


def test_one_that_is_late_does_not_hide_another() -> None:
    stuck = [Stuck("export"), Stuck("export")]
    delivery = deliver({f"x{number}": each.hooks for number, each in enumerate(stuck)})
    delivery.publish(changed(1))
    for each in stuck:
        assert each.entered.wait(PATIENCE)
    assert delivery.flush(0.01) is False
    assert delivery._guard.counts == {"exporter 'x0', flush": 1, "exporter 'x1', flush": 1}
    delivery.publish(changed(2))
    assert delivery.shutdown(0.01) is False
    assert [status.dropped for status in delivery.status().values()] == [2, 2]
    for each in stuck:
        each.release.set()


def test_processors_run_once_for_all_exporters_and_contexts_go_home() -> None:
    first, second, seen = Collecting(), Collecting(), []

    def note(event: Event) -> Event | None:
        seen.append(event)
        return None if event.time == 2 else event

    delivery = deliver({"first": first.hooks, "second": second.hooks}, processors=[note])
    delivery.publish(changed(1), {"first": "f", "second": "s", "gone": "g"})
    delivery.publish(changed(2), {"first": "f"})
    delivery.publish(changed(3))
    assert delivery.flush(PATIENCE) is True
    assert seen == [changed(1), changed(2), changed(3)]
    assert (first.contexts, second.contexts) == (["f", None], ["s", None])
    assert first.events == second.events == [changed(1), changed(3)]
    assert first.events[0] is second.events[0]


def test_events_that_are_published_together_are_delivered_as_one_by_one() -> None:
    first, second = Collecting(), Collecting()

    def without_the_second(event: Event) -> Event | None:
        return None if event.time == 2 else event

    delivery = deliver({"first": first.hooks, "second": second.hooks}, processors=[without_the_second])
    delivery.publish_all([(changed(1), {"first": "f"}), (changed(2), None), (ended(3), {"second": "s"})])
    delivery.publish_all([])
    assert delivery.flush(PATIENCE) is True
    assert first.events == second.events == [changed(1), ended(3)]
    assert (first.contexts, second.contexts) == (["f", None], [None, "s"])


def test_what_cannot_be_processed_is_not_delivered() -> None:
    exporter, guard = Collecting(), Guard()

    def broken(event: Event) -> Event | None:
        raise ValueError

    delivery = Delivery(
        [Lane("x", exporter.hooks, queue_size=10, guard=guard)],
        processors=[broken, *build_processors()],
        guard=guard,
    )
    delivery.publish(changed(1))
    assert delivery.flush(PATIENCE) is False
    assert exporter.events == []
    assert sum(guard.counts.values()) == 1


def test_the_sampler_decides_before_the_lanes() -> None:
    exporter = Collecting()
    delivery = deliver({"x": exporter.hooks}, sampler=Sampler(0.0))
    for event in [changed(1, "a"), changed(2, "b"), ended(3, "a"), ended(4, "b", "failed")]:
        delivery.publish(event, {"x": event.time})
    assert delivery.flush(PATIENCE) is True
    assert exporter.events == [changed(2, "b"), ended(4, "b", "failed")]
    assert exporter.contexts == [2, 4]


def test_contexts_are_captured_from_those_that_have_them() -> None:
    def broken() -> object:
        raise ValueError

    delivery = deliver(
        {
            "without": ExporterHooks(),
            "none": ExporterHooks(capture_context=lambda: None),
            "broken": ExporterHooks(capture_context=broken),
            "thread": ExporterHooks(capture_context=threading.current_thread),
        }
    )
    assert delivery.capture() == {"thread": threading.current_thread()}
    assert delivery.captures is True
    without = deliver({"without": ExporterHooks()})
    assert (without.captures, without.capture()) == (False, None)
    assert deliver({"broken": ExporterHooks(capture_context=broken)}).capture() is None


def test_start_starts_the_workers_once() -> None:
    delivery = deliver({"a": Collecting().hooks, "b": Collecting().hooks})
    before = threading.active_count()
    delivery.start()
    delivery.start()
    assert threading.active_count() == before + 2
    assert delivery.shutdown(PATIENCE) is True


def test_a_child_is_reset_and_after_fork_is_called_first() -> None:
    """What a fork does, called by hand; the real forks are in test_lifecycle.py."""
    calls: list[str] = []
    exporter = Collecting()
    stuck = Stuck("export")
    hooks = ExporterHooks(export=exporter.export, after_fork=lambda: calls.append("after_fork"))
    delivery = deliver({"x": hooks, "stuck": stuck.hooks}, sampler=Sampler(1.0))
    delivery.publish(changed(1))
    wait_until(lambda: delivery.status()["x"] == LaneStatus(delivered=1))
    delivery.after_fork_in_child()
    assert calls == ["after_fork"]
    assert delivery.status() == {"x": LaneStatus(), "stuck": LaneStatus()}
    stuck.release.set()
    delivery.publish(changed(2))
    assert delivery.flush(PATIENCE) is True
    assert delivery.status()["x"] == LaneStatus(delivered=1)
