"""Plays the scenarios in a process that has a tool on, each against a new server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai
from peer_table.entries import Recorded
from peer_table.peers import PEERS, ROOT, requirements_of
from sdk_tests_environment import CACHE, SdkTestsError, clean_environment, virtual_environment

from threadtrail.testing.server import OpenAIServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from peer_table.scenarios import Scenario

PEERS_CACHE = CACHE.parent / "peers"
TIMEOUT_SECONDS = 60


@dataclass(slots=True)
class Column:
    """What one tool recorded of each scenario; ``None`` if the SDK's version does not have what it needs.

    ``problem`` says why there is nothing at all: the tool could not be installed or switched on.
    """

    peer: str
    recorded: dict[str, Recorded | None] = field(default_factory=dict)
    problem: str | None = None


def column_of(peer: str, base_python: str, scenarios: Mapping[str, Scenario], *, is_async: bool) -> Column:
    """Play scenarios with a tool on, in the environment that is made for it."""
    column = Column(peer)
    try:
        python = virtual_environment(peer, base_python, requirements_of(peer), cache=PEERS_CACHE)
    except (SdkTestsError, subprocess.SubprocessError) as error:
        column.problem = f"could not be installed: {error}"
        return column
    process = None
    for name, scenario in scenarios.items():
        try:
            process = process or _Process(python, PEERS[peer].factory)
        except EOFError as gone:
            column.problem = f"could not be switched on: {gone}"
            return column
        try:
            column.recorded[name] = _played(process, scenario, is_async=is_async)
        except EOFError as gone:
            column.recorded[name], process = Recorded(raised=str(gone)), None
    if process is not None:
        process.close()
    return column


def _played(process: _Process, scenario: Scenario, *, is_async: bool) -> Recorded | None:
    with OpenAIServer() as server:
        scenario.prepare(server)
        known = ""
        if scenario.before is not None:
            with openai.OpenAI(base_url=server.base_url, api_key="sk-local") as client:
                known = asyncio.run(_id(scenario, client))
        told = {
            "app": scenario.app.__name__,
            "base_url": server.base_url,
            "known": known,
            "needs": scenario.needs,
            "is_async": is_async,
        }
        answer = process.ask(told)
        return None if answer is None else Recorded(**answer)


async def _id(scenario: Scenario, client: openai.OpenAI) -> str:
    if scenario.before is None:
        return ""
    return str(await scenario.before(client))


class _Process:
    """A process with a tool on; what it writes to standard error is kept in a file, in case it fails.

    Raises:
        EOFError: the tool could not be switched on; the message has the process's last words.
    """

    def __init__(self, python: Path, factory: str) -> None:
        folders = [ROOT / "tools", ROOT / "src"]
        self._words = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [str(python), "-W", "ignore", "-m", "peer_table.child", factory],
            env={**clean_environment(), "PYTHONPATH": os.pathsep.join(map(str, folders))},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
        )
        self._answer()

    def ask(self, told: dict[str, Any]) -> dict[str, Any] | None:
        """Have a scenario played.

        Raises:
            EOFError: the process has ended; the message has its last words.
        """
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(told), file=self._process.stdin, flush=True)
        answer: dict[str, Any] | None = self._answer()
        return answer

    def _answer(self) -> Any:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise EOFError(self.close())
        return json.loads(line)

    def close(self) -> str:
        """Let the process end; return its last words."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=TIMEOUT_SECONDS)
        self._words.seek(0)
        words = self._words.read().strip().splitlines()
        return f"exit code {self._process.returncode}: {words[-1] if words else 'no words'}"
