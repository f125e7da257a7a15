"""`flush()` and `shutdown()` return False after events were lost, once for each loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE, Stuck, changed
from threadtrail._guard import Guard
from threadtrail.delivery.delivery import Delivery
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from openai import OpenAI

    from threadtrail.events import Event


class Refusing:
    """Raises for each event with an odd time."""

    @threadtrail.hookimpl
    def export(self, events: Sequence[Event], contexts: Sequence[object] = ()) -> None:
        if any(event.time % 2 for event in events):
            raise KeyError("run_id")


@pytest.fixture
def refusing() -> Lane:
    return Lane("x", ExporterHooks(export=Refusing().export), queue_size=100, guard=Guard())


def test_a_flush_is_false_if_events_failed_since_the_flush_before(refusing: Lane) -> None:
    refusing.put(changed(0))
    assert refusing.flush(PATIENCE) is True
    refusing.put(changed(1))
    assert refusing.flush(PATIENCE) is False
    assert refusing.flush(PATIENCE) is True
    refusing.put(changed(2))
    assert refusing.flush(PATIENCE) is True
    refusing.put(changed(3))
    assert refusing.flush(PATIENCE) is False
    assert (refusing.status().delivered, refusing.status().failed) == (2, 2)


def test_a_shutdown_is_false_if_events_failed_since_the_last_flush(refusing: Lane) -> None:
    refusing.put(changed(1))
    assert refusing.shutdown(PATIENCE) is False


def test_a_shutdown_does_not_report_a_loss_that_a_flush_has_reported(refusing: Lane) -> None:
    refusing.put(changed(1))
    assert refusing.flush(PATIENCE) is False
    assert refusing.shutdown(PATIENCE) is True


def test_a_forked_child_has_lost_nothing_yet(refusing: Lane) -> None:
    refusing.put(changed(1))
    wait_until(lambda: refusing.status().failed == 1)
    refusing.after_fork_in_child()
    assert refusing.flush(PATIENCE) is True


def test_a_flush_is_false_if_events_were_dropped() -> None:
    stuck = Stuck("export")
    lane = Lane("x", stuck.hooks, queue_size=1, guard=Guard())
    lane.put(changed(0))
    assert stuck.entered.wait(PATIENCE)
    lane.put(changed(1))
    lane.put(changed(2))
    stuck.release.set()
    assert lane.flush(PATIENCE) is False
    assert lane.flush(PATIENCE) is True
    assert (lane.status().delivered, lane.status().dropped) == (2, 1)


def test_a_loss_before_a_flush_that_timed_out_is_reported_by_the_next_flush() -> None:
    stuck = Stuck("flush")
    hooks = ExporterHooks(export=Refusing().export, flush=stuck.hooks.flush)
    lane = Lane("x", hooks, queue_size=10, guard=Guard())
    assert lane.start_worker()
    first = lane.begin_flush(float("inf"))
    assert stuck.entered.wait(PATIENCE)
    lane.put(changed(1))
    assert lane.flush(0.01) is False
    stuck.release.set()
    assert first.wait(float("inf")) is True
    assert lane.flush(PATIENCE) is False


def test_one_exporter_that_lost_something_is_enough() -> None:
    exporters = {"good": lambda events, contexts: None, "bad": Refusing().export}
    delivery = Delivery(
        [
            Lane(name, ExporterHooks(export=export), queue_size=100, guard=Guard())
            for name, export in exporters.items()
        ]
    )
    delivery.publish(changed(1))
    assert delivery.flush(PATIENCE) is False
    assert delivery.flush(PATIENCE) is True


class Failing:
    """Fails to take anything."""

    @threadtrail.hookimpl
    def export(self, events: Sequence[Event]) -> None:
        raise KeyError("run_id")


@pytest.fixture
def uninstrumented() -> Iterator[None]:
    yield
    threadtrail.uninstrument()


@pytest.mark.usefixtures("here", "uninstrumented")
def test_the_users_flush_is_false_if_every_event_was_lost(client: OpenAI) -> None:
    threadtrail.instrument(exporters=[Failing()])
    client.beta.threads.create()
    assert threadtrail.flush(60) is False
    (lane,) = threadtrail.status().exporters.values()
    assert (lane.delivered, lane.failed) == (0, 1)
    assert threadtrail.flush(60) is True  # nothing more was lost


@pytest.mark.usefixtures("uninstrumented")
def test_the_users_flush_is_false_if_the_folder_of_jsonl_went_away(here: Path, client: OpenAI) -> None:
    folder = here / "runs"
    folder.mkdir()
    options: dict[str, Any] = {"path": str(folder / "runs.jsonl")}
    threadtrail.instrument(exporters={"jsonl": options})
    (folder / "runs.jsonl").unlink()
    folder.rmdir()
    client.beta.threads.create()
    assert threadtrail.flush(60) is False
    folder.mkdir()
    client.beta.threads.create()
    assert threadtrail.flush(60) is True
