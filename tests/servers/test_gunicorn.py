"""gunicorn with the app of docs/guides/gunicorn.md: no run is lost, and gevent may patch late."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from doc_blocks import DOCS, blocks

if TYPE_CHECKING:
    from servers.processes import Workplace

(APP,) = blocks(DOCS / "guides" / "gunicorn.md", "python")
QUESTIONS = [f"question {number}" for number in range(6)]


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--threads", "4", "--preload", "--max-requests", "2"],
        ["-k", "gevent", "--preload"],
    ],
    ids=" ".join,
)
def test_no_run_is_lost(work: Workplace, options: list[str]) -> None:
    work.write("app.py", APP)
    command = ["gunicorn", "app:app", "--bind", "127.0.0.1:{port}", "--workers", "2", *options]
    program, site = work.serve(*command)
    assert {site.ask(question) for question in QUESTIONS} == {
        f"You said: {question}" for question in QUESTIONS
    }
    assert program.stop() == 0
    assert work.questions() == Counter(QUESTIONS), program.output
