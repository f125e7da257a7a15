"""The code of the exporter's page and of the README runs unchanged, and does what they say."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from doc_blocks import DOCS, ROOT, accept_file, blocks, name_of
from exporter_driving import answer, asked, tutor

import threadtrail

if TYPE_CHECKING:
    from openai import OpenAI

    from agentops_receiver import Receiver

PAGE = DOCS / "exporters" / "agentops.md"
PLUGIN_README = ROOT / "plugins" / "threadtrail-agentops" / "README.md"
PROGRAM = Path(__file__).parent / "programs" / "native_beside.py"


@pytest.fixture(autouse=True)
def _environment(receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, strict: None) -> None:
    """Set up the reader's environment: variables point to AgentOps, the folder is empty."""
    for name, value in receiver.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("page", [PAGE, PLUGIN_README], ids=name_of)
def test_the_one_line_sends_a_run(page: Path, client: OpenAI, receiver: Receiver) -> None:
    first, *_ = blocks(page, "python")
    exec(compile(first, page.name, "exec"), {})  # noqa: S102 - our own page
    answer(client, client.beta.threads.runs.create(asked(client).id, assistant_id=tutor(client).id))
    assert threadtrail.flush()
    assert receiver.span("Math Tutor.agent").status == "OK"


def test_the_lines_that_mend_the_native_sdk_are_those_that_were_tried() -> None:
    """`test_together.py` runs the program that has them, in a process of its own."""
    _, mending = blocks(PAGE, "python")
    program = dedent(PROGRAM.read_text(encoding="utf-8"))
    tried = {line.strip() for line in program.splitlines()}
    assert {line for line in mending.splitlines() if line} <= tried


@pytest.mark.parametrize("text", blocks(PAGE, "toml"))
def test_files_are_accepted(text: str) -> None:
    accept_file(text, Path.cwd())
