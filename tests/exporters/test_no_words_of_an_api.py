"""No exporter knows an API: its code names no SDK path, no event type and no status of one.

Events carry what an exporter needs instead: ``RequestFailed.begins``, ``StatusChange.type``,
``Run.awaits_outputs``. So an exporter needs no change when threadtrail records another API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from doc_blocks import ROOT
from source_texts import texts

if TYPE_CHECKING:
    from pathlib import Path

WORDS = re.compile(
    r"\bthread\.(?:run|message)\b"  # types of events
    r"|\brequires_action\b|\bsubmit_tool_outputs\b"  # statuses, and what they ask for
    r"|\b(?:assistants|threads)\.\w|\b(?:messages|runs|steps)\.(?:cancel|create|list|poll|retrieve|stream)"
    # the last two: paths of methods in the SDK
)
KNOWS_A_PEER = {
    "native_wrappers.py": "it lists the methods that AgentOps' own SDK wraps, to find its wrappers there",
}
FILES = [
    file
    for file in sorted([*ROOT.glob("plugins/*/src/**/*.py"), *ROOT.glob("src/threadtrail/exporters/*.py")])
    if file.name not in KNOWS_A_PEER
]


def words_in(source: str) -> list[str]:
    return [text for text in texts(source) if WORDS.search(text)]


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_an_exporter_has_no_word_of_an_api(file: Path) -> None:
    assert words_in(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('NAMES = {"threads.runs.create": "create_run"}', ["threads.runs.create"]),
        ('"""About thread.run.created."""\nname = f"thread.run.{status}"', ["thread.run."]),
        ('waits = run.status == "requires_action"', ["requires_action"]),
        ('KEY = "threadtrail.run.status"\nTHREAD = "threadtrail.thread.id"', []),
    ],
)
def test_such_words_are_found(source: str, found: list[str]) -> None:
    assert words_in(source) == found


@pytest.mark.checkout
def test_the_files_are_there() -> None:
    folders = {file.relative_to(ROOT).parts[1] for file in FILES}
    assert folders >= {"threadtrail", "threadtrail-agentops", "threadtrail-langfuse"}
