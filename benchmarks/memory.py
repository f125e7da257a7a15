"""How much memory many runs take: one child process, without or with threadtrail.

    python -m benchmarks.memory nothing|threadtrail open|finished|background 1 1000 100000

prints one line of JSON: the resident memory in bytes after each number of runs, with everything delivered.
The client's ``post`` and ``get`` are replaced: real requests leave nothing in memory, but take long.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openai
from benchmarks.canned import ASSISTANT_ID, run
from benchmarks.canned_responses import response
from benchmarks.child import last_line_of
from benchmarks.contenders import start
from openai.types.beta.threads import Run
from openai.types.responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable

STATM = Path("/proc/self/statm")

FLUSH_EVERY = 500
"""The number of runs after which to flush, since they come far faster than in any real program."""

MANY = 10_000
"""Above this number of open runs, some are given up and delivered."""


def instant_client() -> Any:
    """Return a client that answers without a request: a POST with a new run, a GET with the run's end."""
    number = 0
    queued, completed = Run.construct(**run("queued")), Run.construct(**run("completed"))
    background = Response.construct(**response("queued", background=True))

    def ids() -> dict[str, Any]:
        return {
            "id": f"run_{number:010d}",
            "thread_id": f"thread_{number:010d}",
            "created_at": int(time.time()),
        }

    def post(path: str, **_options: Any) -> Any:
        nonlocal number
        number += 1
        if path == "/responses":
            return background.model_copy(update={"id": f"resp_{number:010d}", "created_at": int(time.time())})
        return queued.model_copy(update=ids())

    def get(_path: str, **_options: Any) -> Any:
        return completed.model_copy(update=ids())

    client: Any = openai.OpenAI(api_key="sk-bench", base_url="http://127.0.0.1/v1")
    client.post, client.get = post, get  # before its resources take them over
    return client


def resident() -> int:
    """Return the bytes of this process that are in memory now, or if that is unknown, the most ever."""
    gc.collect()
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def sizes(contender: str, kind: str, counts: list[int]) -> list[int]:
    """Return the resident bytes after each of ``counts`` runs; ``counts`` are in ascending order."""
    client = instant_client()
    make = _makers(client)[kind]
    tool = start(contender)
    measured = []
    for number in range(1, counts[-1] + 1):
        make(number)
        if number in counts or number % FLUSH_EVERY == 0:
            tool.flush()
        if number in counts:
            measured.append(resident())
    if contender != "nothing" and kind == "finished" and tool.recorded() != counts[-1]:
        raise AssertionError(f"{contender} delivered {tool.recorded()} of {counts[-1]} finished runs")
    if contender != "nothing" and kind != "finished" and not tool.recorded() and counts[-1] > MANY:
        raise AssertionError(f"{contender} delivered none of {counts[-1]} runs that were left open")
    return measured


def _makers(client: Any) -> dict[str, Callable[[int], None]]:
    """The functions that make a run of each kind."""
    runs, responses = client.beta.threads.runs, client.responses

    def open_run(number: int) -> Any:
        return runs.create(thread_id=f"thread_{number}", assistant_id=ASSISTANT_ID)

    def finished_run(number: int) -> None:
        made = open_run(number)
        runs.retrieve(made.id, thread_id=made.thread_id)

    def background(number: int) -> None:
        responses.create(model="gpt-4o", input=str(number), background=True)

    return {"open": open_run, "finished": finished_run, "background": background}


def sizes_in_child(contender: str, kind: str, counts: list[int]) -> list[int]:
    """``sizes``, measured in a process of its own."""
    measured: list[int] = json.loads(last_line_of("-m", "benchmarks.memory", contender, kind, *counts))
    return measured


if __name__ == "__main__":
    print(json.dumps(sizes(sys.argv[1], sys.argv[2], [int(count) for count in sys.argv[3:]])))
