"""How fast ``threadtrail collect`` is, how that grows with collectors, and how much memory open runs take.

    python -m benchmarks.collecting                  1, 2 and 3 collectors, 100,000 open runs, in some minutes
    python -m benchmarks.collecting --part memory    the second table alone, which needs no quiet machine
    python -m benchmarks.collecting --quick          the same in seconds, to see that it works

It starts its own redis-server, appends events as the exporter redis does, and has collectors deliver them to
files. It prints the two tables of docs/several-processes.md. To measure events per second, the machine must
do nothing else and have a core for each collector and one for Redis.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError
from threadtrail_redis import RedisExporter

from threadtrail.events import Event, RunCreated, RunStatusChanged
from threadtrail.testing import unused_port, wait_until
from threadtrail.testing.samples import events_of, sample_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STREAMS = 16
SAMPLE = "parallel_function_calls"
LONG_ENOUGH = 1800.0
KIB, MIB = 1024, 1_048_576
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is done."""

    collectors: tuple[int, ...]
    runs: int
    open_runs: tuple[int, ...]


THOROUGH = Effort((1, 2, 3), 3_000, (1_000, 25_000, 50_000, 100_000))
QUICK = Effort((1, 2), 100, (100, 200))


class Place:
    """A Redis server, and the events in its streams."""

    def __init__(self, folder: Path) -> None:
        self.port = unused_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        program = shutil.which("redis-server") or "redis-server"
        command = [program, "--port", str(self.port), "--save", "", "--dir", str(folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
        self.client: Redis = Redis(port=self.port)
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def append(self, events: Iterator[Event]) -> int:
        """Append events as the exporter does; return their number."""
        exporter = RedisExporter(self.url, streams=STREAMS, max_length=10_000_000)
        count = 0
        batch: list[Event] = []
        for event in events:
            batch.append(event)
            if len(batch) == BATCH:
                exporter.export(batch)
                count, batch = count + len(batch), []
        if batch:
            exporter.export(batch)
        exporter.shutdown()
        return count + len(batch)

    def waiting(self) -> int:
        """How many events are not acknowledged."""
        lengths: list[Any] = [self.client.xlen(f"threadtrail:events:{number}") for number in range(STREAMS)]
        return sum(lengths)

    def read(self) -> int:
        """How many of them a collector has read."""
        groups = [
            group
            for number in range(STREAMS)
            if self.client.exists(name := f"threadtrail:events:{number}")
            for group in self.client.xinfo_groups(name)
        ]
        return sum(int(group["pending"]) for group in groups)

    def close(self) -> None:
        """Stop it."""
        self.client.close()
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def place() -> Iterator[tuple[Place, Path]]:
    """Start a Redis in a folder of its own."""
    with tempfile.TemporaryDirectory() as name:
        running = Place(Path(name))
        try:
            yield running, Path(name)
        finally:
            running.close()


@contextlib.contextmanager
def collectors(count: int, url: str, folder: Path, *options: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start collectors that deliver to a file each."""
    command = [sys.executable, "-m", "threadtrail", "collect", "--from", url, "--exporter", "jsonl", *options]
    processes = []
    for number in range(count):
        target = folder / f"{count}-{number}.jsonl"
        environment = {"THREADTRAIL_JSONL_PATH": str(target), "PATH": "/usr/bin:/bin"}
        processes.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))  # noqa: S603 - our own command
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def whole_runs(count: int) -> Iterator[Event]:
    """Yield all events of runs that only differ in their ids and those of their calls."""
    run = sample_runs()[SAMPLE]
    ids = [run.id, *(call.id for call in run.tool_calls)]
    lines = [event.to_json() for event in events_of(run)]
    for number in range(count):
        for line in lines:
            for each in ids:
                line = line.replace(f'"{each}"', f'"{each}_{number:08}"')  # noqa: PLW2901 - each after the other
            yield Event.from_json(line)


def open_runs(first: int, last: int) -> Iterator[Event]:
    """Yield the first events of background runs that are never seen to end."""
    for number in range(first, last):
        run_id, now = f"resp_open{number:08}", time.time_ns()
        yield RunCreated(run_id=run_id, time=now)
        yield RunStatusChanged(
            type="response.queued", run_id=run_id, time=now, status="queued", learnt_from="create"
        )


def rate_of(count: int, runs: int) -> float:
    """Return how many events per second these collectors deliver, from when the first was read."""
    with place() as (redis, folder):
        whole = redis.append(whole_runs(runs))
        with collectors(count, redis.url, folder, "--settle", "0.01"):
            wait_until(lambda: redis.read() > 0, timeout=LONG_ENOUGH)
            begun = time.perf_counter()
            wait_until(lambda: redis.waiting() == 0, timeout=LONG_ENOUGH, interval=0.02)
            return whole / (time.perf_counter() - begun)


def memory_of(steps: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Yield the memory (MiB) of a collector that waits for each of these numbers of open runs."""
    with place() as (redis, folder), collectors(1, redis.url, folder) as (process,):
        before = 0
        for count in steps:
            redis.append(open_runs(before, count))
            before = count
            wait_until(lambda: redis.read() == redis.waiting(), timeout=LONG_ENOUGH, interval=0.1)
            yield count, resident(process.pid) / MIB


def resident(pid: int) -> int:
    """Return the resident memory of a process in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * KIB
    raise RuntimeError("the process has no memory")


def show_rates(effort: Effort) -> None:
    """Print how many events per second collectors deliver, by the number of collectors."""
    print("| Collectors | Events per second | Per collector | Compared with one |\n|---:|---:|---:|---:|")
    alone: float | None = None
    for count in effort.collectors:
        rate = rate_of(count, effort.runs)
        alone = alone or rate
        print(f"| {count} | {rate:,.0f} | {rate / count:,.0f} | {rate / alone:.1f} |", flush=True)


def show_memory(effort: Effort) -> None:
    """Print how much memory a collector uses, by the number of open runs."""
    print("| Open runs | Memory of a collector |\n|---:|---:|")
    for count, mebibytes in memory_of(effort.open_runs):
        print(f"| {count:,} | {mebibytes:.0f} MiB |", flush=True)


def machine() -> str:
    """Return what this was measured on."""
    with place() as (redis, _):
        info: Any = redis.client.info()
    versions = f"Python {platform.python_version()}, Redis {info['redis_version']}"
    return f"{os.cpu_count()} cores, {versions}, load {os.getloadavg()[0]:.1f}"


PARTS = {"rate": show_rates, "memory": show_memory}


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=PARTS, help="one of the tables alone")
    parser.add_argument("--quick", action="store_true", help="in seconds, to see that it works")
    options = parser.parse_args()
    command = " ".join(["python -m benchmarks.collecting", *sys.argv[1:]])
    print(f"`{command}` ({machine()})")
    for name, show in PARTS.items():
        if options.part in {None, name}:
            print()
            show(QUICK if options.quick else THOROUGH)


if __name__ == "__main__":
    main()
