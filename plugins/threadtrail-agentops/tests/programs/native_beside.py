"""A program that runs AgentOps' own SDK as well; ``repaired`` says whether that one delivers."""

import json
import logging
import os
import sys
import threading

import agentops
from agentops.sdk.core import tracer
from agentops.sdk.exporters import AuthenticatedOTLPExporter
from openai import OpenAI

import threadtrail

policy, order, repaired = sys.argv[1:4]
warnings: list[str] = []


class Keep(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        warnings.append(record.getMessage())


logging.getLogger("threadtrail.agentops").addHandler(Keep())
if repaired == "repaired":
    # The two lines that let the native exporter work with OpenTelemetry 1.45 and newer.
    AuthenticatedOTLPExporter._headers = property(lambda self: {})
    AuthenticatedOTLPExporter._session = property(lambda self: self._client._transport._session)


def init() -> None:
    agentops.init(auto_start_session=False, log_session_replay_url=False, log_level="CRITICAL")
    deadline = threading.Event()
    for _ in range(20_000):  # its token comes in the background; what it sends before is lost
        if agentops.get_client().get_current_jwt():
            return
        deadline.wait(0.01)
    raise SystemExit("the native SDK got no token")


def instrument() -> None:
    threadtrail.instrument(exporters={"agentops": {"native_instrumentation": policy}}, settle_seconds=600.0)


for step in (init, instrument) if order == "init-first" else (instrument, init):
    step()

client = OpenAI()
trace = agentops.start_trace("lesson", tags=["native"])
assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
thread = client.beta.threads.create()
client.beta.threads.messages.create(thread.id, role="user", content="3x + 11 = 14?")
run = client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
for _ in range(3):  # as programs do that wait for other things meanwhile
    run = client.beta.threads.runs.retrieve(run.id, thread_id=thread.id)
client.beta.threads.messages.list(thread.id)
agentops.end_trace(trace, "Success")

flushed = threadtrail.flush(200)
tracer.provider.force_flush()
native_trace = f"{trace.span.get_span_context().trace_id:032x}"
assert run.usage is not None
told = {"warnings": warnings, "tokens": run.usage.total_tokens, "trace": native_trace, "flushed": flushed}
sys.stdout.write(json.dumps(told) + "\n")
sys.stdout.flush()
threadtrail.shutdown(200)
os._exit(0)  # the native SDK would send metrics to the internet at its exit
