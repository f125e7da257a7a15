"""Starting programs, waiting until they serve, stopping them, and what they recorded."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

PATIENCE = 200.0
"""Seconds that a test waits for what comes in one or two: a bound for a broken build, not a measure."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Program:
    """A process and all that it starts, as one group."""

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self.log = folder / f"{os.path.basename(command[0])}-{free_port()}.log"  # noqa: PTH119 - a path's name
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environment),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def says(self, *texts: str) -> None:
        """Wait until it has printed all of these texts."""
        wait_until(lambda: self._has_said(texts), timeout=PATIENCE)

    def _has_said(self, texts: Iterable[str]) -> bool:
        assert self.process.poll() is None, self.output
        return all(text in self.output for text in texts)

    def ends(self) -> int:
        """Wait until it ends; return its exit code."""
        return self.process.wait(PATIENCE)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the process itself, as a supervisor does; return the exit code."""
        self.process.send_signal(number)
        return self.ends()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


class Workplace:
    """A folder with an app, the programs that run it, and what they recorded."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)
        self.recorded = folder / "events.jsonl"
        self.programs: list[Program] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for program in self.programs:
            program.kill()

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def start(self, *command: str) -> Program:
        program = Program(list(command), self.folder, self.environment)
        self.programs.append(program)
        return program

    def python(self, *arguments: str) -> Program:
        return self.start(sys.executable, *arguments)

    def serve(self, *command: str, port: int | None = None) -> tuple[Program, Site]:
        """Start a server, in whose command ``{port}`` stands for its port, and wait until it serves."""
        port = free_port() if port is None else port
        program = self.start(*(word.replace("{port}", str(port)) for word in command))
        site = Site(port)
        wait_until(lambda: program.process.poll() is not None or site.serves(), timeout=PATIENCE)
        assert program.process.poll() is None, program.output
        return program, site

    def events(self) -> list[dict[str, Any]]:
        """What was recorded so far; the server may be about to write the rest of a line."""
        if not self.recorded.exists():
            return []
        lines = self.recorded.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def runs(self) -> list[dict[str, Any]]:
        return [event["run"] for event in self.events() if event["event"] == "RunEnded"]

    def questions(self) -> Counter[str]:
        """How often the run of each question was published as completed."""
        return Counter(
            str(run["input"][0]["parts"][0]["text"]) for run in self.runs() if run["status"] == "completed"
        )


class Site:
    """The server's side that an app's users see."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._port = port

    def serves(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE),
        ):
            return True
        return False

    def ask(self, question: str) -> str:
        query = urllib.parse.urlencode({"question": question, "user": "u1"})
        with urllib.request.urlopen(f"{self.address}/ask?{query}", timeout=PATIENCE) as answer:  # noqa: S310 - ours
            text: str = answer.read().decode()
            return text.strip('"')


class Redis:
    """A Redis server without a file, on a port of its own."""

    def __init__(self, program: str, port: int, folder: Path) -> None:
        self.url = f"redis://127.0.0.1:{port}/0"
        self._port = port
        self._command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        self._folder = folder

    def __enter__(self) -> Self:
        self._program = Program(self._command, self._folder, os.environ)
        wait_until(Site(self._port).serves, timeout=PATIENCE)
        return self

    def __exit__(self, *_error: object) -> None:
        self._program.kill()
