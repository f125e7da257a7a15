"""What waits for the recorder is bounded by number and by size; what is dropped is counted and logged."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE
from threadtrail.context import Scope
from threadtrail.events import Event, MessageCreated
from threadtrail.recording import inbox
from threadtrail.recording.inbox import Inbox, size_of
from threadtrail.recording.observation import (
    Call,
    DetailsFetched,
    FirstOutput,
    GroupEnded,
    GroupStarted,
    Observation,
    Operation,
    Raised,
    Returned,
    StreamClosed,
    StreamEvent,
    StreamOpened,
)
from threadtrail.values import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

STREAM: Any = None


def call(request: Any = b"") -> Call:
    return Call(Operation(source="s", name="n", does="n"), 1, {}, None, Scope(), request=request)


def returned(result: Any, request: Any = b"") -> Returned:
    return Returned(call(request), 1, result)


BIG = "x" * 100_000


@pytest.mark.parametrize(
    "observation",
    [
        returned(BIG.encode()),
        returned(b"", BIG.encode()),
        returned({"messages": [{"text": BIG}]}),
        returned([BIG.encode(), b""]),
        returned(b"", {"input": [[BIG]]}),
        Raised(call(BIG.encode()), 1, Failure(type="e")),
        Raised(call(b""), 1, Failure(type="e"), answer=BIG.encode()),
        StreamOpened(call(BIG.encode()), 1, STREAM),
        StreamEvent(call(), 1, "thread.message.completed", {"text": BIG}),
        StreamEvent(call(), 1, "thread.message.completed", BIG.encode()),
        StreamClosed(call(), 1, None, [("thread.message", {"text": BIG})]),
    ],
)
def test_the_size_is_that_of_the_bodies(observation: Observation) -> None:
    assert 100_000 <= size_of(observation) <= 102_000


@pytest.mark.parametrize(
    "observation",
    [
        call(),
        FirstOutput(call(), 1),
        GroupStarted(1, "t", "n", None, Scope()),
        GroupEnded(1, "t"),
        DetailsFetched(("s", "run_1")),
        returned(None),
        returned(b""),
    ],
)
def test_no_observation_is_too_small_to_count(observation: Observation) -> None:
    assert 1_000 <= size_of(observation) <= 1_200


def test_a_value_nested_deeper_than_python_recurses_has_a_size() -> None:
    value: Any = BIG
    for _ in range(50_000):
        value = [value]
    assert size_of(returned(value)) > 100_000


def test_too_many_bytes_are_dropped_and_room_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_WAITING_BYTES", 350_000)
    tested: Inbox[str] = Inbox()
    for _ in range(10):
        tested.put(returned(BIG.encode()))
    assert (len(tested), tested.dropped) == (3, 7)
    tested.ask("a request has always room")
    for _ in range(3):
        assert tested.take()[0] is not None
    assert tested.take() == (None, "a request has always room")
    assert tested.take() == (None, None)
    tested.put(returned(BIG.encode()))
    assert (len(tested), tested.dropped) == (1, 7)


def test_one_that_is_larger_than_the_bound_passes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MAX_WAITING_BYTES", 50_000)
    tested: Inbox[str] = Inbox()
    for _ in range(3):
        tested.put(returned(BIG.encode()))
    assert (len(tested), tested.dropped) == (1, 2)
    tested.take()
    tested.put(returned(BIG.encode()))
    assert len(tested) == 1


def test_many_threads_lose_no_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    tested: Inbox[str] = Inbox()

    def fill() -> None:
        for _ in range(5_000):
            tested.put(returned(b"12345"))

    threads = [threading.Thread(target=fill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tested._bytes == 4 * 5_000 * size_of(returned(b"12345"))
    while tested.take() != (None, None):
        pass
    assert tested._bytes == 0


class Memory:
    """An exporter that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None:
        self.events += events


@pytest.fixture
def _uninstrumented() -> Iterator[None]:
    yield
    threadtrail.uninstrument()


@pytest.mark.usefixtures("_uninstrumented")
def test_a_recorder_that_is_kept_busy_drops_says_so_and_goes_on(
    client: OpenAI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inbox, "MAX_WAITING_BYTES", 1_000_000)
    entered, release = threading.Event(), threading.Event()

    def redact(text: str) -> str:
        entered.set()
        assert release.wait(PATIENCE)
        return text

    memory = Memory()
    threadtrail.instrument(exporters=[memory], redact=redact)
    thread = client.beta.threads.create().id
    client.beta.threads.messages.create(thread, role="user", content="first")
    assert entered.wait(PATIENCE)
    for _ in range(20):
        client.beta.threads.messages.create(thread, role="user", content=BIG)
    status = threadtrail.status()
    assert status.observations_dropped > 10
    assert "observations dropped" in str(status)
    assert status.observations_waiting + status.observations_dropped == 20
    release.set()
    assert not threadtrail.flush(PATIENCE), "some were lost"
    assert "observations: too many wait to be read; dropped so far: " in caplog.text
    client.beta.threads.messages.create(thread, role="user", content="last")
    assert threadtrail.flush(PATIENCE)
    texts = [event.message.text for event in memory.events if isinstance(event, MessageCreated)]
    assert (texts[0], texts[-1]) == ("first", "last")
    assert len(texts) == 2 + 20 - threadtrail.status().observations_dropped
