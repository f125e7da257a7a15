"""docs/plugins/hooks.md: what it says of losses, of threads and of a second use is what happens."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI

import threadtrail
from doc_blocks import DOCS, blocks
from threadtrail.testing.samples import sample_events

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.testing.server import AssistantsServer

PAGE = DOCS / "plugins" / "hooks.md"


class Noting:
    """Notes in which thread its hooks are called, and cannot flush."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def note(self, hook: str) -> None:
        self.calls.append((hook, threading.current_thread().name))

    @threadtrail.hookimpl
    def start(self) -> None:
        self.note("start")

    @threadtrail.hookimpl
    def export(self) -> None:
        self.note("export")

    @threadtrail.hookimpl
    def flush(self) -> bool:
        self.note("flush")
        return False

    @threadtrail.hookimpl
    def shutdown(self) -> None:
        self.note("shutdown")


def ask(server: AssistantsServer) -> None:
    with OpenAI(base_url=server.base_url, api_key="any") as client:
        client.responses.create(model="gpt-4o", input="3x + 11 = 14")


def test_one_bad_event_loses_no_others(here: Path) -> None:
    [program] = [block for block in blocks(PAGE, "python") if "each_event" in block]
    namespace: dict[str, Any] = {}
    exec(compile(program, PAGE.name, "exec"), namespace)  # noqa: S102 - our own page
    good = sample_events()
    with pytest.raises(threadtrail.EventsLostError) as caught:
        namespace["Lines"](here / "lines.jsonl").export([good[0], object(), *good[1:]])
    assert caught.value.lost == 1
    written = (here / "lines.jsonl").read_text(encoding="utf-8").splitlines()
    assert written == [event.to_json() for event in good]


def test_what_a_flush_cannot_deliver_is_not_counted_as_failed(server: AssistantsServer) -> None:
    assert "but no event counts as failed" in PAGE.read_text(encoding="utf-8")
    with threadtrail.instrument(exporters=[Noting()]):
        ask(server)
        assert not threadtrail.flush(60)
        lane = threadtrail.status().exporters["Noting"]
    assert (lane.failed, lane.dropped, lane.last_error) == (0, 0, None)
    assert lane.delivered > 0


def test_hooks_are_called_in_the_threads_that_it_names(server: AssistantsServer) -> None:
    assert "`export`, `flush` and `shutdown` are called in this thread" in PAGE.read_text(encoding="utf-8")
    exporter = Noting()
    with threadtrail.instrument(exporters=[exporter]):
        ask(server)
    threads = dict(exporter.calls)
    assert threads.pop("start") == threading.current_thread().name
    assert threads == dict.fromkeys(("export", "flush", "shutdown"), "threadtrail-Noting")


def test_an_object_that_is_used_again_is_started_before_it_is_shut_down(server: AssistantsServer) -> None:
    assert "comes before the `shutdown` of the first use" in PAGE.read_text(encoding="utf-8")
    exporter = Noting()
    threadtrail.instrument(exporters=[exporter])
    ask(server)
    assert not threadtrail.flush(60)
    before = len(exporter.calls)
    with threadtrail.instrument(exporters={"again": exporter}):
        ask(server)
    hooks = [hook for hook, _ in exporter.calls[before:] if hook in {"start", "shutdown"}]
    assert hooks == ["start", "shutdown", "shutdown"]
