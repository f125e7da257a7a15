"""Each way in which an app uses Responses gives as many runs, and as many tokens, as there really were.

The scenarios are those in which tools for Langfuse, OpenTelemetry, AgentOps and others were compared; every
response costs 100 input tokens.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openai
import pydantic
import pytest

from driving import drained, each, entered, resolved
from threadtrail.events import RunEnded
from threadtrail.testing import capture
from threadtrail.testing.server import (
    CodeInterpreterCall,
    DropStream,
    Failed,
    Incomplete,
    McpCall,
    Message,
    RunScript,
    StreamError,
    ToolCalls,
    Usage,
    WebSearchCall,
)

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run

USAGE = Usage(100, 20)
ASK: dict[str, Any] = {"model": "gpt-4o", "input": "hi"}


def script(*steps: Any, **options: Any) -> RunScript:
    given: dict[str, Any] = {"usage": USAGE, "polls": 5, **options}
    return RunScript(*(steps or (Message("One, two, three."),)), **given)


@dataclass(frozen=True)
class Scenario:
    """What an app does, what the server does, and what is true of it.

    ``play`` may return the input tokens, where the server has its own number.
    """

    play: Callable[[Any], Awaitable[object]]
    script: RunScript
    runs: int = 1
    input_tokens: int = 100
    error: bool = False
    finished: bool = True
    tools: tuple[str, ...] = ()
    fault: Any = None


async def polled(client: Any, identity: str) -> Any:
    while (found := await resolved(client.responses.retrieve(identity))).status in {"queued", "in_progress"}:
        pass
    return found


async def create(client: Any) -> None:
    await resolved(client.responses.create(**ASK))


async def stream(client: Any) -> None:
    await drained(await resolved(client.responses.create(**ASK, stream=True)))


async def manager(client: Any) -> None:
    async with entered(client.responses.stream(**ASK)) as events:
        await drained(events)
        await resolved(events.get_final_response())


async def manager_left(client: Any) -> None:
    async with entered(client.responses.stream(**ASK)) as events:
        async for event in each(events):
            if event.type == "response.output_text.delta":
                break


class Answer(pydantic.BaseModel):
    number: int


async def parse(client: Any) -> None:
    parsed = await resolved(client.responses.parse(**ASK, text_format=Answer))
    assert parsed.output_parsed == Answer(number=7)


async def parse_what_does_not_validate(client: Any) -> None:
    with pytest.raises(pydantic.ValidationError):
        await resolved(client.responses.parse(**ASK, text_format=Answer))


async def background(client: Any) -> None:
    begun = await resolved(client.responses.create(**ASK, background=True))
    await polled(client, begun.id)


async def looked_at_again(client: Any) -> None:
    begun = await resolved(client.responses.create(**ASK, background=True))
    await polled(client, begun.id)
    for _ in range(3):
        await resolved(client.responses.retrieve(begun.id))
    await drained(await resolved(client.responses.retrieve(begun.id)))


async def never_looked_at(client: Any) -> None:
    await resolved(client.responses.create(**ASK, background=True))


async def cancelled(client: Any) -> None:
    begun = await resolved(client.responses.create(**ASK, background=True))
    await resolved(client.responses.cancel(begun.id))
    await resolved(client.responses.cancel(begun.id))
    await polled(client, begun.id)


async def broken_and_resumed(client: Any) -> None:
    events = await resolved(client.responses.create(**ASK, stream=True, background=True))
    identity, last = "", 0
    async for event in each(events):
        identity = identity or event.response.id
        last = event.sequence_number
        if event.type == "response.output_text.delta":
            break
    await resolved(events.close())
    again = client.responses.retrieve(identity, stream=True, starting_after=last)
    await drained(await resolved(again))


async def conversation(client: Any) -> None:
    made = await resolved(client.conversations.create(metadata={"topic": "x"}))
    item = {"type": "message", "role": "user", "content": "before"}
    await resolved(client.conversations.items.create(made.id, items=[item]))
    await resolved(client.responses.create(**ASK, conversation=made.id))


async def cut(client: Any) -> None:
    with contextlib.suppress(openai.APIError):
        await stream(client)


async def raw(client: Any) -> None:
    (await resolved(client.responses.with_raw_response.create(**ASK))).parse()


async def raw_stream(client: Any) -> None:
    response = await resolved(client.responses.with_raw_response.create(**ASK, stream=True))
    await drained(response.parse())


async def streaming_response(client: Any) -> None:
    async with entered(client.responses.with_streaming_response.create(**ASK)) as response:
        await resolved(response.parse())


async def streaming_response_read(client: Any) -> None:
    async with entered(client.responses.with_streaming_response.create(**ASK)) as response:
        json.loads(await resolved(response.read()))


async def compact(client: Any) -> int:
    compacted = await resolved(client.responses.compact(model="gpt-4o", input="a long story"))
    tokens: int = compacted.usage.input_tokens
    return tokens


async def beta(client: Any) -> None:
    await resolved(client.beta.responses.create(**ASK))


HOSTED = ToolCalls(
    WebSearchCall("weather"), CodeInterpreterCall("1+1", logs="2"), McpCall("m", "read", "{}", error="no")
)

SCENARIOS = {
    "create": Scenario(create, script()),
    "create(stream=True)": Scenario(stream, script()),
    "stream() manager": Scenario(manager, script()),
    "parse": Scenario(parse, script(Message('{"number": 7}'))),
    "background, 5 polls": Scenario(background, script()),
    "an old response retrieved again": Scenario(looked_at_again, script()),
    "background stream broken, resumed": Scenario(broken_and_resumed, script()),
    "background cancelled": Scenario(cancelled, script(), input_tokens=0),
    "conversation + items + create": Scenario(conversation, script()),
    "failed, HTTP 200": Scenario(create, script(end=Failed(), usage=None), input_tokens=0, error=True),
    "background, then failed": Scenario(
        background, script(end=Failed(), usage=None), input_tokens=0, error=True
    ),
    "incomplete": Scenario(create, script(end=Incomplete())),
    "stream cut": Scenario(
        cut, script(), input_tokens=0, error=True, finished=False, fault=DropStream(after_events=8)
    ),
    "stream with an error event": Scenario(
        cut, script(), input_tokens=0, error=True, finished=False, fault=StreamError(after_events=8)
    ),
    "raw create, parse()": Scenario(raw, script()),
    "raw create(stream=True), parse()": Scenario(raw_stream, script()),
    "with_streaming_response, parse()": Scenario(streaming_response, script()),
    "with_streaming_response, read()": Scenario(streaming_response_read, script()),
    "background, never looked at": Scenario(never_looked_at, script(), input_tokens=0, finished=False),
    "manager, break": Scenario(manager_left, script(), input_tokens=0, finished=False),
    "parse, answer does not validate": Scenario(parse_what_does_not_validate, script(Message("seven"))),
    "compact": Scenario(compact, script()),
    "beta.responses.create": Scenario(beta, script()),
    "web search + code interpreter + failed MCP call": Scenario(
        create, script(HOSTED, Message("done")), tools=("web_search", "code_interpreter", "mcp")
    ),
}


@pytest.mark.usefixtures("strict")
@pytest.mark.parametrize("name", SCENARIOS)
async def test_runs_and_tokens(name: str, any_client: Any, server: AssistantsServer) -> None:
    scenario = SCENARIOS[name]
    server.script(scenario.script)
    if scenario.fault is not None:
        server.inject(scenario.fault, "responses.create")
    with capture() as captured:
        costs = await scenario.play(any_client)
    runs: list[Run] = [event.run for event in captured.events if isinstance(event, RunEnded)]
    assert len(runs) == scenario.runs
    spent = sum(run.usage.input_tokens for run in runs if run.usage)
    assert spent == (scenario.input_tokens if costs is None else costs)
    assert all((run.error is not None) is scenario.error for run in runs)
    assert all(run.finished is scenario.finished for run in runs)
    assert tuple(call.kind for run in runs for call in run.tool_calls) == scenario.tools
    assert {run.source for run in runs} == {"openai.responses"}
