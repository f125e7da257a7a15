"""The life of a response: polled, streamed, resumed, cancelled, deleted, reported by a webhook, or lost."""

from __future__ import annotations

import contextlib
import urllib.request
from typing import TYPE_CHECKING, Any

import openai
import pytest

import threadtrail
from driving import drained, each, resolved
from threadtrail.events import RequestFailed, RunCreated, RunEnded, RunStatusChanged, StepCreated
from threadtrail.testing import capture
from threadtrail.testing.server import (
    WEBHOOK_SECRET,
    DropStream,
    EndStream,
    FunctionCall,
    Gate,
    Hangs,
    Quirks,
    RunScript,
    StreamError,
    ToolCalls,
    server_error,
    without,
)
from threadtrail.values import Failure

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured

pytestmark = pytest.mark.usefixtures("strict")
ASK: dict[str, Any] = {"model": "gpt-4o", "input": "hi"}
LONG = "One two three four five six seven eight."


async def polled(client: Any, response: Any) -> Any:
    while response.status in {"queued", "in_progress"}:
        response = await resolved(client.responses.retrieve(response.id))
    return response


def statuses(captured: Captured) -> list[tuple[str, str]]:
    return [(event.status, event.learnt_from) for event in captured.of(RunStatusChanged)]


def types(captured: Captured) -> list[str]:
    return [event.type for event in captured.events]


# -- background ----------------------------------------------------------------------------------


async def test_each_change_of_status_once(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=6, queued_polls=2))
    with capture() as captured:
        response = await polled(
            any_client, await resolved(any_client.responses.create(**ASK, background=True))
        )
        assert statuses(captured) == [("queued", "create"), ("in_progress", "poll"), ("completed", "poll")]
        run = captured.run()
    assert (run.poll_count, run.background, run.stored, run.observed_from_start) == (6, True, True, True)
    assert run.model == response.model
    times = [change.time for change in run.status_history]
    assert times == sorted(times)
    assert run.started_at == times[1]
    assert run.created_at is not None
    assert run.ended_at is not None
    assert run.created_at <= times[0] <= run.ended_at
    assert types(captured)[0] == "response.created"
    assert types(captured)[-1] == "response.ended"


async def test_a_worker_follows_what_another_process_created(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(RunScript("x", polls=4))
    begun = await resolved(any_client.responses.create(**ASK, background=True))
    with capture() as captured:
        await polled(any_client, begun)
        await resolved(any_client.responses.input_items.list(begun.id))
        run = captured.run()
    assert (run.finished, run.observed_from_start, run.poll_count) == (True, False, 4)
    assert run.usage is not None


async def test_input_is_known_once_it_was_listed(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=3))
    begun = await resolved(any_client.responses.create(**ASK, background=True))
    with capture() as captured:
        await resolved(any_client.responses.retrieve(begun.id))
        await drained(await resolved(any_client.responses.input_items.list(begun.id)))
        await polled(any_client, begun)
        assert [message.text for message in captured.run().input] == ["hi"]


async def test_a_finished_response_of_another_program_adds_nothing(
    any_client: Any, server: AssistantsServer
) -> None:
    old = await resolved(any_client.responses.create(**ASK))
    with capture() as captured:
        for _ in range(3):
            await resolved(any_client.responses.retrieve(old.id))
        assert captured.events == []


async def test_a_finished_background_response_of_another_program_is_published_once(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(RunScript("x", polls=0))
    old = await resolved(any_client.responses.create(**ASK, background=True))
    with capture() as captured:
        for _ in range(3):
            await resolved(any_client.responses.retrieve(old.id))
        assert captured.run().poll_count == 1


async def test_never_seen_to_end(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", end=Hangs()))
    with capture() as captured:
        begun = await resolved(any_client.responses.create(**ASK, background=True))
        assert captured.of(RunEnded) == []
        assert threadtrail.status().open_runs == 1
    assert threadtrail.status().background_unfinished == (begun.id,)
    (ended,) = captured.of(RunEnded)
    assert (ended.run.finished, ended.run.status, ended.run.background) == (False, "queued", True)


async def test_cancelled(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", end=Hangs()))
    with capture() as captured:
        begun = await resolved(any_client.responses.create(**ASK, background=True))
        await resolved(any_client.responses.cancel(begun.id))
        await polled(any_client, begun)
        assert statuses(captured) == [("queued", "create"), ("cancelled", "cancel")]
        run = captured.run()
    assert (run.status, run.finished, run.error, run.failed) == ("cancelled", True, None, False)


async def test_deleted(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", end=Hangs()))
    with capture() as captured:
        begun = await resolved(any_client.responses.create(**ASK, background=True))
        await resolved(any_client.responses.delete(begun.id))
        run = captured.run()
    assert (run.status, run.finished, run.deleted) == ("queued", False, True)


async def test_gone(any_client: Any, server: AssistantsServer) -> None:
    with capture() as captured:
        begun = await resolved(any_client.responses.create(**ASK, background=True))
        server.inject(server_error(404), "responses.retrieve")
        with pytest.raises(openai.NotFoundError):
            await resolved(any_client.responses.retrieve(begun.id))
        run = captured.run()
        assert [event.run_id for event in captured.of(RequestFailed)] == [begun.id]
    assert (run.finished, run.error and run.error.type) == (False, "not_found")


@pytest.mark.parametrize("way", ["delete", "retrieve"])
async def test_gone_when_it_has_answered(any_client: Any, server: AssistantsServer, way: str) -> None:
    """Its calls may still be answered: a stateless app sends everything again."""
    server.script(RunScript(ToolCalls(FunctionCall("f"))))
    with capture() as captured:
        asking = await resolved(any_client.responses.create(**ASK, store=way == "delete"))
        with contextlib.suppress(openai.NotFoundError):
            await resolved(getattr(any_client.responses, way)(asking.id))
        call = asking.output[0]
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "1"}
        await resolved(any_client.responses.create(model="gpt-4o", input=[call.to_dict(), output]))
        run = captured.run(asking.id)
    assert (run.status, run.finished, run.error) == ("completed", True, None)
    assert (run.deleted, run.tool_calls[0].output) == (way == "delete", "1")


async def test_resuming_what_cannot_be_resumed_is_no_end(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=2))
    with capture() as captured:
        begun = await resolved(any_client.responses.create(**ASK, background=True))
        with pytest.raises(openai.BadRequestError):
            await resolved(any_client.responses.retrieve(begun.id, stream=True))
        await polled(any_client, begun)
        assert captured.run().finished
        assert len(captured.of(RequestFailed)) == 1


# -- streams -------------------------------------------------------------------------------------


async def read_until(events: Any, kind: str, count: int = 1) -> tuple[str, int]:
    """Read until so many events of a kind; return the response's id, if seen, and the last number."""
    identity, seen, last = "", 0, 0
    async for event in each(events):
        identity = identity or getattr(getattr(event, "response", None), "id", "")
        last, seen = event.sequence_number, seen + (event.type == kind)
        if seen == count:
            break
    await resolved(events.close())
    return identity, last


@pytest.mark.parametrize("by_manager", [False, True], ids=["retrieve", "manager"])
async def test_resumed_three_times(any_client: Any, server: AssistantsServer, by_manager: bool) -> None:
    server.script(RunScript(LONG, polls=0))
    delta = "response.output_text.delta"
    with capture() as captured:
        events = await resolved(any_client.responses.create(**ASK, stream=True, background=True))
        identity, last = await read_until(events, delta, 2)
        for _ in range(2):
            again = any_client.responses.retrieve(identity, stream=True, starting_after=last)
            _, last = await read_until(await resolved(again), delta, 2)
        if by_manager:
            manager = any_client.responses.stream(response_id=identity, starting_after=last)
            if hasattr(manager, "__aenter__"):
                async with manager as rest:
                    await drained(rest)
            else:
                with manager as rest:
                    await drained(rest)
        else:
            rest = any_client.responses.retrieve(identity, stream=True, starting_after=last)
            await drained(await resolved(rest))
        run = captured.run()
        assert len(captured.of(StepCreated)) == 1
    assert [message.text for message in run.output] == [LONG]
    assert (run.finished, run.resumed, run.streamed, run.poll_count) == (True, 3, True, 0)
    assert run.first_output_at is not None
    assert run.created_at is not None
    assert run.created_at <= run.first_output_at


async def test_text_of_a_stream_that_is_never_finished(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(LONG, polls=9))
    with capture() as captured:
        events = await resolved(any_client.responses.create(**ASK, stream=True, background=True))
        identity, last = await read_until(events, "response.output_text.delta", 2)
        first = server.requests_to("responses.create")[0]
        assert first is not None
        again = any_client.responses.retrieve(identity, stream=True, starting_after=last - 1)
        await read_until(await resolved(again), "response.output_text.delta", 2)
    (ended,) = captured.of(RunEnded)
    (message,) = ended.run.output
    assert LONG.startswith(message.text)
    assert len(message.text.split()) == 3
    assert (ended.run.finished, ended.run.usage) == (False, None)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (DropStream(after_events=8), True),
        (EndStream(after_events=8), False),
        (StreamError(after_events=8), True),
        (StreamError(after_events=8, wrapped=False), True),
    ],
    ids=["cut", "silent", "raised", "yielded"],
)
async def test_a_stream_that_breaks_ends_its_run(
    any_client: Any, server: AssistantsServer, fault: Any, error: bool
) -> None:
    server.script(RunScript(LONG))
    server.inject(fault, "responses.create")
    with capture() as captured:
        try:
            await drained(await resolved(any_client.responses.create(**ASK, stream=True)))
        except openai.APIError:
            assert error
        run = captured.run()
        assert len(captured.of(RequestFailed)) == error
    assert (run.status, run.finished, run.usage) == ("in_progress", False, None)
    assert (run.error is not None) is error
    assert run.output[0].text
    assert LONG.startswith(run.output[0].text)
    if isinstance(fault, StreamError):
        assert run.error == Failure(
            type="server_error", message="The server had an error while processing your request."
        )


async def test_a_finished_response_streamed_again_adds_nothing(
    any_client: Any, server: AssistantsServer
) -> None:
    server.script(RunScript(LONG, polls=0))
    with capture() as captured:
        events = await resolved(any_client.responses.create(**ASK, stream=True, background=True))
        identity = ""
        async for event in each(events):
            identity = identity or event.response.id
        before = captured.events[:]
        await drained(await resolved(any_client.responses.retrieve(identity, stream=True)))
        assert captured.events == before


async def test_an_async_manager_begins_where_it_is_entered(
    async_client: openai.AsyncOpenAI, server: AssistantsServer
) -> None:
    with capture() as captured:
        with threadtrail.attributes(user_id="who made it"):
            manager = async_client.responses.stream(model="gpt-4o", input="hi")
        with threadtrail.attributes(user_id="who entered it"):
            async with manager as events:
                await events.until_done()
        assert captured.run().attributes.user_id == "who entered it"


async def test_another_client_looks_before_the_stream_is_read(
    any_client: Any, client: openai.OpenAI, server: AssistantsServer
) -> None:
    gate = Gate()
    server.script(RunScript(LONG, gate=gate))
    with capture() as captured:
        with threadtrail.attributes(user_id="u1"):
            stream = await resolved(any_client.responses.create(**ASK, stream=True, background=True))
        (identity,) = server._backend.responses.responses
        assert client.responses.retrieve(identity).status == "queued"
        assert len(captured.of(RunCreated)) == 1
        gate.open()
        await drained(stream)
        run = captured.run()
        assert len(captured.of(RunCreated)) == 1
    assert (run.finished, run.observed_from_start) == (True, True)
    assert run.attributes.user_id == "u1"
    assert [message.text for message in run.input] == ["hi"]


# -- webhooks ------------------------------------------------------------------------------------


def seen_by_another_program(server: AssistantsServer, identity: str) -> None:
    """Let the response end by a retrieve that is not recorded."""
    address, key = f"{server.base_url}/responses/{identity}", {"Authorization": "Bearer other"}
    request = urllib.request.Request(address, headers=key)  # noqa: S310 - loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - loopback
        assert b"completed" in answer.read()


async def told(client: Any, server: AssistantsServer, identity: str) -> None:
    delivery = server.webhook(identity)
    await resolved(client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET))


async def test_a_webhook_then_a_retrieve(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=1))
    with capture() as captured:
        begun = await resolved(any_client.responses.create(**ASK, background=True))
        seen_by_another_program(server, begun.id)
        for _ in range(3):
            await told(any_client, server, begun.id)
        assert captured.of(RunEnded) == []
        await resolved(any_client.responses.retrieve(begun.id))
        await told(any_client, server, begun.id)
        assert statuses(captured) == [("queued", "create"), ("completed", "webhook")]
        run = captured.run()
    assert (run.finished, run.usage is not None) == (True, True)


async def test_a_webhook_alone(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=0))
    begun = await resolved(any_client.responses.create(**ASK, background=True))
    with capture() as captured:
        await told(any_client, server, begun.id)
        await told(any_client, server, begun.id)
        assert statuses(captured) == [("completed", "webhook")]
    assert captured.of(RunEnded) == []


async def test_a_webhook_that_is_not_genuine(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=0))
    begun = await resolved(any_client.responses.create(**ASK, background=True))
    with capture() as captured:
        delivery = server.webhook(begun.id)
        with pytest.raises(openai.InvalidWebhookSignatureError):
            any_client.webhooks.unwrap(
                delivery.body, {**delivery.headers, "webhook-signature": "v1,AAAA"}, secret=WEBHOOK_SECRET
            )
        assert captured.events == []


# -- servers that are only compatible --------------------------------------------------------------


async def test_one_id_for_every_response(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript("x", quirks=Quirks(response_id="__fake_id__")))
    with capture() as captured:
        for _ in range(3):
            await resolved(any_client.responses.create(**ASK))
        await drained(await resolved(any_client.responses.create(**ASK, stream=True)))
        assert [run.id for run in captured.runs] == ["__fake_id__"] * 4
        assert len(captured.of(RunCreated)) == 4


@pytest.mark.parametrize("stream", [False, True])
async def test_no_ids_at_all(any_client: Any, server: AssistantsServer, stream: bool) -> None:
    server.script(RunScript("x", "y", quirks=Quirks(response_id="", item_id="")))
    with capture() as captured:
        for _ in range(2):
            await drained(await resolved(any_client.responses.create(**ASK, stream=True))) if stream else (
                await resolved(any_client.responses.create(**ASK))
            )
        first, second = captured.runs
    assert first.id != second.id
    assert [message.text for message in first.output] == ["x", "y"]
    assert first.finished


async def test_no_status_no_usage_no_output(any_client: Any, server: AssistantsServer) -> None:
    quirks = Quirks(without=("status", "usage"), null_output=True)
    server.script(RunScript("x", quirks=quirks))
    with capture() as captured:
        await resolved(any_client.responses.create(**ASK))
        run = captured.run()
    assert (run.status, run.finished, run.usage, run.output) == (None, True, None, ())


async def test_an_answer_of_another_shape_is_published_once(
    any_client: Any, server: AssistantsServer
) -> None:
    server.inject(without("output"), "responses.create")
    with capture() as captured:
        await resolved(any_client.responses.create(**ASK))
        assert captured.run().status == "completed"


async def test_retries_count_once(any_client: Any, server: AssistantsServer) -> None:
    server.inject(server_error(), "responses.create")
    with capture() as captured:
        await resolved(any_client.responses.create(**ASK))
        assert captured.run().retry_count == 1
