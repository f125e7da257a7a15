from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from delivery.support import PATIENCE, Collecting, changed
from threadtrail._guard import Guard
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.inline import InlineLane
from threadtrail.delivery.status import LaneStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.events import Event


def test_an_event_is_exported_before_put_returns() -> None:
    exporter = Collecting()
    made = InlineLane("x", exporter.hooks, guard=Guard())
    made.put(changed(0), "context")
    assert (exporter.events, exporter.contexts) == ([changed(0)], ["context"])
    assert exporter.threads == {threading.current_thread()}
    assert made.flush(PATIENCE) is True
    assert made.shutdown(PATIENCE) is True
    assert made.shutdown(PATIENCE) is True
    made.put(changed(1))
    assert exporter.calls == ["export", "flush", "flush", "shutdown"]
    assert made.status() == LaneStatus(delivered=1, dropped=1)


def test_errors_are_contained_and_counted_but_not_the_users_own() -> None:
    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        raise (ValueError, KeyboardInterrupt)[events[0].time]

    made = InlineLane("x", ExporterHooks(export=export), guard=Guard())
    made.put(changed(0))
    assert made.status() == LaneStatus(failed=1, last_error="ValueError")
    with pytest.raises(KeyboardInterrupt):
        made.put(changed(1))


def test_an_exporter_may_come_back_from_its_own_hook() -> None:
    got: list[int] = []

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        got.append(events[0].time)
        if len(got) < 3:
            made.put(changed(len(got)))

    made = InlineLane("x", ExporterHooks(export=export), guard=Guard())
    made.put(changed(0))
    assert got == [0, 1, 2]
    assert made.status() == LaneStatus(delivered=3)
