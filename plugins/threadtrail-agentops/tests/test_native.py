"""Living with AgentOps' own SDK: nothing is counted twice, and its traces are left alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agentops_programs import OTEL_1_44, program
from agentops_shown import shown
from threadtrail.testing.server import Message, RunScript, Usage

if TYPE_CHECKING:
    from pathlib import Path

    from agentops_receiver import Receiver
    from threadtrail.testing import AssistantsServer
    from threadtrail.testing.otlp import ReceivedSpan

pytestmark = pytest.mark.slow

WITH_NEWEST: dict[str, str] = {}
WITH_1_44 = {"PYTHONPATH": str(OTEL_1_44)}
OPENTELEMETRIES = [
    pytest.param(WITH_NEWEST, "repaired", id="newest, repaired"),
    pytest.param(
        WITH_1_44,
        "as-is",
        id="1.44",
        marks=pytest.mark.skipif(not OTEL_1_44.is_dir(), reason=f"{OTEL_1_44} is not unpacked"),
    ),
]


@pytest.fixture
def server(server: AssistantsServer) -> AssistantsServer:
    server.script(RunScript(Message("x = 1", usage=Usage(60, 4)), polls=3))
    return server


def told(done: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def native(receiver: Receiver) -> list[ReceivedSpan]:
    return [span for span in receiver.spans if span.name.startswith("openai.")]


def total(receiver: Receiver) -> int:
    return sum(trace.tokens["total"] for trace in shown(receiver.spans))


@pytest.mark.parametrize(("variables", "repaired"), OPENTELEMETRIES)
@pytest.mark.parametrize("order", ["init-first", "init-last"])
def test_unwrapped_no_token_is_counted_twice(
    server: AssistantsServer,
    receiver: Receiver,
    tmp_path: Path,
    variables: dict[str, str],
    repaired: str,
    order: str,
) -> None:
    variables = receiver.variables | variables
    found = told(program("native_beside", server, tmp_path, "unwrap", order, repaired, **variables))
    assert found["flushed"]
    assert found["warnings"] == []
    assert found["tokens"] == 64
    assert total(receiver) == 64
    # The native SDK puts its wrappers on, or on again, when the program first says `client.beta`; so the
    # call that comes right behind it is its too, and no other.
    assert [span.name for span in native(receiver)] == ["openai.assistants.create"]
    # Its trace is left alone, and the run stands in it.
    lesson = receiver.span("lesson.session")
    assert lesson.trace_id == found["trace"]
    agent = receiver.span("Math Tutor.agent")
    assert (agent.trace_id, agent.parent_id) == (lesson.trace_id, lesson.span_id)
    assert agent.start > lesson.start
    assert receiver.named("Math Tutor.session") == []


@pytest.mark.parametrize("order", ["init-first", "init-last"])
def test_with_the_option_off_there_is_one_clear_warning(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path, order: str
) -> None:
    found = told(program("native_beside", server, tmp_path, "warn", order, "repaired", **receiver.variables))
    (warning,) = found["warnings"]
    for word in ("Assistants.create", "Runs.retrieve", "Messages.list", '"native_instrumentation": "unwrap"'):
        assert word in warning
    assert "instrument_llm_calls=False" in warning
    assert len(native(receiver)) >= 6
    assert total(receiver) > 2 * 64  # which is what the warning is about
    lesson, agent = receiver.span("lesson.session"), receiver.span("Math Tutor.agent")
    assert agent.parent_id == lesson.span_id  # not below the span of a single call


def test_a_native_trace_that_is_not_delivered_is_linked(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path
) -> None:
    found = told(
        program("native_beside", server, tmp_path, "unwrap", "init-first", "as-is", **receiver.variables)
    )
    assert found["flushed"]
    assert receiver.named("lesson.session") == []  # lost by the native exporter
    session = receiver.span("Math Tutor.session")
    assert session.parent_id is None
    assert [trace_id for trace_id, _ in session.links] == [found["trace"]]
    assert total(receiver) == 64


def test_a_native_trace_of_another_project_is_linked(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path
) -> None:
    variables = {
        **receiver.variables,
        "THREADTRAIL_AGENTOPS_API_KEY": receiver.variables["AGENTOPS_API_KEY"],
        "THREADTRAIL_AGENTOPS_EXPORTER_ENDPOINT": f"{receiver.exporter_endpoint}?project=2",
    }
    found = told(program("native_beside", server, tmp_path, "unwrap", "init-first", "repaired", **variables))
    (request,) = [each for each in receiver.to("/v1/traces?project=2") if b"Math Tutor.session" in each.body]
    assert bytes.fromhex(found["trace"]) in request.body


@pytest.mark.skipif(not OTEL_1_44.is_dir(), reason=f"{OTEL_1_44} is not unpacked")
def test_delivery_with_opentelemetry_1_44(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path
) -> None:
    done = program("quiet", server, tmp_path, **receiver.variables, **WITH_1_44)
    assert told(done)["opentelemetry"] == "1.44.0"
    (trace,) = shown(receiver.spans)
    assert (trace.name, trace.status, trace.tokens["total"]) == ("lesson.session", "OK", 64)


def test_nothing_of_the_program_is_changed(
    server: AssistantsServer, receiver: Receiver, tmp_path: Path
) -> None:
    """There are no threads or sockets before the first event; no print, no log file, no global provider."""
    found = told(program("quiet", server, tmp_path, **receiver.variables))
    assert found.pop("opentelemetry") >= "1.45"
    assert found == {
        "agentops imported by the plugin's import": False,
        "new threads after instrument()": [],
        "sockets before the first event": [],
        "print is print": True,
        "import is import": True,
        "global provider is the proxy": True,
        "global meter provider is the proxy": True,
        "handlers of the opentelemetry logger": 0,
        "flushed": True,
    }
    assert list(tmp_path.iterdir()) == []  # no agentops.log
    assert len(shown(receiver.spans)) == 1
