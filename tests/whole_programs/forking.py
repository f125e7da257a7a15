"""A program that forks in the middle, as servers with worker processes do. Its argument is the exporter."""

import os
import sys

from openai import OpenAI

import threadtrail

threadtrail.instrument(exporters=[sys.argv[1]], settle_seconds=0.0)


def run(name: str) -> None:
    with OpenAI() as client:
        assistant = client.beta.assistants.create(name=name, model="gpt-4o")
        thread = client.beta.threads.create()
        client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)


run("before")
assert threadtrail.flush(60)
with threadtrail.trace("open across the fork"):
    child = os.fork()
    if child == 0:
        run("child")
        threadtrail.shutdown(60)
        os._exit(0)
    run("parent")
    assert os.waitpid(child, 0)[1] == 0
