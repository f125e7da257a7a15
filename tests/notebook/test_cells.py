"""Each tree stands below the cell in which its run, turn or trace began (tests/servers has a real kernel)."""

from __future__ import annotations

import io
import os
from typing import Any

import pytest

from threadtrail.events import RequestFailed, RunEnded, TraceEnded, TraceStarted
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.notebook.cells import Cell
from threadtrail.testing.samples import events_of_turn, sample_runs
from threadtrail.values import Failure

RUNS = sample_runs()


class Session:
    """Sends to nobody, and keeps what it sent: below which cell, by which stream, what."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.sent: list[tuple[str, str, str]] = []

    def send(self, socket: object, kind: str, content: dict[str, str], *, parent: Any, ident: bytes) -> None:
        assert (socket, kind, ident) == ("socket", "stream", b"stream.stdout")
        self.sent.append((parent["msg_id"], content["name"], content["text"].splitlines()[0]))


class KernelStream(io.StringIO):
    """As `ipykernel` has it."""

    name, topic, pub_thread = "stdout", b"stream.stdout", "socket"

    def __init__(self) -> None:
        super().__init__()
        self.session = Session()
        self.parent_header: dict[str, str] = {}

    def begins(self, cell: str) -> object:
        """What the exporter captures where something begins in this cell."""
        self.parent_header = {"msg_id": cell}
        return ConsoleExporter(self).capture_context()


@pytest.fixture
def stream() -> KernelStream:
    return KernelStream()


def test_each_tree_goes_below_the_cell_in_which_it_began(stream: KernelStream) -> None:
    exporter = ConsoleExporter(stream, color="never")
    one, two, three, four = map(stream.begins, ("one", "two", "three", "four"))
    plain = RunEnded(time=1, run=RUNS["plain_answer"])
    turn = [*events_of_turn(RUNS["answered_calls"], RUNS["answering_response"])]
    cells = [three if getattr(event, "run_id", "") == "resp_answering_response" else two for event in turn]
    trace = TraceStarted(time=1, name="lesson", trace_id="t")
    inside = RunEnded(time=1, run=RUNS["refusal"], trace_id="t")
    failed = RequestFailed(time=1, started_at=0, operation="runs.create", error=Failure(type="x"))
    ended = TraceEnded(time=2, started_at=1, name="lesson", trace_id="t")
    exporter.export([plain, *turn, failed], [one, *cells, four])
    exporter.export([trace, inside, ended], [two, four, two])
    assert stream.session.sent == [
        ("one", "stdout", "✓ Math Tutor  completed in 2.1s  gpt-4o"),
        ("two", "stdout", "✓ gpt-5.2-2025-12-11  completed in 3.4s  2 generations"),
        ("four", "stdout", "✗ runs.create failed: x"),
        ("two", "stdout", "◆ lesson  1 run in <1ms"),
    ]
    assert stream.getvalue() == ""


def test_what_is_printed_before_its_end_too(stream: KernelStream) -> None:
    exporter = ConsoleExporter(stream, color="never")
    one, two = stream.begins("one"), stream.begins("two")
    asking = RunEnded(time=1, run=RUNS["answered_calls"])
    exporter.export([asking, TraceStarted(time=1, name="lesson", trace_id="t")], [one, two])
    exporter.export([RunEnded(time=1, run=RUNS["refusal"], trace_id="t")], [one])
    exporter.flush()
    assert [cell for cell, _, _ in stream.session.sent] == ["one", "two"]


def test_without_a_cell_it_is_written_as_elsewhere(stream: KernelStream) -> None:
    event = RunEnded(time=1, run=RUNS["plain_answer"])
    ConsoleExporter(stream, color="never").export([event])
    stream.session.pid += 1  # a forked child of the kernel
    assert stream.begins("one") is None
    ConsoleExporter(stream, color="never").export([event], [Cell({"msg_id": "one"})])
    assert stream.session.sent == []
    assert stream.getvalue().count("✓ Math Tutor") == 2


def test_elsewhere_nothing_is_captured(capsys: pytest.CaptureFixture[str]) -> None:
    assert ConsoleExporter().capture_context() is None
    assert ConsoleExporter().destination() == "standard error"


def test_in_a_notebook_it_prints_to_standard_output(
    stream: KernelStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout", stream)
    assert ConsoleExporter().destination() == "standard output"
    assert ConsoleExporter("stderr").destination() == "standard error"
