"""``flush_on_sigterm``: programs that get SIGTERM deliver first, and then end or go on as without us."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

import threadtrail
from test_process import completed, ended, run
from threadtrail.servers import sigterm
from threadtrail.testing import AssistantsServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLED = -signal.SIGTERM

JSONL = 'exporters={"jsonl": {"path": path}}'
INSTRUMENT = f"threadtrail.instrument({JSONL}, flush_on_sigterm=True, settle_seconds=600)"
RUNS = """
drive(client())
beta = client().beta
beta.threads.create_and_run(assistant_id=beta.assistants.create(model="gpt-4o").id)
"""
TERMINATED = "import signal; os.kill(os.getpid(), signal.SIGTERM)"


@pytest.fixture(scope="module")
def server() -> Iterator[AssistantsServer]:
    with AssistantsServer() as running:
        yield running


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def finished(path: Path) -> list[object]:
    return [run["finished"] for run in ended(path)] if path.exists() else []


def program(*lines: str) -> str:
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("former", "code", "unfinished"),
    [
        pytest.param("", KILLED, [False], id="no handler"),
        pytest.param("signal.signal(15, lambda *_: sys.exit(7))", 7, [False], id="one that exits"),
        pytest.param("signal.signal(15, lambda *_: os._exit(8))", 8, [], id="one that leaves"),
        pytest.param("signal.signal(15, lambda *_: print(15))", 0, [False], id="one that goes on"),
        pytest.param("signal.signal(15, signal.SIG_IGN)", 0, [False], id="ignored"),
    ],
)
def test_it_delivers_and_the_program_ends_as_without_us(
    server: AssistantsServer, path: Path, former: str, code: int, unfinished: list[bool]
) -> None:
    text = program("import signal", former, INSTRUMENT, RUNS, TERMINATED)
    returned, errors = run(server, path, text)
    assert (returned, errors) == (code, "")
    assert finished(path) == [True, *unfinished]


@pytest.mark.slow
@pytest.mark.parametrize("instrumented", [INSTRUMENT, INSTRUMENT.replace("True", "False")])
def test_only_the_setting_handles_it(server: AssistantsServer, path: Path, instrumented: str) -> None:
    text = program("import signal", instrumented, "print(signal.getsignal(signal.SIGTERM))", RUNS, TERMINATED)
    done = completed(server, path, text)
    handled = "True" in instrumented
    assert done.returncode == KILLED
    assert (done.stdout.strip() != "0") is handled
    assert bool(finished(path)) is handled


@pytest.mark.slow
def test_a_second_signal_does_not_wait(server: AssistantsServer, path: Path) -> None:
    hangs = """
class Hangs:
    @threadtrail.hookimpl
    def export(self, events):
        while True:  # one of these comes while the first signal waits for this, whoever sent that
            os.kill(os.getpid(), 15)
            threading.Event().wait(0.1)

threadtrail.instrument(exporters=[Hangs()], flush_on_sigterm=True, shutdown_timeout_seconds=3600)
"""
    returned, _ = run(server, path, program(hangs, "client().beta.threads.create()", TERMINATED))
    assert returned == KILLED


@pytest.mark.slow
def test_a_backend_that_hangs_is_given_up(server: AssistantsServer, path: Path) -> None:
    hangs = """
entered = threading.Event()

class Hangs:
    @threadtrail.hookimpl
    def export(self, events):
        entered.set()
        threading.Event().wait()

threadtrail.instrument(exporters=[Hangs()], flush_on_sigterm=True, shutdown_timeout_seconds=0.3)
"""
    call = "client().beta.threads.create(); entered.wait()"
    returned, errors = run(server, path, program(hangs, call, TERMINATED))
    assert returned == KILLED
    assert "exporter 'Hangs', shutdown: timed out" in errors


@pytest.mark.slow
def test_a_lock_that_the_main_thread_holds_delays_it_at_most(server: AssistantsServer, path: Path) -> None:
    """The handler interrupts the main thread anywhere, also within a handler of the log."""
    text = f"""
import signal
threadtrail.instrument({JSONL}, flush_on_sigterm=True, shutdown_timeout_seconds=0.3)
drive(client())
from threadtrail import _in_force
lane = _in_force.InForce.runtime.delivery._lanes[0]
with lane._state.lock:
    os.kill(os.getpid(), signal.SIGTERM)
"""
    assert run(server, path, text)[0] == KILLED


@pytest.mark.slow
def test_a_forked_child_delivers_its_own(server: AssistantsServer, path: Path) -> None:
    text = program(
        INSTRUMENT,
        """
drive(client(), "parent")
child = os.fork()
if not child:
    drive(client(), "child")
    import signal; os.kill(os.getpid(), signal.SIGTERM)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -15
""",
    )
    assert run(server, path, text) == (0, "")
    assert sorted(str(run["input"][0]["parts"][0]["text"]) for run in ended(path)) == ["child", "parent"]  # type: ignore[index]  # JSON


@pytest.mark.slow
def test_the_first_process_of_a_container_lives_on(server: AssistantsServer, path: Path) -> None:
    """The kernel lets no signal end it that it does not handle; recording goes on, too."""
    text = program(
        "import signal",
        "own_id, os.getpid = os.getpid(), lambda: 1",
        "signal.raise_signal = lambda number: print('raised', number, signal.getsignal(number))",
        INSTRUMENT,
        RUNS,
        "os.kill(own_id, signal.SIGTERM)",
        "drive(client())",
        "assert signal.getsignal(signal.SIGTERM).__module__ == 'threadtrail.servers.sigterm'",
    )
    assert run(server, path, text) == (0, "")
    assert finished(path) == [True, False, True]


# -- in this process: who handles it ------------------------------------------------------------------


@pytest.fixture
def former() -> Iterator[object]:
    """A handler of the app's, which is there again at the end."""

    def handler(number: int, frame: object) -> None: ...

    before = signal.signal(signal.SIGTERM, handler)
    yield handler
    threadtrail.uninstrument()
    assert signal.getsignal(signal.SIGTERM) is handler
    signal.signal(signal.SIGTERM, before)


def handled_by_us() -> bool:
    return signal.getsignal(signal.SIGTERM) is sigterm._handle


def test_uninstrument_restores_the_handler(former: object) -> None:
    threadtrail.instrument(exporters=[], flush_on_sigterm=True)
    assert handled_by_us()
    threadtrail.instrument(exporters=[], flush_on_sigterm=True)
    assert handled_by_us()
    threadtrail.uninstrument()
    assert signal.getsignal(signal.SIGTERM) is former


def test_another_configuration_may_switch_it_off(former: object) -> None:
    threadtrail.instrument(exporters=[], flush_on_sigterm=True)
    threadtrail.instrument(exporters=[])
    assert signal.getsignal(signal.SIGTERM) is former


def test_a_handler_that_came_later_stays(former: object) -> None:
    threadtrail.instrument(exporters=[], flush_on_sigterm=True)
    ours = signal.getsignal(signal.SIGTERM)
    seen: list[int] = []

    def later(number: int, frame: object) -> None:
        seen.append(number)
        assert callable(ours)
        ours(number, None)

    signal.signal(signal.SIGTERM, later)
    threadtrail.uninstrument()
    assert signal.getsignal(signal.SIGTERM) is later
    signal.raise_signal(signal.SIGTERM)  # ours only passes it on
    assert seen == [signal.SIGTERM]
    signal.signal(signal.SIGTERM, former)  # type: ignore[arg-type]  # a handler


def test_only_the_main_thread_can_set_it(former: object, caplog: pytest.LogCaptureFixture) -> None:
    def in_a_thread() -> None:
        threadtrail.instrument(exporters=[], flush_on_sigterm=True)

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join(60)
    assert signal.getsignal(signal.SIGTERM) is former
    (line,) = [message for message in caplog.messages if "flush_on_sigterm" in message]
    assert line.startswith("flush_on_sigterm has no effect: call threadtrail.instrument() in the main thread")


def test_a_handler_that_python_did_not_set_stays(
    former: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(signal, "getsignal", lambda _number: None)
        threadtrail.instrument(exporters=[], flush_on_sigterm=True)
    assert signal.getsignal(signal.SIGTERM) is former
    assert "was not set by Python" in caplog.text


def test_uninstrument_in_another_thread_leaves_one_that_passes_on(former: object) -> None:
    threadtrail.instrument(exporters=[], flush_on_sigterm=True)
    thread = threading.Thread(target=threadtrail.uninstrument)
    thread.start()
    thread.join(60)
    assert handled_by_us()
    signal.raise_signal(signal.SIGTERM)
    sigterm.unwatch()
    assert signal.getsignal(signal.SIGTERM) is former
