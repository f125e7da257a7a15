"""The programs of the pages have no type errors, and editors know what they can complete."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Literal, get_args, get_type_hints

import pytest

from doc_blocks import DOCS, PAGES, ROOT, blocks
from threadtrail import events
from threadtrail.config import typed
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.jsonl import JsonlExporter

if TYPE_CHECKING:
    from pathlib import Path

SEPARATE_FILES = {DOCS / "plugins" / "writing-an-exporter.md"}
"""The blocks of any other page follow each other, in one program."""

OF_OTHERS = re.compile('ToolParam|ResponseInputParam|ContentBlock|submit_tool_outputs|attribute "delay"')
"""Plain dicts for parameters, parts of a message without a look at their kind: as in OpenAI's own pages.

Celery's decorator has no types: that a task has a ``delay`` is known to Celery alone.
"""

TYPED = """
from threadtrail import instrument
from threadtrail.events import AnyEvent, Event
from threadtrail.exporters.console import ConsoleExporter
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing.samples import sample_events

def exporters() -> None:
    instrument(exporters="console")
    instrument(exporters="mine, other")
    instrument(exporters=["console", "mine", ConsoleExporter()])
    instrument(exporters={"console": {"color": "never"}, "mine": {"x": 1}, "langfuse": True})
    names, table = ["console"], {"jsonl": {"path": "x"}}
    instrument(exporters=names)
    instrument(exporters=table)
    instrument(exporters=5)  # error

def narrowed(event: AnyEvent) -> str | None:
    if event.event == "RunEnded":
        return event.run.model
    if event.event == "TurnEnded":
        return event.turn.id
    return event.run  # error

def of_a_file(events: list[AnyEvent]) -> Event:
    for event in [*read_events("x"), *sample_events(), *events]:
        if event.event == "RequestFailed":
            print(event.operation)
    return events[0]
"""


def checked(folder: Path) -> list[dict[str, Any]]:
    """What pyright says of the programs in the folder."""
    config = {"typeCheckingMode": "standard", "reportMissingImports": False}  # not all servers are here
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    ran = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"},
    )
    assert ran.stdout, ran.stderr
    found = json.loads(ran.stdout)
    assert found["summary"]["filesAnalyzed"] > 0
    said: list[dict[str, Any]] = found["generalDiagnostics"]
    return [each for each in said if each["severity"] == "error"]


@pytest.fixture
def pyright() -> None:
    if not os.environ.get("CI"):
        pytest.importorskip("pyright")


@pytest.mark.slow
def test_the_programs_have_no_type_errors(tmp_path: Path, pyright: None) -> None:
    for page in PAGES:
        name = re.sub(r"\W", "_", str(page.relative_to(ROOT).with_suffix("")))
        programs = blocks(page, "python")
        texts = programs if page in SEPARATE_FILES else ["\n".join(programs)]
        for number, text in enumerate(texts, start=1):
            (tmp_path / f"{name}_{number}.py").write_text(text, encoding="utf-8")
    (tmp_path / "typed.py").write_text(TYPED, encoding="utf-8")
    errors = [each for each in checked(tmp_path) if not OF_OTHERS.search(each["message"])]
    lines = TYPED.splitlines()
    expected = [number for number, line in enumerate(lines) if line.endswith("# error")]
    ours = [each for each in errors if each["file"].endswith("/typed.py")]
    assert sorted({each["range"]["start"]["line"] for each in ours}) == expected
    assert [f"{each['file']}: {each['message']}" for each in errors if each not in ours] == []


@pytest.mark.parametrize(
    ("options", "exporter"),
    [(typed.ConsoleOptions, ConsoleExporter), (typed.JsonlOptions, JsonlExporter)],
)
def test_the_options_are_those_of_the_exporter(options: type[Any], exporter: type[Any]) -> None:
    parameters = dict(inspect.signature(exporter.__init__).parameters)
    del parameters["self"]
    assert {name: each.annotation for name, each in parameters.items()} == {
        name: each.__forward_arg__ for name, each in options.__annotations__.items()
    }


def test_the_names_are_those_of_the_exporters_here() -> None:
    packages = {path.name.removeprefix("threadtrail-") for path in (ROOT / "plugins").iterdir()}
    known = (packages - {"example"}) | {"console", "jsonl"}
    assert set(get_args(typed.ExporterName)) == known | {"none"}
    assert set(typed.ExporterTable.__annotations__) == known


def test_any_event_is_any_of_the_classes_and_each_has_its_name() -> None:
    assert get_args(events.AnyEvent) == events.EVENT_CLASSES
    for kind in events.EVENT_CLASSES:
        assert get_type_hints(kind)["event"] == Literal[kind.__name__]
