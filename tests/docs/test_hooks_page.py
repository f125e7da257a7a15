"""docs/plugins/hooks.md: what it says of losses, of threads and of a second use is what happens."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI

import threadtrail
from doc_blocks import DOCS, blocks
from threadtrail import cli
from threadtrail.config import registry
from threadtrail.config.settings import read_settings
from threadtrail.exporters.jsonl import JsonlExporter
from threadtrail.testing.samples import sample_events

if TYPE_CHECKING:
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


def test_a_dry_run_shuts_down_without_a_flush(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "shut it down without `export` or `flush`" in PAGE.read_text(encoding="utf-8")
    (here / "runs.jsonl").write_text("".join(f"{event.to_json()}\n" for event in sample_events()))
    calls: list[str] = []
    for hook in ("start", "export", "flush", "shutdown"):
        original = getattr(JsonlExporter, hook)

        def noting(*given: Any, _hook: str = hook, _original: Any = original) -> Any:
            calls.append(_hook)
            return _original(*given)

        monkeypatch.setattr(JsonlExporter, hook, threadtrail.hookimpl(functools.wraps(original)(noting)))
    monkeypatch.setenv("THREADTRAIL_JSONL_PATH", "copy.jsonl")
    assert cli.main(["replay", "runs.jsonl", "--exporter", "jsonl", "--dry-run"]) == 0
    assert calls == ["start", "shutdown", "flush"]  # the last by its own `shutdown`


def test_values_are_converted_for_a_name_and_not_for_an_object() -> None:
    kind = pytest.importorskip("threadtrail_example").RunTable
    for exporters, type_of_path in (({"run-table": {"path": "x.csv"}}, Path), ([kind(path="x.csv")], str)):
        (loaded,) = registry.load(read_settings({"exporters": exporters}).settings)
        exporter: Any = loaded.exporter
        assert isinstance(exporter.path, type_of_path)


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
