"""Programs in processes of their own, without the second that each would take to import the SDK.

One process imports the SDK and threadtrail, and forks for each program. The fork runs it as `python` does: as
`__main__`, with its own arguments, variables and folder; at its end threads are waited for and exit handlers
run, but the interpreter is not torn down. Tests of imports or of that teardown need a fresh interpreter.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVER = Path(__file__).with_name("whole_programs") / "fork_server.py"


class ForkServer:
    """The process that forks, and what it is asked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self.close)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

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
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        process = int(self._process.stdout.readline())
        if not select.select([self._process.stdout], [], [], timeout)[0]:
            os.killpg(process, signal.SIGKILL)
            self._process.stdout.readline()
            raise subprocess.TimeoutExpired(str(request), timeout)
        return int(self._process.stdout.readline())


@functools.cache
def fork_server() -> ForkServer:
    """Return the one of this process."""
    return ForkServer()
