"""Whole programs: how they exit, fork and are served, with exporters that work, hang and raise."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from fork_server import fork_server
from threadtrail.testing import AssistantsServer
from threadtrail.testing.server import Hangs, RunScript

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

PROLOGUE = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
# On a busy machine the exit may take longer than by default; a test whose exporter hangs says how long.
os.environ["THREADTRAIL_SHUTDOWN_TIMEOUT_SECONDS"] = "120"
import threadtrail
from threadtrail.exporters.jsonl import JsonlExporter
from threadtrail.testing import wait_until

base_url, path = sys.argv[1:3]

def client():
    from openai import OpenAI
    return OpenAI(base_url=base_url, api_key="sk-local")

def drive(client, question="hello"):
    threads = client.beta.threads
    assistant = client.beta.assistants.create(model="gpt-4o", name="Tutor")
    thread = threads.create(messages=[{"role": "user", "content": question}])
    return threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
"""


def arguments(server: AssistantsServer, path: Path, program: str) -> list[str]:
    script = path.with_suffix(".py")
    script.write_text(PROLOGUE + textwrap.dedent(program))
    return [str(script), server.base_url, str(path)]


def completed(server: AssistantsServer, path: Path, program: str) -> subprocess.CompletedProcess[str]:
    given = arguments(server, path, program)
    return fork_server().run(given, cwd=path.parent, env=os.environ, timeout=240)


def run(server: AssistantsServer, path: Path, program: str) -> tuple[int, str]:
    done = completed(server, path, program)
    return done.returncode, done.stderr


def run_afresh(server: AssistantsServer, path: Path, program: str) -> tuple[int, str]:
    """Run in a fresh interpreter: for what is about its end."""
    command = [sys.executable, *arguments(server, path, program)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    return done.returncode, done.stderr


def ended(path: Path) -> list[dict[str, object]]:
    events = [json.loads(line) for line in path.read_text().splitlines()]
    return [event["run"] for event in events if event["event"] == "RunEnded"]


@pytest.fixture
def process_server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as server:
        yield server


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


@pytest.mark.parametrize(
    ("leaving", "code"),
    [("", 0), ("sys.exit(7)", 7), ("raise RuntimeError('the app failed')", 1)],
)
def test_a_program_that_just_ends_delivers_its_runs(
    process_server: AssistantsServer, path: Path, leaving: str, code: int
) -> None:
    program = f"""
    threadtrail.instrument(exporters={{"jsonl": {{"path": path}}}})
    drive(client())
    {leaving}
    """
    returned, errors = (run if leaving else run_afresh)(process_server, path, program)
    assert returned == code, errors
    assert [run["status"] for run in ended(path)] == ["completed"]


def test_a_run_that_never_ends_is_published_as_unfinished_at_exit(
    process_server: AssistantsServer, path: Path
) -> None:
    process_server.script(RunScript(end=Hangs()))
    program = """
    threadtrail.instrument(exporters={"jsonl": {"path": path}})
    beta = client().beta
    assistant = beta.assistants.create(model="gpt-4o")
    thread = beta.threads.create()
    run = beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    """
    assert run(process_server, path, program)[0] == 0
    assert [(run["finished"], run["poll_count"]) for run in ended(path)] == [(False, 1)]


NO_THREADS = """
start = threading.Thread.start

def refuse(thread):
    if thread.name.startswith("threadtrail"):
        raise RuntimeError("can't create new thread at interpreter shutdown")
    start(thread)

threading.Thread.start = refuse
"""


@pytest.mark.parametrize("where", ["in the main thread", "in another one"])
def test_where_no_thread_can_be_started_the_exit_delivers(
    process_server: AssistantsServer, path: Path, where: str
) -> None:
    """As in Python 3.12.1, once the main thread has ended: the first call comes too late for our threads."""
    program = f"""{NO_THREADS}
threadtrail.instrument(exporters={{"jsonl": {{"path": path}}}})

def work():
    for _ in range(3):
        drive(client())
    threadtrail.flush(60)
    beta = client().beta
    assistant = beta.assistants.create(model="gpt-4o")
    beta.threads.create_and_run(assistant_id=assistant.id)

threading.Thread(target=work).start() if {where!r} == "in another one" else work()
"""
    returned, errors = run(process_server, path, program)
    assert returned == 0
    assert [run["finished"] for run in ended(path)] == [True, True, True, False]
    assert errors.count("cannot start a thread") == 2, "the recorder and the exporter say it once each"


def test_a_recorder_that_could_not_start_a_thread_tries_again(
    process_server: AssistantsServer, path: Path
) -> None:
    program = f"""{NO_THREADS}
from threadtrail.recording import loop
loop.START_AGAIN_SECONDS = 0.0
threadtrail.instrument(exporters={{"jsonl": {{"path": path}}}}, fetch_run_details=True)
drive(client())
threading.Thread.start = start
drive(client())
assert [thread.name for thread in threading.enumerate() if "recorder" in thread.name]
os._exit(0 if threadtrail.flush(120) else 1)
"""
    returned, errors = run(process_server, path, program)
    assert returned == 0, errors
    assert [run["status"] for run in ended(path)] == ["completed"] * 2


@pytest.mark.parametrize("hook", ["export", "flush", "shutdown"])
def test_one_exporter_that_hangs_and_one_that_raises_hurt_nobody_else(
    process_server: AssistantsServer, path: Path, hook: str
) -> None:
    program = f"""
    class Raises:
        @threadtrail.hookimpl
        def export(self, events):
            raise RuntimeError("no backend")

    class Hangs:
        @threadtrail.hookimpl
        def export(self, events): ...

    def forever(self, *args):
        threading.Event().wait()

    setattr(Hangs, {hook!r}, threadtrail.hookimpl(forever))
    threadtrail.instrument(
        exporters=[Raises(), Hangs(), JsonlExporter(path)], shutdown_timeout_seconds=1.0, settle_seconds=0.0
    )
    for _ in range(3):
        assert drive(client()).status == "completed"
    patience = 120 if {hook!r} == "shutdown" else 0.5
    assert not threadtrail.flush(patience)  # one of them lost what it was given, and that is told once
    assert threadtrail.flush(patience) is ({hook!r} == "shutdown")
    wait_until(lambda: open(path).read().count('"RunEnded"') >= 3)
    counters = threadtrail.status().exporters
    assert counters["Raises"].failed and not counters["Raises"].delivered
    assert counters["JsonlExporter"].delivered and not counters["JsonlExporter"].failed
    sys.exit(3)
    """
    returned, errors = run(process_server, path, program)
    assert returned == 3, errors
    assert [run["status"] for run in ended(path)] == ["completed"] * 3
    assert errors.count("no backend") == 1, "one line per 20 s"


FORK = """
threadtrail.instrument(exporters={"jsonl": {"path": path}}, settle_seconds=0.0)
drive(client(), "before the fork")
"""


def inputs(path: Path) -> Counter[str]:
    """How often each question was published."""
    return Counter(str(run["input"][0]["parts"][0]["text"]) for run in ended(path))  # type: ignore[index]  # JSON


def test_after_a_fork_child_and_parent_deliver_their_own_runs_once(
    process_server: AssistantsServer, path: Path
) -> None:
    program = (
        FORK
        + """
child = os.fork()
drive(client(), "child" if child == 0 else "parent")
if child == 0:
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    )
    returned, errors = run(process_server, path, program)
    assert returned == 0, errors
    assert inputs(path) == {"before the fork": 1, "child": 1, "parent": 1}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_children_of_multiprocessing_deliver_although_they_skip_atexit(
    process_server: AssistantsServer, path: Path, method: str
) -> None:
    count = 2 if method == "fork" else 1  # any other child imports the SDK itself
    program = f"""
    import multiprocessing

    def work(number):
        if {method!r} != "fork":
            threadtrail.instrument(exporters={{"jsonl": {{"path": path}}}}, settle_seconds=0.0)
        drive(client(), f"child {{number}}")

    if __name__ == "__main__":
        threadtrail.instrument(exporters={{"jsonl": {{"path": path}}}}, settle_seconds=0.0)
        drive(client(), "parent")
        context = multiprocessing.get_context({method!r})
        children = [context.Process(target=work, args=(number,)) for number in range({count})]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0
    """
    returned, errors = run(process_server, path, program)
    assert returned == 0, errors
    assert inputs(path) == {"parent": 1, **{f"child {number}": 1 for number in range(count)}}


def test_a_prefork_server_whose_workers_are_terminated_delivers_all(
    process_server: AssistantsServer, path: Path
) -> None:
    program = (
        FORK
        + """
import signal

workers = []
for number in range(3):
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        # What gunicorn's workers do: leave by SystemExit on SIGTERM.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        drive(client(), f"worker {number}")
        os.write(tell, b"x")
        signal.pause()
    workers.append((pid, ready))
for pid, ready in workers:
    os.read(ready, 1)
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == 0
"""
    )
    returned, errors = run(process_server, path, program)
    assert returned == 0, errors
    assert inputs(path) == {"before the fork": 1, "worker 0": 1, "worker 1": 1, "worker 2": 1}
