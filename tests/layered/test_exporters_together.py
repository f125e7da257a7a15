"""One process, several exporters: each backend has a tool loop once, below what is around it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from frameworks.scripted import server, usage_of
from layered.environments import environment_of, run
from layered.tools import receiver_class
from threadtrail.testing import OtlpReceiver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from threadtrail.testing.otlp import ReceivedSpan

OURS = ("threadtrail_opentelemetry", "threadtrail_agentops", "langfuse-sdk")
"""The scopes of our exporters; Langfuse's observations have the same, whoever makes them."""

TURN = """
invoke_agent
  chat gpt-4o
  execute_tool get_weather
  chat gpt-4o
"""
OBSERVED_TURN = """
gpt-4o
  gpt-4o
  get_weather
  gpt-4o
"""
SESSION = """
gpt-4o.session
  gpt-4o.agent
    gpt-4o.llm
    get_weather.tool
    gpt-4o.llm
  turn completed.operation
"""
IN_A_HANDLER = """
{handler}
  chat gpt-4o
  execute_tool get_weather
  chat gpt-4o
"""
OBSERVED_IN_A_HANDLER = """
{handler}
  gpt-4o
  get_weather
  gpt-4o
"""
IN_PYDANTIC_AI = """
their invoke_agent agent
  their chat gpt-4o
    {chat}
    {tool}
  their execute_tool get_weather
  their chat gpt-4o
    {chat}
"""
IN_OPENAI_AGENTS = """
their Agent workflow
  their Agent workflow
    their Weather
      their turn
        their response
          {chat}
          {tool}
        their get_weather
      their turn
        their response
          {chat}
"""
NAMES = {"chat": "chat gpt-4o", "tool": "execute_tool get_weather"}
OBSERVED = {"chat": "gpt-4o", "tool": "get_weather"}
"""What a response and a call of the function are called in Langfuse."""

THREE = ("agentops", "langfuse", "opentelemetry")
TWO = ("langfuse", "opentelemetry")
"""AgentOps pins what no framework of today works with."""


@dataclass
class Backends:
    """A collector that is nobody else's, the program's own, Langfuse, AgentOps; the tokens of the loop."""

    collector: Any
    theirs: Any
    langfuse: Any
    agentops: Any
    tokens: int = 0

    @property
    def observations(self) -> list[ReceivedSpan]:
        """Langfuse's, without the changes of a status."""
        return [each for each in self.langfuse.observations if each.type != "event"]


@pytest.fixture
def backends() -> Iterator[Backends]:
    with (
        OtlpReceiver() as collector,
        OtlpReceiver() as theirs,
        receiver_class("langfuse")() as langfuse,
        receiver_class("agentops")() as agentops,
    ):
        yield Backends(collector, theirs, langfuse, agentops)


@pytest.fixture
def play(backends: Backends, tmp_path: Path) -> Callable[..., Backends]:
    def playing(
        inside: str, exporters: Sequence[str], *, where: str = "agentops", traced: bool = True
    ) -> Backends:
        """Play the loop; `traced`: the program has an OpenTelemetry of its own, which our exporter uses."""
        langfuse = {"PUBLIC_KEY": "pk-lf-1", "SECRET_KEY": "sk-lf-1", "BASE_URL": backends.langfuse.url}
        options: dict[str, Any] = {name: {} for name in exporters}
        if not traced:
            options["opentelemetry"] = {"endpoint": backends.collector.url}
        with server() as api:
            case = {
                "inside": inside,
                "base_url": api.base_url,
                "exporters": options,
                "variables": {
                    "OTEL_METRICS_EXPORTER": "none",
                    **{f"LANGFUSE_{name}": value for name, value in langfuse.items()},
                    **backends.agentops.variables,
                },
                "theirs": f"{backends.theirs.url}/v1/traces" if traced else "",
            }
            done = run(environment_of(where), tmp_path, "-m", "layered.exporters_together", json.dumps(case))
            responses = [player.body for player in api._backend.responses.responses.values()]
        assert json.loads(done.stdout.splitlines()[-1]) == {
            "answer": "4 degrees in Oslo",
            "flushed": True,
            "lost": 0,
        }
        backends.tokens = sum(usage_of(response).total for response in responses)
        assert len(responses) == 2
        return backends

    return playing


def tree(*spans: ReceivedSpan) -> str:
    """Write the spans as a tree, the children of each by their start; of others than ours it is said."""
    ids = [span.span_id for span in spans]
    assert len(ids) == len(set(ids)), "a span came twice"
    assert len({span.trace_id for span in spans}) == 1

    def lines(parents: set[str | None], depth: int) -> Iterator[str]:
        for span in sorted(spans, key=lambda span: (span.start, -span.end)):
            if span.parent_id in parents or (not depth and span.parent_id not in ids):
                yield "  " * depth + ("" if span.scope in OURS else "their ") + span.name
                yield from lines({span.span_id}, depth + 1)

    return "\n".join(["", *lines(set(), 0), ""])


def tokens(spans: Sequence[ReceivedSpan]) -> int:
    """The tokens on spans of ours, by whichever convention."""
    names = ("input_tokens", "output_tokens", "prompt_tokens", "completion_tokens")
    told = [span.attributes for span in spans if span.scope in OURS]
    found = sum(each.get(f"gen_ai.usage.{name}", 0) for each in told for name in names)
    details = [json.loads(each.get("langfuse.observation.usage_details", "{}")) for each in told]
    return int(found + sum(each.get("total", 0) for each in details))


def test_alone_each_has_the_turn_once(play: Callable[..., Backends]) -> None:
    got = play("nothing", THREE, traced=False)
    assert tree(*got.collector.spans) == TURN
    assert tree(*got.observations) == OBSERVED_TURN
    assert tree(*got.agentops.spans) == SESSION
    for spans in (got.collector.spans, got.observations, got.agentops.spans):
        assert tokens(spans) == got.tokens
    assert not got.theirs.spans


def test_inside_observe_it_is_below_the_observation(play: Callable[..., Backends]) -> None:
    got = play("observe", THREE, traced=False)
    handler = got.langfuse.observation("handler")
    assert tree(*got.observations) == OBSERVED_IN_A_HANDLER.format(handler="handler")
    assert tree(handler, *got.collector.spans) == IN_A_HANDLER.format(handler="handler")
    assert [each.name for each in got.langfuse.observations if each.is_app_root] == ["handler"]
    in_agentops(got, handler)
    for spans in (got.collector.spans, got.observations, got.agentops.spans):
        assert tokens(spans) == got.tokens


def test_inside_a_span_of_the_program_it_is_below_it(play: Callable[..., Backends]) -> None:
    got = play("span", THREE)
    handler = got.theirs.span("handler")
    assert tree(*got.theirs.spans) == IN_A_HANDLER.format(handler="their handler")
    assert tree(handler, *got.observations) == OBSERVED_IN_A_HANDLER.format(handler="their handler")
    in_agentops(got, handler)
    for spans in (got.theirs.spans, got.observations, got.agentops.spans):
        assert tokens(spans) == got.tokens


def in_agentops(got: Backends, around: ReceivedSpan) -> None:
    """There it is a session all the same, since what is around it is not there: a link leads to that."""
    assert tree(*got.agentops.spans) == SESSION
    session = got.agentops.span("gpt-4o.session")
    assert list(session.links) == [(around.trace_id, around.span_id)]


@pytest.mark.parametrize(
    ("inside", "where", "expected"),
    [
        ("pydantic_ai", "pydantic_ai", IN_PYDANTIC_AI),
        ("openai_agents as spans", "openai_agents", IN_OPENAI_AGENTS),
    ],
)
def test_below_the_spans_of_a_framework(
    play: Callable[..., Backends], inside: str, where: str, expected: str
) -> None:
    got = play(inside, TWO, where=where)
    theirs = [span for span in got.theirs.spans if span.scope not in OURS]
    assert tree(*got.theirs.spans) == expected.format(**NAMES)
    assert tree(*theirs, *got.observations) == expected.format(**OBSERVED)
    for spans in (got.theirs.spans, got.observations):
        assert tokens(spans) == got.tokens


def test_beside_tracing_of_openai_agents_which_makes_no_spans(play: Callable[..., Backends]) -> None:
    got = play("openai_agents", TWO, where="openai_agents")
    assert tree(*got.theirs.spans) == TURN
    assert tree(*got.observations) == OBSERVED_TURN
    for spans in (got.theirs.spans, got.observations):
        assert tokens(spans) == got.tokens
