"""The hooks into Celery, billiard and RQ, tried with modules like theirs; tests/servers has the real ones."""

from __future__ import annotations

import os
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.delivery import lifecycle
from threadtrail.servers import job_queues

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Signal:
    """As Celery's: receivers are kept, and called with keywords."""

    def __init__(self) -> None:
        self.receivers: list[Callable[..., Any]] = []

    def connect(self, receiver: Callable[..., Any], *, weak: bool = True) -> None:
        assert not weak
        self.receivers.append(receiver)

    def disconnect(self, receiver: Callable[..., Any]) -> None:
        self.receivers.remove(receiver)

    def send(self) -> None:
        for receiver in self.receivers:
            receiver(sender=None, signal=self, pid=1, exitcode=0)


class Worker:
    """As billiard's, without the end of the process."""

    def __init__(self, on_exit: Callable[..., Any] | None) -> None:
        self.on_exit = on_exit
        self.left: list[object] = []

    def _do_exit(self, pid: int, exitcode: int, exc: BaseException | None = None) -> None:
        if self.on_exit is not None:
            self.on_exit(pid, exitcode)
        self.left.append((pid, exitcode, exc))


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The modules as they are after an import, in the order in which they may be imported."""
    job_queues.unwatch()
    made: dict[str, ModuleType] = {}
    for name in job_queues.MODULES:
        module = made[name] = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
    found = SimpleNamespace(
        pool=made["billiard.pool"],
        signals=made["celery.signals"],
        rq=[made[name] for name in made if name.startswith("rq")],
        signal=Signal(),
        original=Worker.__dict__["_do_exit"],
    )
    found.pool.Worker = Worker
    found.signals.worker_process_shutdown = found.signal
    for module in found.rq:
        module.os = os
    yield found
    threadtrail.uninstrument()
    job_queues.unwatch()
    assert Worker.__dict__["_do_exit"] is found.original


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happened at the end of a process, in order."""
    happened: list[str] = []
    monkeypatch.setattr(lifecycle, "at_exit", lambda: happened.append("delivered"))
    monkeypatch.setattr(os, "_exit", lambda status: happened.append(f"left {status}"))
    return happened


def instrument() -> None:
    threadtrail.instrument(exporters=[])


def imported(module: ModuleType) -> None:
    """What the post-import hook does, which cannot be undone and is set once per process."""
    job_queues.watching.imported(module)


def test_instrument_watches_what_is_imported_already(modules: SimpleNamespace) -> None:
    instrument()
    watched = set(job_queues.watching.undo)
    assert watched == set(job_queues.MODULES) or not job_queues.watching.hooked


def test_billiard_delivers_after_the_pools_own_exit(modules: SimpleNamespace, ended: list[str]) -> None:
    instrument()
    imported(modules.pool)
    worker = Worker(lambda pid, exitcode: ended.append(f"on_exit {pid} {exitcode}"))
    worker._do_exit(7, 155)
    assert ended == ["on_exit 7 155", "delivered"]
    assert worker.left == [(7, 155, None)]


def test_billiard_delivers_also_after_one_that_fails(modules: SimpleNamespace, ended: list[str]) -> None:
    def fail(_pid: int, _exitcode: int) -> None:
        raise ValueError("the app's")

    instrument()
    imported(modules.pool)
    Worker(None)._do_exit(7, 0)
    with pytest.raises(ValueError, match="the app's"):
        Worker(fail)._do_exit(7, 0)
    assert ended == ["delivered", "delivered"]


def test_celerys_signal_is_for_pools_that_are_not_watched(modules: SimpleNamespace, ended: list[str]) -> None:
    """The app's own receivers may come after ours, and are not to come too late."""
    del modules.pool.Worker
    instrument()
    imported(modules.signals)
    modules.signal.send()
    assert ended == ["delivered"]
    modules.pool.Worker = Worker
    imported(modules.pool)
    modules.signal.send()
    assert ended == ["delivered"]
    threadtrail.uninstrument()
    assert modules.signal.receivers == []


def test_rq_delivers_before_it_leaves(modules: SimpleNamespace, ended: list[str]) -> None:
    instrument()
    for module in modules.rq:
        imported(module)
        assert module.os.getpid() == os.getpid()
        assert module.os.environ is os.environ
        module.os._exit(3)
    assert ended == ["delivered", "left 3"] * 3
    os._exit(4)
    assert ended[-1] == "left 4", "only RQ's own exit delivers"
    threadtrail.uninstrument()
    assert all(module.os is os for module in modules.rq)


def test_what_another_tool_has_put_there_stays(modules: SimpleNamespace) -> None:
    instrument()
    imported(modules.pool)
    ours = Worker._do_exit

    def theirs(self: Worker, *args: Any) -> None:
        ours(self, *args)

    Worker._do_exit = theirs  # type: ignore[method-assign,assignment]  # as other instrumentations do
    modules.rq[0].os = other = ModuleType("os")
    threadtrail.uninstrument()
    assert Worker.__dict__["_do_exit"] is theirs
    assert modules.rq[0].os is other
    Worker._do_exit = modules.original  # type: ignore[method-assign]  # as it was


def test_modules_of_another_shape_are_left_alone(modules: SimpleNamespace) -> None:
    del modules.pool.Worker, modules.signals.worker_process_shutdown
    for module in modules.rq:
        del module.os
    instrument()
    for module in (modules.pool, modules.signals, *modules.rq):
        imported(module)
    assert job_queues.watching.undo == {}


def test_nothing_is_watched_when_nothing_is_recorded(modules: SimpleNamespace) -> None:
    instrument()
    threadtrail.uninstrument()
    imported(modules.pool)
    assert Worker.__dict__["_do_exit"] is modules.original
