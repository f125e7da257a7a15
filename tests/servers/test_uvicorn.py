"""uvicorn under SIGTERM, with the apps of docs/guides/fastapi.md: no run is lost."""

from __future__ import annotations

import signal
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from doc_blocks import DOCS, blocks

if TYPE_CHECKING:
    from servers.processes import Workplace

APP, OWN_LIFESPAN = blocks(DOCS / "guides" / "fastapi.md", "python")
QUESTIONS = [f"question {number}" for number in range(6)]

KILLED = -signal.SIGTERM


@pytest.mark.parametrize(("workers", "code"), [(1, KILLED), (2, 0)])
def test_sigterm_loses_no_run(work: Workplace, workers: int, code: int) -> None:
    work.write("app.py", APP)
    program, site = work.serve("uvicorn", "app:app", "--port", "{port}", "--workers", str(workers))
    assert {site.ask(question) for question in QUESTIONS} == {
        f"You said: {question}" for question in QUESTIONS
    }
    assert program.stop() == code, "as without us"
    assert work.questions() == Counter(QUESTIONS), program.output


def test_a_lifespan_of_the_apps_own(work: Workplace) -> None:
    """What it does after the last request is recorded, too; a run that is open is published as unfinished."""
    stop = """
    import os
    beta = client.beta
    await beta.threads.create_and_run_poll(
        assistant_id=os.environ["ASSISTANT_ID"],
        thread={"messages": [{"role": "user", "content": "at the end"}]},
    )
    await beta.threads.create_and_run(assistant_id=os.environ["ASSISTANT_ID"])
"""
    own = OWN_LIFESPAN.replace("    ...  # stop; what you do here is recorded as well\n", stop)
    assert own != OWN_LIFESPAN
    routes = APP.replace("app = FastAPI(lifespan=threadtrail.lifespan)\n", own)
    work.write("app.py", routes)
    program, site = work.serve("uvicorn", "app:app", "--port", "{port}")
    assert site.ask("before") == "You said: before"
    assert program.stop() == KILLED
    assert work.questions() == Counter(["before", "at the end"]), program.output
    assert [run["finished"] for run in work.runs()] == [True, True, False]


def test_flush_on_sigterm_in_a_program_that_starts_uvicorn(
    work: Workplace,
) -> None:
    work.write("app.py", APP.replace("lifespan=threadtrail.lifespan", ""))
    work.write(
        "serve.py",
        """
import sys, threadtrail, uvicorn
if __name__ == "__main__":
    threadtrail.instrument(flush_on_sigterm=True)
    from app import app
    uvicorn.run(app, port=int(sys.argv[1]))
""",
    )
    work.environment["THREADTRAIL_FLUSH_ON_SIGTERM"] = "true"
    program, site = work.serve("python", "serve.py", "{port}")
    assert site.ask("before") == "You said: before"
    assert program.stop() == KILLED
    assert work.questions() == Counter(["before"]), program.output
