"""Locks, queues and threads are made with the first observation, not before."""

from __future__ import annotations

import gc
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail import _in_force
from threadtrail._guard import Guard, guard
from threadtrail._late import Late, condition, event, lock, reentrant_lock, simple_queue
from threadtrail.exporters.jsonl import JsonlExporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from openai import OpenAI

WAITING = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Condition,
    threading.Event,
    threading.Semaphore,
    threading.Thread,
    queue.Queue,
    queue.SimpleQueue,
)
"""What gevent and eventlet have another of."""

CONTAINERS = (dict, list, tuple, set, frozenset)


def made_by_us(root: object) -> Iterator[object]:
    """Everything that ``root`` holds, by way of containers and of objects of threadtrail's own classes."""
    seen: dict[int, object] = {}
    todo = [root]
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each
        yield each
        ours = type(each).__module__.partition(".")[0].startswith("threadtrail")
        if ours or isinstance(each, CONTAINERS):
            todo += [other for other in gc.get_referents(each) if not isinstance(other, type)]


def waiting() -> list[object]:
    return [each for each in made_by_us(_in_force.InForce.runtime) if isinstance(each, WAITING)]


@pytest.fixture
def instrumented(tmp_path: Path) -> Iterator[None]:
    guard.after_fork_in_child()  # what other tests reported made its lock
    with threadtrail.instrument(
        exporters=["console", JsonlExporter(tmp_path / "events.jsonl")],
        sample_rate=0.5,
        fetch_run_details=True,
        settle_seconds=0.0,
    ):
        yield


def test_nothing_that_waits_is_made_before_the_first_call(instrumented: None, client: OpenAI) -> None:
    assert waiting() == []
    assert threadtrail.flush(60)
    assert threadtrail.status().exporters["console"].delivered == 0
    assert waiting() == [], "nor by looking"
    client.beta.threads.create()
    assert len(waiting()) > 5, "or this test finds nothing"


def test_nor_by_configuring_again(instrumented: None, tmp_path: Path) -> None:
    threadtrail.instrument(exporters=[JsonlExporter(tmp_path / "other.jsonl")], fetch_run_details=True)
    runtime = _in_force.InForce.runtime
    assert runtime is not None
    deadline = time.monotonic() + 60
    while runtime.leaving():  # the former exporters are shut down in threads
        assert time.monotonic() < deadline
    assert waiting() == []


def test_nor_by_a_fork(instrumented: None, client: OpenAI) -> None:
    client.beta.threads.create()
    runtime = _in_force.InForce.runtime
    assert runtime is not None
    assert runtime.flush(60.0)
    runtime.recorder.shutdown(60.0)  # the threads of the parent, which a child does not have
    runtime.after_fork_in_child()
    assert waiting() == []


class Holder:
    thing = Late(event)


def test_it_is_made_once_for_each_object() -> None:
    one, other = Holder(), Holder()
    assert Holder.thing.made(one) is None
    first = one.thing
    assert one.thing is first
    assert Holder.thing.made(one) is first
    assert other.thing is not first
    Holder.thing.forget(one)
    assert one.thing is not first


def test_a_class_has_the_attribute_itself() -> None:
    assert isinstance(Holder.thing, Late)


def test_threads_that_come_first_at_the_same_time_get_the_same_one() -> None:
    """Each makes its own while the other makes one: the one that is stored first stays."""
    both = threading.Barrier(2)

    def make() -> object:
        both.wait(60)
        return object()

    class Slow:
        thing = Late(make)

    slow, got = Slow(), []
    threads = [threading.Thread(target=lambda: got.append(slow.thing)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(got) == 2
    assert got[0] is got[1] is slow.thing


@pytest.mark.parametrize(
    ("make", "module", "name"),
    [
        (lock, threading, "Lock"),
        (reentrant_lock, threading, "RLock"),
        (condition, threading, "Condition"),
        (event, threading, "Event"),
        (simple_queue, queue, "SimpleQueue"),
    ],
)
def test_what_is_made_is_looked_up_then(
    make: Any, module: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, lambda: "patched")
    assert make() == "patched"


def test_a_guard_counts_without_a_lock_until_it_has_something_to_count() -> None:
    guard = Guard()
    assert guard.counts == {}
    assert Guard._lock.made(guard) is None
    guard.report("something")
    assert guard.counts == {"something": 1}
    assert Guard._lock.made(guard) is not None
