"""What the documentation says is so: its code runs, its links lead somewhere, its tables are true."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from doc_blocks import blocks
from threadtrail import cli, registry
from threadtrail.events import Event
from threadtrail.exporters.jsonl import read_events
from threadtrail.instrumentation.openai_assistants import ROWS
from threadtrail.settings import Settings, load_settings
from threadtrail.testing.samples import sample_events
from threadtrail.testing.server import AssistantsServer, FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]
# These have tests of their own: tests/test_settings.py and tests/testing/test_server_guide.py.
TESTED_ELSEWHERE = {DOCS / "configuration.md", DOCS / "testing-your-app.md"}
HERE = [page for page in PAGES if page not in TESTED_ELSEWHERE]


def name_of(page: object) -> str:
    return str(page.relative_to(ROOT)) if isinstance(page, Path) else ""


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory and an environment that says nothing of threadtrail."""
    for variable in list(os.environ):
        if variable.startswith("THREADTRAIL_"):
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- code ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in HERE if blocks(page, "python")], ids=name_of)
def test_programs_run_one_after_the_other(
    page: Path, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch, strict: None
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    namespace: dict[str, Any] = {}
    for number, program in enumerate(blocks(page, "python"), 1):
        exec(compile(program, f"{page.name}, block {number}", "exec"), namespace)  # noqa: S102 - our own pages


def test_quickstart_shows_the_run_and_keeps_the_next_one(
    empty_folder: Path,
    server: AssistantsServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    strict: None,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    instrument, ask, keep, read, *_ = blocks(DOCS / "quickstart.md", "python")
    namespace: dict[str, Any] = {}
    for program in (instrument, ask, keep, ask):
        exec(compile(program, "quickstart.md", "exec"), namespace)  # noqa: S102 - our own page
    threadtrail.flush()
    exec(compile(read, "quickstart.md", "exec"), namespace)  # noqa: S102 - our own page
    printed, drawn = capfd.readouterr()
    assert printed.count("You said: Solve 3x + 11 = 14.\n") == 2
    assert "\ncompleted Usage(" in printed
    assert drawn.count("✓ Math Tutor  completed in ") == 2
    assert [event.event for event in read_events(empty_folder / "runs.jsonl")].count("RunEnded") == 1


@pytest.mark.parametrize(
    ("page", "text"), [(page, text) for page in HERE for text in blocks(page, "toml")], ids=name_of
)
def test_files_are_accepted(page: Path, text: str, empty_folder: Path) -> None:
    (empty_folder / "threadtrail.toml").write_text(text)
    settings = load_settings()
    assert settings != Settings()
    registry.load(settings)


@pytest.mark.parametrize(
    ("page", "line"),
    [(page, line) for page in HERE for text in blocks(page, "bash") for line in text.splitlines()],
    ids=lambda value: name_of(value) or value,
)
def test_commands_exist(page: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    match shlex.split(line, comments=True):
        case ["make", target]:
            assert re.search(rf"^{target}:.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", requirement]:
            extras = re.fullmatch(r"threadtrail(?:\[(\w+)])?", requirement)
            assert extras is not None
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            assert extras[1] is None or extras[1] in project["optional-dependencies"]
        case ["threadtrail", *arguments]:
            assert cli.parser().parse_args(arguments).run is not None
        case ["export", assignment]:
            variable, _, value = assignment.partition("=")
            monkeypatch.setenv(variable, value)
            settings = load_settings()
            assert settings != Settings()
            registry.load(settings)
        case words:
            pytest.fail(f"this test does not know {words}")


@pytest.mark.slow
def test_the_picture_on_the_first_screen_is_what_the_example_draws(
    server: AssistantsServer, empty_folder: Path
) -> None:
    calls = [FunctionCall("get_weather", {"city": city}) for city in ("Oslo", "Rome")]
    answer = Message("Rome is warmer: 21 degrees, against 4 in Oslo.", usage=Usage(268, 17))
    server.script_next(
        RunScript(ToolCalls(*calls, usage=Usage(212, 41)), answer, polls=[3, 2], queued_polls=1)
    )
    drawn = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", str(ROOT / "examples" / "function_calling.py")],
        env={
            **os.environ,
            "OPENAI_BASE_URL": server.base_url,
            "OPENAI_API_KEY": "sk-local",
            "THREADTRAIL_CONSOLE_COLOR": "always",
            "THREADTRAIL_CONSOLE_WIDTH": "100",
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    ).stderr
    (picture, *_) = blocks(README, "text")
    assert masked(picture) == masked(drawn)


def masked(tree: str) -> str:
    """The tree without what differs from one time to the next: colours, ids, durations, line ends."""
    tree = re.sub(r"\x1b\[[0-9;]*m", "", tree)
    tree = re.sub(r"[│ ]*\n│ {14,}", " ", tree)  # where a line is wrapped depends on the durations
    tree = re.sub(r"\b(run|thread|asst)_\w+", r"\1_ID", tree)
    tree = re.sub(r"\b\d+(\.\d+)?m?s\b", "TIME", tree)
    return re.sub(r" +$", "", tree.strip(), flags=re.MULTILINE)


# --- what is written from the code ---------------------------------------------------------------


@pytest.fixture(scope="module")
def make_docs() -> ModuleType:
    specification = importlib.util.spec_from_file_location("make_docs", ROOT / "tools" / "make_docs.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_generated_pages_are_fresh(make_docs: ModuleType) -> None:
    for file, text in make_docs.pages().items():
        assert file.read_text(encoding="utf-8") == text, f"{file.name} is stale; run: make docs-data"


def test_a_stale_page_is_noticed_and_written_anew(
    make_docs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(make_docs, "ROOT", tmp_path)
    monkeypatch.setattr(make_docs, "EVENTS_PAGE", tmp_path / "events.md")
    monkeypatch.setattr(make_docs, "SCHEMA", tmp_path / "schema" / "events.schema.json")
    assert make_docs.main(["--check"]) == 1
    assert "events.md is stale" in capsys.readouterr().out
    assert make_docs.main([]) == 0
    assert make_docs.main(["--check"]) == 0


def test_examples_of_events_are_the_samples() -> None:
    first_of_class: dict[str, Event] = {}
    for event in sample_events():
        first_of_class.setdefault(event.event, event)
    examples = [Event.from_json(text) for text in blocks(DOCS / "events.md", "json")]
    assert {event.event: event for event in examples} == first_of_class


def test_the_published_schema_knows_every_event() -> None:
    schema = json.loads((DOCS / "schema" / "events.schema.json").read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert set(schema["discriminator"]["mapping"]) == {event.event for event in sample_events()}


# --- what is written by hand ---------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("https://"):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


def test_the_table_of_exporters_promises_nothing_that_is_not_there() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|.*\| ([^|]+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
    packages = dict(rows)
    included = {exporter.name for exporter in registry.available() if exporter.distribution == "threadtrail"}
    assert {name for name, package in rows if package == "included"} == included
    for name in packages.keys() - included:
        there = (ROOT / "plugins" / f"threadtrail-{name}" / "pyproject.toml").exists()
        assert packages[name] == "not there yet" or there, name


def test_numbers_are_those_of_the_tools() -> None:
    tool = (ROOT / "tools" / "sdk_tests.py").read_text(encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    expected = re.search(r"^EXPECTED_TESTS = (\d+)$", tool, re.MULTILINE)
    assert expected is not None
    assert f"the {expected[1]} Assistants tests" in re.sub(r"\s+", " ", readme)
    for version in re.findall(r'"[\w-]+==([\d.]+)"', tool):
        assert version in readme
    matrix = re.findall(r"^(?:OPENAI|OLDER_SDKS) := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for version in " ".join(matrix).split():
        assert version in readme
        assert version in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f"{len(ROWS)} methods" in (DOCS / "decisions" / "0001-the-seam.md").read_text(encoding="utf-8")


def test_licence_is_the_whole_one() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License\n                           Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
