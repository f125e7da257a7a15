"""Whole programs: how they exit, fork and are served, whatever Langfuse does."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from delivery.support import PATIENCE
from exporter_programs import run_program

from langfuse_receiver import MEDIA, TRACES, questions_in

if TYPE_CHECKING:
    from langfuse_receiver import Receiver
    from threadtrail.testing import AssistantsServer

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
OLDEST = ROOT / ".sdks" / "langfuse-4.7.0"

PROLOGUE = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)
import threadtrail

def client():
    from openai import OpenAI
    return OpenAI()

def drive(client, question="hello"):
    threads = client.beta.threads
    assistant = client.beta.assistants.create(model="gpt-4o", name="Tutor")
    thread = threads.create(messages=[{"role": "user", "content": question}])
    run = threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    threads.messages.list(thread.id)
    return run
"""


def run(
    server: AssistantsServer, folder: Path, program: str, seconds: float = 240, **variables: str
) -> tuple[str, str]:
    """Run the program to its end; return what it wrote to stdout and to stderr."""
    script = folder / "program.py"
    script.write_text(PROLOGUE + textwrap.dedent(program))
    done = run_program([sys.executable, script], server, variables, timeout=seconds)
    return done.stdout, done.stderr


def questions(langfuse: Receiver) -> Counter[str]:
    """How often each question arrived as a run."""
    return Counter(str(each.input) for each in langfuse.all_observations if each.type == "agent")


def test_a_program_that_just_ends_delivers_its_run(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path
) -> None:
    _, errors = run(server, tmp_path, 'threadtrail.instrument(exporters=["langfuse"])\ndrive(client())')
    assert errors == ""
    assert questions(langfuse) == {"hello": 1}


@pytest.mark.parametrize("order", ["before", "after"])
def test_beside_the_apps_client_all_is_delivered_at_the_end_of_the_program(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path, order: str
) -> None:
    lines = ['threadtrail.instrument(exporters=["langfuse"])', "langfuse = Langfuse()"]
    program = "\n".join(
        [
            "from langfuse import Langfuse, observe",
            *(lines if order == "after" else reversed(lines)),
            'observe(name="theirs")(lambda: drive(client()).id)()',
        ]
    )
    run(server, tmp_path, program)
    assert questions(langfuse) == {"hello": 1}
    assert langfuse.one("agent").parent_id == langfuse.observation("theirs").id


@pytest.mark.parametrize("trouble", ["refused", "hanging", "unavailable"])
def test_the_exit_keeps_its_bound(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path, trouble: str
) -> None:
    program = """
    import time
    threadtrail.instrument(exporters=["langfuse"], shutdown_timeout_seconds=1.0)
    openai = client()
    for _ in range(3):
        assert drive(openai).status == "completed"
    print(time.time())
    """
    address = "http://127.0.0.1:9" if trouble == "refused" else langfuse.url
    if trouble == "hanging":
        langfuse.answering.clear()
    langfuse.status = 503
    written, errors = run(server, tmp_path, program, LANGFUSE_BASE_URL=address, LANGFUSE_TIMEOUT="240")
    took = time.time() - float(written)
    langfuse.answering.set()
    # Without the bound it would take as long as the backend may; the rest is the end of the interpreter.
    assert took < PATIENCE
    assert 1 <= len(errors.splitlines()) <= 2, errors
    assert "exporter 'langfuse'" in errors
    assert "lost so far" in errors


CHILDREN = {f"child {number}" for number in range(4)}
FORK = """
threadtrail.instrument(exporters=["langfuse"], settle_seconds=0.0)
drive(client(), "before the fork")
assert threadtrail.flush(200)
"""


def test_an_image_is_uploaded_before_the_program_ends(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path
) -> None:
    program = """
    import base64
    image = "data:image/png;base64," + base64.b64encode(bytes(99)).decode()
    threadtrail.instrument(exporters=["langfuse"], shutdown_timeout_seconds=600.0)
    drive(client(), [{"type": "image_url", "image_url": {"url": image}}])
    """
    _, errors = run(server, tmp_path, program)  # which waits for less than that
    assert errors == ""
    assert len(langfuse.to(MEDIA)) > 0


def test_parent_and_children_deliver_their_own_runs_once_and_whole(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path
) -> None:
    """Each sends several times beside the others, over connections that must not be one."""
    program = (
        FORK
        + """
children = []
for child in range(4):
    pid = os.fork()
    if pid == 0:
        openai = client()
        for number in range(5):
            drive(openai, f"child {child} run {number}")
            assert threadtrail.flush(200)
        sys.exit(0)
    children.append(pid)
openai = client()
for number in range(5):
    drive(openai, f"parent run {number}")
    assert threadtrail.flush(200)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
"""
    )
    run(server, tmp_path, program)
    expected = {f"child {child} run {number}" for child in range(4) for number in range(5)}
    expected |= {f"parent run {number}" for number in range(5)} | {"before the fork"}
    assert questions(langfuse) == dict.fromkeys(expected, 1)
    assert langfuse.malformed == []
    assert {request.path for request in langfuse.requests} == {TRACES}
    users: defaultdict[Any, set[str]] = defaultdict(set)
    for request in langfuse.requests:
        users[request.connection] |= {asked.partition(" run")[0] for asked in questions_in(request)}
    assert not [shared for shared in users.values() if len(shared - {"before the fork"}) > 1]
    assert not [shared for shared in users.values() if "before the fork" in shared and shared & CHILDREN]
    assert langfuse.observations  # each observation once


def test_a_prefork_server_whose_workers_are_terminated_delivers_all(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path
) -> None:
    """As ``gunicorn --preload`` does it, with the app's own client made before the fork."""
    program = (
        """
from langfuse import Langfuse
langfuse = Langfuse()
"""
        + FORK
        + """
import signal
workers = []
for number in range(3):
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with langfuse.start_as_current_observation(name=f"request {number}"):
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
    run(server, tmp_path, program)
    assert questions(langfuse) == {"before the fork": 1, "worker 0": 1, "worker 1": 1, "worker 2": 1}
    requests = {each.name: each.id for each in langfuse.observations if each.name.startswith("request")}
    below = {each.parent_id for each in langfuse.of("agent") if each.input != "before the fork"}
    assert below == set(requests.values())
    assert langfuse.malformed == []


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing_deliver_theirs(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path, method: str
) -> None:
    program = f"""
    import multiprocessing

    def work(number):
        threadtrail.instrument(exporters=["langfuse"])
        drive(client(), f"child {{number}}")

    if __name__ == "__main__":
        threadtrail.instrument(exporters=["langfuse"])
        drive(client(), "parent")
        context = multiprocessing.get_context({method!r})
        children = [context.Process(target=work, args=(number,)) for number in range(2)]
        for child in children:
            child.start()
        for child in children:
            child.join()
            assert child.exitcode == 0
    """
    run(server, tmp_path, program)
    assert questions(langfuse) == {"parent": 1, "child 0": 1, "child 1": 1}
    assert langfuse.observations


def test_runs_in_a_forked_child_hang_below_the_trace_that_its_parent_opened(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path
) -> None:
    program = (
        FORK
        + """
with threadtrail.trace("job"):
    drive(client(), "parent")
    assert threadtrail.flush(200)
    pid = os.fork()
    if pid == 0:
        drive(client(), "child")
        threadtrail.shutdown(200)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
"""
    )
    run(server, tmp_path, program)
    job = langfuse.observation("job")
    below = {each.input for each in langfuse.of("agent") if each.parent_id == job.id}
    assert below == {"parent", "child"}
    assert {each.trace_id for each in langfuse.of("agent") if each.parent_id} == {job.trace_id}


def test_a_fork_while_the_connection_is_being_made_leaves_the_child_its_client(
    server: AssistantsServer, langfuse: Receiver, tmp_path: Path
) -> None:
    program = """
    from langfuse import Langfuse, get_client
    from threadtrail_langfuse import sdk_internals

    langfuse = Langfuse()
    threadtrail.instrument(exporters=["langfuse"])
    making, forked = threading.Event(), threading.Event()

    def make():
        with sdk_internals.unregistered(os.environ["LANGFUSE_PUBLIC_KEY"]):
            making.set()
            forked.wait()

    thread = threading.Thread(target=make)
    thread.start()
    making.wait()
    pid = os.fork()
    if pid == 0:
        assert get_client()._resources is langfuse._resources
        drive(client(), "child")
        sys.exit(0)
    forked.set()
    thread.join()
    assert get_client()._resources is langfuse._resources
    assert os.waitpid(pid, 0)[1] == 0
    """
    run(server, tmp_path, program)
    assert questions(langfuse) == {"child": 1}


@pytest.mark.timeout(1200)
def test_the_oldest_supported_sdk_passes_the_same_tests() -> None:
    """Everything that is fast, in a process that sees Langfuse 4.7.0 with its oldest OpenTelemetry."""
    if str(OLDEST) in os.environ.get("PYTHONPATH", ""):
        pytest.skip("this is that process")
    assert OLDEST.exists(), "unpack it first: make sdks"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", "not slow", str(Path(__file__).parent)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(OLDEST)},
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    version = subprocess.run(
        [sys.executable, "-c", "import langfuse; print(langfuse.__version__)"],
        env={**os.environ, "PYTHONPATH": str(OLDEST)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert version.stdout.strip() == "4.7.0"
