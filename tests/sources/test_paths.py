"""The tables name the path that each method of the SDK asks for; other requests are known by it."""

from __future__ import annotations

import ast
import importlib.metadata
import itertools
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import openai
import pytest

from threadtrail.context import Scope
from threadtrail.instrumentation.exchanges import asks_for
from threadtrail.recording.observation import Call
from threadtrail.sources import SOURCES
from unpacked import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.sources.source import Row

INSTALLED = importlib.metadata.version("openai")
VERSIONS = [
    INSTALLED,
    *(pytest.param(version, marks=pytest.mark.sdks) for version in ("1.21.0", "1.66.0", "1.109.1", "2.54.0")),
]
SUFFIXES = ("_1", "-_.:=~Z", "%20", "/1", "?", " ", "é", "\ud800", "")
"""What the ids of the tests end in."""

ROWS = [row for source in SOURCES for row in source.rows() if row.method.argument is None]


def classes_of(module: str, version: str) -> Iterator[ast.ClassDef]:
    """Yield the classes in the source of a module of the SDK."""
    folder = Path(openai.__file__).parents[1] if version == INSTALLED else Path(unpacked(f"openai-{version}"))
    file = folder.joinpath(*module.split(".")).with_suffix(".py")
    if file.exists():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                yield node


def paths_in(method: ast.AST) -> Iterator[str]:
    """Yield the paths that a method asks for."""
    for node in ast.walk(method):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "").startswith(
            ("_post", "_get", "_del")
        ):
            yield re.sub(r"\{\w+\}", "an_id", re.findall(r"""['"](/[^'"]+)""", ast.unparse(node.args[0]))[0])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_path_of_each_method(version: str) -> None:
    wrong, known = [], set()
    trees = {row.resource.module: list(classes_of(row.resource.module, version)) for row in ROWS}
    for row in ROWS:
        owners = {row.resource.name, f"Async{row.resource.name}"}
        methods = [
            method
            for owner in trees[row.resource.module]
            if owner.name in owners
            for method in owner.body
            if getattr(method, "name", None) == row.method.name
        ]
        for path in (path for method in methods for path in paths_in(method)):
            known.add(row.operation.name)
            if not row.operation.asks_for(path):
                wrong.append((row.operation.name, path))
    assert wrong == []
    assert len(known) >= {"1.21.0": 20, "1.66.0": 25}.get(version, 35)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation.name)
def test_each_method_has_a_path_of_its_own(row: Row) -> None:
    assert (row.method.path is None) == row.method.polls
    if row.method.path is not None:
        assert row.operation.asks_for(row.method.path)
        assert row.operation.asks_for(f"{row.method.path}?beta=true")
        assert row.operation.asks_for(f"/openai/v1{row.method.path}")
        for other in ("/moderations", f"{row.method.path}/more", "/v1/moderations", ""):
            assert not row.operation.asks_for(other)


def called(row: Row, suffix: str) -> Call:
    """Return a call with an id for each argument that is one, by position where that is possible."""
    operation = row.operation
    by_place = tuple(f"{name}{suffix}" for name, place, _ in operation.id_arguments if place < 10)
    by_name = {name: f"{name}{suffix}" for name, place, _ in operation.id_arguments if place > 10}
    args = (None, *by_place)
    noted = operation.ids_among(args, by_name) if operation.keeps_ids else None
    return Call(operation, 0, noted, None, Scope(), by_name, args)


def requested(row: Row, suffix: str, before: str = "") -> SimpleNamespace:
    """Return the options of the SDK's request for it."""
    return SimpleNamespace(url=before + re.sub(r"\{(\w+)\}", rf"\1{suffix}", row.method.path or ""))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation.name)
def test_the_ids_of_a_call_are_those_of_its_arguments(row: Row) -> None:
    names = {known_as for _, _, known_as in row.operation.id_arguments}
    for before, suffix in itertools.product(("", "/openai/deployments/gpt-4o"), SUFFIXES):
        unasked, asked = called(row, suffix), called(row, suffix)
        asks_for(asked, requested(row, suffix, before))
        asked.forget_arguments()
        assert (asked.given, asked.args) == (None, ())
        assert asked.ids == unasked.ids
        assert asked.ids.keys() == names


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation.name)
def test_the_request_of_a_call_is_known(row: Row) -> None:
    if row.method.path is not None:
        assert asks_for(called(row, "_1"), requested(row, "_1"))
        assert asks_for(called(row, "_1"), requested(row, "_1", "/openai/deployments/gpt-4o"))
        assert not asks_for(called(row, "_1"), SimpleNamespace(url="/moderations"))
