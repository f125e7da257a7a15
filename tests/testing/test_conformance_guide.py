"""The page docs/plugins/testing-an-exporter.md: its code passes, and it lists what the kit has."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from doc_blocks import DOCS, blocks
from testing import faulty_suite
from threadtrail.testing import ExporterConformance
from threadtrail.testing.samples import sample_runs

pytest_plugins = ["pytester"]

PAGE = DOCS / "plugins" / "testing-an-exporter.md"
ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$", re.MULTILINE)


def section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"## {title}")[2].partition("\n## ")[0]


def in_one_line(text: str | None) -> str:
    return " ".join(inspect.cleandoc(text or "").split()).replace("``", "`")


def test_the_table_has_every_rule_in_the_words_of_the_kit() -> None:
    rules = {name: test for name, test in vars(ExporterConformance).items() if name.startswith("test_")}
    listed = ROW.findall(section("The rules"))
    assert dict(listed) == {name: in_one_line(test.__doc__) for name, test in rules.items()}
    assert len(listed) == len(rules)


def test_what_an_author_can_give_is_listed() -> None:
    own = {
        name
        for name in vars(ExporterConformance)
        if not name.startswith(("_", "test_")) and name != "conformance_case"
    }
    assert {name for name, _ in ROW.findall(section("What the kit sees"))} == own
    assert f"counts as hanging; {ExporterConformance.deadline_seconds:g}." in PAGE.read_text(encoding="utf-8")
    assert f"`start` may take; {ExporterConformance.start_seconds:g}," in PAGE.read_text(encoding="utf-8")


def test_every_sample_run_is_listed() -> None:
    runs = sample_runs()
    tables = section("Your own tests").partition("### The sample runs")[2].split("\n\n| Response |")
    of_assistants, responses = ([name for name, _ in ROW.findall(table)] for table in tables)
    assert of_assistants == [name for name, run in runs.items() if not run.one_generation]
    assert responses == [name for name, run in runs.items() if run.one_generation]


def test_what_a_receiver_has_is_listed() -> None:
    receiver = pytest.importorskip("threadtrail.testing.otlp", exc_type=ImportError).OtlpReceiver()
    first_columns = [line.split("|")[1] for line in section("A backend for").splitlines() if "|" in line]
    listed = set(re.findall(r"`(\w+)(?:\(\w*\))?`", "".join(first_columns)))
    assert listed == {name for name in dir(receiver) if not name.startswith("_")}


@pytest.mark.parametrize("block", blocks(PAGE, "python"), ids=lambda block: block.splitlines()[0])
def test_each_block_can_be_copied_by_itself(block: str) -> None:
    """Every name in it is imported, defined or assigned there."""
    tree = ast.parse(block)
    bound = set(dir(builtins))
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            bound.add(node.asname or node.name)
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    assert {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} <= bound


@pytest.mark.slow
def test_the_code_makes_a_test_file_that_passes(pytester: pytest.Pytester) -> None:
    for plugin in ("threadtrail_example", "threadtrail_opentelemetry"):
        # Not imported here: `pytester` forgets what was, and OpenTelemetry would then be there twice.
        if find_spec(plugin) is None:
            pytest.skip(f"needs {plugin}")
    pytester.makepyfile("\n\n".join(blocks(PAGE, "python")))
    rules = len(ROW.findall(section("The rules")))
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    # Three classes, the first without a dead backend, the last with one that its exporter cannot notice;
    # two tests with samples, two with a backend.
    result.assert_outcomes(passed=3 * rules - 2 + 2 + 2, skipped=1, xfailed=1)
    _, summary = blocks(PAGE, "text")
    assert summary in result.stdout.str()


@pytest.mark.slow
def test_the_failure_that_is_shown_is_a_real_one() -> None:
    shown, _ = blocks(PAGE, "text")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(faulty_suite.__file__)]
    done = subprocess.run(
        [*command, "-k", "TestFlushesLater and test_loses_nothing"],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert shown in done.stdout
