"""A program with another tool, and threadtrail's exporters to the same backend: who sends what.

    python -m layered.side_by_side '{"tool": "agentops", "exporters": {"agentops": {}}}'

See `Case` for what else can be said of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from openai import OpenAI
from opentelemetry import trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import TracerProvider

import threadtrail
from differential.chat_server import ChatServer
from differential.play_chat import QUESTION
from driving import outputs_for
from layered.beside import SETTLE_SECONDS
from layered.page import code_under
from layered.tools import TOOLS, receiver_of
from threadtrail.testing import AssistantsServer
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from layered.tools import Tool

SCRIPT = RunScript(
    ToolCalls(FunctionCall("get_weather", {"city": "Oslo"}), usage=Usage(180, 40)),
    Message("4 degrees.", usage=Usage(260, 12)),
    polls=[2, 2],
)
TOKENS = ("input_tokens", "output_tokens", "prompt_tokens", "completion_tokens")
OF_THEIRS = ("openai.", "OpenAI-generation", "Assistant", "Thread", "Run", "Sync", "ChatCompletion")
"""How the tools' own names begin, for calls to the SDK."""


@dataclass
class Case:
    """What is on. `code` is a heading of the page, whose Python code runs `before` or `after` the tool's own.

    `COLLECTOR` among an exporter's options stands for the address of a collector that is nobody else's.
    `ours_first`: threadtrail is switched on first. `suppressed`: the calls about assistants are made with
    instrumentation suppressed, as OpenTelemetry offers it.
    """

    tool: str
    exporters: dict[str, dict[str, Any]]
    options: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    ours_first: bool = False
    suppressed: bool = False


def ask(client: OpenAI) -> int:
    """A run with a function call, polled by hand; its steps and messages are listed. Returns its tokens."""
    threads = client.beta.threads
    assistant = client.beta.assistants.create(name="Weather", model="gpt-4o")
    thread = threads.create(messages=[{"role": "user", "content": "How cold is it in Oslo?"}])
    run: Any = threads.runs.create(thread_id=thread.id, assistant_id=assistant.id)
    while run.status not in {"completed", "requires_action"}:
        run = threads.runs.retrieve(run.id, thread_id=thread.id)
    run = threads.runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs_for(run))  # type: ignore[arg-type]  # the SDK's TypedDict
    while run.status != "completed":
        run = threads.runs.retrieve(run.id, thread_id=thread.id)
    threads.runs.steps.list(run.id, thread_id=thread.id)
    threads.messages.list(thread_id=thread.id)
    return int(run.usage.total_tokens)


def main() -> None:
    """Run the program that the command line describes, and print what the backend got."""
    case = Case(**json.loads(sys.argv[1]))
    tool = TOOLS[case.tool](**case.options)
    with AssistantsServer(SCRIPT) as server, ChatServer() as chat:
        providers = switch_on(case, tool)
        client = OpenAI(base_url=server.base_url, api_key="sk-local")
        with suppress_instrumentation() if case.suppressed else contextlib.nullcontext():
            tokens = ask(client)
        OpenAI(base_url=chat.base_url, api_key="sk-local").chat.completions.create(**QUESTION)
        flushed = threadtrail.flush(20.0)
        tool.flush()
    told = {
        "flushed": flushed,
        "tokens of the run": tokens,
        "lost": sum(lane.lost for lane in threadtrail.status().exporters.values()),
        "global provider by": providers,
        **backend(tool, case.tool),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    os._exit(0)  # AgentOps would send metrics to the internet at its exit


def switch_on(case: Case, tool: Tool) -> str:
    """Switch on, in the order of the case; return who has set OpenTelemetry's global tracer provider."""

    exporters = json.dumps(case.exporters)
    if "COLLECTOR" in exporters:
        exporters = exporters.replace("COLLECTOR", receiver_of("langfuse").url)  # it takes any OTLP

    def ours() -> None:
        threadtrail.instrument(exporters=json.loads(exporters), settle_seconds=SETTLE_SECONDS)

    program = compile(code_under(case.code), "the page", "exec") if case.code else None
    names: dict[str, Any] = {}
    if program and case.tool == "openinference":  # its code makes the provider
        exec(program, names)  # noqa: S102 - our own page
        trace.set_tracer_provider(names["provider"])
    tool.prepare()
    setter = "program" if isinstance(trace.get_tracer_provider(), TracerProvider) else "nobody"
    steps = {case.tool: tool.on, "threadtrail": ours}
    for name in sorted(steps, key=lambda name: (name == "threadtrail") is not case.ours_first):
        steps[name]()
        if setter == "nobody" and isinstance(trace.get_tracer_provider(), TracerProvider):
            setter = name
    tool.wait()
    if program and not names:
        exec(program, names)  # noqa: S102 - our own page
    return setter


def backend(tool: Tool, name: str) -> dict[str, Any]:
    """The names of what is ours and of what is theirs, and all tokens, as the backend has them."""
    if name == "langfuse":
        observations = tool.receiver.observations
        spans = [(each.name, each.attributes | (each.usage or {})) for each in observations]
    elif name == "agentops":
        spans = [(each.name, each.attributes) for each in tool.receiver.spans]
    else:
        spans = [(each.name, dict(each.attributes or {})) for each in tool.spans]
    return {
        "ours": Counter(name for name, _ in spans if not name.startswith(OF_THEIRS)),
        "theirs": Counter(name for name, _ in spans if name.startswith(OF_THEIRS)),
        "tokens": sum(_tokens(attributes) for _, attributes in spans),
    }


def _tokens(attributes: dict[str, Any]) -> int:
    """The tokens that a span tells, by whichever convention; Langfuse's parts add up to its total."""
    if "total" in attributes:
        return int(attributes["total"])
    found = [attributes.get(name, attributes.get(f"gen_ai.usage.{name}", 0)) for name in TOKENS]
    found += [attributes.get(f"llm.token_count.{name}", 0) for name in ("prompt", "completion")]
    return int(sum(found))


if __name__ == "__main__":
    main()
