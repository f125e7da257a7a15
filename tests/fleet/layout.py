"""The usual layout of an app that works in the background, as real processes: web, worker, tools, webhook.

`play()` has them work on one question, and returns when all of them have left. What they record is for the
test to see: it says in the environment where they send it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from threadtrail.testing import AssistantsServer

Api = Literal["assistants", "responses"]

TESTS = Path(__file__).parents[1]
SECONDS = 240
"""How long a process may take: a bound for what hangs, not a measure."""

BY_CARRIER: dict[str, dict[str, str]] = {
    "web": {"THREADTRAIL_PUBLISH_RUNS": "finished"},
    "worker": {},
    "tools": {"THREADTRAIL_PUBLISH_RUNS": "none"},
    "webhook": {"THREADTRAIL_PUBLISH_RUNS": "none"},
}
"""What each process is set to where no collector puts together what they publish."""

AT_DEFAULTS: dict[str, dict[str, str]] = {role: {} for role in BY_CARRIER}

ANSWER = "x is 1."
SCRIPT = RunScript(
    ToolCalls(FunctionCall("solve", {"equation": "3x + 11 = 14"}), usage=Usage(100, 20)),
    Message(ANSWER, usage=Usage(90, 12)),
    polls=3,
)
"""190 tokens of input in all, 32 of output."""


class Process:
    """One process of the fleet, which says and hears lines of JSON."""

    def __init__(self, api: Api, role: str, environment: Mapping[str, str], python: str) -> None:
        self._role = role
        self._process = subprocess.Popen(
            [python, "-W", "ignore", "-m", f"fleet.{api}", role],
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def say(self, **facts: Any) -> None:
        """Tell it what to work on."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(facts) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Wait for what it has done."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{self._role} ended: {self._process.wait(SECONDS)}"
        heard: dict[str, Any] = json.loads(line)
        return heard

    def ends(self) -> None:
        """Wait until it has left, in peace."""
        assert self._process.wait(SECONDS) == 0, self._role

    def close(self) -> None:
        """Leave nothing of it behind."""
        self._process.kill()
        self._process.communicate()


class Fleet:
    """The four processes, started at once."""

    def __init__(self, api: Api, environments: Mapping[str, Mapping[str, str]], python: str) -> None:
        processes = {
            role: Process(api, role, environment, python) for role, environment in environments.items()
        }
        self.all = list(processes.values())
        self.web, self.worker = processes["web"], processes["worker"]
        self.tools, self.webhook = processes["tools"], processes["webhook"]


def play(  # noqa: PLR0913 - keywords with defaults
    api: Api,
    server: AssistantsServer,
    environment: Mapping[str, str],
    *,
    of_role: Mapping[str, Mapping[str, str]] = BY_CARRIER,
    carries: bool = True,
    python: str = sys.executable,
) -> list[str]:
    """Have one question answered; return the ids of the run, or of the two responses.

    Args:
        api: by which API.
        server: the local server, which gets the script for it.
        environment: what all processes have in their environment, besides that of this one without settings.
        of_role: what each of them has besides.
        carries: whether what is created has a carrier in its metadata.
        python: the interpreter of the processes.
    """
    server.script_next(SCRIPT)
    common = {**environment, "FLEET_CARRIES": str(int(carries))}
    with _fleet(api, server, common, of_role, python) as fleet:
        found = _play_assistants(fleet) if api == "assistants" else _play_responses(fleet, server)
        for process in fleet.all:
            process.ends()
    return found


@contextlib.contextmanager
def _fleet(
    api: Api,
    server: AssistantsServer,
    environment: Mapping[str, str],
    of_role: Mapping[str, Mapping[str, str]],
    python: str,
) -> Iterator[Fleet]:
    ours = ("THREADTRAIL_", "OTEL_", "LANGFUSE_", "AGENTOPS_", "OPENAI_", "FLEET_")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    common = {
        **{name: value for name, value in inherited.items() if not name.upper().endswith("_PROXY")},
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "sk-local",
        "THREADTRAIL_SETTLE_SECONDS": "600",  # a run waits for the last calls of its process, however late
        "PYTHONPATH": os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]),
        **environment,
    }
    fleet = Fleet(api, {role: {**common, **own} for role, own in of_role.items()}, python)
    try:
        yield fleet
    finally:
        for process in fleet.all:
            process.close()


def _play_assistants(fleet: Fleet) -> list[str]:
    work = fleet.web.hear()
    fleet.web.ends()
    fleet.worker.say(**work)
    fleet.worker.hear()
    fleet.tools.say(**work)
    fleet.tools.ends()
    fleet.worker.say()
    fleet.worker.hear()
    fleet.worker.say()
    fleet.webhook.say(**work)
    return [work["run"]]


def _play_responses(fleet: Fleet, server: AssistantsServer) -> list[str]:
    first = fleet.web.hear()
    fleet.web.ends()
    fleet.worker.say(**first)
    fleet.worker.hear()
    fleet.tools.say(**first)
    second = fleet.tools.hear()
    fleet.tools.ends()
    fleet.worker.say(**second)
    fleet.worker.hear()
    ids = [first["response"], second["response"]]
    deliveries = [server.webhook(each) for each in ids]
    fleet.webhook.say(deliveries=[{"body": each.body, "headers": each.headers} for each in deliveries])
    fleet.worker.say()
    return ids
