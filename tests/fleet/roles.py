"""What every process of a fleet does: it records, hears what it is to work on, and says what it has done.

    python -m fleet.assistants web        (or worker, tools, webhook; fleet.responses has the same)

A process hears and says lines of JSON, on its standard input and output. What it records to is configured by
the environment. `FLEET_CARRIES=1`: what it creates has a `threadtrail.carrier()` in its metadata.
`FLEET_SPANS=http://…`: it has an OpenTelemetry of its own, with one span around its work.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from openai import OpenAI

import threadtrail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Role = Callable[[OpenAI], None]

QUESTION = "Solve 3x + 11 = 14."
TRACE = "math tutor"
CALLER: dict[str, Any] = {
    "user_id": "u1",
    "session_id": "s1",
    "tags": ["beta"],
    "metadata": {"plan": "pro"},
}


def say(**facts: Any) -> None:
    """Tell those who started this process."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def hear() -> dict[str, Any]:
    """Wait for what they say."""
    heard: dict[str, Any] = json.loads(sys.stdin.readline())
    return heard


def metadata() -> dict[str, str]:
    """Return the metadata of what is created here: a carrier, if this fleet has one, and the app's own."""
    carrier = threadtrail.carrier(attributes=True) if os.environ.get("FLEET_CARRIES") == "1" else {}
    return {**carrier, "mine": "x"}


@contextlib.contextmanager
def own_span(role: str) -> Iterator[None]:
    """Have a span of the app around the work, if the fleet has OpenTelemetry."""
    address = os.environ.get("FLEET_SPANS")
    if not address:
        yield
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{address}/v1/traces")))
    trace.set_tracer_provider(provider)
    with trace.get_tracer("app").start_as_current_span(role):
        yield


def main(roles: Mapping[str, Role]) -> None:
    """Do the work of the role that the command line names."""
    role = sys.argv[1]
    with own_span(role):
        threadtrail.instrument()
        with OpenAI() as client:
            roles[role](client)
        assert threadtrail.shutdown(200.0)
