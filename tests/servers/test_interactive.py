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

    setup, run, show = blocks(DOCS / "guides" / "jupyter.md", "python")
    again = setup + "\n" + run.replace("threadtrail.flush()\n", "").replace("3x + 11 = 14?", "again")
    lines = "import os; sum('RunEnded' in line for line in open(os.environ['THREADTRAIL_JSONL_PATH']))"
    cells = [setup, run, lines, again, show]
    work.write("cells.json", json.dumps(cells))
    work.write("notebook.py", NOTEBOOK)
    work.environment["THREADTRAIL_SETTLE_SECONDS"] = "600"
    work.environment["JUPYTER_PLATFORM_DIRS"] = "1"
    program = work.python("notebook.py")
    assert program.ends() == 0, program.output
    assert "{'text/plain': 'True'}\n{'text/plain': '1'}" in program.output
    wait_until(lambda: len(work.runs()) == 2, timeout=PATIENCE)  # the kernel is another process
    assert work.questions() == Counter(["3x + 11 = 14?", "again"])
    assert "And 2x = 8?" in program.output
    assert "text/html" in program.output


CELLS = """
import json
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
outputs = []
for cell in json.load(open("cells.json")):
    outputs.append((client.execute(cell), []))
    while True:
        message = client.get_iopub_msg(timeout=200)
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            if message["parent_header"]["msg_id"] == outputs[-1][0]:
                break
        elif kind not in {"status", "execute_input"}:
            shown = content.get("text") or content.get("evalue") or content["data"]["text/html"]
            dict(outputs)[message["parent_header"]["msg_id"]].append([content.get("name", kind), shown])
manager.shutdown_kernel()
json.dump([shown for _, shown in outputs], open("outputs.json", "w"))
"""


def test_jupyter_shows_trees_below_their_own_cells(work: Workplace) -> None:
    """Whatever cell runs when they are printed; and the cell of `instrument()` may run again in silence."""
    import json

    ask = 'client.responses.create(model="gpt-4o", input="{}")'
    setup = """
import threading, threadtrail
from openai import OpenAI

def redact(text):
    return text.replace("secret", "[redacted]")

recording = threadtrail.instrument(exporters={"console": {"color": "never"}}, redact=redact)
client = OpenAI()
"""
    thread = f"asking = threading.Thread(target=lambda: {ask}); asking.start(); asking.join()"
    cells = [
        setup,
        ask.format("of the second cell, secret") + ";",
        thread.format("of the third cell"),
        "print('before'); threadtrail.flush(200); print('after')",
        setup,
        f"print('mine'); {ask.format('of the sixth cell')}; threadtrail.flush(200);",
        setup.replace("never", "auto") + ask.format("in colour") + "; threadtrail.flush(200);",
        "threadtrail.status()",
        "threadtrail.instrument(exporters={'console': {'color': 'auto'}}, redact=redact)",
    ]
    work.write("cells.json", json.dumps(cells))
    work.write("notebook.py", CELLS)
    del work.environment["THREADTRAIL_EXPORTERS"]
    work.environment["THREADTRAIL_SETTLE_SECONDS"] = "600"
    program = work.python("notebook.py")
    assert program.ends() == 0, program.output
    first, second, third, flushing, again, sixth, coloured, status, recording = json.loads(
        (work.folder / "outputs.json").read_text()
    )
    assert first == again == []
    assert "".join(text for _, text in flushing) == "before\nafter\n"
    for (output,), question in ((second, "of the second cell, [redacted]"), (third, "of the third cell")):
        assert output[0] == "stdout"
        assert output[1].count("✓ gpt-4o") == output[1].count(f"You said: {question}") == 1
    assert [name for name, _ in sixth] == ["stdout", "stdout"]
    assert sixth[0][1] == "mine\n"
    assert "of the sixth cell" in sixth[1][1]
    assert [name for name, _ in coloured] == ["stderr", "stdout"], "the other configuration, and one tree"
    assert "called again" in coloured[0][1]
    assert "\x1b[32m" in coloured[1][1]
    assert "<td>console</td>" in status[0][1]
    assert "recording" in recording[0][1]


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
top = AppTest.from_file("top.py", default_timeout=200)
for interaction in range(3):
    assert not top.run().exception
print("runs by now:", top.markdown[0].value)
"""

AT_THE_TOP = """
import streamlit as st
import threadtrail

def redact(text):
    return text.replace("secret", "[redacted]")

threadtrail.instrument(redact=redact)
st.session_state.count = st.session_state.get("count", 0) + 1
st.write(str(st.session_state.count))
"""


def test_streamlit(work: Workplace) -> None:
    """The script runs again at each interaction, with one recording, and each user's session."""
    (app,) = blocks(DOCS / "guides" / "streamlit.md", "python")
    work.write("app.py", app)
    work.write("top.py", AT_THE_TOP)
    work.write("session.py", STREAMLIT)
    program = work.python("session.py")
    assert program.ends() == 0, program.output
    assert "runs by now: 3" in program.output
    assert program.output.count("called again") == 1, "the other configuration, of the second app, once"
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
