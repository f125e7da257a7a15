"""Real ``threadtrail collect`` processes, what each of them delivered, and what waits in Redis."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

from redis_server import PATIENCE
from threadtrail.events import Event, RunEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing import wait_until
from threadtrail_redis import RedisPlace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from redis_server import RedisServer

OURS = ("THREADTRAIL_", "OTEL_", "LANGFUSE_", "AGENTOPS_", "OPENAI_")


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what configures threadtrail or a backend, and with ``more``."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)} | more


class Collector:
    """A collector's process, which delivers to a file of its own, or to what its environment names."""

    def __init__(
        self,
        redis: RedisServer,
        folder: Path,
        name: str,
        *options: str,
        python: str = sys.executable,
        **environment: str,
    ) -> None:
        self.path = folder / f"{name}.jsonl"
        self.log = folder / f"{name}.log"
        command = [python, "-m", "threadtrail", "collect", "--from", redis.url, *options]
        delivering = {"THREADTRAIL_EXPORTERS": "jsonl", "THREADTRAIL_JSONL_PATH": str(self.path)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env=clean_environment(**delivering | environment),
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def delivers(self, run_ids: Iterable[str]) -> None:
        """Wait until it has delivered these runs."""
        wanted = set(run_ids)
        try:
            wait_until(lambda: {end.run.id for end in self.ends()} >= wanted, timeout=PATIENCE)
        except TimeoutError:
            raise AssertionError(self.log.read_text()) from None

    def stop(self) -> None:
        """Ask it to stop, as a supervisor does; it must leave in peace."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        assert code == 0, f"exit code {code}\n{self.log.read_text()}"

    def kill(self) -> None:
        """End it without a chance to do anything."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def events(self) -> list[Event]:
        """What it delivered; a line that it was killed in is left out."""
        return list(read_events(self.path, strict=False)) if self.path.exists() else []

    def ends(self) -> list[RunEnded]:
        """The runs that it delivered."""
        return [event for event in self.events() if isinstance(event, RunEnded)]


def waiting_runs(redis: RedisServer) -> set[str]:
    """The ids of the runs of which something waits in Redis."""
    return {run_id_of(json.loads(line)) for line in _waiting(redis)}


def _waiting(redis: RedisServer) -> Iterator[bytes]:
    place = RedisPlace(redis.url)
    try:
        yield from place.peek()
    finally:
        place.close()


def run_id_of(event: Mapping[str, Any]) -> str:
    """The run that an event, as JSON values, is about."""
    return str(event["run"]["id"] if "run" in event else event.get("run_id"))
