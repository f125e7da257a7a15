"""Whatever a user can set, call, implement or receive is documented."""

from __future__ import annotations

import argparse
import ast
import dataclasses
import inspect
import re
import shutil
from typing import TYPE_CHECKING

import make_docs_exporters
import make_docs_hooks
import pytest

import threadtrail
from doc_blocks import DOCS, ROOT, SITE
from threadtrail import cli
from threadtrail.config import installed
from threadtrail.config.settings import Settings
from threadtrail.delivery.status import LaneStatus
from threadtrail.events import EVENT_CLASSES
from threadtrail.runtime import Status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOOKS = make_docs_hooks.hooks()
VARIABLE = re.compile(r"(?:AGENTOPS|LANGFUSE|OTEL|OPENAI|THREADTRAIL|NO|FORCE)_[A-Z][A-Z0-9_]*")
# A value of a setting, and variables at which `threadtrail doctor` sees that it cannot ask by itself.
NO_VARIABLES = {
    "NO_ATTRIBUTES",
    "NO_CONTENT",
    "NO_REQUEST",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER",
    "OTEL_PYTHON_EXPORTER_OTLP_HTTP_TRACES_CREDENTIAL_PROVIDER",
}


def rows(page: Path) -> dict[str, str]:
    """The rows of a page's tables by what stands first in them."""
    lines = page.read_text(encoding="utf-8").splitlines()
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def mentioned(name: str, page: Path) -> bool:
    """Whether the name stands on the page, as code and whole."""
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", page.read_text(encoding="utf-8")) is not None


@pytest.mark.parametrize("hook", HOOKS)
def test_hooks(hook: str) -> None:
    page = DOCS / "plugins" / "hooks.md"
    assert hook in headings(page)
    assert hook in rows(page), "say in which thread it runs, and what happens if it raises"


@pytest.mark.parametrize("event", [kind.__name__ for kind in EVENT_CLASSES])
def test_events(event: str) -> None:
    page = DOCS / "events.md"
    assert event in headings(page)
    assert any(f"[`{event}`]" in line for line in page.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("key", Settings.model_fields)
def test_settings(key: str) -> None:
    row = rows(DOCS / "configuration.md")[key]
    assert key == "redact" or f"`THREADTRAIL_{key.upper()}`" in row


def is_described(exporter: str, option: str) -> None:
    row = rows(DOCS / "exporters" / f"{exporter}.md")[option]
    assert "keyword only" in row or f"`THREADTRAIL_{exporter.upper()}_{option.upper()}`" in row


@pytest.mark.parametrize("exporter", make_docs_exporters.names())
def test_options_of_exporters(exporter: str) -> None:
    for option in inspect.signature(make_docs_exporters.exporter(exporter)).parameters:
        is_described(exporter, option)


def test_exporters() -> None:
    pages = {page.stem for page in (DOCS / "exporters").glob("*.md")}
    of_this_project = {
        exporter.name for exporter in installed.available() if exporter.distribution == "threadtrail"
    }
    assert pages == of_this_project | set(installed.PLUGINS)


def variables() -> list[str]:
    """Every text in the sources that is the name of an environment variable."""
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")]
    sources = [source for file in files if VARIABLE.search(source := file.read_text(encoding="utf-8"))]
    texts = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(text for text in texts if VARIABLE.fullmatch(text) and text not in NO_VARIABLES)


@pytest.mark.parametrize("variable", variables())
def test_variables(variable: str) -> None:
    assert any(mentioned(variable, page) for page in SITE)


@pytest.mark.parametrize("name", [name for name in threadtrail.__all__ if not name.startswith("__")])
def test_public_names(name: str) -> None:
    page = DOCS / "functions.md"
    assert name in headings(page) or f"`threadtrail.{name}`" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "field", [field.name for kind in (Status, LaneStatus) for field in dataclasses.fields(kind)]
)
def test_what_status_says(field: str) -> None:
    assert mentioned(field, DOCS / "functions.md")


def command_line(parser: argparse.ArgumentParser, name: str = "threadtrail") -> list[tuple[str, str]]:
    """Each command with each of its flags, and with none."""
    found = [(name, "")]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for subcommand, its_parser in action.choices.items():
                found += command_line(its_parser, f"{name} {subcommand}")
        else:
            found += [(name, flag) for flag in action.option_strings if flag not in {"-h", "--help"}]
    return found


@pytest.mark.parametrize(("command", "flag"), command_line(cli.parser()))
def test_command_line(command: str, flag: str) -> None:
    """Each command has a section of its own, and its flags stand in it."""
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    sections = {text.partition("\n")[0]: text for text in re.split(r"^## ", page, flags=re.MULTILINE)}
    section = sections[command.rpartition(" ")[2]]
    assert re.search(rf"(?<![\w-]){re.escape(flag)}(?![\w-])", section)


@pytest.mark.parametrize(
    ("test", "arguments", "page"),
    [
        (test_hooks, ("export",), "plugins/hooks.md"),
        (test_events, ("RunEnded",), "events.md"),
        (test_settings, ("sample_rate",), "configuration.md"),
        (is_described, ("jsonl", "path"), "exporters/jsonl.md"),
        (test_variables, ("LANGFUSE_RELEASE",), "exporters/langfuse.md"),
        (test_public_names, ("uninstrument",), "functions.md"),
        (test_what_status_says, ("queued",), "functions.md"),
        (test_command_line, ("threadtrail doctor", "--timeout"), "command-line.md"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_is_missing_is_noticed(
    test: Callable[..., None],
    arguments: tuple[str, ...],
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the lines that name it, each of these tests fails."""
    docs = tmp_path / "docs"
    shutil.copytree(DOCS, docs)
    monkeypatch.setitem(globals(), "DOCS", docs)
    monkeypatch.setitem(globals(), "SITE", sorted(docs.rglob("*.md")))
    test(*arguments)
    lines = (docs / page).read_text(encoding="utf-8").splitlines(keepends=True)
    (docs / page).write_text("".join(line for line in lines if arguments[-1] not in line), encoding="utf-8")
    with pytest.raises((AssertionError, KeyError)):
        test(*arguments)
