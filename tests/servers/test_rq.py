"""RQ with the module of docs/guides/rq.md: each work-horse leaves by ``os._exit``, and no run is lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from doc_blocks import DOCS, blocks

if TYPE_CHECKING:
    from servers.processes import Redis, Workplace

(TASKS,) = blocks(DOCS / "guides" / "rq.md", "python")
SEND = """
import sys, redis, rq
queue = rq.Queue(sys.argv[2], connection=redis.Redis.from_url(sys.argv[1]))
for question in sys.argv[3:]:
    queue.enqueue(question.partition(":")[0], question.partition(":")[2], "u1")
"""
PRELOADED = """
import sys
import tasks
from rq.cli import main
main(["worker", *sys.argv[1:]])
"""
FAILS = """

def fail(question, user):
    ask(question, user)
    raise ValueError("the app failed")
"""


@pytest.mark.parametrize(
    "worker",
    [
        pytest.param(["rq", "worker"], id="imported by the work-horse"),
        pytest.param(["python", "preloaded.py"], id="imported by the worker"),
        pytest.param(["rq", "worker", "--worker-class", "rq.worker.SpawnWorker"], id="spawned"),
        pytest.param(["rq", "worker", "--worker-class", "rq.worker.SimpleWorker"], id="not forked"),
        pytest.param(["rq", "worker-pool", "-n", "2"], id="a pool of workers"),
    ],
)
def test_no_run_is_lost(work: Workplace, redis: Redis, worker: list[str]) -> None:
    work.write("tasks.py", TASKS + FAILS)
    work.write("preloaded.py", PRELOADED)
    work.write("send.py", SEND)
    queue = work.folder.name
    jobs = ["tasks.ask:one", "tasks.fail:two"]
    assert work.python("send.py", redis.url, queue, *jobs).ends() == 0
    program = work.start(*worker, "--url", redis.url, "--burst", queue)
    assert program.ends() == 0, program.output
    assert work.questions() == Counter(["one", "two"]), program.output
    assert "the app failed" in program.output
