"""How a response ends, and what servers do that are only compatible."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest

from testing.responses_help import names_of
from threadtrail.testing.server import (
    Cancelled,
    EndsAs,
    Expired,
    Failed,
    FunctionCall,
    Incomplete,
    Message,
    Quirks,
    RunScript,
    ToolCalls,
    Usage,
    server_error,
    too_many_requests,
    without,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.server import OpenAIServer

LIMIT = "max_output_tokens"


def sent(client: OpenAI) -> dict[str, Any]:
    """Return a response as it was sent, since the SDK shows what is missing as `None`."""
    raw = client.responses.with_raw_response.create(model="gpt-4o", input="x")
    body: dict[str, Any] = json.loads(raw.content)
    return body


@pytest.mark.parametrize(
    ("end", "status", "error", "reason"),
    [
        (Failed("rate_limit_exceeded", "Too much."), "failed", "rate_limit_exceeded", None),
        (Failed(), "failed", "server_error", None),
        (Expired(), "failed", "server_error", None),
        (Incomplete(), "incomplete", None, LIMIT),
        (Incomplete("max_prompt_tokens"), "incomplete", None, LIMIT),
        (Incomplete("content_filter"), "incomplete", None, "content_filter"),
        (Incomplete("steered"), "incomplete", None, "steered"),
        (Cancelled(), "cancelled", None, None),
        (EndsAs("dreaming"), "dreaming", None, None),
    ],
)
def test_ends(  # noqa: PLR0913, PLR0917 - fixtures and parameters
    client: OpenAI, server: OpenAIServer, end: Any, status: str, error: str | None, reason: str | None
) -> None:
    server.script(RunScript("First.", "Second half", end=end))
    response = sent(client)
    assert response["status"] == status
    assert (response["error"] or {}).get("code") == error
    assert (response["incomplete_details"] or {}).get("reason") == reason
    assert response["completed_at"] is None
    statuses = [item["status"] for item in response["output"]]
    assert statuses == ["completed", "incomplete"]
    *before, last = client.responses.create(model="gpt-4o", input="x", stream=True)
    assert names_of(before)[-1] in {"output_text.delta", "output_item.done"}
    assert last.type == ("response.output_text.delta" if status == "cancelled" else f"response.{status}")


def test_a_limit_closes_the_item_and_a_failure_does_not(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("half", end=Incomplete()), RunScript("half", end=Failed()))
    limited, failed = (
        names_of(client.responses.create(model="gpt-4o", input="x", stream=True)) for _ in range(2)
    )
    closing = ["output_text.done", "content_part.done", "output_item.done"]
    assert limited[5:] == [*closing, "incomplete"]
    assert failed[5:] == ["failed"]


def test_finished_items_before_a_bad_end(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("whole", end=Failed(), finish_steps=True))
    response = client.responses.create(model="gpt-4o", input="x")
    assert response.status == "failed"
    assert response.output[0].to_dict()["status"] == "completed"


def test_half_a_function_call(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f", '{"a": ')), end=Incomplete()))
    response = client.responses.create(model="gpt-4o", input="x")
    assert response.status == "incomplete"
    [call] = response.output
    assert call.type == "function_call"
    assert (call.arguments, call.status) == ('{"a": ', "incomplete")


def test_background_that_fails(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("x", end=Failed(), polls=1))
    response = client.responses.create(model="gpt-4o", input="x", background=True)
    assert client.responses.retrieve(response.id).status == "failed"


def test_manager_of_a_failed_response(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("x", end=Failed()))
    with (
        client.responses.stream(model="gpt-4o", input="x") as stream,
        pytest.raises(RuntimeError, match=r"Didn't receive a `response.completed` event"),
    ):
        stream.get_final_response()


def test_invalid_json_for_parse(client: OpenAI, server: OpenAIServer) -> None:
    from pydantic import BaseModel, ValidationError

    class Answer(BaseModel):
        x: int

    server.script_next(RunScript("no JSON"))
    with pytest.raises(ValidationError):
        client.responses.parse(model="gpt-4o", input="x", text_format=Answer)


# -- faults ---------------------------------------------------------------------------------------


def test_faults_by_operation(client: OpenAI, server: OpenAIServer) -> None:
    server.inject(too_many_requests(), "responses.create", times=2)
    response = client.responses.create(model="gpt-4o", input="x")
    assert len(server.requests_to("responses.create")) == 3
    server.inject(server_error(503), "responses.retrieve")
    with pytest.raises(openai.InternalServerError):
        client.with_options(max_retries=0).responses.retrieve(response.id)
    server.inject(without("usage", "status"), "responses.retrieve")
    assert client.responses.retrieve(response.id).status is None


# -- compatible servers ---------------------------------------------------------------------------


def test_constant_ids(client: OpenAI, server: OpenAIServer) -> None:
    server.script(
        RunScript("x", ToolCalls(FunctionCall("f")), quirks=Quirks(response_id="__fake_id__", item_id="fake"))
    )
    first, second = sent(client), sent(client)
    assert first["id"] == second["id"] == "__fake_id__"
    assert [item["id"] for item in first["output"]] == ["fake", "fake"]
    assert first["output"][1]["call_id"] != second["output"][1]["call_id"]
    assert client.responses.retrieve("__fake_id__").status == "completed"


def test_no_ids(client: OpenAI, server: OpenAIServer) -> None:
    server.script(RunScript("x", quirks=Quirks(response_id="", item_id="")))
    response = sent(client)
    assert "id" not in response
    assert "id" not in response["output"][0]
    for event in client.responses.create(model="gpt-4o", input="x", stream=True):
        data = event.to_dict()
        body: Any = data.get("response") or data.get("item") or {}
        assert "id" not in body
        assert "item_id" not in data


def test_what_may_be_missing(client: OpenAI, server: OpenAIServer) -> None:
    quirks = Quirks(without=("usage", "status"), null_output=True, no_sequence_numbers=True)
    server.script(RunScript("x", quirks=quirks))
    response = sent(client)
    assert not response.keys() & {"usage", "status"}
    assert response["output"] is None
    events = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    assert not any("sequence_number" in event.to_dict() for event in events)
    last: Any = events[-1]
    assert last.response.output is None


def test_usage_as_it_comes(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(
        RunScript("x", usage={"input_tokens": 3.0}),
        RunScript("x", usage=None),
        RunScript("x", usage=Usage(1, 2)),
    )
    assert sent(client)["usage"] == {"input_tokens": 3.0}
    assert sent(client)["usage"] is None
    assert sent(client)["usage"]["total_tokens"] == 3


def test_usage_of_steps_without_numbers(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(Message("x", usage=None), "y"))
    assert sent(client)["usage"]["total_tokens"] == 30
