"""A program that looks at what changes around it."""

import builtins
import json
import logging
import socket
import sys
import threading
from importlib.metadata import version
from typing import Any

from openai import OpenAI
from opentelemetry import metrics, trace
from opentelemetry.trace import ProxyTracerProvider

import threadtrail

printing, importing = builtins.print, builtins.__import__
opened: list[str] = []
connect = socket.socket.connect


def noted(self: socket.socket, address: Any) -> None:
    opened.append(str(address))
    connect(self, address)


socket.socket.connect = noted  # type: ignore[method-assign,assignment]  # to see what is opened

import threadtrail_agentops  # noqa: E402,F401 - what importing it does is part of the test

found: dict[str, Any] = {
    "agentops imported by the plugin's import": any(name.startswith("agentops") for name in sys.modules)
}
before = set(threading.enumerate())
threadtrail.instrument(exporters=["agentops"], settle_seconds=600.0)
assert "agentops.semconv" in sys.modules
found["new threads after instrument()"] = [each.name for each in set(threading.enumerate()) - before]
found["sockets before the first event"] = list(opened)

client = OpenAI()
with threadtrail.trace("lesson"):
    assistant = client.beta.assistants.create(name="Math Tutor", model="gpt-4o")
    thread = client.beta.threads.create()
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
found |= {
    "flushed": threadtrail.flush(200),
    "print is print": builtins.print is printing,
    "import is import": builtins.__import__ is importing,
    "global provider is the proxy": isinstance(trace.get_tracer_provider(), ProxyTracerProvider),
    "global meter provider is the proxy": type(metrics.get_meter_provider()).__name__
    == "_ProxyMeterProvider",
    "handlers of the opentelemetry logger": len(logging.getLogger("opentelemetry").handlers),
    "opentelemetry": version("opentelemetry-sdk"),
}
print(json.dumps(found))
