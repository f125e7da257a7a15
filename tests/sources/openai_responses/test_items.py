"""The output items of a response become steps, tool calls and messages; unknown ones are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from driving import drained, resolved
from threadtrail.events import StepCompleted, StepCreated, ToolCallCompleted, ToolCallRequested
from threadtrail.sources.openai_responses.calls import CALLS
from threadtrail.testing import capture
from threadtrail.testing.server import (
    CodeInterpreterCall,
    CustomToolCall,
    FileSearchCall,
    FunctionCall,
    ImageGenerationCall,
    Incomplete,
    McpApprovalRequest,
    McpCall,
    McpListTools,
    Message,
    Reasoning,
    Refusal,
    RunScript,
    ToolCalls,
    Usage,
    WebSearchCall,
)
from threadtrail.values import OtherPart, ReasoningPart, RefusalPart

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured
    from threadtrail.values import Run, ToolCall

pytestmark = pytest.mark.usefixtures("strict")
ASK: dict[str, Any] = {"model": "gpt-4o", "input": "hi"}


@pytest.fixture(params=["plain", "stream", "background"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def recorded(client: Any, how: str) -> tuple[Run, Captured]:
    with capture() as captured:
        if how == "stream":
            await drained(await resolved(client.responses.create(**ASK, stream=True)))
        else:
            response = await resolved(client.responses.create(**ASK, background=how == "background"))
            while response.status in {"queued", "in_progress"}:
                response = await resolved(client.responses.retrieve(response.id))
        return captured.run(), captured


async def calls_of(client: Any, server: AssistantsServer, how: str, *calls: Any) -> tuple[ToolCall, ...]:
    server.script(RunScript(ToolCalls(*calls), Message("Done.")))
    run, captured = await recorded(client, how)
    for ids in (
        [event.tool_call.id for event in captured.of(ToolCallRequested)],
        [event.step.id for event in captured.of(StepCreated)],
        [event.step.id for event in captured.of(StepCompleted)],
    ):
        assert len(set(ids)) == len(ids)
    return run.tool_calls


async def test_hosted_tools(any_client: Any, server: AssistantsServer, how: str) -> None:
    search, files, code, read, failed = await calls_of(
        any_client,
        server,
        how,
        WebSearchCall("weather in Paris"),
        FileSearchCall(queries=["prices"]),
        CodeInterpreterCall("1 + 1", logs="2"),
        McpCall("read", '{"page": 1}', output="text", server_label="docs"),
        McpCall("write", error={"code": "denied", "message": "not allowed"}, server_label="docs"),
    )
    assert (search.kind, search.name, search.arguments) == ("web_search", "web_search", "weather in Paris")
    assert (files.kind, files.arguments) == ("file_search", "prices")
    assert (code.kind, code.arguments) == ("code_interpreter", "1 + 1")
    assert (read.kind, read.name, read.server_label) == ("mcp", "read", "docs")
    assert (read.arguments, read.output, read.error) == ('{"page": 1}', "text", None)
    assert failed.error is not None
    assert failed.error.message is not None
    assert "not allowed" in failed.error.message
    assert {call.executed_by for call in (search, files, code, read, failed)} == {"server"}
    assert all(call.ended_at is not None for call in (search, files, code, read, failed))
    if how == "stream":
        assert all(call.seen_live and call.started_at for call in (search, files, code, read, failed))


async def test_calls_of_the_app_stay_open(any_client: Any, server: AssistantsServer, how: str) -> None:
    server.script(
        RunScript(
            ToolCalls(
                FunctionCall("get_weather", '{"city": "Paris"}'),
                CustomToolCall("write", "text"),
            ),
            Message("Done."),
        )
    )
    run, captured = await recorded(any_client, how)
    weather, write = run.tool_calls
    assert (weather.kind, weather.name, weather.executed_by) == ("function", "get_weather", "client")
    assert weather.arguments == '{"city": "Paris"}'
    assert weather.id.startswith("call_")
    assert weather.item_id is not None
    assert (write.kind, write.name, write.arguments) == ("custom", "write", "text")
    assert weather.ended_at is None
    assert weather.output is None
    assert len(captured.of(ToolCallRequested)) == 2
    # Nobody answered them until the program left.
    assert [event.tool_call.output for event in captured.of(ToolCallCompleted)] == [None, None]
    assert (run.status, run.finished) == ("completed", True)


async def test_a_person_is_asked(any_client: Any, server: AssistantsServer, how: str) -> None:
    (call,) = await calls_of(any_client, server, how, McpApprovalRequest("delete", server_label="docs"))
    assert (call.kind, call.executed_by, call.server_label) == ("mcp_approval", "human", "docs")


async def test_reasoning_and_refusal(any_client: Any, server: AssistantsServer, how: str) -> None:
    server.script(RunScript(Reasoning(["I think."]), Message(Refusal("I will not."))))
    run, _ = await recorded(any_client, how)
    thought, said = run.steps
    assert (thought.kind, thought.index, said.kind, said.index) == ("reasoning", 0, "message", 1)
    assert ReasoningPart(text="I think.") in thought.parts
    assert run.output[0].parts == (RefusalPart(refusal="I will not."),)
    assert said.message_id == run.output[0].id


async def test_images_are_recorded_by_their_size(any_client: Any, server: AssistantsServer, how: str) -> None:
    (call,) = await calls_of(any_client, server, how, ImageGenerationCall())
    assert call.kind == "image_generation"
    (image,) = call.results
    assert image["size_bytes"] > 0
    assert "result" not in image


async def test_tools_of_a_server_are_listed(any_client: Any, server: AssistantsServer, how: str) -> None:
    server.script(RunScript(ToolCalls(McpListTools()), Message("Done.")))
    run, _ = await recorded(any_client, how)
    assert [step.kind for step in run.steps] == ["mcp_list_tools", "message"]
    assert run.tool_calls == ()


async def test_a_call_that_was_cut_is_never_answered(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("f", '{"a": ')), end=Incomplete()))
    run, captured = await recorded(any_client, "plain")
    (call,) = run.tool_calls
    assert run.incomplete_reason == "max_output_tokens"
    assert call.error is not None
    assert call.error.type == "incomplete"
    assert len(captured.of(ToolCallCompleted)) == 1


async def test_usage_and_what_tools_cost(any_client: Any, server: AssistantsServer, how: str) -> None:
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 8},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 130,
    }
    billed = {"web_search": {"num_requests": 2}}
    server.script(RunScript("x", usage=usage, tool_usage=billed))
    run, _ = await recorded(any_client, how)
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.output_tokens, run.usage.total_tokens) == (100, 30, 130)
    assert (run.usage.cached_input_tokens, run.usage.cache_write_input_tokens) == (40, 8)
    assert run.usage.reasoning_tokens == 20
    assert dict(run.tool_usage) == billed


async def test_usage_that_is_left_out(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", usage={"input_tokens": 7.0, "output_tokens": 2}))
    run, _ = await recorded(any_client, "plain")
    assert run.usage is not None
    assert (run.usage.input_tokens, run.usage.total_tokens) == (7, 9)
    assert run.usage.cached_input_tokens is None


def test_every_kind_of_call_has_its_own_name() -> None:
    assert len({kind.kind for kind in CALLS.values()}) == len(CALLS)


async def test_unknown_items_are_kept(any_client: Any, server: AssistantsServer, how: str) -> None:
    item = {"type": "telepathy_call", "id": "tp_1", "thought": "blue"}
    server.script(RunScript(item, "Done.", usage=Usage(1, 1)))
    run, _ = await recorded(any_client, how)
    step = run.steps[0]
    assert (step.id, step.kind, step.tool_calls) == ("tp_1", "telepathy_call", ())
    (part,) = step.parts
    assert isinstance(part, OtherPart)
    assert (part.type, part.data["thought"]) == ("telepathy_call", "blue")
