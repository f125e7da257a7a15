"""A file and three backends on loopback, and what each of them must have of the fleet's question."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from fleet.layout import ANSWER
from fleet.roles import CALLER, QUESTION, TRACE
from fleet.trees import trees
from layered.tools import receiver_class
from threadtrail import shape
from threadtrail.events import RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.exporters.jsonl import read_events
from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from fleet.layout import Api
    from threadtrail.events import Event
    from threadtrail.testing.otlp import ReceivedSpan

MODEL = "gpt-4o"
SPANS = """
math tutor
  {agent}
    chat gpt-4o
    chat gpt-4o
    execute_tool solve
"""
OBSERVATIONS = {
    "assistants": """
math tutor
  {agent}
    gpt-4o
    gpt-4o
    solve
  create_message
""",
    "responses": """
math tutor
  gpt-4o
    gpt-4o
    gpt-4o
    solve
""",
}
SESSIONS = {
    "assistants": """
math tutor.session
  {agent}.agent
    message_creation.llm
    solve.tool
    tool_calls.llm
  completed.operation
""",
    "responses": """
math tutor.session
  completed.operation
  {agent}.agent
    gpt-4o.llm
    gpt-4o.llm
    solve.tool
""",
}


class Backends:
    """A file, and OpenTelemetry, Langfuse and AgentOps on loopback.

    Args:
        folder: where the file is.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.jsonl"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._opentelemetry = self._stack.enter_context(OtlpReceiver())
        self._langfuse = self._stack.enter_context(receiver_class("langfuse")())
        self._agentops = self._stack.enter_context(receiver_class("agentops")())
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def environment(self) -> dict[str, str]:
        """What a process has in its environment that exports to all of them."""
        return {
            "THREADTRAIL_EXPORTERS": "jsonl,opentelemetry,langfuse,agentops",
            "THREADTRAIL_JSONL_PATH": str(self.path),
            "THREADTRAIL_OPENTELEMETRY_ENDPOINT": self._opentelemetry.url,
            "THREADTRAIL_OPENTELEMETRY_MESSAGE_CONTENT": "SPAN_ONLY",
            "OTEL_METRICS_EXPORTER": "none",
            "LANGFUSE_PUBLIC_KEY": "pk-lf-1",
            "LANGFUSE_SECRET_KEY": "sk-lf-1",
            "LANGFUSE_BASE_URL": self._langfuse.url,
            **self._agentops.variables,
        }

    def check(self, api: Api, ids: Sequence[str], *, assistant: str | None) -> None:
        """Check that each has one run in one trace, whole, and with all that its creator knew.

        Args:
            api: by which API the question was asked.
            ids: the run, or the two responses.
            assistant: the name that is known of the assistant, if it is.
        """
        trace_id, assistant_id = check_recorded(list(read_events(self.path)), ids)
        opentelemetry, langfuse, agentops = self._of_run()
        check_spans(opentelemetry, assistant)
        check_observations(langfuse, api, assistant or assistant_id)
        check_sessions(agentops, api, assistant or assistant_id or MODEL)
        # An exporter with a provider of its own makes a trace's id from that of the `trace()`.
        for received in (opentelemetry, langfuse, agentops):
            assert {span.trace_id for span in received} == {shape.trace_id_for(trace_id)}

    def _of_run(self) -> tuple[list[ReceivedSpan], list[Any], list[ReceivedSpan]]:
        """Return what came without the making of the assistant, which is no part of the run."""
        langfuse = [
            each for each in self._langfuse.observations if not each.name.endswith("create_assistant")
        ]
        return (
            [span for span in self._opentelemetry.spans if not span.name.startswith("create_agent")],
            [each for each in langfuse if each.type != "event" or each.name == "create_message"],
            [span for span in self._agentops.spans if not span.name.startswith("create_assistant")],
        )


def check_recorded(events: Sequence[Event], ids: Sequence[str]) -> tuple[str, str]:
    """Check what a file has of the runs; return the ids of their trace and of their assistant."""
    runs = [event.run for event in events if isinstance(event, RunEnded)]
    assert [run.id for run in runs] == list(ids)
    for run in runs:
        assert (run.finished, run.status) == (True, "completed")
        assert run.turn_id == ids[0]
        assert run.metadata == {"mine": "x"}
        attributes = run.attributes
        assert (attributes.user_id, attributes.session_id) == (CALLER["user_id"], CALLER["session_id"])
        assert (list(attributes.tags), dict(attributes.metadata)) == (CALLER["tags"], CALLER["metadata"])
    assert [message.text for message in runs[0].input] == [QUESTION]
    assert [message.text for message in runs[-1].output] == [ANSWER]
    assert sum(len(run.steps) for run in runs) == 2
    (call,) = [call for run in runs for call in run.tool_calls]
    assert (call.name, call.output) == ("solve", "x = 1")
    assert [run.usage.input_tokens for run in runs if run.usage] == {1: [190], 2: [100, 90]}[len(ids)]
    turns = [event.turn for event in events if isinstance(event, TurnEnded)]
    assert [(turn.id, list(turn.run_ids)) for turn in turns] == [(ids[0], list(ids))]
    assert turns[0].usage is not None
    assert turns[0].usage.input_tokens == 190
    traces = [event for event in events if isinstance(event, (TraceStarted, TraceEnded))]
    assert [(type(event), event.name) for event in traces] == [(TraceStarted, TRACE), (TraceEnded, TRACE)]
    (trace_id,) = {event.trace_id for event in traces}
    assert {event.trace_id for event in events if isinstance(event, RunEnded)} == {trace_id}
    return str(trace_id), runs[0].assistant.id if runs[0].assistant else ""


def check_spans(spans: Sequence[ReceivedSpan], assistant: str | None) -> None:
    """Check what OpenTelemetry has."""
    name = f"invoke_agent {assistant}" if assistant else "invoke_agent"
    assert trees(spans) == SPANS.format(agent=name), trees(spans)
    for span in spans:
        found = span.attributes["user.id"], span.attributes["session.id"]
        assert found == (CALLER["user_id"], CALLER["session_id"])
        assert span.attributes["threadtrail.tags"] == CALLER["tags"]
    (agent,) = [span for span in spans if span.name == name]
    assert QUESTION in agent.attributes["gen_ai.input.messages"]
    assert ANSWER in agent.attributes["gen_ai.output.messages"]
    (tool,) = [span for span in spans if span.name.startswith("execute_tool")]
    assert tool.attributes["gen_ai.tool.call.result"] == "x = 1"
    assert sum(span.attributes.get("gen_ai.usage.input_tokens", 0) for span in spans) == 190


def check_observations(observations: Sequence[Any], api: Api, agent: str) -> None:
    """Check what Langfuse has."""
    assert trees(observations) == OBSERVATIONS[api].format(agent=agent), trees(observations)
    for each in observations:
        found = each.attributes["user.id"], each.attributes["session.id"]
        assert found == (CALLER["user_id"], CALLER["session_id"])
        assert each.attributes["langfuse.trace.name"] == TRACE
        assert each.attributes["langfuse.trace.tags"] == CALLER["tags"]
    (of_run,) = [each for each in observations if each.type == "agent"]
    assert (of_run.input, of_run.output) == (QUESTION, ANSWER)
    (tool,) = [each for each in observations if each.type == "tool"]
    assert tool.output == "x = 1"
    assert sum((each.usage or {}).get("input", 0) for each in observations) == 190


def check_sessions(spans: Sequence[ReceivedSpan], api: Api, agent: str) -> None:
    """Check what AgentOps has."""
    assert trees(spans) == SESSIONS[api].format(agent=agent), trees(spans)
    (session,) = [span for span in spans if span.name.endswith(".session")]
    (of_run,) = [span for span in spans if span.name.endswith(".agent")]
    for span in (session, of_run):
        found = span.attributes["user.id"], span.attributes["session.id"]
        assert found == (CALLER["user_id"], CALLER["session_id"])
    assert json.loads(session.attributes["agentops.tags"]) == CALLER["tags"]
    asked = of_run.attributes["agentops.entity.input"], of_run.attributes["agentops.entity.output"]
    assert asked == (QUESTION, ANSWER)
    (tool,) = [span for span in spans if span.name.endswith(".tool")]
    assert tool.attributes["tool.result"] == "x = 1"
    assert sum(span.attributes.get("gen_ai.usage.prompt_tokens", 0) for span in spans) == 190
