"""A turn whose runs are in different groups of a place is exported whole, with all that its creator knew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from collecting.test_collector import SETTLE, Shelf, Stage
from threadtrail.events import Event, RunCreated, RunEnded, TurnEnded
from threadtrail.merging.merge import merge
from threadtrail.testing import samples
from threadtrail.values import NO_ATTRIBUTES, Attributes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from threadtrail.values import Run

CREATOR = Attributes(user_id="u1", session_id="s1")


class Addresses:
    """The index of a place in memory."""

    def __init__(self, shelf: Shelf) -> None:
        self._known: dict[tuple[str, str], str] = {}
        self._shelf = shelf

    def put(self, server: str, calls: Mapping[str, str]) -> None:
        self._shelf.asked()
        self._known.update({(server, name): home for name, home in calls.items()})

    def get(self, server: str, calls: Sequence[str]) -> Mapping[str, str]:
        self._shelf.asked()
        return {name: self._known[server, name] for name in calls if (server, name) in self._known}


class Shelves(Shelf):
    """A place in memory in which each run, turn and trace has a group of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = Addresses(self)

    def group_of(self, key: str) -> str:
        return key

    def move(self, tokens: Sequence[Any], lines: Sequence[bytes], key: str) -> bool:
        self.acknowledged += tokens
        self.put(*map(Event.from_json, lines), group=key)
        return True


def turn() -> tuple[Run, Run]:
    """A response that asks the app for the outputs of calls, and the one that brings them; of no user."""
    runs = (samples.sample_runs()[name] for name in ("answered_calls", "answering_response"))
    asking, answering = (replace(run, attributes=NO_ATTRIBUTES) for run in runs)
    return asking, answering


def seen_by_web(asking: Run) -> list[Event]:
    """What the process publishes that creates the first response in a trace, and leaves."""
    of_web = replace(asking, attributes=CREATOR, finished=False, status="queued", output=(), steps=())
    return [
        event
        for event in samples.events_of(of_web, trace_id="trace_1")
        if isinstance(event, (RunCreated, RunEnded))
    ]


def seen_by_tools(asking: Run, answering: Run) -> list[Event]:
    """What another process publishes that sees the first response end, and creates the second one."""
    looked_at = replace(asking, observed_from_start=False)
    events: list[Event] = [*samples.events_of_turn(looked_at, answering)]
    return [
        replace(event, observed_from_start=False)
        if isinstance(event, RunCreated) and event.run_id == asking.id
        else event
        for event in events
    ]


def check(events: Sequence[Event], asking: Run, answering: Run) -> None:
    ends = {event.run.id: event for event in events if isinstance(event, RunEnded)}
    assert set(ends) == {asking.id, answering.id}
    assert {end.run.attributes for end in ends.values()} == {CREATOR}
    assert {event.attributes for event in events} == {CREATOR}
    assert {event.trace_id for event in events} == {"trace_1"}
    assert [event.turn.id for event in events if isinstance(event, TurnEnded)] == [asking.id]


def test_a_response_has_the_user_and_the_trace_of_its_turn_where_its_own_process_knew_neither() -> None:
    asking, answering = turn()
    check(merge([*seen_by_web(asking), *seen_by_tools(asking, answering)]), asking, answering)


def test_a_response_that_one_process_saw_from_the_first_of_its_turn_on_stays_as_it_is() -> None:
    asking, answering = turn()
    events = [*samples.events_of(replace(asking, attributes=CREATOR)), *samples.events_of(answering)]
    ends = [event.run for event in merge(events) if isinstance(event, RunEnded)]
    assert [run.attributes for run in ends] == [CREATOR, NO_ATTRIBUTES]


@pytest.mark.parametrize("first", [0, 1])
def test_it_does_not_matter_in_which_group_a_run_was_read(first: int) -> None:
    asking, answering = turn()
    stage = Stage(shelf=Shelves())
    of_run: dict[str, list[Event]] = {asking.id: seen_by_web(asking), answering.id: []}
    for event in seen_by_tools(asking, answering):
        of_run[getattr(event, "run_id", None) or asking.id].append(event)
    groups = list(of_run)
    for group in groups if first == 0 else reversed(groups):
        stage.at(0, *of_run[group], group=group)
    stage.at(SETTLE)  # each moves to the group of the trace
    stage.at(SETTLE)
    stage.at(2 * SETTLE)
    check(stage.exporters.events, asking, answering)


def test_a_turn_waits_for_a_run_that_goes_on_in_another_group() -> None:
    """Its first run is over, with all calls answered, long before the second one ends: they are one unit."""
    asking, answering = turn()
    stage = Stage(shelf=Shelves())
    events = seen_by_tools(asking, answering)
    of_second = [event for event in events if getattr(event, "run_id", None) == answering.id]
    ends = [event for event in of_second if isinstance(event, RunEnded)]
    of_turn = [event for event in events if isinstance(event, TurnEnded)]
    stage.at(0, *seen_by_web(asking), group=asking.id)
    stage.at(1, *(each for each in of_second if each not in ends), group=answering.id)
    stage.at(2, *(each for each in events if each not in of_second + of_turn), group=asking.id)
    for second in range(3, 40):
        stage.at(second)
    assert stage.exporters.events == []
    stage.at(40, *ends, *of_turn, group=answering.id)
    stage.at(41)
    stage.at(42 + SETTLE)
    check(stage.exporters.events, asking, answering)


def test_what_is_at_home_elsewhere_moves_though_the_place_was_away() -> None:
    asking, answering = turn()
    shelf = Shelves()
    stage = Stage(shelf=shelf)
    stage.collector._stopping.set()  # so that it does not wait before it asks again
    stage.at(0, *seen_by_web(asking), group=asking.id)
    shelf.is_away = True
    stage.at(1, *seen_by_tools(asking, answering), group=asking.id)
    stage.at(2)
    assert stage.exporters.events == []
    shelf.is_away = False
    for second in range(3, 20):
        stage.at(second)
    check(stage.exporters.events, asking, answering)
