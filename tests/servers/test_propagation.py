"""Carriers that are passed on by themselves, with the apps of docs/guides: one trace, many processes."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from doc_blocks import DOCS, blocks
from servers.processes import PATIENCE
from threadtrail.testing.server import WEBHOOK_SECRET
from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from servers.processes import Redis, Workplace
    from threadtrail.testing import AssistantsServer

TASKS, WEB, WEBHOOK = blocks(DOCS / "guides" / "fastapi-celery.md", "python")
JOBS = blocks(DOCS / "guides" / "rq.md", "python")[0]
APP = blocks(DOCS / "guides" / "fastapi.md", "python")[0]
PARENT = f"00-{'1' * 32}-{'2' * 16}-01"


def trace_started(work: Workplace) -> dict[str, Any]:
    (started,) = [event for event in work.events() if event["event"] == "TraceStarted"]
    return started


@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_a_request_a_task_and_the_response_between_them(work: Workplace, redis: Redis, pool: str) -> None:
    ask_again = '    client.responses.create(model="gpt-4o", input="again", metadata={})\n    return response'
    work.write("tasks.py", TASKS.replace("time.sleep(1)", "pass").replace("    return response", ask_again))
    work.write("app.py", WEB)
    work.environment |= {"CELERY_BROKER_URL": redis.url, "THREADTRAIL_PUBLISH_RUNS": "finished"}
    worker = work.start("celery", "-A", "tasks", "worker", "-l", "INFO", "--pool", pool, "--concurrency", "1")
    worker.says("ready.")
    web, site = work.serve("uvicorn", "app:app", "--port", "{port}")
    response_id = site.ask("How warm is it?")
    worker.says("succeeded in")
    web.stop()
    assert worker.stop() == 0
    runs = {run["id"]: run for run in work.runs()}
    followed = runs.pop(response_id)
    (again,) = runs.values()
    trace_id = trace_started(work)["trace_id"]
    ended = [event for event in work.events() if event["event"] == "RunEnded"]
    assert [event["trace_id"] for event in ended] == [trace_id] * 2, worker.output
    for run in (followed, again):
        assert (run["attributes"]["user_id"], run["carried"]["trace_name"]) == ("u1", "ask")
    assert (followed["observed_from_start"], again["observed_from_start"]) == (False, True)


def test_a_webhook_publishes_what_the_request_began(work: Workplace, local_server: AssistantsServer) -> None:
    work.write("app.py", WEBHOOK)
    work.environment["OPENAI_WEBHOOK_SECRET"] = WEBHOOK_SECRET
    creating, site = work.serve("uvicorn", "app:app", "--port", "{port}")
    told, handler = work.serve("uvicorn", "app:app", "--port", "{port}")
    response_id = site.ask("How warm is it?")
    creating.stop()
    finish(work, response_id)
    delivery = local_server.webhook(response_id)
    for _ in range(2):
        post(f"{handler.address}/webhook", delivery.body, delivery.headers)
    told.stop()
    (run,) = work.runs()
    assert (run["id"], run["attributes"]["user_id"]) == (response_id, "u1"), told.output
    (ended,) = [event for event in work.events() if event["event"] == "RunEnded"]
    assert ended["trace_id"] == trace_started(work)["trace_id"]


def finish(work: Workplace, response_id: str) -> None:
    """Let time pass at the server, which moves on with each look at the response."""
    look = f"""
import openai
while openai.OpenAI().responses.retrieve({response_id!r}).status != "completed":
    pass
"""
    assert work.python("-c", look).ends() == 0


def post(address: str, body: str, headers: Mapping[str, str]) -> None:
    request = urllib.request.Request(address, body.encode(), dict(headers))  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - ours
        assert answer.status == 200


@pytest.mark.parametrize("options", [[], ["--worker-class", "rq.worker.SimpleWorker"]], ids=["forked", "not"])
def test_a_job_of_rq(work: Workplace, redis: Redis, options: list[str]) -> None:
    """With a worker that imports the app for its first job only; the last job was sent without a carrier."""
    work.write("tasks.py", JOBS)
    work.write(
        "send.py",
        """
import sys, redis, rq, threadtrail
threadtrail.instrument()
queue = rq.Queue(sys.argv[2], connection=redis.Redis.from_url(sys.argv[1]))
with threadtrail.trace("sender", session_id="s1"):
    for question in ("one", "two"):
        job = queue.enqueue("tasks.ask", question, "u1", meta={"mine": "x"})
        assert job.meta["mine"] == "x" and "threadtrail" in job.meta
assert queue.enqueue("tasks.ask", "three", "u1").meta == {}
""",
    )
    work.environment["THREADTRAIL_PROPAGATE"] = "rq"
    queue = work.folder.name
    sender = work.python("send.py", redis.url, queue)
    assert sender.ends() == 0, sender.output
    program = work.start("rq", "worker", *options, "--url", redis.url, "--burst", queue)
    assert program.ends() == 0, program.output
    ended = [event for event in work.events() if event["event"] == "RunEnded"]
    trace_id = trace_started(work)["trace_id"]
    assert [event["trace_id"] for event in ended] == [trace_id, trace_id, None], program.output
    callers = [(event["attributes"]["user_id"], event["attributes"]["session_id"]) for event in ended]
    assert callers == [("u1", "s1"), ("u1", "s1"), ("u1", None)]


def test_headers_that_come_with_a_request(work: Workplace) -> None:
    work.write("app.py", APP)
    work.environment["THREADTRAIL_PROPAGATE"] = "asgi"
    program, site = work.serve("uvicorn", "app:app", "--port", "{port}")
    own = '{"v":1,"trace":"' + "a" * 32 + '","name":"front","user":"front"}'
    for headers in (
        {"traceparent": PARENT, "tracestate": "vendor=a", "baggage": "session.id=s1,user.id=other"},
        {"threadtrail": own},
        {"traceparent": "00-1", "baggage": "%%%", "threadtrail": "x"},
        {},
    ):
        request = urllib.request.Request(f"{site.address}/ask?question=hi&user=u1", headers=headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - ours
            assert answer.status == 200
    wait_until(lambda: len(work.runs()) == 4, timeout=PATIENCE)
    program.stop()
    first, second, third, fourth = work.runs()
    assert (first["carried"]["traceparent"], first["carried"]["tracestate"]) == (PARENT, "vendor=a")
    assert (first["attributes"]["session_id"], first["attributes"]["user_id"]) == ("s1", "u1")
    assert second["carried"]["trace_id"] == "a" * 32
    assert second["attributes"]["user_id"] == "u1", "what the app says stays"
    assert [third["carried"], fourth["carried"]] == [None, None]
