"""Applications that were frozen or slimmed have packages without their metadata."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.config import installed

if TYPE_CHECKING:
    from openai import OpenAI

ROOT = Path(__file__).parents[2]


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    def entry_points(**_selection: Any) -> importlib.metadata.EntryPoints:
        return importlib.metadata.EntryPoints(())

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)


class Counting:
    def __init__(self) -> None:
        self.events = 0

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        self.events += len(events)


@pytest.mark.parametrize(
    "exporters", [None, "jsonl", ["console", "jsonl"], {"jsonl": {"path": "other.jsonl"}}]
)
def test_built_in_exporters_start(nothing_known: None, exporters: Any) -> None:
    with threadtrail.instrument(exporters=exporters) as instrumentation:
        assert instrumentation.active


def test_objects_work(nothing_known: None, client: OpenAI) -> None:
    counting = Counting()
    with threadtrail.instrument(exporters=[counting]):
        client.beta.assistants.create(model="gpt-4o")
    assert counting.events == 1


def test_a_package_of_the_project_works(nothing_known: None) -> None:
    pytest.importorskip("threadtrail_opentelemetry")
    with threadtrail.instrument(exporters={"opentelemetry": {"endpoint": "http://127.0.0.1:9"}}) as running:
        assert running.active


def test_what_is_not_there_is_not_found(nothing_known: None) -> None:
    with pytest.raises(threadtrail.ConfigurationError, match="there is no such exporter"):
        threadtrail.instrument(exporters="honeycomb")


@pytest.mark.checkout
def test_the_places_are_those_of_the_entry_points() -> None:
    projects = [ROOT / "pyproject.toml", *ROOT.glob("plugins/threadtrail-*/pyproject.toml")]
    declared: dict[str, str] = {}
    for project in projects:
        table = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        declared |= table["entry-points"][installed.GROUP]
    del declared["run-table"]  # the tutorial's
    assert declared == installed.OWN
