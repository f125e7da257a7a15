"""The file of events: private, append-only, whole lines whoever writes to it, and readable again."""

from __future__ import annotations

import errno
import fcntl
import gzip
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from threadtrail._frozen import freeze
from threadtrail._guard import Guard
from threadtrail.delivery.hooks import ExporterHooks
from threadtrail.delivery.lane import Lane
from threadtrail.errors import ConfigurationError, EventsLostError
from threadtrail.events import Attributes, Event, RunCreated, ThreadCreated, TraceStarted
from threadtrail.exporters import jsonl
from threadtrail.exporters.jsonl import JsonlExporter, read_events
from threadtrail.testing.samples import events_of, sample_events, sample_runs
from threadtrail.values import RunRequest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes, fork and signals of POSIX")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.jsonl"


class OddError(BaseException):
    """No `Exception`."""


def unwritable(error: type[BaseException]) -> Event:
    """An event of somebody else's class, which cannot be written."""

    @dataclass(frozen=True, kw_only=True)
    class Unwritable(Event):
        def to_json(self) -> str:
            raise error

    return Unwritable(event="Unwritable", type="t", time=1)


def deep(levels: int) -> RunCreated:
    """An event with a tool whose schema is nested that deep."""
    schema: Any = "string"
    for _ in range(levels):
        schema = {"items": schema}
    return RunCreated(time=1, type="t", run_id="run_1", request=RunRequest(tools=(freeze(schema),)))


def with_contexts(exporter: JsonlExporter) -> Any:
    return lambda events, contexts: exporter.export(events)


def made(path: Path) -> JsonlExporter:
    exporter = JsonlExporter(path)
    exporter.start()
    return exporter


def thread(identity: str) -> ThreadCreated:
    return ThreadCreated(time=1, thread_id=identity)


def thread_ids(path: Path) -> list[str]:
    return [event.thread_id for event in read_events(path) if isinstance(event, ThreadCreated)]


class TestWriting:
    def test_every_event_is_one_line_and_is_read_back_equal(self, path: Path) -> None:
        events = [*sample_events(), *(e for run in sample_runs().values() for e in events_of(run))]
        made(path).export(events)
        assert len(path.read_bytes().splitlines()) == len(events)
        assert list(read_events(path)) == events

    def test_text_with_any_line_end_stays_on_one_line(self, path: Path) -> None:
        event = TraceStarted(time=1, name="a\nb\rc\u2028d\x85e", trace_id="t")
        made(path).export([event])
        assert path.read_bytes().count(b"\n") == 1
        assert list(read_events(path)) == [event]

    def test_what_is_there_is_kept(self, path: Path) -> None:
        made(path).export([thread("a")])
        made(path).export([thread("b"), thread("c")])
        assert thread_ids(path) == ["a", "b", "c"]

    def test_a_batch_is_one_write(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        exporter, sizes = made(path), []
        write = os.write

        def counted(descriptor: int, data: Any) -> int:
            sizes.append(len(data))
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", counted)
        exporter.export([thread("a"), thread("b")])
        assert sizes == [path.stat().st_size]

    def test_short_writes_are_continued(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        exporter, write = made(path), os.write
        monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
        exporter.export([thread("a"), thread("b")])
        assert thread_ids(path) == ["a", "b"]

    def test_a_full_disk_leaves_no_part_of_the_batch(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter, write = made(path), os.write
        exporter.export([thread("a")])
        room = [10]

        def full(descriptor: int, data: Any) -> int:
            if not room:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, data[: room.pop()])

        with monkeypatch.context() as patched:
            patched.setattr(os, "write", full)
            with pytest.raises(OSError, match="No space left"):
                exporter.export([thread("b")])
        assert path.read_bytes().endswith(b"\n")
        exporter.export([thread("c")])
        assert thread_ids(path) == ["a", "c"]

    def test_a_full_disk_is_reported_with_the_name_of_the_file(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def full(*_args: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        exporter = made(path)
        monkeypatch.setattr(os, "write", full)
        lane = Lane("jsonl", ExporterHooks(export=with_contexts(exporter)), queue_size=10, guard=Guard())
        lane.put(thread("a"))
        assert lane.flush(60) is False
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match=r"No space left on device: '.*runs\.jsonl'"):
            exporter.flush()
        last_error = f"OSError: [Errno {errno.ENOSPC}] No space left on device: {str(path)!r}"
        assert lane.status().last_error == last_error
        assert last_error in caplog.text

    def test_an_event_unfit_for_json_keeps_no_other_back(self, path: Path) -> None:
        unfit = ThreadCreated(time=1, thread_id="b", attributes=Attributes(user_id="\ud800"))
        with pytest.raises(EventsLostError, match=r"1 of 3 events could not .*surrogate") as caught:
            made(path).export([thread("a"), unfit, thread("c")])
        assert caught.value.lost == 1
        assert isinstance(caught.value.__cause__, ValueError)
        assert thread_ids(path) == ["a", "c"]

    @pytest.mark.parametrize("error", [None, RecursionError, MemoryError, KeyError, OddError])
    def test_each_event_that_cannot_be_written_is_counted_and_no_other(
        self, path: Path, error: type[BaseException] | None
    ) -> None:
        """In the lane: one of a batch, whatever is wrong with it, is what `status()` counts."""
        lane = Lane("jsonl", ExporterHooks(export=with_contexts(made(path))), queue_size=1_000, guard=Guard())
        for number in range(20):
            lane.put(thread(str(number)))
        for _ in range(2):
            lane.put(deep(320) if error is None else unwritable(error))
        for number in range(20, 40):
            lane.put(thread(str(number)))
        assert lane.flush(60) is False
        assert thread_ids(path) == [str(number) for number in range(40)]
        assert (lane.status().delivered, lane.status().failed) == (40, 2)

    def test_as_deep_as_can_be_written_is_read_back(self, path: Path) -> None:
        made(path).export([deep(200)])
        assert list(read_events(path)) == [deep(200)]

    def test_a_line_cut_off_by_a_killed_process_is_closed_first(self, path: Path) -> None:
        exporter = made(path)
        exporter.export([thread("a")])
        with path.open("ab") as file:
            file.write(thread("torn").to_json().encode()[:30])
        exporter.export([thread("b")])
        assert thread_ids_not_strict(path) == ["a", "b"]


def thread_ids_not_strict(path: Path) -> list[str]:
    events = read_events(path, strict=False)
    return [event.thread_id for event in events if isinstance(event, ThreadCreated)]


class TestFile:
    def test_a_new_file_is_its_owners_alone(self, path: Path) -> None:
        before = os.umask(0)
        try:
            made(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_an_existing_file_keeps_its_mode(self, path: Path) -> None:
        path.touch()
        path.chmod(0o640)
        made(path).export([thread("a")])
        assert stat.S_IMODE(path.stat().st_mode) == 0o640

    def test_a_renamed_file_is_followed_by_a_new_one(self, path: Path) -> None:
        exporter = made(path)
        exporter.export([thread("a")])
        rotated = path.rename(path.with_suffix(".1"))
        exporter.export([thread("b")])
        assert (thread_ids(rotated), thread_ids(path)) == (["a"], ["b"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.parametrize("replaced", [True, False])
    def test_a_file_that_is_rotated_and_compressed_while_its_lock_is_waited_for(
        self, path: Path, replaced: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter = made(path)
        exporter.export([thread("a")])
        waiting, flock = threading.Event(), fcntl.flock

        def noticed(descriptor: int, operation: int) -> None:
            waiting.set()
            flock(descriptor, operation)

        with path.open("rb") as other:
            flock(other, fcntl.LOCK_EX)
            monkeypatch.setattr(fcntl, "flock", noticed)
            writing = threading.Thread(target=exporter.export, args=([thread("b")],))
            writing.start()
            assert waiting.wait(60)
            compressed = path.with_suffix(".1.gz")
            compressed.write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
            if replaced:
                path.touch()
        writing.join(60)
        assert thread_ids(path) == ["b"]
        assert [
            json.loads(line)["thread_id"] for line in gzip.decompress(compressed.read_bytes()).splitlines()
        ] == ["a"]

    def test_a_file_that_is_removed_just_before_it_is_written(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter, write = made(path), os.write
        first = iter([True])

        def late(descriptor: int, data: bytes) -> int:
            if next(first, False):
                path.unlink()
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", late)
        exporter.export([thread("a"), thread("b")])
        assert thread_ids(path) == ["a", "b"]

    def test_a_file_that_is_renamed_just_before_it_is_written_has_them_once(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter, write = made(path), os.write
        rotated = path.with_suffix(".1")

        def late(descriptor: int, data: bytes) -> int:
            path.rename(rotated)
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", late)
        exporter.export([thread("a")])
        assert thread_ids(rotated) == ["a"]
        assert not path.exists()

    def test_a_file_that_is_removed_again_and_again_is_an_error(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter, write = made(path), os.write

        def late(descriptor: int, data: bytes) -> int:
            path.unlink()
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", late)
        with pytest.raises(FileNotFoundError, match="removed again and again"):
            exporter.export([thread("a")])

    def test_a_removed_or_truncated_file_is_written_on(self, path: Path) -> None:
        exporter = made(path)
        exporter.export([thread("a")])
        path.unlink()
        exporter.export([thread("b")])
        assert thread_ids(path) == ["b"]
        os.truncate(path, 0)
        exporter.export([thread("c")])
        assert thread_ids(path) == ["c"]

    def test_no_descriptor_stays_open(self, path: Path) -> None:
        descriptors = Path("/proc/self/fd")
        if not descriptors.exists():
            pytest.skip("needs /proc")
        exporter = made(path)
        before = len(list(descriptors.iterdir()))
        exporter.export(sample_events())
        exporter.flush()
        assert len(list(descriptors.iterdir())) == before

    def test_flush_and_shutdown_put_the_file_on_the_disk(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter, synced = made(path), []
        monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
        exporter.flush()
        exporter.shutdown()
        assert synced == [path.stat().st_ino] * 2
        path.unlink()
        exporter.shutdown()  # a file that was taken away is nothing to flush, and no error
        assert not path.exists()

    def test_a_device_can_be_written(self) -> None:
        exporter = made(Path("/dev/null"))
        exporter.export([thread("a")])
        exporter.flush()

    def test_the_home_folder_has_a_short_name(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        JsonlExporter("~/runs.jsonl").export([thread("a")])
        assert thread_ids(Path("~/runs.jsonl")) == ["a"]
        assert (tmp_path / "runs.jsonl").exists()

    def test_a_relative_path_stays_where_it_was_meant(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        exporter = JsonlExporter()
        monkeypatch.chdir("/")
        exporter.export([thread("a")])
        assert thread_ids(tmp_path / "threadtrail.jsonl") == ["a"]


class TestBadPaths:
    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ("missing/runs.jsonl", "there is no folder '{0}/missing'; create it"),
            ("file/runs.jsonl", "there is no folder '{0}/file'; create it"),
            ("folder", "cannot write '{0}/folder': Is a directory; choose a file"),
            ("nul\0l", "embedded null byte; choose a file"),
        ],
    )
    def test_start_names_what_is_wrong_and_the_fix(self, tmp_path: Path, given: str, words: str) -> None:
        (tmp_path / "file").touch()
        (tmp_path / "folder").mkdir()
        path = f"{tmp_path}/{given}"
        with pytest.raises(ConfigurationError) as raised:
            JsonlExporter(path).start()
        assert f"path={path!r}" in str(raised.value)
        assert words.format(tmp_path) in str(raised.value)

    def test_a_file_that_may_not_be_written(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        # The tests may run as root, whom no mode stops.
        def refused(*_args: object) -> int:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(os, "open", refused)
        with pytest.raises(ConfigurationError, match="Permission denied; choose a file that this user may"):
            JsonlExporter(path).start()

    def test_a_file_that_may_only_be_written_is_enough(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        open_file = os.open

        def no_reading(name: Path, flags: int, mode: int) -> int:
            if flags & os.O_RDWR:
                raise PermissionError(errno.EACCES, "Permission denied")
            return open_file(name, flags, mode)

        monkeypatch.setattr(os, "open", no_reading)
        exporter = made(path)
        exporter.export([thread("a")])
        exporter.export([thread("b")])
        monkeypatch.undo()
        assert thread_ids(path) == ["a", "b"]


class TestReading:
    def test_a_line_that_is_still_being_written_is_left_for_later(self, path: Path) -> None:
        made(path).export([thread("a")])
        with path.open("ab") as file:
            file.write(thread("b").to_json().encode()[:-5])
        assert thread_ids(path) == ["a"]

    def test_a_last_line_without_its_end_counts_if_it_is_whole(self, path: Path) -> None:
        path.write_text(thread("a").to_json() + "\n\n" + thread("b").to_json())
        assert thread_ids(path) == ["a", "b"]

    def test_a_bad_line_is_named(self, path: Path) -> None:
        path.write_text(thread("a").to_json() + "\nnonsense\n" + thread("b").to_json() + "\n")
        with pytest.raises(ValueError, match=r"runs\.jsonl, line 2: not an event"):
            list(read_events(path))
        assert thread_ids_not_strict(path) == ["a", "b"]

    def test_a_missing_file_is_an_error(self, path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            list(read_events(path))


WRITER = """
import os, sys
from threadtrail.events import ThreadCreated
from threadtrail.exporters.jsonl import JsonlExporter

path, name, batches, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
exporter = JsonlExporter(path)
if "short" in sys.argv:  # a write takes a part only, as on a network file system
    write = os.write
    os.write = lambda descriptor, data: write(descriptor, data[:8192])
print("ready", flush=True)
sys.stdin.readline()
for batch in range(batches):
    exporter.export(
        [ThreadCreated(time=batch * 4 + n, thread_id=name, server_address="x" * size) for n in range(4)]
    )
    print(batch, flush=True)
"""


def writer(path: Path, name: str, *flags: str, batches: int, size: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(batches), str(size), *flags]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def say(process: subprocess.Popen[str], *, until: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == until:
            return
    raise AssertionError(f"the writer ended before it said {until!r}")


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # 3.12 on, if another test left a thread
class TestSeveralProcesses:
    @pytest.mark.parametrize("flags", [(), ("short",)], ids=["whole writes", "short writes"])
    def test_large_lines_written_at_once_are_never_torn(self, path: Path, flags: tuple[str, ...]) -> None:
        names = ["a", "b", "c", "d"]
        processes = [writer(path, name, *flags, batches=25, size=100_000) for name in names]
        for process in processes:
            say(process, until="ready")
        for process in processes:
            begin(process)
        for process in processes:
            process.communicate(timeout=240)
            assert process.returncode == 0
        events: list[Event] = list(read_events(path))
        assert len(events) == 4 * 25 * 4
        for name in names:
            own = [
                event.time for event in events if isinstance(event, ThreadCreated) and event.thread_id == name
            ]
            assert own == list(range(100)), "the events of one process stay in order"

    def test_a_killed_writer_spoils_no_line_of_another(self, path: Path) -> None:
        victim = writer(path, "victim", batches=10_000, size=1_000_000)
        say(victim, until="ready")
        begin(victim)
        say(victim, until="3")
        victim.send_signal(signal.SIGKILL)
        victim.communicate(timeout=240)
        made(path).export([thread("survivor")])
        assert thread_ids_not_strict(path)[-1] == "survivor"
        assert json.loads(path.read_bytes().splitlines()[-1])["thread_id"] == "survivor"

    def test_a_fork_in_the_middle_of_a_batch_keeps_no_lock(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The child inherits the open file, and with it the lock: others must be able to go on."""
        exporter, write = made(path), os.write
        children: list[int] = []
        stop_reading, stop_writing = os.pipe()

        def forking(descriptor: int, data: Any) -> int:
            if not children:
                child = os.fork()
                if child == 0:  # holds its copy of the file until it is told to end
                    os.close(stop_writing)
                    os.read(stop_reading, 1)
                    os._exit(0)
                children.append(child)
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", forking)
        exporter.export([thread("a")])
        monkeypatch.undo()
        other = writer(path, "other", batches=1, size=1)
        say(other, until="ready")
        begin(other)
        other.communicate(timeout=240)
        os.close(stop_writing)
        os.waitpid(children[0], 0)
        os.close(stop_reading)
        assert other.returncode == 0
        assert thread_ids(path) == ["a"] + ["other"] * 4

    def test_a_forked_child_closes_its_copy_and_writes_on_its_own(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        exporter, write = made(path), os.write
        codes: list[int] = []

        def forking(descriptor: int, data: Any) -> int:
            if not codes:
                codes.append(-1)
                child = os.fork()
                if child == 0:
                    code = 1
                    try:
                        exporter.after_fork()
                        os.fstat(descriptor)
                    except OSError as error:
                        code = 0 if error.errno == errno.EBADF else 2
                    finally:
                        os._exit(code)
                codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            return write(descriptor, data)

        monkeypatch.setattr(os, "write", forking)
        exporter.export([thread("a")])
        assert codes == [-1, 0]
        exporter.after_fork()  # nothing is open now
        exporter.export([thread("b")])
        assert thread_ids(path) == ["a", "b"]


def test_a_file_system_without_locks_is_written_all_the_same(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    made(path).export([thread("a")])
    assert thread_ids(path) == ["a"]


def test_the_module_says_what_it_offers() -> None:
    assert jsonl.__all__ == ["JsonlExporter", "read_events"]
