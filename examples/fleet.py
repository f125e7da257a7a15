"""A fleet on one machine: several processes see parts of each run, and a collector merges them.

The web process creates a background response and leaves it to a worker, which polls it; a webhook reports its
end. Each process records what it sees to Redis; `threadtrail collect` prints one run in one trace.
Needs redis-server, and `pip install 'threadtrail[redis,testing]'`. OpenAI is a local server.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

from openai import OpenAI
from redis import Redis
from redis.exceptions import RedisError

import threadtrail
from threadtrail.testing import OpenAIServer, unused_port, wait_until
from threadtrail.testing.server import WEBHOOK_SECRET, Message, RunScript, Usage

JOBS, DONE = "jobs", "done"


def web(client: OpenAI, jobs: Redis) -> None:
    """Take a question, and leave the answer to the worker."""
    with threadtrail.trace("math tutor", user_id="student-7"):
        response = client.responses.create(
            model="gpt-4o",
            input="Solve 3x + 11 = 14.",
            background=True,
            metadata=threadtrail.carrier(),  # the other processes join this trace
        )
    jobs.rpush(JOBS, response.id)


def worker(client: OpenAI, jobs: Redis) -> None:
    """Poll one response to its end."""
    _, response_id = jobs.blpop(JOBS)
    while (response := client.responses.retrieve(response_id.decode())).status in {"queued", "in_progress"}:
        pass
    print(f"worker: {response.output_text}", flush=True)
    jobs.rpush(DONE, response.id)


def webhook(client: OpenAI, jobs: Redis) -> None:
    """Take one webhook, and retrieve the response that it names."""

    class Webhooks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            event = client.webhooks.unwrap(body, dict(self.headers), secret=WEBHOOK_SECRET)
            self.send_response(200)
            self.end_headers()
            print(f"webhook: {client.responses.retrieve(event.data.id).status}", flush=True)

        def log_message(self, *_: object) -> None:
            """No line per request."""

    with HTTPServer(("127.0.0.1", int(os.environ["WEBHOOK_PORT"])), Webhooks) as server:
        jobs.rpush("listening", "yes")
        server.handle_request()


def play_role(role: str) -> None:
    """Run one of the processes; the environment says where OpenAI and Redis are."""
    with threadtrail.instrument(exporters=["redis"]), OpenAI() as client:
        {"web": web, "worker": worker, "webhook": webhook}[role](
            client, Redis.from_url(os.environ["THREADTRAIL_REDIS_URL"], socket_timeout=None)
        )


def start(*command: str, **environment: str) -> subprocess.Popen:
    return subprocess.Popen(command, env={**os.environ, **environment})  # noqa: S603 - what stands here


def is_up(redis: Redis) -> bool:
    try:
        return redis.ping()
    except RedisError:
        return False


def is_collected(redis: Redis) -> bool:
    with redis.pipeline() as pipeline:  # all streams in one step: events move from one to another
        for name in redis.keys("threadtrail:events:*"):
            pipeline.xlen(name)
        return not any(pipeline.execute())


def play(server: OpenAIServer, address: str, processes: list[subprocess.Popen]) -> None:
    """Start the fleet, and wait until the collector has exported what it recorded."""
    redis = Redis.from_url(address, socket_timeout=None)
    wait_until(lambda: is_up(redis))
    collect = ("-m", "threadtrail", "collect", "--from", address, "--exporter", "console")
    collector = start(sys.executable, *collect)
    processes.append(collector)
    where = {
        "OPENAI_BASE_URL": server.base_url,
        "OPENAI_API_KEY": "any",
        "THREADTRAIL_REDIS_URL": address,
        "WEBHOOK_PORT": str(unused_port()),
    }
    fleet = [start(sys.executable, __file__, role, **where) for role in ("webhook", "web", "worker")]
    processes += fleet
    redis.blpop("listening")
    _, response_id = redis.blpop(DONE)
    delivery = server.webhook(response_id.decode())  # OpenAI sends it by itself
    request = urllib.request.Request(
        f"http://127.0.0.1:{where['WEBHOOK_PORT']}",
        data=delivery.body.encode(),
        headers=dict(delivery.headers),
    )
    urllib.request.urlopen(request).close()  # noqa: S310 - on this machine
    for process in fleet:
        process.wait()
    wait_until(lambda: is_collected(redis))
    collector.terminate()
    collector.wait()


def main() -> None:
    """Start Redis and a local server for OpenAI's API, play, and clean up."""
    program = shutil.which("redis-server") or sys.exit("fleet.py needs redis-server")
    port = unused_port()
    with tempfile.TemporaryDirectory() as folder, OpenAIServer() as server:
        server.script_next(RunScript(Message("x is 1.", usage=Usage(190, 32)), polls=3))
        options = ("--port", str(port), "--save", "", "--dir", folder, "--logfile", "redis.log")
        processes = [start(program, *options)]
        try:
            play(server, f"redis://127.0.0.1:{port}/0", processes)
        finally:
            for process in reversed(processes):
                process.terminate()
                process.wait()


if len(sys.argv) > 1:
    play_role(sys.argv[1])
else:
    main()
