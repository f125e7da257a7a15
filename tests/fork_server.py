"""Programs in processes of their own, without the second that each would take to import the SDK.

One process imports the SDK and threadtrail, for all processes of a test run, and forks for each program. The
fork runs it as `python` does: as `__main__`, with its own arguments, variables and folder; at its end threads
are waited for and exit handlers run, but the interpreter is not torn down. Tests of imports or of that
teardown need a fresh interpreter.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVER = Path(__file__).with_name("whole_programs") / "fork_server.py"


class ForkServer:
    """The process that forks, and what it is asked."""

    def __init__(self) -> None:
        self._connection = _connected()
        self._answers = self._connection.makefile("rb", buffering=0)  # reads no line before it is asked for
        atexit.register(self.close)

    def close(self) -> None:
        """Ask for nothing more."""
        self._answers.close()
        self._connection.close()

    def run(
        self, arguments: list[str], *, cwd: Path, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Run `python ARGUMENTS…`: any `-W FILTER`, then `-c TEXT`, `-m MODULE` or a file, and the rest."""
        with tempfile.TemporaryDirectory() as folder:
            outputs = [Path(folder, "stdout"), Path(folder, "stderr")]
            code = self.run_to(outputs, arguments, cwd=cwd, env=env, timeout=timeout)
            stdout, stderr = (path.read_text(encoding="utf-8") for path in outputs)
        return subprocess.CompletedProcess(arguments, code, stdout, stderr)

    def run_to(
        self, outputs: list[Path], arguments: list[str], *, cwd: Path, env: Mapping[str, str], timeout: float
    ) -> int:
        """Run as `run` does, with these files as standard output and standard error; return the exit code."""
        request = {"arguments": arguments, "cwd": str(cwd), "env": dict(env)}
        return self._ask({**request, "outputs": [str(path) for path in outputs]}, timeout)

    def _ask(self, request: object, timeout: float) -> int:
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        process = int(self._answers.readline())
        if not select.select([self._connection], [], [], timeout)[0]:
            os.killpg(process, signal.SIGKILL)
            self._answers.readline()
            raise subprocess.TimeoutExpired(str(request), timeout)
        return int(self._answers.readline())


def _connected() -> socket.socket:
    """Connect to the process that forks for this test run; the first that needs it starts it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    path = Path(tempfile.gettempdir(), f"threadtrail-{run[:12]}")  # short: a socket's path has 104 bytes
    while True:
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(path))
        except ConnectionRefusedError:  # whoever started it was killed
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            _start(path)
        else:
            return connection
        connection.close()


def _start(path: Path) -> None:
    """Start the process that forks, unless another one is there first; it ends when this process does."""
    own = f"{path}-{uuid.uuid4().hex[:8]}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(own)
        listener.listen()
        try:
            path.symlink_to(own)  # nobody finds the way before somebody listens, and one process is the first
        except FileExistsError:
            Path(own).unlink()
            return
        number = listener.fileno()
        command = [sys.executable, str(SERVER), str(number), str(path), own]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[number])
    atexit.register(process.communicate)


@functools.cache
def fork_server() -> ForkServer:
    """Return the one of this process."""
    return ForkServer()
