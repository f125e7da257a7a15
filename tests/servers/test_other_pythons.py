"""Pythons that differ in when they still start threads. `make test-servers` makes an environment for each."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from servers.processes import Workplace

ROOT = Path(__file__).parent.parent.parent

LATE = """
import os, sys, threading
import threadtrail
threadtrail.instrument()
{again}

def work():
    from openai import OpenAI
    for question in ("a", "b", "c"):
        OpenAI().beta.threads.create_and_run_poll(
            assistant_id=os.environ["ASSISTANT_ID"],
            thread={{"messages": [{{"role": "user", "content": question}}]}},
        )

{start}
"""
IN_A_THREAD = "threading.Thread(target=lambda: (threading.main_thread().join(), work())).start()"
AT_EXIT = "import atexit; atexit.register(work)"


@pytest.fixture(params=["3.12.1", "3.13.0"])
def python(request: pytest.FixtureRequest) -> str:
    program = ROOT / f".venv-{request.param}" / "bin" / "python"
    if not program.exists() and not os.environ.get("GITHUB_ACTIONS"):
        pytest.skip(f"make found no Python {request.param}")
    assert program.exists(), f"the workflow installs Python {request.param}"
    return str(program)


@pytest.mark.parametrize("start", [IN_A_THREAD, AT_EXIT], ids=["in a thread", "at exit"])
def test_first_calls_after_the_main_thread_has_ended(work: Workplace, python: str, start: str) -> None:
    """Python 3.12.1 starts no thread then: recorder and exporter say so once each, and the exit delivers."""
    work.write("late.py", LATE.format(start=start, again=""))
    program = work.start(python, "late.py")
    assert program.ends() == 0, program.output
    assert work.questions() == Counter("abc"), program.output
    lines = [line for line in program.output.splitlines() if "can't create new thread" in line]
    assert len(lines) == (2 if "3.12.1" in python else 0)


@pytest.mark.parametrize("python", ["3.12.1"], indirect=True)
def test_a_backend_that_hangs_does_not_hang_the_exit(work: Workplace, python: str) -> None:
    hangs = """
class Hangs:
    @threadtrail.hookimpl
    def export(self, events):
        threading.Event().wait()

threadtrail.instrument(exporters=["jsonl", Hangs()], shutdown_timeout_seconds=2.0)
"""
    work.write("late.py", LATE.format(start=IN_A_THREAD, again=hangs))
    program = work.start(python, "late.py")
    assert program.ends() == 0, program.output
    assert work.questions() == Counter("abc"), program.output
