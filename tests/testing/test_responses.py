"""Responses: created, polled, listed, cancelled, deleted, counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AsyncOpenAI, AzureOpenAI, OpenAI
from openai.types.responses import Response

from testing.responses_help import names_of
from threadtrail.testing.server import (
    FunctionCall,
    Gate,
    Hangs,
    Message,
    RunScript,
    ToolCalls,
    Usage,
)

if TYPE_CHECKING:
    from threadtrail.testing.server import OpenAIServer


def test_echo(client: OpenAI, server: OpenAIServer) -> None:
    response = client.responses.create(model="gpt-4o", input="3x + 11 = 14")
    Response.model_validate(response.to_dict())
    assert response.output_text == "You said: 3x + 11 = 14"
    assert (response.status, response.background, response.error) == ("completed", False, None)
    assert response.completed_at is not None
    assert response.usage is not None
    assert response.usage.total_tokens == 30
    assert [request.operation for request in server.requests] == ["responses.create"]


def test_what_is_echoed(client: OpenAI) -> None:
    schema: Any = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    asked: dict[str, Any] = {
        "model": "gpt-4o",
        "instructions": "Be brief.",
        "metadata": {"k": "v"},
        "tool_choice": "required",
        "temperature": 0.5,
        "max_output_tokens": 100,
        "prompt": {"id": "pmpt_1", "version": "2", "variables": {"a": "b"}},
        "store": False,
    }
    create: Any = client.responses.create
    response = create(input="x", text={"format": schema}, **asked).to_dict()
    assert {name: response[name] for name in asked} == asked
    assert response["text"] == {"format": {"description": None, **schema}, "verbosity": "medium"}
    assert not response.keys() & {"input", "include", "stream"}


def test_tools_are_echoed_with_defaults_and_without_secrets(client: OpenAI) -> None:
    function = {"type": "function", "name": "f", "parameters": {}}
    mcp = {"type": "mcp", "server_label": "wiki", "server_url": "https://e.com", "authorization": "secret"}
    tools: Any = [function, mcp, {"type": "file_search", "vector_store_ids": ["vs_1"]}]
    echoed = client.responses.create(model="gpt-4o", input="x", tools=tools).to_dict()["tools"]
    assert echoed == [
        {"description": None, "strict": True, **function},
        {
            "allowed_tools": None,
            "headers": None,
            "require_approval": "always",
            **{name: value for name, value in mcp.items() if name != "authorization"},
        },
        {"type": "file_search", "vector_store_ids": ["vs_1"]},
    ]


def test_stored_response_can_be_retrieved_and_deleted(client: OpenAI) -> None:
    stored = client.responses.create(model="gpt-4o", input="x")
    assert client.responses.retrieve(stored.id).to_dict() == stored.to_dict()
    client.responses.delete(stored.id)
    not_stored = client.responses.create(model="gpt-4o", input="x", store=False)
    for response in (stored, not_stored):
        with pytest.raises(openai.NotFoundError, match=f"Response with id '{response.id}' not found"):
            client.responses.retrieve(response.id)
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(model="gpt-4o", input="y", previous_response_id=response.id)
        assert caught.value.code == "previous_response_not_found"


def test_background_shows_one_state_per_poll(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("first", "second", polls=4, queued_polls=1))
    response = client.responses.create(model="gpt-4o", input="x", background=True)
    assert (response.status, response.output, response.usage) == ("queued", [], None)
    seen = [client.responses.retrieve(response.id) for _ in range(5)]
    assert [one.status for one in seen] == ["queued", "in_progress", "in_progress", "completed", "completed"]
    assert [len(one.output) for one in seen] == [0, 1, 1, 2, 2]
    raw = client.responses.with_raw_response.retrieve(response.id)
    assert raw.headers["openai-poll-after-ms"] == "5"


def test_background_without_polls_is_over_at_once(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("x", polls=0))
    assert client.responses.create(model="gpt-4o", input="x", background=True).status == "completed"


def test_cancel(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("x", polls=9))
    response = client.responses.create(model="gpt-4o", input="x", background=True)
    client.responses.retrieve(response.id)
    assert client.responses.cancel(response.id).status == "cancelled"
    assert client.responses.cancel(response.id).status == "cancelled"
    assert client.responses.retrieve(response.id).usage is None
    foreground = client.responses.create(model="gpt-4o", input="x")
    with pytest.raises(openai.BadRequestError, match="Cannot cancel a synchronous response"):
        client.responses.cancel(foreground.id)


def test_hanging_response_is_answered_when_it_expires(client: OpenAI, server: OpenAIServer) -> None:
    server.script(RunScript("x", end=Hangs()))
    with pytest.raises(openai.APITimeoutError):
        client.with_options(max_retries=0, timeout=0.05).responses.create(model="gpt-4o", input="x")
    response = client.responses.create(model="gpt-4o", input="x", background=True)
    assert {client.responses.retrieve(response.id).status for _ in range(5)} == {"in_progress"}
    server.expire_run(response.id)
    failed = client.responses.retrieve(response.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "server_error"


def test_input_items_are_paged(client: OpenAI) -> None:
    given: Any = [{"role": "user", "content": str(number)} for number in range(5)]
    response = client.responses.create(model="gpt-4o", input=given)
    page = client.responses.input_items.list(response.id, limit=2, order="asc")
    assert len(page.data) == 2
    listed = [item.to_dict() for item in page]
    assert [item["content"][0]["text"] for item in listed] == ["0", "1", "2", "3", "4"]  # type: ignore[index]  # JSON
    assert len({item["id"] for item in listed}) == 5
    newest = client.responses.input_items.list(response.id).data[0]
    assert newest.to_dict() == listed[-1]


def test_input_tokens_and_compact(client: OpenAI) -> None:
    few = client.responses.input_tokens.count(model="gpt-4o", input="x").input_tokens
    many = client.responses.input_tokens.count(model="gpt-4o", input="x" * 1000).input_tokens
    assert 0 < few < many
    first = client.responses.create(model="gpt-4o", input="remember me")
    compacted = client.responses.compact(model="gpt-4o", previous_response_id=first.id)
    assert [item.type for item in compacted.output] == ["message", "compaction"]
    assert compacted.object == "response.compaction"
    assert compacted.usage.output_tokens == 10


def test_usage_with_its_details(client: OpenAI, server: OpenAIServer) -> None:
    usage = Usage(100, 50, cached_tokens=40, cache_write_tokens=30, reasoning_tokens=20)
    tool_usage = {"web_search": {"num_requests": 2}}
    server.script_next(RunScript(Message("x", usage=usage), Message("y"), tool_usage=tool_usage))
    response = client.responses.create(model="gpt-4o", input="x")
    assert response.usage is not None
    assert response.usage.to_dict() == {
        "input_tokens": 120,
        "input_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 30},
        "output_tokens": 60,
        "output_tokens_details": {"reasoning_tokens": 20},
        "total_tokens": 180,
    }
    assert response.to_dict()["tool_usage"] == tool_usage


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input": "x"}, "Missing required parameter: 'model'"),
        ({"model": "m"}, 'One of "input" or "previous_response_id"'),
        ({"model": "m", "input": 3}, "Invalid type for 'input'"),
        ({"model": "m", "input": "x", "background": True, "store": False}, "Background mode requires"),
        ({"model": "m", "input": "x", "previous_response_id": "resp_1"}, "'resp_1' not found"),
        ({"model": "m", "input": "x", "conversation": "conv_1"}, "Conversation with id 'conv_1' not found"),
        (
            {"model": "m", "input": "x", "conversation": "conv_1", "previous_response_id": "resp_1"},
            "Mutually exclusive parameters",
        ),
        ({"model": "m", "input": [{"type": "item_reference", "id": "msg_1"}]}, "Item with id 'msg_1'"),
    ],
)
def test_bad_requests(client: OpenAI, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(openai.APIStatusError, match=message):
        client.responses.create(**arguments)


def test_parse(client: OpenAI, server: OpenAIServer) -> None:
    from pydantic import BaseModel

    class Answer(BaseModel):
        x: int

    server.script_next(RunScript('{"x": 1}'))
    parsed = client.responses.parse(model="gpt-4o", input="x", text_format=Answer)
    assert parsed.output_parsed == Answer(x=1)


async def test_async_client(server: OpenAIServer) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
        response = await client.responses.create(model="gpt-4o", input="x", background=True)
        while response.status in {"queued", "in_progress"}:
            response = await client.responses.retrieve(response.id)
        assert response.output_text == "You said: x"
        assert [item.type async for item in client.responses.input_items.list(response.id)] == ["message"]


@pytest.mark.parametrize("options", [{}, {"azure_deployment": "gpt"}])
def test_azure(server: OpenAIServer, options: dict[str, Any]) -> None:
    with AzureOpenAI(
        azure_endpoint=server.azure_endpoint, api_key="k", api_version="2025-03-01-preview", **options
    ) as client:
        response = client.responses.create(model="gpt", input="x")
        assert client.responses.retrieve(response.id).output_text == "You said: x"
    with OpenAI(base_url=f"{server.azure_endpoint}/openai/v1", api_key="k") as client:
        assert client.responses.create(model="gpt", input="x").output_text == "You said: x"


def test_beta_client(client: OpenAI, server: OpenAIServer) -> None:
    beta = client.beta.responses
    response = beta.create(model="gpt-4o", input="x")
    assert beta.retrieve(response.id).status == "completed"
    assert server.requests[0].query == {"beta": ["true"]}
    assert len(list(beta.input_items.list(response.id))) == 1
    events = list(beta.create(model="gpt-4o", input="x", stream=True, background=True))
    assert names_of(events)[-1] == "completed"
    first: Any = events[0]
    resumed = beta.retrieve(first.response.id, stream=True, starting_after=5)
    assert [event.sequence_number for event in resumed] == [event.sequence_number for event in events[6:]]
    assert beta.cancel(first.response.id).status == "completed"


def test_scripts_by_prompt_and_by_rule(client: OpenAI, server: OpenAIServer) -> None:
    server.script(RunScript("from the prompt"), assistant="pmpt_1")
    assert client.responses.create(prompt={"id": "pmpt_1"}).output_text == "from the prompt"
    server.script(lambda request: RunScript(f"{request.body['model']}: {len(request.messages)}"))
    assert client.responses.create(model="m", input="x").output_text == "m: 1"


def test_gate_holds_a_stream_and_polls_do_not_move_it(client: OpenAI, server: OpenAIServer) -> None:
    gate = Gate(permits=3)
    server.script_next(RunScript("x", gate=gate, polls=1))
    stream = client.responses.create(model="gpt-4o", input="x", background=True, stream=True)
    created = next(iter(stream))
    assert created.type == "response.created"
    gate.wait_for_waiters()
    assert client.responses.retrieve(created.response.id).status == "in_progress"
    gate.open()
    assert [event.type for event in stream][-1] == "response.completed"
    server.wait_until(lambda: server.open_streams == 0)


def test_function_call_ends_a_response(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f", {"a": 1}, "call_1")), "Done."))
    response = client.responses.create(model="gpt-4o", input="x")
    assert response.status == "completed"
    [call] = response.output
    assert call.type == "function_call"
    assert (call.name, call.arguments, call.call_id, call.status) == ("f", '{"a": 1}', "call_1", "completed")
