"""What is sent to one exporter, and what is noted as delivered."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from delivery.support import PATIENCE, Collecting, Stuck
from threadtrail._guard import guard
from threadtrail.commands.replay.progress import Progress
from threadtrail.commands.replay.sending import MAX_FAILURES, Sender, Sent
from threadtrail.config.registry import LoadedExporter
from threadtrail.config.settings import Settings
from threadtrail.events import Event, TraceEnded, TraceStarted, TurnEnded
from threadtrail.recordings.groups import Group, groups_of
from threadtrail.testing import samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from threadtrail.delivery.hooks import ExporterHooks

RUN = samples.sample_runs()["plain_answer"]
ASKING, ANSWERING = (samples.sample_runs()[name] for name in ("answered_calls", "answering_response"))


@pytest.fixture(autouse=True)
def _anew() -> Iterator[None]:
    guard.after_fork_in_child()  # it counts and logs anew
    yield
    guard.after_fork_in_child()


def runs(count: int, prefix: str = "run", **options: Any) -> list[Event]:
    several = (replace(RUN, id=f"{prefix}_{number}", turn_id=None) for number in range(count))
    return [event for run in several for event in samples.events_of(run, **options)]


def in_trace(*events: Event, trace_id: str = "t", ended: bool = True) -> list[Event]:
    start = TraceStarted(time=1, name="lesson", trace_id=trace_id)
    end = TraceEnded(time=9, started_at=1, name="lesson", trace_id=trace_id)
    return [start, *events, *([end] if ended else [])]


def send(
    hooks: ExporterHooks, events: Sequence[Event], path: Path, timeout: float = PATIENCE, **settings: Any
) -> Sent:
    """Send what was not noted in the file yet."""
    progress = Progress([path], "x", "there")
    tried: list[Group] = []
    with progress.writing():
        pending = [group for group in groups_of(events, traces=True) if not progress.has(group)]
        groups = sorted(pending, key=progress.postponed)
        sender = Sender(LoadedExporter("x", object(), hooks), Settings(**settings), timeout)
        sent = sender.send(groups, progress, tried.extend)
    assert len(tried) == len(sent.delivered) + len(sent.failed)
    assert len(groups) == len(tried) + len(sent.not_tried)
    return sent


def test_each_group_is_exported_whole_in_order_and_once(tmp_path: Path) -> None:
    first, second = runs(1, "a", trace_id="t"), runs(1, "b")
    turn = samples.events_of_turn(ASKING, ANSWERING)
    mixed = [event for pair in zip(in_trace(*first), [*second, *turn[:2]], strict=True) for event in pair]
    exporter = Collecting()
    sent = send(exporter.hooks, [*mixed, *turn[2:]], tmp_path / "state")
    assert exporter.events == [*second, *in_trace(*first), *turn], "in the order of their ends"
    assert len(sent.delivered) == 3
    assert exporter.calls[-2:] == ["flush", "shutdown"]
    assert not send(exporter.hooks, [*mixed, *turn[2:]], tmp_path / "state").delivered
    assert len(exporter.events) == len(mixed) + len(turn) - 2


def test_a_group_that_is_larger_than_the_queue_loses_nothing_and_is_flushed_at_its_end(
    tmp_path: Path,
) -> None:
    exporter = Collecting()
    events = in_trace(*runs(100, trace_id="t"))
    sent = send(exporter.hooks, events, tmp_path / "state", queue_size=10)
    assert exporter.events == events
    assert len(sent.delivered) == 1
    assert exporter.calls.count("flush") == 2
    assert exporter.calls.index("flush") == len(exporter.batches)


def test_content_is_left_out_only_if_the_settings_say_so(tmp_path: Path) -> None:
    texts = "".join(event.to_json() for event in runs(1))
    assert "3x + 11" in texts
    exporter = Collecting()
    send(exporter.hooks, runs(1), tmp_path / "state", capture_content=False, max_content_bytes=1)
    assert "3x + 11" not in "".join(event.to_json() for event in exporter.events)
    whole = Collecting()
    send(whole.hooks, runs(1), tmp_path / "other", max_content_bytes=1)
    assert whole.events == runs(1)


def test_what_has_grown_is_sent_again_as_a_whole(tmp_path: Path) -> None:
    exporter = Collecting()
    events = runs(2)
    send(exporter.hooks, events[:-1], tmp_path / "state")
    send(exporter.hooks, events, tmp_path / "state")
    each = len(events) // 2
    assert exporter.events == [*events[:-1], *events[each:]]


class Failing(Collecting):
    """Raises in ``export`` while it fails."""

    failing = True

    def export(self, events: Sequence[Event], contexts: Sequence[object]) -> None:
        super().export(events, contexts)
        if self.failing:
            raise ConnectionError("connection refused")


def test_a_backend_that_is_down_is_given_up_and_gets_all_when_it_is_back(tmp_path: Path) -> None:
    exporter = Failing()
    events = [*runs(100), *in_trace(*runs(1, "b", trace_id="t"), ended=False)]
    sent = send(exporter.hooks, events, tmp_path / "state")
    assert (len(exporter.batches), sent.delivered) == (MAX_FAILURES, [])
    assert sent.not_tried
    assert sent.reason == "ConnectionError: connection refused"
    exporter.failing, exporter.events = False, []
    assert send(exporter.hooks, events, tmp_path / "state").failed == []
    assert sorted(exporter.events, key=repr) == sorted(events, key=repr)


def test_runs_that_are_always_refused_are_not_in_the_way_of_others(tmp_path: Path) -> None:
    """More of them in a row than it takes to give the exporter up."""
    refused = {f"run_{number}" for number in range(20, 24)}
    accepted: list[Event] = []

    def export(events: Sequence[Event], contexts: Sequence[object]) -> None:
        if refused & {getattr(event, "run_id", None) for event in events}:
            raise ValueError("too large")
        accepted.extend(events)

    hooks = replace(Collecting().hooks, export=export)
    results = [send(hooks, runs(100), tmp_path / "state") for _ in range(3)]
    assert results[0].not_tried
    assert [len(sent.failed) + len(sent.not_tried) for sent in results[1:]] == [4, 4]
    assert sum(len(sent.delivered) for sent in results) == 96
    others = [event for event in runs(100) if getattr(event, "run_id", None) not in refused]
    assert sorted(accepted, key=repr) == sorted(others, key=repr), "each once"


def test_an_exporter_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threadtrail.commands.replay.sending.CLOSING_SECONDS", 0.05)
    stuck = Stuck("export", "shutdown")
    sent = send(stuck.hooks, runs(100), tmp_path / "state", timeout=0.05)
    stuck.release.set()
    assert sent.delivered == []
    assert sent.not_tried
    assert sent.reason == "it took longer than 0.05 s for a batch (--timeout)"


@pytest.mark.parametrize("hook", ["flush", "shutdown"])
def test_what_is_open_is_noted_when_the_exporter_has_closed_it(hook: str, tmp_path: Path) -> None:
    turn = [event for event in samples.events_of_turn(ASKING, ANSWERING) if not isinstance(event, TurnEnded)]
    lesson = in_trace(*runs(1, trace_id="t"), ended=False)

    def fail(timeout: float) -> None:
        raise ConnectionError(f"no {hook} in {timeout} s")

    exporter = Collecting()
    closed = runs(1, "closed")
    broken = replace(exporter.hooks, **{hook: fail})
    sent = send(broken, [*lesson, *turn, *closed], tmp_path / "state")
    assert exporter.events == [*closed, *lesson, *turn], "what is open comes last"
    assert len(sent.failed) == (2 if hook == "shutdown" else 3)
    again = send(exporter.hooks, [*lesson, *turn, *closed], tmp_path / "state")
    assert len(again.delivered) == len(sent.failed)


def test_an_interruption_keeps_what_was_noted(tmp_path: Path) -> None:
    exporter = Collecting()
    progress = Progress([tmp_path / "state"], "x", "there")
    groups = groups_of(runs(100), traces=True)

    def interrupt(_tried: Sequence[Group]) -> None:
        raise KeyboardInterrupt

    sender = Sender(LoadedExporter("x", object(), exporter.hooks), Settings(), PATIENCE)
    with progress.writing(), pytest.raises(KeyboardInterrupt):
        sender.send(groups, progress, interrupt)
    assert exporter.calls[-1] == "shutdown"
    first = len(exporter.events)
    assert 0 < first < len(runs(100))
    send(exporter.hooks, runs(100), tmp_path / "state")
    assert exporter.events == runs(100)


def test_who_stops_it_waits_for_what_was_begun(tmp_path: Path) -> None:
    exporter = Collecting()
    progress = Progress([tmp_path / "state"], "x", "there")
    groups = groups_of(runs(100), traces=True)
    sender = Sender(LoadedExporter("x", object(), exporter.hooks), Settings(), PATIENCE)

    def stop(tried: Sequence[Group]) -> None:
        assert sent == []
        sent.extend(tried)
        sender.stop()

    sent: list[Group] = []
    with progress.writing(), pytest.raises(KeyboardInterrupt):
        sender.send(groups, progress, stop)
    assert exporter.calls[-1] == "shutdown"
    assert [progress.has(group) for group in groups] == [group in sent for group in groups]
    send(exporter.hooks, runs(100), tmp_path / "state")
    assert exporter.events == runs(100)


def test_who_stops_it_after_the_last_batch_stops_nothing(tmp_path: Path) -> None:
    exporter = Collecting()
    progress = Progress([tmp_path / "state"], "x", "there")
    sender = Sender(LoadedExporter("x", object(), exporter.hooks), Settings(), PATIENCE)
    with progress.writing():
        sent = sender.send(groups_of(runs(3), traces=True), progress, lambda _tried: sender.stop())
    assert len(sent.delivered) == 3


def test_two_replays_at_once_send_each_group_once(tmp_path: Path) -> None:
    exporter = Collecting()
    threads = [
        threading.Thread(target=send, args=(exporter.hooks, runs(50), tmp_path / "state")) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert exporter.events == runs(50)
