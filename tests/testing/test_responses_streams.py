"""Streams of responses: names and order, taking up again, and streams that break off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from openai import APIError, AsyncOpenAI

from shared_fixtures import plain_client
from testing.responses_help import names_of
from threadtrail.testing.server import (
    DropStream,
    EndStream,
    FunctionCall,
    Hangs,
    OpenAIServer,
    RunScript,
    StreamError,
    StreamEvent,
    ToolCalls,
)

if TYPE_CHECKING:
    from openai import OpenAI

BEGINNING = ["created", "in_progress"]


def test_events_of_an_answer_come_in_the_order_of_the_api(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("x equals 1"))
    events = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    assert names_of(events) == [
        *BEGINNING,
        "output_item.added",
        "content_part.added",
        *["output_text.delta"] * 3,
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    lives = [event for event in events if hasattr(event, "response")]
    assert [event.response.status for event in lives] == ["in_progress", "in_progress", "completed"]
    assert [len(event.response.output) for event in lives] == [0, 0, 1]
    assert [event.response.usage is None for event in lives] == [True, True, False]


def test_stream_of_a_background_response_begins_in_the_queue(client: OpenAI) -> None:
    events = list(client.responses.create(model="gpt-4o", input="x", stream=True, background=True))
    assert names_of(events)[:3] == ["created", "queued", "in_progress"]


def test_stream_has_no_done(server: OpenAIServer) -> None:
    answer = httpx2.post(
        f"{server.base_url}/responses",
        headers={"authorization": "Bearer sk-local"},
        json={"model": "gpt-4o", "input": "x", "stream": True},
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith('event: response.created\ndata: {"type": "response.created", "sequence_')
    assert "[DONE]" not in answer.text


def test_manager(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f", {"a": 1}))))
    with client.responses.stream(model="gpt-4o", input="x") as stream:
        names = [event.type.removeprefix("response.") for event in stream]
        [call] = stream.get_final_response().output
    assert names[2:] == [
        "output_item.added",
        "function_call_arguments.delta",
        "function_call_arguments.done",
        "output_item.done",
        "completed",
    ]
    assert call.type == "function_call"
    assert call.arguments == '{"a": 1}'


def test_broken_stream_is_taken_up_again(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("one two three four", polls=99))
    server.inject(DropStream(after_events=6), "responses.create")
    stream = client.responses.create(model="gpt-4o", input="x", background=True, stream=True)
    first: list[Any] = []
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        first.extend(stream)
    assert first[0].type == "response.created"
    response_id = first[0].response.id
    last = first[-1].sequence_number
    assert client.responses.retrieve(response_id).status == "in_progress"
    rest = list(client.responses.retrieve(response_id, stream=True, starting_after=last))
    assert names_of([*first, *rest])[-1] == "completed"
    again = list(client.responses.retrieve(response_id, stream=True))
    assert [event.to_dict() for event in again] == [event.to_dict() for event in [*first, *rest]]
    with client.responses.stream(response_id=response_id, starting_after=last) as resumed:
        assert [event.sequence_number for event in resumed] == [event.sequence_number for event in rest]
        assert resumed.get_final_response().output_text == "one two three four"


def test_only_what_was_created_for_it_can_be_taken_up(client: OpenAI, server: OpenAIServer) -> None:
    foreground = client.responses.create(model="gpt-4o", input="x")
    with pytest.raises(openai.BadRequestError, match="was not created with background=true"):
        client.responses.retrieve(foreground.id, stream=True)
    polled = client.responses.create(model="gpt-4o", input="x", background=True)
    with pytest.raises(openai.BadRequestError, match="was not created with stream=true"):
        client.responses.retrieve(polled.id, stream=True)


def test_bad_place_to_take_up_a_stream(client: OpenAI) -> None:
    stream = client.responses.create(model="gpt-4o", input="x", background=True, stream=True)
    created: Any = next(iter(stream))
    place: Any = "the beginning"
    with pytest.raises(openai.BadRequestError, match="Invalid type for 'starting_after'"):
        client.responses.retrieve(created.response.id, stream=True, starting_after=place)


def test_stream_cannot_be_taken_up_after_five_minutes() -> None:
    now = [1_700_000_000.0]
    with OpenAIServer(clock=lambda: now[0]) as server, plain_client(server) as client:
        created: Any = next(
            iter(client.responses.create(model="gpt-4o", input="x", background=True, stream=True))
        )
        now[0] += 300
        assert names_of(client.responses.retrieve(created.response.id, stream=True))[-1] == "completed"
        now[0] += 1
        with pytest.raises(openai.BadRequestError, match="more than 5 minutes old"):
            client.responses.retrieve(created.response.id, stream=True)
        assert client.responses.retrieve(created.response.id).status == "completed"


def test_streaming_response_of_the_sdk(client: OpenAI) -> None:
    with client.responses.with_streaming_response.create(model="gpt-4o", input="x", stream=True) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert names_of(response.parse())[-1] == "completed"
    with client.responses.with_streaming_response.create(model="gpt-4o", input="x") as answer:
        assert answer.parse().output_text == "You said: x"


def test_cancelled_stream_just_ends(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript("x", end=Hangs()))
    stream = client.responses.create(model="gpt-4o", input="x", background=True, stream=True)
    names = []
    for event in stream:
        names.append(event.type)
        if event.type == "response.created":
            response_id = event.response.id
        if event.type == "response.output_text.delta":
            assert client.responses.cancel(response_id).status == "cancelled"
    assert names[-1] == "response.output_text.delta"
    assert client.responses.retrieve(response_id).status == "cancelled"


def test_dropped_foreground_stream_goes_on_by_polls(client: OpenAI, server: OpenAIServer) -> None:
    server.inject(DropStream(after_events=4), "responses.create")
    stream = client.responses.create(model="gpt-4o", input="x", stream=True)
    seen: list[Any] = []
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        seen.extend(stream)
    assert names_of(seen) == [*BEGINNING, "output_item.added", "content_part.added"]


def test_silent_end(client: OpenAI, server: OpenAIServer) -> None:
    server.inject(EndStream(after_events=3), "responses.create")
    stream = client.responses.create(model="gpt-4o", input="x", stream=True)
    assert names_of(stream) == [*BEGINNING, "output_item.added"]


def test_nested_error_is_raised(client: OpenAI, server: OpenAIServer) -> None:
    server.inject(StreamError(after_events=2, message="Overloaded"), "responses.create")
    seen: list[Any] = []
    with pytest.raises(APIError, match="Overloaded"):
        seen.extend(client.responses.create(model="gpt-4o", input="x", stream=True))
    assert names_of(seen) == BEGINNING


def test_flat_error_is_yielded(client: OpenAI, server: OpenAIServer) -> None:
    server.inject(StreamError(2, message="Overloaded", wrapped=False), "responses.create")
    *seen, error = client.responses.create(model="gpt-4o", input="x", stream=True)
    assert names_of([*seen, error]) == [*BEGINNING, "error"]
    assert error.type == "error"
    assert (error.message, error.code) == ("Overloaded", "server_error")


def test_event_that_no_sdk_knows(client: OpenAI, server: OpenAIServer) -> None:
    server.script_next(RunScript(StreamEvent("response.dreaming", {"depth": 3}), "x"))
    events = list(client.responses.create(model="gpt-4o", input="x", stream=True))
    assert events[2].to_dict() == {"type": "response.dreaming", "sequence_number": 2, "depth": 3}


async def test_async_streams(async_client: AsyncOpenAI) -> None:
    stream = await async_client.responses.create(model="gpt-4o", input="x", stream=True, background=True)
    events = [event async for event in stream]
    assert names_of(events)[-1] == "completed"
    assert events[0].type == "response.created"
    async with async_client.responses.stream(response_id=events[0].response.id, starting_after=3) as again:
        assert min([event.sequence_number async for event in again]) == 4
    async with async_client.responses.stream(model="gpt-4o", input="x") as managed:
        assert (await managed.get_final_response()).output_text == "You said: x"
