"""Real ``threadtrail collect`` processes, and what each of them delivered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Self

from shared_fixtures import PATIENCE

from threadtrail.events import Event, RunEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
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
        program: Sequence[str] = ("-m", "threadtrail"),
        **environment: str,
    ) -> None:
        self._redis = redis
        self.path = folder / f"{name}.jsonl"
        self.log = folder / f"{name}.log"
        patient = ("--option", f"timeout={PATIENCE}")
        command = [python, *program, "collect", "--from", redis.url, *patient, *options]
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

    def is_suspended(self) -> bool:
        """Whether it has been stopped, and may be continued; it must not have ended."""
        assert self.process.poll() is None, self.log.read_text()
        options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, options) is not None

    def streams(self) -> list[int]:
        """The streams that it owns, or that nobody has taken since it did."""
        with self._redis.client() as client:
            owners: Any = client.hgetall("threadtrail:owners")
        return [int(number) for number, owner in owners.items() if self._is_name(owner)]

    def lets_leases_run_out(self) -> None:
        """Let Redis forget it, as happens to one that is silent for ``lease_seconds``."""
        with self._redis.client() as client:
            known: Any = client.zrange("threadtrail:collectors", 0, -1)
            client.zrem("threadtrail:collectors", *filter(self._is_name, known))
            client.delete(*(f"threadtrail:lease:{number}" for number in self.streams()))

    def _is_name(self, name: bytes) -> bool:
        return f"-{self.process.pid}-" in name.decode()

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


def run_id_of(event: Mapping[str, Any]) -> str:
    """The run that an event, as JSON values, is about."""
    return str(event["run"]["id"] if "run" in event else event.get("run_id"))
