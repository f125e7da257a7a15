"""`instrument()` called again: nothing happens if nothing changed; else the former one ends by itself."""

from __future__ import annotations

import logging
import sys
import textwrap
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE, run_script
from threadtrail.events import Event, TraceEnded
from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fake_distributions import Installer

EXPORTER = """
import threadtrail

made = []

class Exporter:
    def __init__(self, size=1, words=None):
        self.size = size
        self.closed = 0
        made.append(self)

    @threadtrail.hookimpl
    def export(self, events): ...

    @threadtrail.hookimpl
    def shutdown(self):
        self.closed += 1
"""


class Memory:
    """An exporter that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = threading.Event()

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None:
        self.events += events

    @threadtrail.hookimpl
    def shutdown(self) -> None:
        self.closed.set()


@dataclass
class Alike(Memory):
    """Equal to every other one."""

    events: list[Event] = field(default_factory=list, compare=False)
    closed: threading.Event = field(default_factory=threading.Event, compare=False)


class Stuck(Memory):
    """Does not come back from `export` until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.release = threading.Event(), threading.Event()

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None:
        self.entered.set()
        assert self.release.wait(PATIENCE)
        self.events += events


def begin(name: str = "first") -> None:
    with threadtrail.trace(name):
        pass


def names(exporter: Memory) -> list[str]:
    return [event.name for event in exporter.events if isinstance(event, TraceEnded)]


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("threadtrail-")}


@pytest.fixture(autouse=True)
def _uninstrumented(here: Path, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG, "threadtrail")
    yield
    threadtrail.uninstrument()


@pytest.fixture
def made(install: Installer) -> Iterator[list[Any]]:
    """The exporters that were made by the name `mine`."""
    install("mine", {"mine": "module_mine:Exporter"}, module_mine=EXPORTER)
    import module_mine  # type: ignore[import-not-found]  # made by the line above

    yield module_mine.made
    del sys.modules["module_mine"]


def shorten(text: str) -> str:
    return text[:10]


# -- the same configuration -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        {"exporters": ["mine"]},
        {"exporters": "mine"},
        {"exporters": {"mine": {"size": 3, "words": ["a", "b"]}}},
        {"exporters": ["mine"], "redact": shorten, "sample_rate": 0.5, "capture_content": False},
    ],
    ids=["list", "text", "options", "settings"],
)
def test_the_same_again_changes_nothing_and_says_nothing(
    made: list[Any], given: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    first = threadtrail.instrument(**given)
    begin()
    for _ in range(5):
        assert threadtrail.instrument(**given).active
    assert len(made) == 1
    assert made[0].closed == 0
    assert first.active
    assert [record.getMessage() for record in caplog.records if "again" in record.getMessage()] == []
    threadtrail.uninstrument()
    assert made[0].closed == 1


def test_the_same_object_again_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    memory = Memory()
    threadtrail.instrument(exporters=[memory])
    threadtrail.instrument(exporters=[memory])
    begin()
    assert threadtrail.flush(PATIENCE)
    assert names(memory) == ["first"]
    assert not memory.closed.is_set()
    assert "again" not in caplog.text


NOTEBOOK_CELL = """
import re

PATTERN = re.compile("[0-9]+")

def shorten(text, depth=0):
    return text if depth > LIMIT else shorten(hide(text), depth + 1)

def hide(text):
    return PATTERN.sub("#", text) + {addition!r}

redact = [lambda text: shorten(text) for _ in range(1)][0]
"""


def run_cell(namespace: dict[str, Any], addition: str = "", limit: int = 1) -> Any:
    exec(compile(NOTEBOOK_CELL.format(addition=addition), f"cell-{id(namespace)}", "exec"), namespace)  # noqa: S102
    namespace["LIMIT"] = limit
    return namespace["redact"]


def test_a_function_made_anew_by_the_same_cell_is_the_same(
    made: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """In one namespace, as in a notebook; in another one each time, as in Streamlit."""
    notebook: dict[str, Any] = {}
    for namespace in (notebook, notebook, {}, {}):
        threadtrail.instrument(exporters=["mine"], redact=run_cell(namespace))
    assert len(made) == 1
    assert "again" not in caplog.text
    threadtrail.instrument(exporters=["mine"], redact=run_cell({}, limit=2))
    assert len(made) == 2, "a value that it uses has changed"
    threadtrail.instrument(exporters=["mine"], redact=run_cell({}, "!", limit=2))
    assert len(made) == 3, "a function that it calls has changed"


def test_the_same_from_a_file_and_from_keywords(made: list[Any], here: Path) -> None:
    threadtrail.instrument(exporters={"mine": {"size": 3}})
    (here / "threadtrail.toml").write_text("[exporters.mine]\nsize = 3\n")
    threadtrail.instrument()
    assert len(made) == 1


def test_after_an_end_the_same_begins_anew(made: list[Any]) -> None:
    threadtrail.instrument(exporters=["mine"])
    threadtrail.uninstrument()
    assert threadtrail.instrument(exporters=["mine"]).active
    assert len(made) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"exporters": {"mine": {"size": 4}}},
        {"exporters": {"mine": {"size": True}}},
        {"exporters": {"mine": {"size": 1, "words": []}}},
        {"exporters": ["mine"], "settle_seconds": 2.0},
        {"exporters": ["mine"], "redact": shorten},
        {"exporters": ["mine", "console"]},
    ],
)
def test_another_configuration_replaces_it(
    made: list[Any], other: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    threadtrail.instrument(exporters={"mine": {"size": 1}})
    threadtrail.instrument(**other)
    assert len(made) == 2
    assert caplog.text.count("instrument() was called again") == 1
    wait_until(lambda: made[0].closed == 1, timeout=PATIENCE)
    assert made[1].closed == 0


def test_an_object_that_is_merely_equal_is_another_one() -> None:
    first, second = Alike(), Alike()
    assert first == second
    threadtrail.instrument(exporters=[first])
    threadtrail.instrument(exporters=[second])
    begin()
    assert threadtrail.flush(PATIENCE)
    assert (names(first), names(second)) == ([], ["first"])


class Incomparable:
    """Raises, or answers nonsense, when it is compared."""

    __hash__ = None  # type: ignore[assignment]  # as numpy's arrays

    def __init__(self, error: type[BaseException] | None) -> None:
        self.error = error

    def __eq__(self, other: object) -> Any:
        if self.error is not None:
            raise self.error
        return "maybe"

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")


@pytest.mark.parametrize("error", [None, ValueError, RecursionError])
def test_options_that_cannot_be_compared(made: list[Any], error: type[BaseException] | None) -> None:
    value = Incomparable(error)
    threadtrail.instrument(exporters={"mine": {"words": value}})
    threadtrail.instrument(exporters={"mine": {"words": value}})
    assert len(made) == 1, "the same object is the same"
    threadtrail.instrument(exporters={"mine": {"words": Incomparable(ValueError)}})
    assert len(made) == 2


@pytest.mark.parametrize(
    ("variable", "count"), [("MINE_API_KEY", 2), ("OTEL_SERVICE_NAME", 2), ("TOKENIZERS_PARALLELISM", 1)]
)
def test_variables_that_the_exporter_may_read_count(
    made: list[Any], variable: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    threadtrail.instrument(exporters=["mine"])
    monkeypatch.setenv(variable, "changed")
    threadtrail.instrument(exporters=["mine"])
    assert len(made) == count


def test_sessions_that_begin_at_once_share_one_exporter(made: list[Any]) -> None:
    together = threading.Barrier(8)

    def session() -> None:
        together.wait(PATIENCE)
        threadtrail.instrument(exporters=["mine"])

    sessions = [threading.Thread(target=session) for _ in range(8)]
    for each in sessions:
        each.start()
    for each in sessions:
        each.join()
    assert sum(exporter.closed == 0 for exporter in made) == 1, "those that came too late are closed"
    assert len(threadtrail.status().exporters) == 1


# -- another configuration ------------------------------------------------------------------------------


def test_nothing_waits_for_the_former_exporter() -> None:
    stuck, second, third = Stuck(), Memory(), Memory()
    before = threads()
    threadtrail.instrument(exporters=[stuck], shutdown_timeout_seconds=PATIENCE)
    begin("of the first")
    assert not threadtrail.flush(0.01)
    assert stuck.entered.wait(PATIENCE)
    threadtrail.instrument(exporters=[second])
    begin("of the second")
    threadtrail.instrument(exporters=[third])
    begin("of the third")
    assert not stuck.release.is_set()
    assert second.closed.wait(PATIENCE)
    assert names(second) == ["of the second"]
    assert not threadtrail.flush(0.01), "the first is not done yet"
    stuck.release.set()
    assert threadtrail.flush(PATIENCE)
    assert stuck.closed.is_set()
    assert (names(stuck), names(third)) == (["of the first"], ["of the third"])
    wait_until(
        lambda: (
            {thread.name for thread in threads() - before} == {"threadtrail-Memory", "threadtrail-recorder"}
        ),
        timeout=PATIENCE,
    )
    threadtrail.uninstrument()
    wait_until(lambda: threads() <= before, timeout=PATIENCE)


def test_what_a_former_exporter_loses_makes_one_flush_false() -> None:
    class Fails(Memory):
        @threadtrail.hookimpl
        def export(self, events: list[Event]) -> None:
            raise ValueError

    failing = Fails()
    threadtrail.instrument(exporters=[failing])
    begin()
    threadtrail.instrument(exporters=[Memory()])
    assert failing.closed.wait(PATIENCE)
    threadtrail.instrument(exporters=[Memory()])
    assert not threadtrail.flush(PATIENCE)
    assert threadtrail.flush(PATIENCE)


def test_the_end_gives_up_former_exporters_too(caplog: pytest.LogCaptureFixture) -> None:
    stuck = Stuck()
    threadtrail.instrument(exporters=[stuck], shutdown_timeout_seconds=0.05)
    begin()
    threadtrail.instrument(exporters=[Memory()], shutdown_timeout_seconds=0.05)
    assert stuck.entered.wait(PATIENCE)
    threadtrail.uninstrument()
    assert "exporter 'Stuck', shutdown: timed out" in caplog.text
    stuck.release.set()


@pytest.mark.slow
def test_the_exit_delivers_what_former_exporters_still_have(tmp_path: Path) -> None:
    script = f"""
    import threading, threadtrail
    from threadtrail.exporters.jsonl import JsonlExporter

    entered = threading.Event()

    class Slow(JsonlExporter):
        @threadtrail.hookimpl
        def export(self, events):
            entered.set()
            threading.Event().wait(0.5)
            super().export(events)

    threadtrail.instrument(exporters=[Slow({str(tmp_path / "former.jsonl")!r})])
    with threadtrail.trace("former"):
        pass
    threadtrail.instrument(exporters=[JsonlExporter({str(tmp_path / "latter.jsonl")!r})])
    with threadtrail.trace("latter"):
        pass
    """
    ran = run_script(textwrap.dedent(script))
    assert ran.returncode == 0, ran.stderr
    for name in ("former", "latter"):
        text = (tmp_path / f"{name}.jsonl").read_text()
        assert (text.count("TraceStarted"), text.count("TraceEnded")) == (1, 1)


# -- forks ----------------------------------------------------------------------------------------------

FORKS = """
import os, signal, sys, threading, warnings
import threadtrail
from threadtrail._guard import guard
warnings.simplefilter("ignore", DeprecationWarning)

class Memory:
    @threadtrail.hookimpl
    def export(self, events): ...

threadtrail.instrument(exporters=[Memory()])

def in_child():
    signal.alarm(240)  # a hang ends the child, and its exit code says so
    with threadtrail.trace("in the child"):
        threadtrail.status()
    assert threadtrail.flush(60)
    threadtrail.instrument(exporters=[Memory()])
    threadtrail.uninstrument()

def fork():
    child = os.fork()
    if not child:
        try:
            in_child()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
"""

HELD = """
from threadtrail._in_force import InForce
from threadtrail.instrumentation.install import patches

held, free = threading.Event(), threading.Event()

def hold():
    with InForce.lock, patches._lock, guard._lock:
        held.set()
        free.wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
assert fork() == 0
free.set()
"""

BUSY = """
done = threading.Event()

def change():
    while not done.is_set():
        threadtrail.instrument(exporters=[Memory()])
        threadtrail.status()

changing = threading.Thread(target=change)
changing.start()
codes = [fork() for _ in range(12)]
done.set()
changing.join()
assert codes == [0] * 12, codes
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(sys, "abiflags"), reason="Windows cannot fork")
@pytest.mark.parametrize(
    "script", [HELD, BUSY], ids=["while locks are held", "while another thread instruments"]
)
def test_a_forked_child_does_not_hang(script: str) -> None:
    ran = run_script(FORKS + script)
    assert ran.returncode == 0, ran.stderr
