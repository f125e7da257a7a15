"""A tool loop: a call's output is recorded with the response that asked for it, however the app chains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

import threadtrail
from driving import drained, resolved
from threadtrail.events import RunCreated, RunEnded, ToolCallCompleted, ToolCallRequested
from threadtrail.testing import capture
from threadtrail.testing.server import (
    CustomToolCall,
    FunctionCall,
    LocalShellCall,
    McpApprovalRequest,
    RunScript,
    ToolCalls,
    server_error,
)

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured

pytestmark = pytest.mark.usefixtures("strict")
QUESTION = {"role": "user", "content": "How is the weather?"}
WEATHER = ToolCalls(FunctionCall("get_weather", '{"city": "Paris"}'), FunctionCall("get_time", "{}"))


def outputs(response: Any) -> list[dict[str, Any]]:
    """Return the app's outputs for the calls of a response."""
    answers: list[dict[str, Any]] = []
    for item in response.output:
        if item.type == "function_call":
            answers.append({"type": "function_call_output", "call_id": item.call_id, "output": item.name})
        elif item.type == "custom_tool_call":
            answers.append({"type": "custom_tool_call_output", "call_id": item.call_id, "output": "text"})
        elif item.type == "local_shell_call":
            answers.append({"type": "local_shell_call_output", "id": item.call_id, "output": "listed"})
        elif item.type == "mcp_approval_request":
            answer = {"type": "mcp_approval_response", "approval_request_id": item.id, "approve": True}
            answers.append(answer)
    return answers


async def ask(client: Any, *, stream: bool = False, **options: Any) -> Any:
    """Create a response; return it, also if it was streamed."""
    made = await resolved(client.responses.create(model="gpt-4o", stream=stream, **options))
    return (await drained(made))[-1].response if stream else made


class Chaining:
    """An app that chains its responses in one of three ways."""

    def __init__(self, client: Any, style: str, *, stream: bool) -> None:
        self.client, self.style, self.stream = client, style, stream
        self.history: list[Any] = []
        self.options: dict[str, Any] = {}

    async def send(self, *items: Any) -> Any:
        if self.style == "conversation" and not self.options:
            made = await resolved(self.client.conversations.create())
            self.options = {"conversation": made.id}
        self.history += items
        given = self.history if self.style == "whole input" else list(items)
        response = await ask(self.client, stream=self.stream, input=given, **self.options)
        if self.style == "previous_response_id":
            self.options = {"previous_response_id": response.id}
        self.history += [item.to_dict() for item in response.output]
        return response


@pytest.fixture(params=["previous_response_id", "conversation", "whole input"])
def style(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["plain", "streamed"])
def stream(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def check_once(captured: Captured) -> None:
    """Each call was asked for once, and completed once."""
    asked = [event.tool_call.id for event in captured.of(ToolCallRequested)]
    answered = [event.tool_call.id for event in captured.of(ToolCallCompleted)]
    assert len(asked) == len(set(asked))
    assert len(answered) == len(set(answered))


async def test_outputs_stand_on_the_response_that_asked(
    any_client: Any, server: AssistantsServer, style: str, stream: bool
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture() as captured:
        app = Chaining(any_client, style, stream=stream)
        asked = await app.send(QUESTION)
        answered = await app.send(*outputs(asked))
        first, second = captured.runs
        check_once(captured)
        assert len(captured.of(ToolCallCompleted)) == 2
    assert (first.id, second.id) == (asked.id, answered.id)
    assert [(call.name, call.output) for call in first.tool_calls] == [
        ("get_weather", "get_weather"),
        ("get_time", "get_time"),
    ]
    assert first.answered_at is not None
    assert first.ended_at is not None
    for call in first.tool_calls:
        assert call.started_at is not None
        assert call.ended_at is not None
        assert first.answered_at < call.ended_at <= first.ended_at
        assert call.seen_live
    # Parallel calls: each lasted until the request that brought its output, whatever stands before it.
    completed = {event.tool_call.id: event.tool_call for event in captured.of(ToolCallCompleted)}
    assert [(call.started_at, call.ended_at) for call in first.tool_calls] == [
        (completed[call.id].started_at, completed[call.id].ended_at) for call in first.tool_calls
    ]
    assert (first.turn_id, first.answers) == (first.id, ())
    assert (second.turn_id, second.answers) == (first.id, (first.id,))
    assert [event.turn_id for event in captured.of(RunCreated)] == [first.id, first.id]


async def test_the_same_outputs_for_ten_turns(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture() as captured:
        app = Chaining(any_client, "whole input", stream=False)
        await app.send(*outputs(await app.send(QUESTION)))
        server.script(RunScript("More."))
        for _ in range(10):
            await app.send(QUESTION)
        check_once(captured)
        runs = captured.runs
        assert len(captured.of(ToolCallCompleted)) == 2
    assert len(runs) == 12
    assert [run.turn_id for run in runs[2:]] == [run.id for run in runs[2:]]


async def test_a_request_that_failed_links_again(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture() as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        asked = await app.send(QUESTION)
        server.inject(server_error(400), "responses.create")
        with pytest.raises(openai.BadRequestError):
            await app.send(*outputs(asked))
        await app.send(*outputs(asked))
        first, second = captured.runs
        check_once(captured)
    assert second.turn_id == first.id
    assert all(call.output for call in first.tool_calls)


async def test_calls_answered_by_different_responses(any_client: Any, server: AssistantsServer) -> None:
    calls = ToolCalls(
        FunctionCall("get_weather", "{}", extra={"async": True}), FunctionCall("get_time", "{}")
    )
    server.script(RunScript(calls, "Wait.", "Fine."))
    with capture() as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        asked = await app.send(QUESTION)
        weather, time = outputs(asked)
        await app.send(time)
        assert [event.run.turn_id for event in captured.of(RunEnded)] == [asked.id, asked.id]
        await app.send(weather)
        check_once(captured)
        assert len(captured.of(ToolCallCompleted)) == 2


async def test_outputs_put_into_the_conversation(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture() as captured:
        made = await resolved(any_client.conversations.create())
        asked = await ask(any_client, input=[QUESTION], conversation=made.id)
        await resolved(any_client.conversations.items.create(made.id, items=outputs(asked)))
        await ask(any_client, input=[], conversation=made.id)
        first, second = captured.runs
        check_once(captured)
    assert [call.output for call in first.tool_calls] == ["get_weather", "get_time"]
    assert second.turn_id == first.id


@pytest.mark.parametrize(
    ("call", "kind", "output"),
    [
        (CustomToolCall("write", "x"), "custom", "text"),
        (LocalShellCall(["ls"]), "local_shell", "listed"),
        (McpApprovalRequest("delete"), "mcp_approval", "approved"),
    ],
    ids=["custom", "local_shell", "approval"],
)
async def test_other_calls(
    any_client: Any, server: AssistantsServer, call: Any, kind: str, output: str
) -> None:
    server.script(RunScript(ToolCalls(call), "Fine."))
    with capture() as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        await app.send(*outputs(await app.send(QUESTION)))
        first, _ = captured.runs
        (made,) = first.tool_calls
    assert (made.kind, made.output) == (kind, output)
    assert made.approved is (True if kind == "mcp_approval" else None)


async def test_published_while_it_waits(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture() as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        asked = await app.send(QUESTION)
        threadtrail.flush(60)
        (first,) = captured.runs
        assert [call.ended_at for call in first.tool_calls] == [None, None]
        assert captured.of(ToolCallCompleted) == []
        await app.send(*outputs(asked))
        late = captured.of(ToolCallCompleted)
        assert [event.run_id for event in late] == [first.id, first.id]
        assert [event.tool_call.output for event in late] == ["get_weather", "get_time"]
        assert len(captured.runs) == 2
        check_once(captured)


async def test_never_answered(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture() as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        await app.send(QUESTION)
    assert len(captured.of(RunEnded)) == 1
    completed = captured.of(ToolCallCompleted)
    assert [(event.tool_call.output, event.tool_call.error) for event in completed] == [(None, None)] * 2


async def test_nobody_waits_where_that_is_said(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture(tool_wait_seconds=0) as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        await app.send(*outputs(await app.send(QUESTION)))
        first, second = captured.runs
        assert [call.output for call in first.tool_calls] == [None, None]
        assert len(captured.of(ToolCallCompleted)) == 2
    assert second.turn_id == first.id
