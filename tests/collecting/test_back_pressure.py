"""While a backend is away, reading pauses when enough was read: the rest stays in the place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collecting.test_collector import SETTLE, WAIT, Files, Shelf, Stage, ended, opened, plain
from threadtrail.collecting import waiting
from threadtrail.collecting.parked import Parking
from threadtrail.events import RunCreated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from threadtrail.collecting.place import Entry
    from threadtrail.events import Event

MANY, RUNS = 10, 20
ROOM = 50_000
"""Fewer bytes than so MANY runs take."""

OUTAGE = 10 * WAIT
"""When the backend is back."""


@pytest.fixture(autouse=True)
def _few_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MIN_UNITS_TO_PAUSE", MANY)


def in_an_outage(shelf: Shelf, before: Sequence[Event] = ()) -> Stage:
    """Let runs come one after the other, of which the exporters take none."""
    stage = Stage(shelf=shelf, awake_bytes=ROOM)
    stage.exporters.refuses = lambda _event: True
    stage.at(0, *before)
    for number in range(RUNS):
        stage.at((number + 1) * SETTLE / 2, *plain(f"run_{number}"))
    return stage


def end_the_outage(stage: Stage) -> None:
    stage.exporters.refuses = lambda _event: False
    for later in range(20):
        stage.at(OUTAGE + later * SETTLE)


def created(stage: Stage) -> list[str]:
    return [event.run_id for event in stage.exporters.events if isinstance(event, RunCreated)]


def test_no_more_is_read_than_there_is_room_for_and_the_rest_later() -> None:
    shelf = Shelf()
    stage = in_an_outage(shelf)
    assert len(stage.waiting.units) == MANY
    assert stage.collector.counts.read == MANY * len(plain("a"))
    assert len(shelf.new) == (RUNS - MANY) * len(plain("a"))
    assert shelf.pauses == RUNS - MANY
    is_well, state = stage.collector.status()
    assert not is_well
    assert state["waiting"]["reading_paused"] is True
    assert shelf.acknowledged == []
    assert shelf.given_up == []
    end_the_outage(stage)
    assert sorted(name for name, *_ in stage.exporters.ends) == sorted(f"run_{each}" for each in range(RUNS))
    assert len(shelf.acknowledged) == shelf.count
    is_well, state = stage.collector.status()
    assert is_well
    assert state["waiting"]["reading_paused"] is False


def test_the_log_names_the_beginning_and_the_end_of_the_pause(caplog: pytest.LogCaptureFixture) -> None:
    end_the_outage(in_an_outage(Shelf()))
    logged = [record.getMessage() for record in caplog.records if "reading" in record.getMessage()]
    assert logged == [
        "collect: reading pauses, since no exporter takes what was read",
        "collect: reading continues",
    ]


@pytest.mark.parametrize("can_park", [True, False])
def test_a_run_whose_end_was_not_read_in_the_outage_is_exported_with_it(
    can_park: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not can_park:
        monkeypatch.setattr(Parking, "put", lambda _self, _units, **_options: False)
    stage = in_an_outage(Shelf(), before=opened("long"))
    assert stage.waiting.units.parked == int(can_park)
    stage.shelf.put(ended("long"))
    stage.at(OUTAGE - 1)
    assert stage.collector._next_due() > stage.now
    end_the_outage(stage)
    assert ("long", True, False) in stage.exporters.ends
    assert len(stage.exporters.ends) == RUNS + 1


def test_a_run_that_never_ends_waits_for_its_end_again_after_the_outage() -> None:
    stage = in_an_outage(Shelf(), before=opened("long"))
    stage.at(OUTAGE - 1)
    end_the_outage(stage)
    assert "long" not in created(stage)
    stage.at(OUTAGE + WAIT)
    assert created(stage)[-1] == "long"
    assert len(created(stage)) == RUNS + 1
    assert len(stage.waiting.units) == 0


def test_large_runs_that_are_refused_do_not_end_reading() -> None:
    stage = Stage(awake_bytes=ROOM)
    stage.exporters.refuses = lambda event: str(getattr(event, "run_id", None)).startswith("bad")
    bad = [event for number in range(MANY - 5) for event in plain(f"bad_{number}")]
    stage.at(0, *bad)
    assert stage.waiting.units.awake.size > ROOM
    for number in range(40):
        stage.at(100 * (number + 1), *plain(f"good_{number}"))
        stage.at(100 * (number + 1) + 50)
    assert len(stage.exporters.ends) == 40
    assert len(stage.shelf.given_up) == len(bad)
    assert stage.shelf.pauses == 0


def test_a_collector_that_does_not_follow_ends_and_leaves_the_rest_to_the_next_one() -> None:
    shelf = Files()  # it does not say that it was read to its end
    in_an_outage(shelf).collector.run(follow=False)
    assert shelf.acknowledged == []
    assert shelf.given_up == []


class ReadToItsEnd(Files):
    """A place that says so."""

    def read(self, timeout: float) -> Sequence[Entry]:
        entries = super().read(timeout)
        self.is_read_to_its_end = not entries
        return entries


def test_a_collector_that_does_not_follow_reads_the_rest_if_the_backend_is_back() -> None:
    shelf = ReadToItsEnd()
    stage = in_an_outage(shelf)
    stage.exporters.refuses = lambda _event: False
    stage.now = OUTAGE
    stage.collector.run(follow=False)
    assert len(stage.exporters.ends) == RUNS
    assert len(shelf.acknowledged) == shelf.count
