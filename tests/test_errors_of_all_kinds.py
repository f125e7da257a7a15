"""Errors of every class, raised by hooks, by `redact` and by sources: who gets them, and what still works."""

from __future__ import annotations

import asyncio
import ctypes
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE, changed
from errors_of_libraries import INTERRUPTS, loaded
from threadtrail._guard import Guard, guard
from threadtrail._own_work import start_thread
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane
from threadtrail.events import Event, MessageCreated, ThreadCreated
from threadtrail.sources.openai_assistants import reader
from threadtrail.values import TextPart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import AsyncOpenAI, OpenAI


class OddError(BaseException):
    """No `Exception`, and of nobody that is known."""


OF_THE_APP = [KeyboardInterrupt, SystemExit, GeneratorExit]
OTHERS = [ValueError, asyncio.CancelledError, OddError, RecursionError, MemoryError]


class Memory:
    """An exporter that keeps what it gets."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    @threadtrail.hookimpl
    def export(self, events: list[Event]) -> None:
        self.events += events


class Captures(Memory):
    """Does something in the app's thread."""

    def __init__(self, act: Callable[[], Any]) -> None:
        super().__init__()
        self.act = act

    @threadtrail.hookimpl
    def capture_context(self) -> object:
        return self.act()


def contained(what: str) -> int:
    return threadtrail.status().contained.get(what, 0)


def raises(error: type[BaseException]) -> Callable[..., Any]:
    def function(*_args: object, **_kwargs: object) -> Any:
        raise error

    return function


@pytest.fixture
def _uninstrumented() -> Iterator[None]:
    yield
    threadtrail.uninstrument()


pytestmark = pytest.mark.usefixtures("_uninstrumented")


# -- in the app's thread --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", OTHERS)
def test_a_hook_that_raises_does_not_break_the_call(client: OpenAI, error: type[BaseException]) -> None:
    exporter = Captures(raises(error))
    threadtrail.instrument(exporters=[exporter])
    before = contained("exporter 'Captures', capture_context")
    assert client.beta.threads.create().id
    with threadtrail.trace("a block"):
        pass
    assert threadtrail.flush(PATIENCE)
    assert [type(event).__name__ for event in exporter.events] == [
        "ThreadCreated",
        "TraceStarted",
        "TraceEnded",
    ]
    assert contained("exporter 'Captures', capture_context") == before + 2


@pytest.mark.parametrize("error", OTHERS)
async def test_a_hook_that_raises_does_not_break_an_awaited_call(
    async_client: AsyncOpenAI, error: type[BaseException]
) -> None:
    exporter = Captures(raises(error))
    threadtrail.instrument(exporters=[exporter])
    assert (await async_client.beta.threads.create()).id
    assert threadtrail.flush(PATIENCE)
    assert [type(event) for event in exporter.events] == [ThreadCreated]


@pytest.mark.parametrize("error", OF_THE_APP)
def test_what_ends_the_apps_thread_passes(client: OpenAI, error: type[BaseException]) -> None:
    threadtrail.instrument(exporters=[Captures(raises(error))])
    with pytest.raises(error):
        client.beta.threads.create()


@pytest.mark.parametrize("module", INTERRUPTS)
def test_what_libraries_end_the_apps_thread_with_passes(
    client: OpenAI, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = loaded(module, monkeypatch)
    threadtrail.instrument(exporters=[Captures(raises(error))])
    with pytest.raises(error):
        client.beta.threads.create()


@pytest.mark.parametrize("error", OTHERS)
def test_a_value_of_the_app_that_raises(error: type[BaseException]) -> None:
    class Nasty:
        __str__ = __repr__ = raises(error)

    user: Any = Nasty()
    with threadtrail.attributes(user_id=user, metadata={"key": Nasty()}):
        pass
    assert guard.catch(str, user)[1].__class__ is error


# -- in threads of our own ------------------------------------------------------------------------------

ALL = [*OF_THE_APP, *OTHERS]


def in_own_thread(work: Callable[[], Any]) -> Any:
    answers: list[Any] = []
    start_thread(lambda: answers.append(work()), "threadtrail-test").join(PATIENCE)
    (answer,) = answers
    return answer


@pytest.mark.parametrize("error", ALL)
def test_a_thread_of_our_own_contains_everything(error: type[BaseException]) -> None:
    tested = Guard()
    assert in_own_thread(lambda: tested.call("x", raises(error), default=1)) == 1
    assert tested.counts == {"x": 1}

    def block() -> bool:
        with tested.contained("y"):
            raise error
        return True

    assert in_own_thread(block) is True
    assert isinstance(in_own_thread(lambda: tested.catch(raises(error)))[1], error)


@pytest.mark.parametrize("error", ALL)
def test_redact_that_raises_costs_its_text_only(client: OpenAI, error: type[BaseException]) -> None:
    def redact(text: str) -> str:
        if text == "bad":
            raise error
        return text

    exporter = Memory()
    threadtrail.instrument(exporters=[exporter], redact=redact)
    thread = client.beta.threads.create().id
    for text in ("good", "bad", "good again"):
        client.beta.threads.messages.create(thread, role="user", content=text)
    assert threadtrail.flush(PATIENCE)
    messages = [event.message for event in exporter.events if isinstance(event, MessageCreated)]
    texts = [part.text for message in messages for part in message.parts if isinstance(part, TextPart)]
    assert texts == ["good", "[redacted: redact() failed]", "good again"]


@pytest.mark.parametrize("error", ALL)
def test_a_source_that_raises_loses_one_observation_and_the_flush_says_so(
    client: OpenAI, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = Memory()
    threadtrail.instrument(exporters=[exporter])
    client.beta.threads.create()
    assert threadtrail.flush(PATIENCE)
    before = contained("recording")
    with monkeypatch.context() as patch:
        patch.setattr(reader.AssistantsReader, "read", raises(error))
        client.beta.threads.create()
        assert not threadtrail.flush(PATIENCE)
    client.beta.threads.create()
    assert threadtrail.flush(PATIENCE)
    assert [type(event) for event in exporter.events] == [ThreadCreated] * 2
    assert contained("recording") == before + 1


@pytest.mark.parametrize("error", ALL)
def test_an_event_that_cannot_be_processed_is_dropped_and_counted(
    client: OpenAI, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = Memory()
    threadtrail.instrument(exporters=[exporter], redact=str)  # every event is processed
    runtime = threadtrail._in_force.InForce.runtime
    assert runtime is not None
    with monkeypatch.context() as patch:
        patch.setattr(runtime.delivery, "_processors", (raises(error),))
        patch.setattr(runtime.delivery, "_unprocessed_bytes", 0)
        client.beta.threads.create()
        assert not threadtrail.flush(PATIENCE)
    client.beta.threads.create()
    assert threadtrail.flush(PATIENCE)
    lane = threadtrail.status().exporters["Memory"]
    assert (lane.delivered, lane.dropped, len(exporter.events)) == (1, 1, 1)


@pytest.mark.parametrize("error", ALL)
def test_a_log_handler_that_raises_ends_no_thread_of_ours(error: type[BaseException]) -> None:
    lane = Lane("x", ExporterHooks(export=raises(ValueError)), queue_size=10, guard=(tested := Guard()))
    tested._clock = raises(error)  # whatever fails while something is logged
    for _ in range(3):
        lane.put(changed(1))
        assert lane.flush(PATIENCE) is False
    assert lane.status().failed == 3


# -- threads that others end ----------------------------------------------------------------------------


def end(thread: threading.Thread, wake: Callable[[], object]) -> None:
    """End the thread as a debugger does: by an exception, raised at its next step."""
    identity = ctypes.c_ulong(thread.ident or 0)
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(identity, ctypes.py_object(OddError)) == 1
    wake()
    thread.join(PATIENCE)
    assert not thread.is_alive()


def thread_named(name: str) -> threading.Thread:
    (thread,) = [each for each in threading.enumerate() if each.name == name]
    return thread


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_recorder_whose_thread_is_ended_says_so_and_goes_on(
    client: OpenAI, caplog: pytest.LogCaptureFixture
) -> None:
    exporter = Memory()
    threadtrail.instrument(exporters=[exporter])
    client.beta.threads.create()
    assert threadtrail.flush(PATIENCE)
    end(thread_named("threadtrail-recorder"), client.beta.threads.create)
    assert "the recorder's thread: was ended" in caplog.text
    assert not threadtrail.flush(PATIENCE), "what it took last may be lost"
    before = len(exporter.events)
    client.beta.threads.create()
    assert thread_named("threadtrail-recorder").is_alive()
    assert threadtrail.flush(PATIENCE)
    assert len(exporter.events) == before + 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exporter_whose_thread_is_ended_says_so_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    exported: list[Event] = []
    hooks = ExporterHooks(export=lambda events, contexts: exported.extend(events))
    lane = Lane("ended", hooks, queue_size=10, guard=Guard())
    lane.put(changed(0))
    assert lane.flush(PATIENCE)
    end(thread_named("threadtrail-ended"), lambda: lane.put(changed(1)))
    assert "exporter 'ended', worker: its thread was ended" in caplog.text
    assert not lane.flush(PATIENCE), "what it took last may be lost"
    lane.put(changed(2))
    assert lane.flush(PATIENCE)
    assert [event.time for event in exported] in ([0, 2], [0, 1, 2])


def test_a_recorder_that_is_busy_for_good_is_no_reason_to_say_that_all_is_well(client: OpenAI) -> None:
    entered, release = threading.Event(), threading.Event()

    def redact(text: str) -> str:
        entered.set()
        release.wait(PATIENCE)
        return text

    threadtrail.instrument(exporters=[Memory()], redact=redact)
    thread = client.beta.threads.create().id
    client.beta.threads.messages.create(thread, role="user", content="hello")
    assert entered.wait(PATIENCE)
    begun = time.monotonic()
    assert not threadtrail.flush(0.01)
    assert time.monotonic() - begun < PATIENCE / 2
    release.set()
    assert threadtrail.flush(PATIENCE)
