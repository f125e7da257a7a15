"""The 26 ways to use Responses by which tools are compared: what the app and the server do, and the truth.

Every response costs 100 input tokens, once. The tests compare what threadtrail records with the truth;
``python -m peer_table`` shows what other tools record.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from peer_table import apps

from threadtrail.testing.server import (
    CodeInterpreterCall,
    DropStream,
    EditBody,
    Failed,
    Fault,
    FunctionCall,
    Incomplete,
    McpCall,
    Message,
    OpenAIServer,
    RunScript,
    StreamError,
    ToolCalls,
    Usage,
    WebSearchCall,
)

USAGE = Usage(100, 20)
POLLS = 5

App = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What should be recorded, and nothing else.

    Attributes:
        runs: how many responses the app made.
        input_tokens: what they cost; ``None`` if the server never reported it, so that nobody can know.
        tools: the kinds of the tool calls, in order.
        error: whether something failed: a response, a stream, or the parsing of an answer.
        finished: whether the app saw the end of the response.
    """

    runs: int = 1
    input_tokens: int | None = 100
    tools: tuple[str, ...] = ()
    error: bool = False
    finished: bool = True


ONE = Truth()


def script(*steps: Any, **options: Any) -> RunScript:
    """Return what a response does: an answer, if no steps are given."""
    given: dict[str, Any] = {"usage": USAGE, "polls": POLLS, **options}
    return RunScript(*(steps or (Message("Sunny, with 22 degrees."),)), **given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What the app does, what the server does, and what should be recorded.

    Attributes:
        app: a function of `apps`.
        truth: what should be recorded.
        script: what each response does.
        faults: the faults of the server, by the operation in which they happen.
        before: what another process does first: a function of `apps` that returns an id for the app.
        needs: the method of a client that an SDK's version must have for this scenario.
    """

    app: App
    truth: Truth = ONE
    script: RunScript = field(default_factory=script)
    faults: dict[Any, Fault] = field(default_factory=dict)
    before: App | None = None
    needs: str = "responses.create"

    def prepare(self, server: OpenAIServer) -> None:
        """Make the server play its part, from its next request on."""
        server.script(self.script)
        for operation, fault in self.faults.items():
            server.inject(fault, operation)


def _failing() -> RunScript:
    return script(end=Failed(), usage=None)


def _costs_as_much(compaction: Any) -> Any:
    usage = compaction["usage"]
    total = USAGE.prompt_tokens + usage["output_tokens"]
    return {**compaction, "usage": {**usage, "input_tokens": USAGE.prompt_tokens, "total_tokens": total}}


_LOOP = script(ToolCalls(FunctionCall("get_weather", {})), Message("Warm."))
_LOOP_TRUTH = Truth(runs=2, input_tokens=200, tools=("function",))
_FAILED = Truth(input_tokens=0, error=True)
_BROKEN = Truth(input_tokens=None, error=True, finished=False)
_HOSTED = ToolCalls(
    WebSearchCall("weather"), CodeInterpreterCall("1+1", logs="2"), McpCall("maps", "read", "{}", error="no")
)

SCENARIOS = {
    "create": Scenario(app=apps.create),
    "create(stream=True)": Scenario(app=apps.stream),
    "stream() manager": Scenario(app=apps.manager),
    "parse": Scenario(app=apps.parse, script=script(Message('{"number": 7}')), needs="responses.parse"),
    "background, 5 polls": Scenario(app=apps.background),
    "background of another process, 5 polls": Scenario(app=apps.finish, before=apps.begin),
    "an old response retrieved 3 times": Scenario(
        app=apps.look_again, before=apps.old, truth=Truth(runs=0, input_tokens=0)
    ),
    "tool loop, previous_response_id": Scenario(app=apps.loop_by_id, script=_LOOP, truth=_LOOP_TRUTH),
    "tool loop, whole input, store=False": Scenario(app=apps.loop_by_input, script=_LOOP, truth=_LOOP_TRUTH),
    "background stream broken, resumed": Scenario(app=apps.resumed),
    "background cancelled": Scenario(app=apps.cancelled, truth=Truth(input_tokens=0)),
    "conversation + items + create": Scenario(app=apps.conversation, needs="conversations.create"),
    "failed, HTTP 200": Scenario(app=apps.create, script=_failing(), truth=_FAILED),
    "background, then failed": Scenario(app=apps.background, script=_failing(), truth=_FAILED),
    "incomplete (max_output_tokens)": Scenario(app=apps.create, script=script(end=Incomplete())),
    "stream cut": Scenario(
        app=apps.stream_that_breaks, faults={"responses.create": DropStream(after_events=8)}, truth=_BROKEN
    ),
    "stream with an `error` event": Scenario(
        app=apps.stream,
        faults={"responses.create": StreamError(after_events=8, wrapped=False)},
        truth=_BROKEN,
    ),
    "raw create, parse()": Scenario(app=apps.raw),
    "raw create(stream=True), parse()": Scenario(app=apps.raw_stream),
    "with_streaming_response, parse()": Scenario(app=apps.streaming_response),
    "background, never looked at": Scenario(app=apps.begin, truth=Truth(input_tokens=0, finished=False)),
    "manager, break": Scenario(app=apps.manager_left, truth=Truth(input_tokens=None, finished=False)),
    "parse, answer does not validate": Scenario(
        app=apps.parse_what_does_not_validate,
        script=script(Message("seven")),
        truth=Truth(error=True),
        needs="responses.parse",
    ),
    "compact": Scenario(
        app=apps.compact, faults={"responses.compact": EditBody(_costs_as_much)}, needs="responses.compact"
    ),
    "beta.responses.create": Scenario(app=apps.beta, needs="beta.responses.create"),
    "web search + code interpreter + failed MCP call": Scenario(
        app=apps.create,
        script=script(_HOSTED, Message("Done.")),
        truth=Truth(tools=("web_search", "code_interpreter", "mcp")),
    ),
}
