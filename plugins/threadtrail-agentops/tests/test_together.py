"""All exporters in one process: each backend gets exactly its own tree, and the program keeps its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agentops_programs import program
from agentops_receiver import Receiver
from agentops_shown import shown
from threadtrail.config import installed
from threadtrail.testing.server import Message, RunScript, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from threadtrail.testing import AssistantsServer

INSTALLED = {exporter.name for exporter in installed.available()}


@pytest.mark.slow
@pytest.mark.parametrize(
    "others", [(), ("opentelemetry",), ("langfuse",), ("langfuse", "opentelemetry")], ids="+".join
)
def test_each_backend_receives_its_own_tree(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path, others: tuple[str, ...]
) -> None:
    missing = set(others) - INSTALLED
    if missing:
        pytest.skip(f"not installed in this environment: {', '.join(sorted(missing))}")
    server.script(RunScript(Message("x = 1", usage=Usage(60, 4))))
    with Receiver(open_to_all=True) as collector, Receiver(open_to_all=True) as langfuse:
        variables = {
            "LANGFUSE_PUBLIC_KEY": "pk-lf-1",
            "LANGFUSE_SECRET_KEY": "sk-lf-1",
            "LANGFUSE_BASE_URL": langfuse.url,
        }
        exporters = ("agentops", *others)
        done = program(
            "together",
            server,
            tmp_path,
            collector.exporter_endpoint,
            *exporters,
            **receiver.variables,
            **variables,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        assert told == {
            "flushed": True,
            "the same provider": True,
            "no processor added": True,
            "print is print": True,
            "lost": dict.fromkeys(exporters, 0),
        }
        ours = {trace.name: trace for trace in shown(receiver.spans)}
        assert set(ours) == {"create_assistant Math Tutor.operation", "Math Tutor.session"}
        assert ours["Math Tutor.session"].types == {"session": 1, "agent": 1, "llm": 1, "operation": 1}
        assert ours["Math Tutor.session"].tokens["total"] == 64
        (request,) = collector.named("request")
        assert (request.trace_id, request.span_id) in receiver.span("Math Tutor.session").links

        names = [span.name for span in collector.spans if span.name != "request"]
        assert bool(names) == ("opentelemetry" in others)
        assert all("." not in name.split()[0] for name in names)  # none of AgentOps' suffixes
        assert bool(langfuse.spans) == ("langfuse" in others)
        elsewhere = {span.span_id for backend in (collector, langfuse) for span in backend.spans}
        sessions = {span.span_id for span in receiver.spans if span.name.endswith((".session", ".operation"))}
        assert not sessions & elsewhere
        for backend in (collector, langfuse):
            assert not any(key.startswith("agentops.") for span in backend.spans for key in span.attributes)
    assert not (tmp_path / "agentops.log").exists()
