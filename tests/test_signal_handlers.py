"""A signal handler of the app may call any function of ours while the app does: every call returns."""

from __future__ import annotations

import itertools
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE, run_script
from threadtrail.events import Event, TraceStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

PACKAGE = str(Path(threadtrail.__file__).parent)


class Memory:
    """An exporter that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = 0

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None:
        self.events += events

    @threadtrail.hookimpl
    def shutdown(self) -> None:
        self.closed += 1


def interrupted(function: Callable[[], Any], at: int, handler: Callable[[], Any]) -> tuple[Any, list[Any]]:
    """Call the function, and the handler in its midst: before the step ``at`` of the code of threadtrail.

    A step is an instruction of the interpreter: a signal handler runs between two of them. Return what the
    function returned, and what the handler returned, if it ran.
    """
    steps = itertools.count()
    answers: list[Any] = []

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode" and next(steps) == at:
            answers.append(handler())
        return trace

    # Python 3.12 traces no opcodes but those of frames that begin after one has asked for them.
    sys._getframe().f_trace_opcodes = True
    sys.settrace(trace)
    try:
        return function(), answers
    finally:
        sys.settrace(None)


def at_every_step(
    function: Callable[[], Any], handler: Callable[[], Any], stride: int = 1
) -> Iterator[tuple[Any, Any]]:
    """Yield what both returned, for each step of the function in turn."""
    for at in itertools.count(step=stride):
        answer, of_handler = interrupted(function, at, handler)
        if not of_handler:
            assert at > 10, "the function has no steps"
            return
        yield answer, of_handler[0]


def flush(timeout: float = PATIENCE) -> bool:
    return threadtrail.flush(timeout)


def count() -> int:
    return threadtrail.status().exporters["Memory"].delivered


@pytest.fixture
def memory() -> Iterator[Memory]:
    exporter = Memory()
    threadtrail.instrument(exporters=[exporter])
    with threadtrail.trace("before"):
        pass
    assert flush()
    yield exporter
    threadtrail.uninstrument()


@pytest.mark.slow
def test_a_flush_within_a_flush(memory: Memory) -> None:
    assert all(answers == (True, True) for answers in at_every_step(flush, flush, stride=7))


@pytest.mark.parametrize(("function", "handler"), [(flush, count), (count, flush), (count, count)])
def test_a_status_within_or_around(
    memory: Memory, function: Callable[[], Any], handler: Callable[[], Any]
) -> None:
    expected = tuple({flush: True, count: 2}[each] for each in (function, handler))
    assert all(answers == expected for answers in at_every_step(function, handler, stride=7))


def test_a_trace_that_begins_within_a_flush(memory: Memory) -> None:
    def begin_another() -> None:
        with threadtrail.trace("within"):
            pass

    times = sum(1 for _ in at_every_step(flush, begin_another, stride=7))
    assert flush()
    assert [event.name for event in memory.events if isinstance(event, TraceStarted)].count("within") == times


def begin() -> None:
    with threadtrail.trace("first"):
        pass


def begin_and_flush() -> None:
    begin()
    flush()


def begin_and_shut_down() -> None:
    begin()
    threadtrail.shutdown(PATIENCE)


@pytest.mark.slow
@pytest.mark.parametrize("stop", [False, True], ids=["flush", "shutdown"])
@pytest.mark.parametrize("function", [begin, begin_and_flush, begin_and_shut_down])
def test_a_flush_or_a_shutdown_from_the_first_observation_on(
    function: Callable[[], None], stop: bool
) -> None:
    """While the threads start, work and end. The longest hang would be `PATIENCE`, and the answer False.

    No thread is left, even if the recorder was shut down just before it starts: see `workers_ended`.
    """
    for at in itertools.count(step=41):
        exporter = Memory()
        threadtrail.instrument(exporters=[exporter])
        _, answers = interrupted(function, at, lambda: (threadtrail.shutdown if stop else flush)(PATIENCE))
        threadtrail.uninstrument()
        assert exporter.closed == 1
        # Stopped between the two, there is no end to note any more.
        assert [event.event for event in exporter.events] == ["TraceStarted", "TraceEnded"] or (
            stop and not exporter.events
        )
        if not answers:
            break
        assert answers == [True]
    assert at > 50


SIGNALS = """
import random, signal, threadtrail
from threadtrail.events import Event

class Memory:
    @threadtrail.hookimpl
    def export(self, events):
        pass

random.seed(7)
answers = []

def handler(number, frame):
    answers.append(threadtrail.flush(60))
    threadtrail.status()
    signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-3))

threadtrail.instrument(exporters=[Memory()], settle_seconds=600)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 1e-4)
while len(answers) < 300:
    with threadtrail.trace("step"):
        threadtrail.status()
    assert threadtrail.flush(60)
signal.setitimer(signal.ITIMER_REAL, 0)
assert all(answers), answers
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timers that send signals")
def test_real_signals() -> None:
    ran = run_script(textwrap.dedent(SIGNALS))
    assert (ran.returncode, ran.stderr) == (0, "")


FINALISERS = """
import gc, threadtrail

class Memory:
    @threadtrail.hookimpl
    def export(self, events):
        pass

answers = []

class Finalised:
    def __init__(self):
        self.me = self

    def __del__(self):
        answers.append(threadtrail.flush(60))
        threadtrail.status()

threadtrail.instrument(exporters=[Memory()], settle_seconds=600)
gc.set_threshold(20)
for number in range(300):
    with threadtrail.trace("step"):
        Finalised()
    threadtrail.flush(60)
    if len(answers) > 200:
        break
gc.disable()
assert len(answers) > 100, len(answers)
assert threadtrail.flush(60)
"""


@pytest.mark.slow
def test_finalisers_that_flush_wherever_garbage_is_collected() -> None:
    """In a thread of ours the flush would wait for itself, so that it is False at once."""
    ran = run_script(textwrap.dedent(FINALISERS))
    assert (ran.returncode, ran.stderr) == (0, "")
