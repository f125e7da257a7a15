"""docs/command-line.md shows what the commands print, and has all of their words."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from doc_blocks import DOCS, blocks
from fork_server import fork_server
from threadtrail import _install, cli
from threadtrail.commands.demo.command import WALK_THROUGHS
from threadtrail.commands.doctor.command import TIMEOUT_SECONDS
from threadtrail.commands.doctor.findings import Level
from threadtrail.commands.exporters.rows import Row, State
from threadtrail.config import installed

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "command-line.md"
TEXT = PAGE.read_text(encoding="utf-8")
INSTALLED = {exporter.name for exporter in installed.available()}
needs_langfuse = pytest.mark.skipif(
    "langfuse" not in INSTALLED, reason="the exporter langfuse is not installed"
)


def printed(folder: Path, command: str, **variables: str) -> str:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("THREADTRAIL_", "LANGFUSE_", "OTEL_"))
    }
    given = ["-m", "threadtrail", command]
    return fork_server().run(given, cwd=folder, env={**environment, **variables}, timeout=240).stdout


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_the_doctor_says_what_it_asks_each_exporter_of_the_project() -> None:
    table = TEXT.partition("| exporter | what is asked |")[2].partition("\n\n")[0]
    assert {"console", "jsonl", *installed.PLUGINS} == set(first_cells(table))


def test_every_walk_through_of_the_demo_has_a_row() -> None:
    assert {*WALK_THROUGHS, "all"} <= set(first_cells(section("demo")))


@pytest.mark.parametrize("given", ["0", "-1"])
def test_settle_must_be_above_0(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "exported, above 0, 5 by default" in section("collect")
    with pytest.raises(SystemExit):
        cli.main(["collect", "--from", "runs.jsonl", f"--settle={given}"])
    assert "above 0" in capsys.readouterr().err


def test_a_collector_leaves_the_files_that_are_named(here: Path) -> None:
    with threadtrail.instrument(exporters={"jsonl": {"path": "runs.jsonl"}}), threadtrail.trace("lesson"):
        pass
    cli.main(["collect", "--from", "runs.jsonl", "--exporter", "console"])
    left = {path.name for path in here.iterdir()} - {"runs.jsonl"}
    assert left == {"threadtrail-collected.json", "threadtrail-collected.json.lock"}
    assert all(f"`{name}`" in section("collect") for name in left)


def rows(text: str) -> dict[str, list[str]]:
    """The cells of each exporter's line, without the space that aligns them."""
    lines = [re.split(r" {2,}", line.strip()) for line in text.splitlines() if re.search(r"\S {2,}\S", line)]
    return {name: cells for name, *cells in lines}


def masked(text: str) -> str:
    """The report without what differs from machine to machine."""
    text = re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", text)
    return re.sub(r"Python .*\.", "PLATFORM", text).strip()


@pytest.mark.slow
@needs_langfuse
@pytest.mark.skipif("agentops" in INSTALLED, reason="the page shows an environment without it")
def test_the_list_of_exporters_is_what_is_printed(tmp_path: Path) -> None:
    shown = rows(blocks(PAGE, "text")[0])
    text = printed(tmp_path, "exporters", THREADTRAIL_EXPORTERS="langfuse,agentops")
    real = rows(text.replace(_install.plugin_command("agentops"), "pip install 'threadtrail[agentops]'"))
    assert shown.keys() == {"name", "agentops", "console", "jsonl", "langfuse"}
    assert shown == {name: real[name] for name in shown}


@pytest.mark.slow
@needs_langfuse
def test_the_doctors_report_is_what_is_printed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    real = printed(
        tmp_path,
        "doctor",
        THREADTRAIL_EXPORTERS="langfuse",
        LANGFUSE_BASE_URL=address,
        LANGFUSE_PUBLIC_KEY="pk-lf-of-nobody",
        LANGFUSE_SECRET_KEY="sk-lf-of-nobody",
    )
    assert masked(blocks(PAGE, "text")[1]) == masked(real)


def test_all_levels_states_and_fields_stand_there() -> None:
    fields = [*Row.__dataclass_fields__, "level", "area", "message", "advice", "refused"]
    words: list[Any] = [*Level, *State, *fields]
    for word in words:
        assert f"`{word}`" in TEXT, word


def test_the_default_timeout_is_the_one_of_the_command() -> None:
    assert f"how long a backend may take to answer, {TIMEOUT_SECONDS:g} by default" in TEXT
