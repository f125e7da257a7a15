"""What a collector waits for, exports and acknowledges, with a clock that stands still unless it is moved."""

from __future__ import annotations

import gc
import re
import tracemalloc
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from merging.test_layout import layout
from threadtrail.collecting import published, waiting
from threadtrail.collecting.collector import Collector
from threadtrail.collecting.delivering import MAX_FAILURES
from threadtrail.collecting.place import Entry
from threadtrail.collecting.unended import unended
from threadtrail.collecting.units import Unit
from threadtrail.collecting.waiting import Waiting
from threadtrail.events import (
    Event,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.testing import samples
from threadtrail.turn import turn_of
from threadtrail.values import Attributes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from threadtrail.delivery.status import LaneStatus

SETTLE, WAIT = 5.0, 100.0


class Notes:
    """The marks of a place in memory."""

    def __init__(self, shelf: Shelf) -> None:
        self.texts: dict[str, str] = {}
        self._shelf = shelf

    def put(self, marks: Mapping[str, str]) -> None:
        self._shelf.asked()
        self.texts.update(marks)

    def get(self, names: Sequence[str]) -> Mapping[str, str]:
        self._shelf.asked()
        return {name: self.texts[name] for name in names if name in self.texts}


class Shelf:
    """A place in memory. ``goes`` are groups that are lost as a delivery begins."""

    is_read_to_its_end = False

    def __init__(self) -> None:
        self.new: list[Entry] = []
        self.acknowledged: list[int] = []
        self.given_up: list[tuple[int, str]] = []
        self.lines: dict[int, bytes] = {}
        self.gone: set[str] = set()
        self.goes: set[str] = set()
        self.is_away = False
        self.begun: list[int] = []
        self.marks = Notes(self)
        self.count = 0
        self.pauses = 0

    def fetch(self, tokens: Sequence[Any]) -> Sequence[bytes | None]:
        self.asked()
        return [self.lines[token] if token not in self.acknowledged else None for token in tokens]

    def put(self, *events: Event, group: str = "", attempts: int = 1) -> None:
        for event in events:
            self.count += 1
            line = event.to_json().encode()
            self.lines[self.count] = line
            self.new.append(Entry(token=self.count, line=line, group=group, attempts=attempts))

    def open(self) -> None: ...

    def attempt(self, tokens: Sequence[Any], count: int) -> None:
        self.asked()
        self.gone |= self.goes
        self.begun += [count] * len(tokens)

    def asked(self) -> None:
        if self.is_away:
            raise ConnectionError("away")

    def read(self, timeout: float) -> Sequence[Entry]:
        entries, self.new = self.new, []
        return entries

    def pause(self, timeout: float) -> None:
        self.pauses += 1

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        self.acknowledged += tokens

    def give_up(self, entries: Sequence[Entry], reason: str) -> None:
        self.given_up += [(entry.token, reason) for entry in entries]

    def lost(self) -> Collection[str]:
        gone, self.gone = self.gone, set()
        return gone

    def status(self) -> Mapping[str, Any]:
        return {}

    def close(self) -> None: ...


class Exporters:
    """Exporters that refuse what ``refuses`` says."""

    trouble = "no"

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.batches: list[set[str]] = []
        self.refuses: Callable[[Event], bool] = lambda _event: False

    def deliver(self, events: Iterable[Event]) -> bool:
        events = list(events)
        if any(map(self.refuses, events)):
            return False
        self.events += events
        self.batches.append({event.run.id for event in events if isinstance(event, RunEnded)})
        return True

    def status(self) -> dict[str, LaneStatus]:
        return {}

    @property
    def ends(self) -> list[tuple[str, bool, bool]]:
        return [(e.run.id, e.run.finished, e.supersedes) for e in self.events if isinstance(e, RunEnded)]


class Stage:
    """A collector, its place, its exporters and its clock."""

    def __init__(self, *, shelf: Shelf | None = None, **limits: Any) -> None:
        self.now = 0.0
        self.shelf, self.exporters = shelf or Shelf(), Exporters()
        self.begin(**limits)

    def begin(self, **limits: Any) -> None:
        """Let another collector begin, which knows nothing of the one before."""
        self.waiting = Waiting(SETTLE, WAIT, **limits)
        outlet: Any = self.exporters
        self.collector = Collector(self.shelf, outlet, self.waiting, clock=lambda: self.now)

    def at(self, now: float, *events: Event, **more: Any) -> None:
        """Let the collector read these events at this time, and do what is due."""
        self.now = now
        self.shelf.put(*events, **more)
        self.collector._read()
        self.collector._deliver_due()


def test_it_waits_until_a_run_is_whole_and_then_for_what_others_saw() -> None:
    web, worker, submitter, late = layout()
    stage = Stage()
    stage.at(0, *web)
    stage.at(50, *worker)
    assert stage.exporters.ends == []
    stage.at(60, *submitter)
    stage.at(64, *late)
    stage.at(68.9)
    assert stage.exporters.events == []
    assert stage.shelf.acknowledged == []
    stage.at(69)
    assert stage.exporters.ends == [("run_1", True, False)]
    assert len(stage.shelf.acknowledged) == sum(map(len, (web, worker, submitter, late)))
    assert len(stage.waiting.units) == stage.waiting.units.awake.size == 0


def test_a_collector_that_was_suspended_looks_again_before_it_exports() -> None:
    web, worker, submitter, late = layout()
    stage = Stage()
    stage.shelf.put(*web, *worker, *submitter)
    stage.collector._read()
    stage.now = 20
    stage.collector._deliver_due()
    assert stage.exporters.events == []
    stage.at(20, *late)
    stage.at(20 + SETTLE)
    assert stage.exporters.ends == [("run_1", True, False)]
    assert stage.collector.counts.late == 0


def test_what_comes_late_adds_nothing() -> None:
    web, worker, submitter, late = layout()
    stage = Stage()
    stage.at(0, *web, *worker, *submitter)
    stage.at(5)
    exported = list(stage.exporters.events)
    stage.at(6, *late)
    stage.at(200)
    assert stage.exporters.events == exported
    assert stage.collector.counts.late == len(late)
    assert len(stage.shelf.acknowledged) == stage.collector.counts.read


def test_a_run_that_never_ends_is_exported_as_it_is_and_superseded_when_it_ends_after_all() -> None:
    web, worker, submitter, _ = layout()
    stage = Stage()
    stage.at(0, *web)
    stage.at(WAIT - 1)
    assert stage.exporters.events == []
    stage.at(WAIT)
    assert stage.exporters.ends == [("run_1", False, False)]
    stage.at(WAIT + 50, *worker, *submitter)
    stage.at(WAIT + 55)
    assert stage.exporters.ends == [("run_1", False, False), ("run_1", True, True)]
    assert sum(isinstance(event, RunCreated) for event in stage.exporters.events) == 1


def test_a_trace_is_waited_for_as_a_whole() -> None:
    stage = Stage()
    run = [replace(event, trace_id="t") for event in samples.events_of(samples.sample_runs()["plain_answer"])]
    begun, ended = (
        TraceStarted(time=1, name="n", trace_id="t"),
        TraceEnded(time=2, name="n", trace_id="t", started_at=1),
    )
    stage.at(0, *run)
    stage.at(4, begun)
    stage.at(50)
    assert stage.exporters.events == []
    stage.at(60, ended)
    stage.at(65)
    assert (stage.exporters.events[0], stage.exporters.events[-1]) == (begun, ended)
    assert len(stage.exporters.ends) == 1


def plain(name: str) -> list[Event]:
    run = replace(samples.sample_runs()["plain_answer"], id=name, turn_id=name)
    return list(samples.events_of(run))


def response(name: str, previous: str | None, session_key: str, **more: Any) -> list[Event]:
    """Return a response in a chain, with the session that its process knew."""
    known: dict[str, Any] = {"attributes": Attributes(), "thread_id": None, **more}
    known |= {"previous_run_id": previous, "session_key": session_key}
    run = replace(samples.sample_runs()["plain_response"], id=name, turn_id=name, **known)
    return list(samples.events_of(run))


def test_a_chain_that_is_exported_bit_by_bit_is_one_session() -> None:
    stage = Stage()
    stage.at(0, *response("a0", None, "a0"), *response("a1", "a0", "a0"))
    stage.at(10, *response("b0", "a1", "a1"), *response("b1", "b0", "a1"))
    stage.at(20, *response("c0", "b0", "b0"))
    mine = Attributes(session_id="b0")
    stage.at(30, *response("c1", "c0", "b0"), *response("d0", "b1", "b0", attributes=mine))
    stage.at(40, *response("e0", None, "conv", thread_id="conv"))
    stage.at(50, *response("f0", "e0", "e0"), *response("g0", "unseen", "unseen"))
    stage.at(60)
    ends = [event.run for event in stage.exporters.events if isinstance(event, RunEnded)]
    found = {run.id: run.session_key for run in ends}
    expected = dict.fromkeys(("a0", "a1", "b0", "b1", "c0", "c1"), "a0")
    assert found == expected | {"d0": "b0", "e0": "conv", "f0": "conv", "g0": "unseen"}


def test_runs_that_were_created_and_never_ended_are_named_with_their_age(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    stage.at(0, *plain("open")[:2], *plain("ended"))
    stage.at(WAIT - 1)
    assert caplog.messages == []
    stage.at(WAIT)
    (named,) = caplog.messages
    assert re.fullmatch(
        r"collect: events of 1 run without an end were exported: open \(queued, created \S+ ago\)", named
    )
    stage.at(WAIT + 1, *plain("open")[2:])  # it ends after all
    stage.at(3 * WAIT)
    assert ("open", True, False) in stage.exporters.ends
    assert caplog.messages == [named]


def test_of_many_runs_without_an_end_the_oldest_are_named() -> None:
    def begun(number: int) -> Event:
        return replace(plain(f"run_{number}")[0], time=number * 60 * 10**9)

    text = unended([begun(number) for number in reversed(range(7))], now=600 * 10**9)
    assert text is not None
    assert text.startswith(
        "events of 7 runs without an end were exported: run_0 (created 10m00s ago), run_1 ("
    )
    assert text.endswith("run_4 (created 6m00s ago), …")
    assert unended(plain("run_1"), now=0) is None
    assert unended(plain("run_1")[1:2], now=0) is None  # its creation was exported before


def test_what_is_refused_is_given_up_and_the_others_are_delivered() -> None:
    stage = Stage()
    stage.exporters.refuses = lambda event: getattr(event, "run_id", None) == "bad"
    stage.at(0, *plain("good"), *plain("bad"))
    stage.at(5)
    assert stage.exporters.ends == [("good", True, False)]
    for number in range(20):
        stage.at(100 * (number + 1), *plain(f"good_{number}"))
        stage.at(100 * (number + 1) + 50)
    assert len(stage.exporters.ends) == 21
    assert {reason for _, reason in stage.shelf.given_up} == {"refused 6 times: no"}
    assert len(stage.shelf.given_up) == len(plain("bad"))
    assert stage.collector.status()[0]


def test_an_outage_is_logged_once_whatever_the_backend_answers(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    stage.exporters.refuses = lambda _event: True
    stage.at(0, *plain("a"), *plain("b"))
    for second in range(5, 100, 5):
        stage.exporters.trouble = f"no, since {second}"
        stage.at(second)
    assert [record.getMessage() for record in caplog.records] == ["collect: exporting: no, since 5"]
    assert stage.collector.status()[1]["troubles"] == {"exporting": "no, since 95"}


@pytest.mark.parametrize("seconds", [1, 5, 50])
@pytest.mark.parametrize("bad", [2, 3, 6])
def test_however_many_are_refused_the_others_are_delivered(bad: int, seconds: int) -> None:
    stage = Stage()
    stage.exporters.refuses = lambda event: str(getattr(event, "run_id", None)).startswith("bad")
    stage.at(0, *(event for number in range(bad) for event in plain(f"bad_{number}")))
    for number in range(1, 40):
        stage.at(number * 100, *plain(f"good_{number}"))
        for later in range(1, 4):
            stage.at(number * 100 + SETTLE + later * seconds)
    assert len(stage.exporters.ends) == 39
    assert len(stage.shelf.given_up) == bad * len(plain("bad_0"))


def test_what_is_refused_first_does_not_end_a_collector_that_does_not_follow() -> None:
    shelf = Shelf()
    shelf.is_read_to_its_end = True
    stage = Stage(shelf=shelf)
    stage.exporters.refuses = lambda event: str(getattr(event, "run_id", None)).startswith("bad")
    shelf.put(*(event for number in range(MAX_FAILURES + 2) for event in plain(f"bad_{number}")))
    shelf.put(*(event for number in range(90) for event in plain(f"good_{number}")))
    stage.collector.run(follow=False)
    assert len(stage.exporters.ends) == 90
    assert shelf.given_up == []
    assert len(stage.waiting.units) == MAX_FAILURES + 2


def test_while_a_backend_is_away_nothing_is_given_up() -> None:
    stage = Stage()
    stage.exporters.refuses = lambda _event: True
    stage.at(0, *(event for name in "abcdef" for event in plain(name)))
    for second in range(5, 600, 5):
        stage.at(second)
    assert not stage.collector.status()[0]
    assert stage.shelf.given_up == []
    assert stage.shelf.acknowledged == []
    stage.exporters.refuses = lambda _event: False
    for second in range(600, 800, 5):
        stage.at(second)
    assert {name for name, _, _ in stage.exporters.ends} == set("abcdef")
    assert len(stage.shelf.acknowledged) == 6 * len(plain("a"))


def test_a_collector_that_is_to_stop_tries_once_and_in_an_outage_not_at_all() -> None:
    stage = Stage()
    stage.at(0, *(event for name in "abcdef" for event in plain(name)))
    tried: list[bool] = []

    def refuse(events: Iterable[Event]) -> bool:
        stage.collector.stop()
        tried.append(bool(list(events)))
        return False

    stage.exporters.deliver = refuse  # type: ignore[method-assign]  # it counts how often it is asked
    stage.at(SETTLE)
    stage.collector.run(follow=True)
    assert tried == [True]
    assert not stage.shelf.acknowledged

    stage = Stage()
    stage.exporters.refuses = lambda _event: True
    stage.at(0, *(event for name in "abcdef" for event in plain(name)))
    stage.at(SETTLE)
    failures = stage.collector.counts.failures
    assert failures > MAX_FAILURES
    stage.collector.stop()
    stage.collector.run(follow=True)
    assert stage.collector.counts.failures == failures


def test_in_an_outage_one_run_after_the_other_is_tried_so_that_other_exporters_get_few_twice() -> None:
    stage = Stage()
    deliver = stage.exporters.deliver
    tried: list[list[str]] = []

    def note(events: Iterable[Event]) -> bool:
        events = list(events)
        tried.append([event.run.id for event in events if isinstance(event, RunEnded)])
        return deliver(events)

    stage.exporters.deliver = note  # type: ignore[method-assign]
    stage.exporters.refuses = lambda _event: True
    stage.at(0, *(event for name in "abcdef" for event in plain(name)))
    stage.at(SETTLE)
    assert tried == [[*"abcdef"], ["a"], ["b"], ["c"]]
    for second in range(3):
        stage.at(100 + second * 10)
    assert tried[4:] == [["d"], ["e"], ["f"]]
    stage.exporters.refuses = lambda _event: False
    stage.at(200)
    assert sorted(name for names in tried[7:] for name in names) == [*"abcdef"]
    assert len(tried[7:]) == 2


def test_of_a_group_that_is_lost_nothing_is_exported() -> None:
    stage = Stage()
    stage.at(0, *plain("a"), group="1")
    stage.at(1, *plain("b"), group="2")
    stage.shelf.gone = {"1"}
    stage.at(10)
    assert stage.exporters.ends == [("b", True, False)]
    assert len(stage.shelf.acknowledged) == len(plain("b"))


def test_what_another_collector_took_is_not_exported_though_it_was_due() -> None:
    stage = Stage()
    stage.at(0, *plain("a"), group="1")
    stage.at(0, *plain("b"), group="2")
    stage.shelf.goes = {"1"}
    stage.at(5)
    assert stage.exporters.ends == [("b", True, False)]
    assert len(stage.shelf.acknowledged) == len(plain("b"))
    assert len(stage.waiting.units) == 0


def test_while_the_place_is_away_nothing_is_exported_and_nothing_is_lost() -> None:
    stage = Stage()
    stage.at(0, *plain("a"), *plain("b"))
    stage.shelf.is_away = True
    for second in range(5, 100, 5):
        stage.at(second)
    assert stage.exporters.events == []
    assert stage.collector.status()[1]["troubles"] == {"reading": "away"}
    stage.shelf.is_away = False
    stage.at(100)
    assert sorted(stage.exporters.ends) == [("a", True, False), ("b", True, False)]
    assert stage.collector.status()[0]


def test_a_delivery_that_failed_is_not_counted_as_one_that_a_collector_died_of() -> None:
    stage = Stage()
    stage.exporters.refuses = lambda _event: True
    stage.at(0, *plain("a"))
    for second in range(5, 500, 5):
        stage.at(second)
    assert sum(stage.shelf.begun) == 0
    stage.exporters.refuses = lambda _event: False
    stage.at(600)
    assert sum(stage.shelf.begun) == len(plain("a"))


def test_what_was_delivered_and_not_acknowledged_is_not_delivered_again() -> None:
    """A collector died after it had acknowledged a part: turn and trace are not exported without the rest."""
    events = [replace(event, trace_id="t") for event in turn("resp_1")]
    trace = (
        TraceStarted(time=1, name="n", trace_id="t"),
        TraceEnded(time=2, name="n", trace_id="t", started_at=1),
    )
    stage = Stage()
    stage.at(0, *events, *trace)
    stage.at(5)
    exported = list(stage.exporters.events)
    assert any(isinstance(event, TurnEnded) for event in exported)
    stage.begin()
    stage.at(6, *events[3:], *trace)
    assert stage.collector.counts.late == len(events[3:]) + 2
    stage.at(11)
    assert stage.exporters.events == exported
    assert len(stage.shelf.acknowledged) == stage.shelf.count


def test_what_comes_late_adds_nothing_after_many_other_runs_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place remembers the runs of which the collector has too many."""
    monkeypatch.setattr(published, "RECENT", 2)
    stage = Stage()
    for number in range(5):
        stage.at(number * SETTLE, *opened(f"run_{number}"), ended(f"run_{number}"))
        stage.at((number + 1) * SETTLE)
    late = [ended("run_0"), ended("run_4")]
    stage.at(50, *(replace(end, run=replace(end.run, finished=False)) for end in late))
    assert len(stage.exporters.ends) == 5
    assert len(stage.waiting.units) == 0
    assert stage.collector.counts.late == 2


def test_what_comes_late_adds_nothing_for_the_next_collector_either() -> None:
    """The creator leaves, and says that it saw no end, after the run was exported and its collector died."""
    stage = Stage()
    stage.at(0, *opened("run_1"), ended("run_1"))
    stage.at(SETTLE)
    stage.begin()
    unfinished = ended("run_1")
    stage.at(20, replace(unfinished, run=replace(unfinished.run, finished=False)))
    assert len(stage.waiting.units) == 0
    assert len(stage.shelf.acknowledged) == stage.shelf.count
    assert stage.collector.counts.late == 1


def test_a_run_that_another_collector_superseded_meanwhile_is_not_superseded_again() -> None:
    stage = Stage()
    stage.at(0, *opened("run_1"), replace(ended("run_1"), run=replace(ended("run_1").run, finished=False)))
    stage.at(WAIT)
    assert stage.exporters.ends == [("run_1", False, False)]
    (name,) = stage.shelf.marks.texts
    stage.shelf.marks.texts[name] = "finished"
    stage.at(WAIT + 1, ended("run_1"))
    stage.at(WAIT + 1 + SETTLE)
    assert stage.exporters.ends == [("run_1", False, False)]
    assert stage.collector.counts.late == 1


def turn(name: str) -> list[Event]:
    """A response that asked for calls, and its turn."""
    (run, *_) = (run for run in samples.sample_runs().values() if run.one_generation and run.asks_app)
    run = replace(run, id=name, turn_id=name)
    end = TurnEnded(time=run.ended_at or 0, turn=turn_of([run], finished=True), source=run.source)
    return [*samples.events_of(run), end]


FOREIGN = [
    b"",
    b"1",
    b"null",
    b"[]",
    b"{}",
    b'"text"',
    b'{"event": "RunEnded", "run": 5}',
    b'{"event": "RunEnded", "time": 1, "run": {"id": []}}',
    b"[" * 100_000,
    b'{"event": ' * 100_000,
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize("line", FOREIGN, ids=lambda line: repr(line[:20]))
def test_what_is_no_event_is_put_aside(line: bytes) -> None:
    stage = Stage()
    stage.shelf.new.append(Entry(token=0, line=line))
    stage.at(0, *plain("a"))
    stage.at(5)
    assert [token for token, _ in stage.shelf.given_up] == [0]
    assert stage.exporters.ends == [("a", True, False)]


def test_what_a_collector_may_have_died_of_is_delivered_alone_and_last() -> None:
    stage = Stage()
    for name, attempts in (("a", 2), ("b", 1), ("c", 3), ("d", 1)):
        stage.at(0, *plain(name), attempts=attempts)
    stage.at(SETTLE)
    assert [sorted(names) for names in stage.exporters.batches] == [["b", "d"], ["a"], ["c"]]


def test_what_was_begun_too_often_is_given_up() -> None:
    stage = Stage()
    stage.at(0, *plain("a"), attempts=6)
    assert len(stage.shelf.given_up) == len(plain("a"))
    stage.at(WAIT)
    assert stage.exporters.events == []


def opened(run_id: str) -> list[Event]:
    """The beginning of a run that has not ended."""
    web = [event for event in layout()[0] if isinstance(event, (RunCreated, RunStatusChanged))]
    named = [replace(event, run_id=run_id) for event in web]
    return [replace(event, turn_id=run_id) if isinstance(event, RunCreated) else event for event in named]


def ended(run_id: str) -> RunEnded:
    """The end of such a run."""
    (end,) = [event for event in layout()[2] if isinstance(event, RunEnded)]
    return replace(end, run=replace(end.run, id=run_id, turn_id=run_id))


def test_with_too_much_that_waits_the_oldest_is_taken_as_it_is() -> None:
    stage = Stage(max_bytes=200_000)
    for number in range(200):
        stage.at(number / 10, *opened(f"run_{number:03}"))
    assert stage.waiting.units.awake.size <= 200_000
    created = [event.run_id for event in stage.exporters.events if isinstance(event, RunCreated)]
    assert created[:3] == ["run_000", "run_001", "run_002"]
    assert stage.waiting.taken_early == len(created) > 0


ROOM = 100_000


class Files(Shelf):
    """A place that cannot fetch lines."""

    fetch = None  # type: ignore[assignment]  # as if it were not there


def parked(runs: int, shelf: Shelf | None = None) -> Stage:
    """Let more runs wait than have room in memory."""
    stage = Stage(shelf=shelf, awake_bytes=ROOM)
    for number in range(runs):
        stage.at(number / runs, *opened(f"run_{number}"), group=str(number % 2))
    assert stage.waiting.units.parked > runs / 2
    assert stage.waiting.units.awake.size <= ROOM
    assert len(stage.waiting.units) == stage.waiting.units.open_runs == runs
    assert stage.waiting.units.oldest == 0
    return stage


def test_runs_that_are_parked_are_exported_as_a_whole_when_they_end() -> None:
    stage = parked(90)
    for number in range(90):
        stage.at(10, ended(f"run_{number}"))
    stage.at(10 + SETTLE)
    assert sorted(name for name, *_ in stage.exporters.ends) == sorted(f"run_{each}" for each in range(90))
    assert sum(isinstance(event, RunCreated) for event in stage.exporters.events) == 90
    assert len(stage.waiting.units) == stage.waiting.units.awake.size == 0
    assert len(stage.shelf.acknowledged) == stage.shelf.count


def test_runs_that_are_parked_are_exported_as_they_are_when_their_time_is_up() -> None:
    stage = parked(90)
    stage.shelf.is_away = True
    stage.at(WAIT + 1)
    assert stage.exporters.events == []
    stage.shelf.is_away = False
    stage.at(WAIT + 10)
    assert sum(isinstance(event, RunCreated) for event in stage.exporters.events) == 90
    assert len(stage.waiting.units) == stage.waiting.units.awake.size == 0


def test_what_belongs_to_a_parked_run_waits_while_the_place_is_away() -> None:
    stage = parked(90)
    stage.shelf.is_away = True
    stage.collector._stopping.set()  # so that it does not wait before it asks again
    stage.at(2, ended("run_0"))
    stage.at(10)
    assert stage.exporters.events == []
    stage.shelf.is_away = False
    stage.at(20)
    stage.at(20 + SETTLE)
    assert stage.exporters.ends == [("run_0", True, False)]


def test_of_a_group_that_is_lost_nothing_stays_parked() -> None:
    stage = parked(90)
    stage.shelf.gone = {"1"}
    stage.at(2)
    assert len(stage.waiting.units) == stage.waiting.units.open_runs == 45
    stage.at(WAIT + 1)
    created = [event.run_id for event in stage.exporters.events if isinstance(event, RunCreated)]
    assert sorted(created) == sorted(f"run_{number}" for number in range(0, 90, 2))


def test_a_place_that_has_no_lines_is_not_asked_for_those_of_parked_runs() -> None:
    stage = parked(90, shelf=Files())
    for number in range(45):
        stage.at(10, ended(f"run_{number}"))
    stage.at(10 + SETTLE)
    assert sorted(name for name, *_ in stage.exporters.ends) == sorted(f"run_{each}" for each in range(45))
    assert sum(isinstance(event, RunCreated) for event in stage.exporters.events) == 45
    assert len(stage.waiting.units) == stage.waiting.units.open_runs == 45


def test_at_the_end_of_what_there_is_parked_runs_are_exported_some_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "MAX_WOKEN", 20)
    stage = parked(90, shelf=Files())
    awake = len(stage.waiting.units.awake)
    taken = [len(units) for units in stage.waiting.all()]
    assert taken == [20, 20, 20, 90 - awake - 60, awake]
    stage = parked(90, shelf=Files())
    stage.collector._deliver_all()
    created = [event.run_id for event in stage.exporters.events if isinstance(event, RunCreated)]
    assert sorted(created) == sorted(f"run_{number}" for number in range(90))
    stage = parked(90, shelf=Files())
    stage.exporters.refuses = lambda _event: True
    stage.collector._deliver_all()
    assert stage.waiting.units.parked == 90 - awake - 20


def test_while_exporters_refuse_not_all_runs_are_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MAX_WOKEN", 10)
    stage = parked(90)
    before = stage.waiting.units.parked
    stage.exporters.refuses = lambda _event: True
    for later in range(1, 20):
        stage.at(WAIT + 100 * later)
    assert stage.waiting.units.parked == before - 10
    assert stage.collector._next_due() > stage.now
    stage.exporters.refuses = lambda _event: False
    for later in range(20, 40):
        stage.at(WAIT + 100 * later)
    assert len(stage.waiting.units) == stage.waiting.units.awake.size == 0
    assert sum(isinstance(event, RunCreated) for event in stage.exporters.events) == 90


def test_runs_that_cannot_be_parked_wait_in_memory_until_there_are_too_many() -> None:
    stage = parked(90)
    database = stage.waiting.units._parked._database
    assert database is not None
    before, database.max_bytes = stage.waiting.units.parked, 0
    for number in range(90, 180):
        stage.at(2, *opened(f"run_{number}"))
    assert stage.waiting.units.parked == before
    assert stage.waiting.units.awake.size > ROOM
    assert stage.exporters.events == []
    is_well, state = stage.collector.status()
    assert not is_well
    assert state["troubles"] == {"parking": "temporary file: it has its maximum size"}
    assert state["waiting"]["units"] == state["waiting"]["open_runs"] == 180
    assert state["waiting"]["parked"] == before
    stage.waiting._max_bytes = stage.waiting.units.awake.size - 20_000
    stage.at(3)
    assert stage.waiting.units.awake.size <= stage.waiting._max_bytes
    assert 0 < stage.waiting.taken_early < 45
    assert len(stage.waiting.units) == 180 - stage.waiting.taken_early
    database.max_bytes = 10_000_000
    for number in range(180, 270):
        stage.at(20, *opened(f"run_{number}"))
    assert stage.waiting.units.awake.size <= ROOM
    assert stage.collector.status()[0]


def test_nothing_is_kept_of_runs_that_were_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit is looked at once more when its time would be up: until then it must not stay in memory."""
    monkeypatch.setattr(waiting, "SPARE", 10)
    gc.collect()  # what other tests left
    stage = Stage()
    for number in range(60):
        stage.at(number * SETTLE, *opened(f"run_{number}"))
        stage.at((number + 1) * SETTLE, ended(f"run_{number}"))
    stage.at(70 * SETTLE)
    assert len(stage.exporters.ends) == 60
    assert len(stage.waiting._queue) < 20
    gc.collect()  # of other tests
    assert not any(isinstance(each, Unit) for each in gc.get_objects())


def test_memory_of_runs_that_wait_is_what_is_said_of_it() -> None:
    stage = Stage()
    runs = [opened(f"run_{number}") for number in range(300)]
    tracemalloc.start()
    for number, events in enumerate(runs):
        stage.at(number / 300, *events)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(stage.waiting.units) == stage.waiting.units.open_runs == 300
    assert taken < 3 * stage.waiting.units.awake.size
