"""What each folder may import, and which words may stand in it: only a source knows its API."""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

import pytest

import threadtrail
from source_texts import texts

ARCHITECTURE = Path(__file__).parent.parent / "docs" / "architecture.md"
PACKAGE = Path(threadtrail.__file__).parent
MIDDLE = ("instrumentation", "recording", "delivery", "shape")
"""The folders that know no API."""

FLOW = ("instrumentation", "recording", "delivery", "exporters")
"""Data flows from the first to the last, and nothing imports what stands before it."""

API_WORDS = re.compile(
    r"threads?\.(run|message|step|created|deleted|create)|^assistants\.|^responses?\.|^conversations?\."
    r"|assistant_id|response_id|conversation_id|last_error|incomplete_details|required_action|requires_action"
    r"|tool_outputs|previous_response|step_details|(prompt|completion)_tokens"
    r"|^(in_progress|cancelling|cancelled|expired|incomplete)$"
)
OURS = {"last_error"}
"""A counter of ``threadtrail.status()`` that an API happens to share a word with."""

VOCABULARY = tuple(
    f"threadtrail.{name}" for name in ("events", "values", "steps", "parts", "callers", "turn", "context")
)

FOLDERS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

LATE = {
    ("threadtrail.events", "threadtrail._json"),
    ("threadtrail.values", "threadtrail.notebook.records"),
    ("threadtrail.turn", "threadtrail.notebook.records"),
    ("threadtrail.runtime", "threadtrail.notebook.state"),
}
"""Imports within functions that close a circle, on purpose: pydantic, and what a notebook shows, are loaded
when they are needed."""


def modules() -> dict[str, Path]:
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = ("threadtrail", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@functools.cache
def imported(module: str) -> frozenset[str]:
    """The modules of this package that a module imports, anywhere in it and for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in names}
    return frozenset(found & MODULES.keys()) - {module}


def api_words(source: str) -> list[str]:
    return [text for text in texts(source) if API_WORDS.search(text) and text not in OURS]


def room(module: str) -> str:
    return module.split(".")[1] if module.count(".") else ""


IN_THE_MIDDLE = sorted(module for module in MODULES if room(module) in MIDDLE)


@pytest.mark.parametrize("module", IN_THE_MIDDLE)
def test_no_word_of_an_api_stands_in_the_middle(module: str) -> None:
    assert api_words(MODULES[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("module", IN_THE_MIDDLE)
def test_nothing_in_the_middle_imports_a_source(module: str) -> None:
    sources = {name for name in imported(module) if name.startswith("threadtrail.sources")}
    assert sources <= {"threadtrail.sources.source"}, "the contract is all that may be known of them"


@pytest.mark.parametrize(
    "line",
    [
        'kind = "thread.run.completed"',
        'error = data["last_error_code"]',
        'if status == "requires_action": pass',
        'ids.get("assistant_id")',
        'f"thread.run.{status}"',
        'if status in {"expired", "failed"}: pass',
        'operation == "threads.runs.create"',
        'name = "response.completed"',
    ],
)
def test_a_word_of_an_api_would_be_noticed(line: str) -> None:
    assert api_words(f'"""The thread.run of the documentation."""\n{line}\n') != []


def test_words_of_documentation_are_no_words_of_an_api() -> None:
    assert api_words('def f():\n    """Return the `requires_action` of it."""\n    return "ended"\n') == []


@pytest.mark.parametrize("module", sorted(module for module in MODULES if room(module) in FLOW))
def test_no_import_runs_back(module: str) -> None:
    before = FLOW[: FLOW.index(room(module))]
    assert [name for name in imported(module) if room(name) in before] == []


def test_nothing_in_the_core_imports_what_is_for_exporters_that_send_otlp() -> None:
    users = {module for module in MODULES if any(room(name) == "otlp" for name in imported(module))}
    assert {room(module) for module in users} <= {"otlp"}


@pytest.mark.parametrize("module", VOCABULARY)
def test_the_vocabulary_imports_no_folder(module: str) -> None:
    at_once = {name for name in imported(module) if (module, name) not in LATE}
    assert {room(name) for name in at_once} & FOLDERS == set()


def test_the_folders_are_those_of_the_architecture() -> None:
    page = ARCHITECTURE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)/` \|", page, re.MULTILINE)) == FOLDERS


def test_the_imports_have_no_circle() -> None:
    graph = {module: set(imported(module)) for module in MODULES}
    for importer, late in LATE:
        graph[importer].discard(late)
    assert circle(graph) is None


def test_a_circle_would_be_noticed() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]


def circle(graph: dict[str, set[str]]) -> list[str] | None:
    """One circle of imports, if there is any."""
    done: set[str] = set()

    def follow(module: str, path: list[str]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in done:
            return None
        for name in sorted(graph.get(module, ())):
            found = follow(name, [*path, module])
            if found:
                return found
        done.add(module)
        return None

    return next((found for module in sorted(graph) if (found := follow(module, []))), None)
