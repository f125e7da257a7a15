"""Nothing is lost, whoever is killed: several processes see each run, several collectors deliver them.

`make test-chaos` has 2,000 runs; the environment says otherwise: THREADTRAIL_CHAOS_RUNS.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors import Collector, clean_environment, waiting_runs
from redis_server import RedisServer
from threadtrail.testing import wait_until
from threadtrail.testing.server import Message, RunScript, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import AssistantsServer

RUNS = int(os.environ.get("THREADTRAIL_CHAOS_RUNS", "60"))
COLLECTORS = 3
OF_EACH_ROLE = 2
LONG_ENOUGH = 600.0
APP = Path(__file__).parent / "programs" / "chaos_app.py"
USAGE = Usage(20, 10)

KEEPS_ALL = ("--appendonly", "yes", "--appendfsync", "always")


class Apps:
    """The six processes of the app; each run is created by one, polled by another, looked at by a third."""

    def __init__(self, server: AssistantsServer, redis: RedisServer) -> None:
        self._environment = clean_environment(
            OPENAI_BASE_URL=server.base_url,
            OPENAI_API_KEY="sk-local",
            THREADTRAIL_EXPORTERS="redis",
            THREADTRAIL_REDIS_URL=redis.url,
            THREADTRAIL_REDIS_RETRY_SECONDS=str(LONG_ENOUGH),
        )
        self.created: list[str] = []
        self.polled: list[str] = []
        self.looked: list[str] = []
        creators = [self._start("create", str(RUNS // OF_EACH_ROLE)) for _ in range(OF_EACH_ROLE)]
        pollers = [self._start("poll") for _ in range(OF_EACH_ROLE)]
        lookers = [self._start("look") for _ in range(OF_EACH_ROLE)]
        self._rows = [(creators, self.created), (pollers, self.polled), (lookers, self.looked)]
        for process in creators:
            _close(process)
        self._relays = [
            threading.Thread(target=self._relay, args=(row, index), daemon=True)
            for row in range(3)
            for index in range(OF_EACH_ROLE)
        ]
        for relay in self._relays:
            relay.start()

    def end(self) -> None:
        """Wait until all have done their work and left, with everything delivered to Redis."""
        for processes, _ in self._rows:
            for process in processes:
                assert process.wait(LONG_ENOUGH) == 0

    def kill(self) -> None:
        everybody = [process for processes, _ in self._rows for process in processes]
        for process in everybody:
            process.kill()
            process.wait()
        for relay in self._relays:
            relay.join()
        for process in everybody:
            _close(process)
            assert process.stdout is not None
            process.stdout.close()

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", str(APP), *arguments],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _relay(self, row: int, index: int) -> None:
        """Give what one process has done to the one of the next row."""
        processes, done = self._rows[row]
        next_one = self._rows[row + 1][0][index] if row + 1 < len(self._rows) else None
        assert processes[index].stdout is not None
        with contextlib.suppress(BrokenPipeError):  # that is killed
            for line in processes[index].stdout or ():
                if next_one is not None and next_one.stdin is not None:
                    next_one.stdin.write(line)
                    next_one.stdin.flush()
                done.append(line.strip())
        if next_one is not None:
            _close(next_one)


def _close(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()


class Crew:
    """The collectors; one that is killed is replaced at once."""

    def __init__(self, redis: RedisServer, folder: Path) -> None:
        self._redis = redis
        self._folder = folder
        self.all: list[Collector] = []
        self.in_flight: set[str] = set()
        self.places = [self._start() for _ in range(COLLECTORS)]

    def _start(self) -> Collector:
        options = ("--settle", "5", "--option", "lease_seconds=1")
        collector = Collector(self._redis, self._folder, f"collector-{len(self.all)}", *options)
        self.all.append(collector)
        return collector

    def kill(self, index: int) -> None:
        killed = self.places[index]
        killed.kill()
        self.in_flight |= {end.run.id for end in killed.ends()} & waiting_runs(self._redis)
        self.places[index] = self._start()

    def stop(self) -> None:
        for collector in self.places:
            collector.stop()

    def end(self) -> None:
        for collector in self.all:
            collector.kill()


@pytest.fixture
def crew_and_apps(tmp_path: Path, server: AssistantsServer) -> Iterator[tuple[RedisServer, Crew, Apps]]:
    server.script(RunScript(Message("an answer", usage=USAGE), polls=2))
    with RedisServer(tmp_path, *KEEPS_ALL) as redis:
        crew, apps = Crew(redis, tmp_path), Apps(server, redis)
        try:
            yield redis, crew, apps
        finally:
            apps.kill()
            crew.end()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_run_is_delivered_whoever_is_killed(
    crew_and_apps: tuple[RedisServer, Crew, Apps], capsys: pytest.CaptureFixture[str]
) -> None:
    redis, crew, apps = crew_and_apps
    steps = [0, 1, 2, None, 0, 1, 2]  # collectors that are killed; in between, Redis restarts
    for place, collector in enumerate(steps, start=1):
        due = RUNS * place // (len(steps) + 1)
        wait_until(lambda due=due: len(apps.looked) >= due, timeout=LONG_ENOUGH)  # type: ignore[misc]  # bound at once
        if collector is None:
            redis.kill()
            redis.start()
        else:
            crew.kill(collector)
    apps.end()
    wait_until(lambda: not waiting_runs(redis), timeout=LONG_ENOUGH, interval=0.5)
    crew.stop()

    ends = [end for collector in crew.all for end in collector.ends()]
    assert len(set(apps.created)) == RUNS
    at_the_receiver = {end.run.id: end.run for end in ends}  # which overwrites by id
    assert at_the_receiver.keys() == set(apps.created)
    assert all(run.finished for run in at_the_receiver.values())
    usages = [run.usage for run in at_the_receiver.values()]
    assert sum(usage.total_tokens for usage in usages if usage is not None) == RUNS * 30
    times = Counter(end.run.id for end in ends)
    repeated = {run_id for run_id, count in times.items() if count > 1}
    assert repeated <= crew.in_flight
    with capsys.disabled():
        again = f"{len(repeated)} delivered again, of {len(crew.in_flight)} in flight at the kills"
        sys.stdout.write(f"\n{RUNS} runs, none lost, {again}\n")
