"""Notebooks, Streamlit and serverless functions, with the code of their pages in docs/guides."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from doc_blocks import DOCS, blocks
from servers.processes import PATIENCE
from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from servers.processes import Workplace

NOTEBOOK = """
import json, sys
import nbformat
from nbclient import NotebookClient

cells = [nbformat.v4.new_code_cell(source) for source in json.load(open("cells.json"))]
notebook = nbformat.v4.new_notebook(cells=cells)
NotebookClient(notebook, timeout=200, kernel_name="python3").execute()
for cell in notebook.cells:
    for output in cell.outputs:
        print(output.get("text") or output.get("data"))
"""


def test_jupyter(work: Workplace) -> None:
    """What a cell flushed is there at once, the rest when the kernel exits; configured again, it goes on."""
    import json

    setup, run = blocks(DOCS / "guides" / "jupyter.md", "python")
    again = setup + "\n" + run.replace("threadtrail.flush()\n", "").replace("3x + 11 = 14?", "again")
    lines = "import os; sum('RunEnded' in line for line in open(os.environ['THREADTRAIL_JSONL_PATH']))"
    cells = [setup, run, lines, again]
    work.write("cells.json", json.dumps(cells))
    work.write("notebook.py", NOTEBOOK)
    work.environment["THREADTRAIL_SETTLE_SECONDS"] = "600"
    work.environment["JUPYTER_PLATFORM_DIRS"] = "1"
    program = work.python("notebook.py")
    assert program.ends() == 0, program.output
    assert "{'text/plain': 'True'}\n{'text/plain': '1'}" in program.output
    wait_until(lambda: len(work.runs()) == 2, timeout=PATIENCE)  # the kernel is another process
    assert work.questions() == Counter(["3x + 11 = 14?", "again"])


STREAMLIT = """
from streamlit.testing.v1 import AppTest
import threadtrail

for user in range(2):
    app = AppTest.from_file("app.py", default_timeout=200).run()
    for question in ("first", "second"):
        app.text_input[0].set_value(f"{question} of {user}").run()
        assert not app.exception, app.exception
        assert app.markdown[0].value == f"You said: {question} of {user}"
assert threadtrail.flush(200)
print(threadtrail.status().exporters)
"""


def test_streamlit(work: Workplace) -> None:
    """The script runs again at each interaction, with one recording, and each user's session."""
    (app,) = blocks(DOCS / "guides" / "streamlit.md", "python")
    work.write("app.py", app)
    work.write("session.py", STREAMLIT)
    program = work.python("session.py")
    assert program.ends() == 0, program.output
    assert work.questions() == Counter(["first of 0", "second of 0", "first of 1", "second of 1"])
    sessions = [run["attributes"]["session_id"] for run in work.runs()]
    assert sessions[0] == sessions[1] != sessions[2] == sessions[3]


LAMBDA = """
import os, signal
from handler import handler
print(handler({"question": "first"}, None))
print(handler({"question": "second"}, None), flush=True)
os.kill(os.getpid(), signal.SIGKILL)  # a frozen function is thrown away
"""


def test_lambda(work: Workplace) -> None:
    (handler,) = blocks(DOCS / "guides" / "lambda.md", "python")
    work.write("handler.py", handler)
    work.write("runtime.py", LAMBDA)
    program = work.python("runtime.py")
    assert program.ends() == -9
    assert program.output == "{'answer': 'You said: first'}\n{'answer': 'You said: second'}\n"
    assert work.questions() == Counter(["first", "second"])
