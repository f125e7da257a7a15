"""Forks and exits of real processes: each script runs in an interpreter of its own."""

from __future__ import annotations

import re
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from delivery.support import run_script
from threadtrail.delivery import lifecycle

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

PROLOGUE = textwrap.dedent(
    """
    import multiprocessing, os, sys, threading, warnings
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    from threadtrail.delivery import lifecycle
    from threadtrail.delivery.delivery import Delivery
    from threadtrail.delivery.hooks import ExporterHooks
    from threadtrail.delivery.lane import Lane
    from threadtrail.events import RunStatusChanged

    def changed(text):
        return RunStatusChanged(time=1, type="t", run_id=text, status="queued", learnt_from="poll")

    def write(line):
        # One write in append mode: lines of several processes do not mix.
        with open(sys.argv[1], "a") as file:
            file.write(line + "\\n")

    class Owner:
        def __init__(self, hooks, timeout=200.0):
            self.timeout = timeout
            self.delivery = Delivery([Lane("x", hooks, queue_size=1000)])
            lifecycle.register(self)

        def at_exit(self):
            self.delivery.shutdown(self.timeout)

        def after_fork_in_child(self):
            self.delivery.after_fork_in_child()

    def export(events, contexts):
        for event in events:
            write(f"{os.getpid()} {event.run_id}")

    def hang(*args, **kwargs):
        threading.Event().wait()

    def leave(*args, **kwargs):
        sys.exit(5)
    """
)


def play(script: str, path: Path, *, code: int = 0) -> tuple[Counter[str], str]:
    """Run a script; return the lines its exporters wrote, without the process ids, and its log."""
    ran = run_script(PROLOGUE + textwrap.dedent(script), str(path))
    assert ran.returncode == code, ran.stderr
    lines = path.read_text().splitlines() if path.exists() else []
    return Counter(line.split(" ", 1)[1] for line in lines), ran.stderr


def test_the_exit_delivers_what_is_queued(tmp_path: Path) -> None:
    written, log = play(
        """
        owner = Owner(ExporterHooks(export=export, shutdown=lambda timeout: write("0 shutdown")))
        for number in range(500):
            owner.delivery.publish(changed(f"event {number}"))
        sys.exit(3)
        """,
        tmp_path / "out",
        code=3,
    )
    assert written == Counter([*(f"event {number}" for number in range(500)), "shutdown"])
    assert log == ""


@pytest.mark.parametrize(
    ("hooks", "unexported"),
    [
        ("export=hang", 200),
        ("export=export, flush=hang", 0),
        ("export=export, shutdown=hang", 0),
        ("export=hang, flush=hang, shutdown=hang", 200),
    ],
)
def test_the_exit_is_bounded_and_the_code_stays_the_apps(tmp_path: Path, hooks: str, unexported: int) -> None:
    _, log = play(
        f"""
        owner = Owner(ExporterHooks({hooks}), timeout=0.5)
        owner.delivery.publish(changed("first"))
        for number in range(199):
            owner.delivery.publish(changed("more"))
        while owner.delivery.status()["x"].delivered != {200 - unexported}:
            threading.Event().wait(0.001)
        sys.exit(7)
        """,
        tmp_path / "out",
        code=7,
    )
    (line,) = log.splitlines()
    assert line.startswith("exporter 'x', shutdown: timed out")
    # Events in a stuck `export` are neither delivered nor lost yet.
    counts = {name: int(count) for name, count in re.findall(r"events (still|lost).*?: (\d+)", line)}
    assert counts["lost"] + counts.get("still", 0) == unexported


@pytest.mark.parametrize(
    "hooks", ["export=leave", "export=export, flush=leave", "export=export, shutdown=leave"]
)
@pytest.mark.parametrize(("ending", "code"), [("pass", 0), ("sys.exit(7)", 7), ("1 / 0", 1)])
def test_an_exporter_that_exits_changes_no_exit_code(
    tmp_path: Path, hooks: str, ending: str, code: int
) -> None:
    _, log = play(
        f"""
        owner = Owner(ExporterHooks({hooks}))
        owner.delivery.publish(changed("a"))
        {ending}
        """,
        tmp_path / "out",
        code=code,
    )
    ours = [line for line in log.splitlines() if line.startswith("exporter")]
    assert len(ours) == 1
    assert "(SystemExit: 5)" in ours[0]


def test_an_owner_that_raises_at_exit_changes_no_exit_code(tmp_path: Path) -> None:
    _, log = play(
        """
        owner = Owner(ExporterHooks())
        owner.at_exit = leave
        sys.exit(7)
        """,
        tmp_path / "out",
        code=7,
    )
    assert log == "delivery at exit: failed; the app is not affected (SystemExit: 5)\n"


FIRST_EVENT_AT_EXIT = """
    owner = Owner(ExporterHooks(export=export))
    {before}

    def at_exit():
        owner.delivery.publish(changed("late"))
        owner.delivery.shutdown(200.0)

    owner.at_exit = at_exit
    """


def test_an_event_of_the_exit_itself_is_delivered_if_the_workers_run(tmp_path: Path) -> None:
    written, log = play(FIRST_EVENT_AT_EXIT.format(before="owner.delivery.start()"), tmp_path / "out")
    assert written == Counter(["late"])
    assert log == ""


def test_an_event_of_the_exit_itself_is_delivered_if_they_do_not(tmp_path: Path) -> None:
    """Python 3.12 starts no thread any more at that time: the main thread delivers."""
    written, log = play(FIRST_EVENT_AT_EXIT.format(before=""), tmp_path / "out")
    assert written == Counter(["late"])
    assert len(log.splitlines()) == (1 if sys.version_info[:2] == (3, 12) else 0)


def test_what_hangs_where_no_thread_can_be_started_is_interrupted(tmp_path: Path) -> None:
    """The exit stays bounded, its code is the app's, and the other exporter gets its share of the time."""
    written, log = play(
        """
        owner = Owner(ExporterHooks(export=export))
        owner.delivery = Delivery([
            Lane("hangs", ExporterHooks(export=hang, shutdown=hang), queue_size=10),
            Lane("works", ExporterHooks(export=export), queue_size=10),
        ])
        owner.timeout = 1.0
        def refuse(self):
            raise RuntimeError("can't create new thread at interpreter shutdown")
        threading.Thread.start = refuse
        owner.delivery.publish(changed("a"))
        sys.exit(7)
        """,
        tmp_path / "out",
        code=7,
    )
    assert written == Counter(["a"])
    assert "exporter 'hangs', export: failed; events lost so far: 1 (OutOfTimeError: " in log


def test_an_unused_exporter_says_nothing_at_exit(tmp_path: Path) -> None:
    _, log = play("Owner(ExporterHooks(export=export, shutdown=lambda timeout: None))", tmp_path / "out")
    assert log == ""


def test_the_latest_owner_is_called_and_one_that_left_is_not(tmp_path: Path) -> None:
    written, _ = play(
        """
        first, second, third = (Owner(ExporterHooks(export=export)) for _ in range(3))
        for name, owner in {"first": first, "second": second, "third": third}.items():
            owner.at_exit = lambda name=name: write("0 " + name)
        lifecycle.unregister(first)
        """,
        tmp_path / "out",
    )
    assert written == Counter(["third"])
    written, _ = play(
        """
        only = Owner(ExporterHooks(export=export))
        only.at_exit = lambda: write("0 called")
        lifecycle.unregister(only)
        """,
        tmp_path / "none",
    )
    assert written == Counter()


def test_a_fork_delivers_the_events_of_each_process_once(tmp_path: Path) -> None:
    """Forked while the worker holds a batch, events are queued, and other threads hold the locks."""
    written, log = play(
        """
        gate, entered = threading.Event(), threading.Event()

        def slow(events, contexts):
            entered.set()
            gate.wait()
            export(events, contexts)

        def after_fork():
            gate.set()  # the parent's is another one from here on
            write(f"{os.getpid()} after fork")

        owner = Owner(ExporterHooks(export=slow, after_fork=after_fork))
        lane = owner.delivery._lanes[0]
        owner.delivery.publish(changed("parent"))
        entered.wait()
        for _ in range(200):
            owner.delivery.publish(changed("parent"))
        held, free = threading.Event(), threading.Event()

        def hold():
            with lane._state.lock:
                held.set()
                free.wait()

        holder = threading.Thread(target=hold)
        holder.start()
        held.wait()
        children = []
        for number in range(3):
            child = os.fork()
            if not child:
                assert lane.status().queued == 0
                for _ in range(10):
                    owner.delivery.publish(changed(f"child {number}"))
                sys.exit(number)
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        assert codes == [0, 1, 2], codes
        free.set()
        holder.join()
        gate.set()
        """,
        tmp_path / "out",
    )
    assert written == Counter(
        {"parent": 201, "child 0": 10, "child 1": 10, "child 2": 10, "after fork": 3}
    ), log
    assert log == ""


def test_a_child_that_published_nothing_does_not_close_what_is_the_parents(tmp_path: Path) -> None:
    written, _ = play(
        """
        who = os.getpid()
        owner = Owner(ExporterHooks(
            export=export, shutdown=lambda timeout: write("0 parent" if os.getpid() == who else "0 child")
        ))
        owner.delivery.publish(changed("a"))
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
        """,
        tmp_path / "out",
    )
    assert written == Counter(["a", "parent"])


@pytest.mark.parametrize("error", ["ValueError", "SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_an_after_fork_hook_that_raises_is_contained(tmp_path: Path, error: str) -> None:
    written, log = play(
        f"""
        def after_fork():
            raise {error}("broken")

        owner = Owner(ExporterHooks())
        owner.delivery = Delivery([
            Lane("x", ExporterHooks(export=export, after_fork=after_fork), queue_size=1000),
            Lane("y", ExporterHooks(export=export, after_fork=lambda: write("0 reset")), queue_size=1000),
        ])
        child = os.fork()
        if not child:
            owner.delivery.publish(changed("child"))
            sys.exit(4)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
        """,
        tmp_path / "out",
    )
    assert written == Counter(["child", "child", "reset"])
    assert log == f"exporter 'x', after_fork: failed; the app is not affected ({error}: broken)\n"


MULTIPROCESSING = """
import sys
sys.argv[1:] = [{out!r}]
{prologue}
{instrument_here}

def work(name):
    owner = {instrument_in_child}
    owner.delivery.publish(changed(name))
    if name == "nested":
        inner = multiprocessing.get_context({method!r}).Process(target=work, args=("grandchild",))
        inner.start()
        inner.join()
        assert inner.exitcode == 0
    if name == "leaving":
        sys.exit(6)

if __name__ == "__main__":
    context = multiprocessing.get_context({method!r})
    children = [context.Process(target=work, args=(name,)) for name in ("plain", "leaving", "nested")]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 6, 0]
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("where", ["at import", "in the child"])
def test_multiprocessing_children_deliver_before_they_end(tmp_path: Path, method: str, where: str) -> None:
    """They leave by ``os._exit``, so ``atexit`` is of no use there."""
    made = "Owner(ExporterHooks(export=export))"
    out, script = tmp_path / "out", tmp_path / "script.py"
    script.write_text(
        MULTIPROCESSING.format(
            out=str(out),
            prologue=PROLOGUE,
            method=method,
            instrument_here=f"the_owner = {made}" if where == "at import" else "",
            instrument_in_child="the_owner" if where == "at import" else made,
        )
    )
    ran = run_script(script)
    assert ran.returncode == 0, ran.stderr
    written = Counter(line.split(" ", 1)[1] for line in out.read_text().splitlines())
    assert written == Counter(["plain", "leaving", "nested", "grandchild"]), ran.stderr
    assert ran.stderr == ""


def test_nothing_is_hooked_by_importing() -> None:
    ran = run_script(
        """
import sys, threading, threadtrail.delivery
from threadtrail.delivery import lifecycle
assert not lifecycle._process.hooked
assert threading.active_count() == 1
heavy = {"pydantic", "openai", "rich", "importlib.metadata", "multiprocessing.util"} & sys.modules.keys()
assert not heavy - {"importlib.metadata"}, heavy
"""
    )
    assert ran.returncode == 0, ran.stderr


def test_unregistering_somebody_else_changes_nothing() -> None:
    class Owner:
        exit_timeout = 1.0

        def at_exit(self) -> None: ...

        def deliver(self, *, open_runs: bool) -> None: ...

        def after_fork_in_child(self) -> None: ...

    before = lifecycle._process.owner
    assert not lifecycle.unregister(Owner())
    assert lifecycle._process.owner is before
