"""Celery's prefork pool with the app of docs/guides/celery.md: no run is lost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from doc_blocks import DOCS, blocks
from servers.processes import PATIENCE
from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from servers.processes import Program, Redis, Workplace

(TASKS,) = blocks(DOCS / "guides" / "celery.md", "python")
SEND = """
import sys, tasks
for question in sys.argv[2:]:
    tasks.ask.apply_async((question, "u1"), queue=sys.argv[1])
"""
QUESTIONS = [f"question {number}" for number in range(3)]


@pytest.fixture
def celery(work: Workplace, redis: Redis) -> Workplace:
    work.write("tasks.py", TASKS)
    work.write("send.py", SEND)
    work.environment["CELERY_BROKER_URL"] = redis.url
    return work


def start(work: Workplace, *options: str) -> Program:
    queue = work.folder.name
    worker = work.start(
        "celery", "-A", "tasks", "worker", "-l", "INFO", "-Q", queue, "-n", queue,
        "--without-gossip", "--without-mingle", "--without-heartbeat", *options,
    )  # fmt: skip
    worker.says("ready.")
    return worker


def send(work: Workplace, worker: Program, questions: list[str]) -> None:
    """Send the tasks, and wait until the worker says of all of them that they have succeeded."""
    assert work.python("send.py", work.folder.name, *questions).ends() == 0
    wait_until(lambda: worker.output.count("succeeded in") == len(questions), timeout=PATIENCE)


def test_children_that_are_recycled_deliver(celery: Workplace) -> None:
    worker = start(celery, "--concurrency", "2", "--max-tasks-per-child", "1")
    send(celery, worker, QUESTIONS)
    assert worker.stop() == 0
    assert celery.questions() == Counter(QUESTIONS), worker.output


@pytest.mark.parametrize("pool", ["threads", "gevent"])
def test_the_other_pools_deliver(celery: Workplace, pool: str) -> None:
    worker = start(celery, "--pool", pool, "--concurrency", "2")
    send(celery, worker, QUESTIONS)
    assert worker.stop() == 0
    assert celery.questions() == Counter(QUESTIONS), worker.output


def test_a_warm_shutdown_delivers(celery: Workplace) -> None:
    """Also what the app's own receivers of Celery's signal do."""
    receiver = """

from celery.signals import worker_process_shutdown


@worker_process_shutdown.connect
def last(**_arguments: object) -> None:
    ask("at the end", "u1")
"""
    celery.write("tasks.py", TASKS + receiver)
    worker = start(celery, "--concurrency", "1")
    send(celery, worker, QUESTIONS)
    assert worker.stop() == 0
    assert celery.questions() == Counter([*QUESTIONS, "at the end"]), worker.output
