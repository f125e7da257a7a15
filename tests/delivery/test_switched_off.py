"""Exporters that are switched off, by a variable of their backend's, say: said once, counted, not called."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from delivery.support import PATIENCE
from threadtrail.delivery.status import LaneStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

REASON = "OTEL_SDK_DISABLED is true"


class Off:
    """An exporter that is switched off."""

    def __init__(self, reason: Any = REASON) -> None:
        self.reason = reason
        self.calls: list[str] = []

    @threadtrail.hookimpl
    def start(self) -> Any:
        return self.reason

    @threadtrail.hookimpl
    def capture_context(self) -> object:
        self.calls.append("capture_context")
        return object()

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        self.calls.append("export")

    @threadtrail.hookimpl
    def shutdown(self) -> None:
        self.calls.append("shutdown")


class On(Off):
    """Another one, beside it."""

    def __init__(self) -> None:
        super().__init__(None)


@pytest.fixture(autouse=True)
def _uninstrumented(here: object) -> Iterator[None]:
    yield
    threadtrail.uninstrument()


def begin() -> None:
    with threadtrail.trace("one"):
        pass


def test_it_is_said_once_and_its_events_count_as_dropped(caplog: pytest.LogCaptureFixture) -> None:
    off, on = Off(), On()
    threads = set(threading.enumerate())
    threadtrail.instrument(exporters=[off, on])
    for _ in range(3):
        begin()
    assert threadtrail.flush(PATIENCE), "nothing was lost that could have been exported"
    exporters = threadtrail.status().exporters
    assert exporters["Off"] == LaneStatus(dropped=6, switched_off=REASON)
    assert str(exporters["Off"]) == f"0 delivered, 6 dropped; switched off: {REASON}"
    assert exporters["On"] == LaneStatus(delivered=6)
    assert off.calls == []
    assert {thread.name for thread in set(threading.enumerate()) - threads} == {
        "threadtrail-On",
        "threadtrail-recorder",
    }
    threadtrail.uninstrument()
    assert off.calls == ["shutdown"], "what was started is closed"
    # A thread that another test left may still have something to say.
    lines = [record.getMessage() for record in caplog.records if "'Off'" in record.getMessage()]
    assert lines == [f"exporter 'Off' is switched off: {REASON}; its events count as dropped"]


def test_it_is_said_again_by_another_instrument_and_not_by_the_same(caplog: pytest.LogCaptureFixture) -> None:
    off = Off()
    for exporters in ([off], [off], [off, On()]):
        threadtrail.instrument(exporters=exporters)
    assert caplog.text.count("is switched off") == 2


def test_a_method_that_is_not_marked_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful(On):
        @threadtrail.hookimpl
        def export(self, events: Any) -> None: ...

        def flush(self) -> None: ...

    exporter = Forgetful()
    for _ in range(2):
        threadtrail.instrument(exporters=[exporter])
    begin()
    assert threadtrail.flush(PATIENCE)
    lines = [record.getMessage() for record in caplog.records if "'Forgetful'" in record.getMessage()]
    assert lines == [
        (
            "exporter 'Forgetful': these of its methods are not marked, so they are never called: flush. "
            "Put @threadtrail.hookimpl above each, or rename what is no hook."
        )
    ]


@pytest.mark.parametrize("answer", [None, "", True, 0, object(), ["text"]])
def test_any_other_answer_of_start_means_nothing(answer: Any) -> None:
    exporter = Off(answer)
    threadtrail.instrument(exporters=[exporter])
    begin()
    assert threadtrail.flush(PATIENCE)
    assert threadtrail.status().exporters["Off"] == LaneStatus(delivered=2)


def test_control_characters_of_the_reason_are_shown_as_escapes(caplog: pytest.LogCaptureFixture) -> None:
    threadtrail.instrument(exporters=[Off("because \x1b[31m")])
    assert threadtrail.status().exporters["Off"].switched_off == "because \\x1b[31m"
    assert "\x1b" not in caplog.text
