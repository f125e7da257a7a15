"""Nothing is lost, whoever is killed: several processes see each run, several collectors deliver them.

`make test-chaos` has 2,000 runs; the environment says otherwise: THREADTRAIL_CHAOS_RUNS.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from collectors import Collector, clean_environment, run_id_of
from redis_server import RedisServer
from stored import all_is_collected
from threadtrail.testing import OtlpReceiver, wait_until
from threadtrail.testing.server import Message, RunScript, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import AssistantsServer
    from threadtrail.testing.otlp import ReceivedSpan

RUNS = int(os.environ.get("THREADTRAIL_CHAOS_RUNS", "60"))
COLLECTORS = 3
OF_EACH_ROLE = 2
LONG_ENOUGH = 600.0
KILLED = (0, 1, 2, None, 0, 1, 2)
"""The collectors that are killed, one after the other; None is Redis, which restarts."""

APP = Path(__file__).parent / "programs" / "chaos_app.py"
USAGE = Usage(20, 10)
TOKENS = 30

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


@dataclass
class Kills:
    """What was in flight when collectors were killed."""

    count: int = 0
    waiting: int = 0
    in_flight: Counter[str] = field(default_factory=Counter)


class Crew:
    """The collectors, which deliver to a file each and to one receiver; one that is killed is replaced."""

    def __init__(self, redis: RedisServer, folder: Path, receiver: OtlpReceiver) -> None:
        self._redis = redis
        self._folder = folder
        self._receiver = receiver
        self.all: list[Collector] = []
        self.kills = Kills()
        self.places = [self._start() for _ in range(COLLECTORS)]

    def _start(self) -> Collector:
        # Nobody but those who are killed loses a stream, and no delivery fails, on however slow a machine.
        options = ("--settle", "2", "--timeout", str(LONG_ENOUGH), "--option", f"lease_seconds={LONG_ENOUGH}")
        backends = {
            "THREADTRAIL_EXPORTERS": "jsonl,opentelemetry",
            "THREADTRAIL_OPENTELEMETRY_ENDPOINT": self._receiver.url,
            "OTEL_EXPORTER_OTLP_TIMEOUT": str(LONG_ENOUGH),
        }
        collector = Collector(self._redis, self._folder, f"collector-{len(self.all)}", *options, **backends)
        self.all.append(collector)
        return collector

    def kill(self, index: int) -> None:
        """Kill a collector whose delivery the receiver has got and not answered yet."""
        killed = self.places[index]
        assert killed.process.poll() is None, killed.log.read_text()
        with self._unanswered(killed):
            killed.kill()
            streams = killed.streams()
            begun = self._begun(streams)
            self.kills.count += 1
            self.kills.waiting += sum(map(self._waiting_in, streams))
            self.kills.in_flight.update(begun)
            killed.lets_leases_run_out()
            self.places[index] = self._start()

    def restart_redis(self) -> None:
        """Kill Redis while a delivery is not acknowledged, and start it again."""
        with self._unanswered(*self.places):
            self._redis.kill()
        self._redis.start()

    @contextlib.contextmanager
    def _unanswered(self, *collectors: Collector) -> Iterator[None]:
        """Let the receiver answer nobody, once one of these has begun a delivery."""
        received = len(self._receiver.requests)
        self._receiver.answering.clear()
        try:
            wait_until(
                lambda: (
                    len(self._receiver.requests) > received
                    and any(self._begun(each.streams()) for each in collectors)
                ),
                timeout=LONG_ENOUGH,
            )
            yield
        finally:
            self._receiver.answering.set()

    def _begun(self, streams: list[int]) -> set[str]:
        """The runs whose delivery was begun and is not acknowledged."""
        runs: set[str] = set()
        with self._redis.client() as client:
            for number in streams:
                tried: Any = client.hkeys(f"threadtrail:attempts:{number}")
                for entry in tried:
                    found: Any = client.xrange(f"threadtrail:events:{number}", entry, entry)
                    runs.update(run_id_of(json.loads(fields[b"event"])) for _, fields in found)
        return runs

    def _waiting_in(self, number: int) -> int:
        """How many entries were read and not acknowledged."""
        with self._redis.client() as client:
            pending: Any = client.xpending(f"threadtrail:events:{number}", "collectors")
        return int(pending["pending"])

    def stop(self) -> None:
        for collector in self.places:
            collector.stop()

    def end(self) -> None:
        for collector in self.all:
            collector.kill()


@dataclass
class Stage:
    """All that takes part."""

    redis: RedisServer
    receiver: OtlpReceiver
    crew: Crew
    apps: Apps


@pytest.fixture
def stage(tmp_path: Path, server: AssistantsServer) -> Iterator[Stage]:
    server.script(RunScript(Message("an answer", usage=USAGE), polls=2))
    with RedisServer(tmp_path, *KEEPS_ALL) as redis, OtlpReceiver() as receiver:
        crew, apps = Crew(redis, tmp_path, receiver), Apps(server, redis)
        try:
            yield Stage(redis, receiver, crew, apps)
        finally:
            apps.kill()
            crew.end()


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_run_is_delivered_whoever_is_killed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    crew, apps = stage.crew, stage.apps
    for place, collector in enumerate(KILLED, start=1):
        due = RUNS * place // (len(KILLED) + 1)
        wait_until(lambda due=due: len(apps.looked) >= due, timeout=LONG_ENOUGH)  # type: ignore[misc]  # bound at once
        if collector is None:
            crew.restart_redis()
        else:
            crew.kill(collector)
    apps.end()
    wait_until(lambda: all_is_collected(stage.redis), timeout=LONG_ENOUGH, interval=0.5)
    crew.stop()
    seconds = time.monotonic() - begun

    assert len(set(apps.created)) == RUNS
    check_files(crew, apps)
    repeated = check_receiver(stage)
    delivered = {span.attributes["gen_ai.response.id"] for span in stage.receiver.starting_with("chat")}
    deliveries = len(delivered) + repeated.total()
    row = (RUNS, deliveries, len(repeated), crew.kills.in_flight.total(), RUNS - len(delivered), seconds)
    with capsys.disabled():
        sys.stdout.write(table(row, crew.kills.waiting))


def check_files(crew: Crew, apps: Apps) -> None:
    """Each run is there, finished and with its usage; more than once if a kill was in between."""
    ends = [end for collector in crew.all for end in collector.ends()]
    runs = {end.run.id: end.run for end in ends}
    assert runs.keys() == set(apps.created)
    assert all(run.finished for run in runs.values())
    usages = [run.usage for run in runs.values()]
    assert sum(usage.total_tokens for usage in usages if usage is not None) == RUNS * TOKENS
    check_repeated(Counter(end.run.id for end in ends), crew.kills)


def check_receiver(stage: Stage) -> Counter[str]:
    """Return how often runs were delivered again to the receiver, which overwrites spans by their ids."""
    spans = stage.receiver.starting_with("chat")
    known = {(span.trace_id, span.span_id): span for span in spans}
    assert len(known) == len(spans_of_runs := {span.attributes["gen_ai.response.id"]: span for span in spans})
    assert spans_of_runs.keys() == set(stage.apps.created)
    assert sum(tokens_of(span) for span in known.values()) == RUNS * TOKENS
    return check_repeated(Counter(span.attributes["gen_ai.response.id"] for span in spans), stage.crew.kills)


def tokens_of(span: ReceivedSpan) -> int:
    attributes = span.attributes
    return int(attributes["gen_ai.usage.input_tokens"] + attributes["gen_ai.usage.output_tokens"])


def check_repeated(deliveries: Counter[str], kills: Kills) -> Counter[str]:
    """Return the repeated deliveries: of a run, one for each kill that it was in flight at, at most."""
    repeated = Counter({run_id: count - 1 for run_id, count in deliveries.items() if count > 1})
    assert repeated <= kills.in_flight
    return repeated


def table(row: tuple[float, ...], waiting: int) -> str:
    """A table, as the docs have it."""
    columns = ("Runs", "Deliveries", "Runs that were repeated", "In flight at the kills", "Lost", "Seconds")
    head = f"| {' | '.join(columns)} |\n|{'---:|' * len(columns)}\n"
    rows = f"{head}| {' | '.join(f'{value:,.0f}' for value in row)} |\n"
    return f"\n{rows}{waiting:,} events waited for the rest of their runs at the kills\n"
