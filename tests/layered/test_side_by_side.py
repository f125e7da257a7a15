"""A tool and our exporter for the same backend: what arrives twice, and that the page's advice helps."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from layered.environments import environment_of, run
from layered.page import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RUN, CHAT = 492, 12
"""The tokens of the program's one run, and of its one chat completion."""

SPANS = {
    "create_agent Weather": 1,
    "invoke_agent Weather": 1,
    "chat gpt-4o": 2,
    "execute_tool get_weather": 1,
}
SESSION = {
    "create_assistant Weather.operation": 1,
    "Weather.agent": 1,
    "tool_calls.llm": 1,
    "message_creation.llm": 1,
    "get_weather.tool": 1,
}
OBSERVATIONS = {
    "create_assistant": 1,
    "Weather": 1,
    "gpt-4o": 2,
    "get_weather": 1,
    "thread.run.queued": 2,
    "thread.run.in_progress": 2,
    "thread.run.requires_action": 1,
    "thread.run.completed": 1,
}
PACKAGES = {
    "agentops": "agentops",
    "langfuse": "langfuse",
    "openinference-instrumentation-openai": "openinference",
    "opentelemetry-instrumentation-openai": "traceloop",
}
OPENTELEMETRY: dict[str, Any] = {"opentelemetry": {}}
each_order = pytest.mark.parametrize("ours_first", [False, True], ids=["theirs first", "ours first"])


@dataclass(frozen=True)
class Told:
    """What the backend got: names of ours and of theirs, all tokens; who set the global provider."""

    ours: dict[str, int]
    theirs: dict[str, int]
    tokens: int
    provider_by: str


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., Told]:
    def tell(tool: str, exporters: dict[str, Any], **more: Any) -> Told:
        case = json.dumps({"tool": tool, "exporters": exporters, **more})
        done = run(environment_of(tool), tmp_path, "-m", "layered.side_by_side", case)
        found = json.loads(done.stdout.splitlines()[-1])
        assert (found["flushed"], found["lost"], found["tokens of the run"]) == (True, 0, RUN)
        return Told(found["ours"], found["theirs"], found["tokens"], found["global provider by"])

    return tell


@each_order
def test_traceloop_sends_the_run_again_until_its_wrappers_are_removed(
    told: Callable[..., Told], ours_first: bool
) -> None:
    twice = told("traceloop", OPENTELEMETRY, ours_first=ours_first)
    assert twice.ours == SPANS
    assert twice.theirs == {"openai.assistant.run": 1, "openai.chat": 1}
    assert twice.tokens == RUN + RUN + CHAT
    assert twice.provider_by == "program"
    once = told("traceloop", OPENTELEMETRY, ours_first=ours_first, code="Traceloop")
    assert (once.ours, once.theirs, once.tokens) == (SPANS, {"openai.chat": 1}, RUN + CHAT)


@each_order
def test_openinference_makes_a_span_of_every_call_until_a_sampler_drops_them(
    told: Callable[..., Told], ours_first: bool
) -> None:
    noisy = told("openinference", OPENTELEMETRY, ours_first=ours_first)
    assert noisy.ours == SPANS
    assert noisy.theirs.pop("ChatCompletion") == 1
    assert noisy.theirs.pop("Run") == 6
    assert sum(noisy.theirs.values()) == 4
    assert noisy.tokens == RUN + CHAT, "its spans of assistants carry no tokens"
    assert noisy.provider_by == "program"
    calm = told("openinference", OPENTELEMETRY, ours_first=ours_first, code="OpenInference")
    assert (calm.ours, calm.theirs, calm.tokens) == (SPANS, {"ChatCompletion": 1}, RUN + CHAT)


@each_order
def test_langfuse_and_we_send_different_things(told: Callable[..., Told], ours_first: bool) -> None:
    both = told("langfuse", {"langfuse": {}}, ours_first=ours_first)
    assert (both.ours, both.theirs) == (OBSERVATIONS, {"OpenAI-generation": 1})
    assert both.tokens == RUN + CHAT
    assert both.provider_by == "langfuse"


def test_langfuse_gets_what_is_sent_to_its_provider_until_that_goes_elsewhere(
    told: Callable[..., Told],
) -> None:
    twice = told("langfuse", {"langfuse": {}, **OPENTELEMETRY})
    assert twice.ours == OBSERVATIONS | SPANS
    assert twice.tokens == RUN + RUN + CHAT
    once = told("langfuse", {"langfuse": {}, "opentelemetry": {"endpoint": "COLLECTOR"}})
    assert (once.ours, once.tokens) == (OBSERVATIONS, RUN + CHAT)


@each_order
def test_agentops_counts_tokens_again_until_it_leaves_assistants_to_us(
    told: Callable[..., Told], ours_first: bool
) -> None:
    again = told("agentops", {"agentops": {}}, ours_first=ours_first)
    assert again.ours == SESSION
    # A chat completion it tells twice, of its own accord.
    chat = {"openai.chat.completion": 2}
    calls = {"openai.runs.create": 1, "openai.runs.retrieve": 4, "openai.messages.list": 1}
    assert again.theirs == {**calls, **chat, "openai.assistants.create": 1}
    assert again.tokens == RUN + RUN + 2 * CHAT
    assert again.provider_by == "agentops"

    unwrap = {"agentops": {"native_instrumentation": "unwrap"}}
    unwrapped = told("agentops", unwrap, ours_first=ours_first)
    assert (unwrapped.ours, unwrapped.tokens) == (SESSION, RUN + 2 * CHAT)
    assert unwrapped.theirs == {"openai.assistants.create": 1, **chat}, "the first call, at most"

    options = {"instrument_llm_calls": False}
    off = told("agentops", {"agentops": {}}, ours_first=ours_first, options=options)
    assert (off.ours, off.theirs, off.tokens) == (SESSION, {}, RUN)


def test_agentops_gets_what_is_sent_to_its_provider_until_that_goes_elsewhere(
    told: Callable[..., Told],
) -> None:
    options = {"instrument_llm_calls": False}
    twice = told("agentops", {"agentops": {}, **OPENTELEMETRY}, options=options)
    assert (twice.ours, twice.tokens) == (SESSION | SPANS, RUN + RUN)
    elsewhere = {"agentops": {}, "opentelemetry": {"endpoint": "COLLECTOR"}}
    once = told("agentops", elsewhere, options=options)
    assert (once.ours, once.tokens) == (SESSION, RUN)


@pytest.mark.parametrize(
    ("tool", "exporters", "ours", "theirs"),
    [
        ("agentops", {"agentops": {}}, SESSION, {"openai.chat.completion": 2}),
        ("langfuse", {"langfuse": {}}, OBSERVATIONS, {"OpenAI-generation": 1}),
        # Ours for OpenTelemetry heeds it as well.
        ("openinference", OPENTELEMETRY, {}, {"ChatCompletion": 1}),
        ("traceloop", OPENTELEMETRY, {}, {"openai.chat": 1}),
    ],
)
def test_suppressed_the_tool_is_silent_for_as_long(
    told: Callable[..., Told], tool: str, exporters: Any, ours: Any, theirs: Any
) -> None:
    silent = told(tool, exporters, suppressed=True)
    assert (silent.ours, silent.theirs) == (ours, theirs)


def test_the_page_tells_of_the_versions_that_are_tested(tmp_path: Path) -> None:
    packages = dict(re.findall(r"\(`([a-z-]+)` (\d+\.\d+\.\d+)", PAGE.read_text(encoding="utf-8")))
    assert packages.keys() == PACKAGES.keys()
    for package, tool in PACKAGES.items():
        program = f"import importlib.metadata as m; print(m.version({package!r}), m.version('openai'))"
        installed = run(environment_of(tool), tmp_path, "-c", program).stdout.split()
        assert installed == [packages[package], "3.54.0"]
