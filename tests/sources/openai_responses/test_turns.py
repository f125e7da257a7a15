"""Turns of real clients: each way to chain, to call and to answer, at once and one within another."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import openai
import pytest

import threadtrail
from driving import resolved
from recording.invariants import check_story, check_turns
from sources.openai_responses.test_tool_loops import QUESTION, WEATHER, Chaining, ask, outputs
from threadtrail.events import RunEnded, ToolCallCompleted, TraceEnded, TurnEnded
from threadtrail.recording import turns as recording_turns
from threadtrail.testing import capture
from threadtrail.testing.server import (
    CustomToolCall,
    EditBody,
    FunctionCall,
    LocalShellCall,
    McpApprovalRequest,
    Message,
    RunRequest,
    RunScript,
    ToolCalls,
    Usage,
    server_error,
)
from threadtrail.testing.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured
    from threadtrail.turn import Turn

pytestmark = pytest.mark.usefixtures("strict")

CALLS = {
    "parallel": WEATHER,
    "custom": ToolCalls(CustomToolCall("write", "x"), FunctionCall("get_time", "{}")),
    "local_shell": ToolCalls(LocalShellCall(["ls"])),
    "approval": ToolCalls(McpApprovalRequest("delete")),
    "approval beside a function": ToolCalls(McpApprovalRequest("delete"), FunctionCall("get_time", "{}")),
}
WAYS = ["plain", "streamed", "background", "conversation items"]


@pytest.fixture
def captured() -> Iterator[Captured]:
    """What is recorded; in the end, it is checked for what must hold of turns."""
    with capture() as captured:
        yield captured
    check_story(captured.events)
    check_turns(captured.events)


def turns(captured: Captured) -> list[Turn]:
    return [event.turn for event in captured.of(TurnEnded)]


async def polled(client: Any, response: Any) -> Any:
    while response.status in {"queued", "in_progress"}:
        response = await resolved(client.responses.retrieve(response.id))
    return response


# -- a loop ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("calls", list(CALLS))
@pytest.mark.parametrize("style", ["previous_response_id", "conversation", "whole input"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
async def test_two_rounds_are_one_turn(  # noqa: PLR0913, PLR0917 - fixtures and three tables
    any_client: Any, server: AssistantsServer, captured: Captured, calls: str, style: str, stream: bool
) -> None:
    server.script(RunScript(CALLS[calls], CALLS[calls], "Fine."))
    app = Chaining(any_client, style, stream=stream)
    first = await app.send(QUESTION)
    second = await app.send(*outputs(first))
    assert turns(captured) == []
    third = await app.send(*outputs(second))
    (turn,) = turns(captured)
    assert turn.run_ids == (first.id, second.id, third.id)
    assert (turn.finished, turn.status) == (True, "completed")
    assert len(turn.tool_calls) == 2 * len(CALLS[calls].calls)
    assert all(call.output for call in turn.tool_calls)
    assert [message.text for message in turn.input] == ["How is the weather?"]
    assert [message.text for message in turn.output] == ["Fine."]


async def test_a_chain_of_turns(any_client: Any, server: AssistantsServer, captured: Captured) -> None:
    app = Chaining(any_client, "whole input", stream=False)
    for number in range(10):
        server.script(RunScript(WEATHER, f"Answer {number}."))
        await app.send(*outputs(await app.send({"role": "user", "content": f"question {number}"})))
    assert len(turns(captured)) == 10
    for number, turn in enumerate(turns(captured)):
        assert [message.text for message in turn.input] == [f"question {number}"]
        assert [message.text for message in turn.output] == [f"Answer {number}."]
    assert len(captured.of(ToolCallCompleted)) == 20
    assert len({turn.session_key for turn in turns(captured)}) == 1


async def test_the_same_outputs_for_ten_turns_end_no_further_turn(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    app = Chaining(any_client, "whole input", stream=False)
    await app.send(*outputs(await app.send(QUESTION)))
    server.script(RunScript("More."))
    for _ in range(10):
        await app.send(QUESTION)
    assert len(turns(captured)) == 1
    assert len(turns(captured)[0].run_ids) == 2


async def test_a_stream_in_the_foreground_is_never_queued(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    app = Chaining(any_client, "whole input", stream=True)
    await app.send(*outputs(await app.send(QUESTION)))
    (turn,) = turns(captured)
    first, second = (event.run for event in captured.of(RunEnded))
    assert turn.time_spent.queued == 0
    took = [(run.answered_at or 0) - (run.created_at or 0) for run in (first, second)]
    assert turn.time_spent.generating == sum(took)


async def test_a_background_loop(any_client: Any, server: AssistantsServer, captured: Captured) -> None:
    server.script(RunScript(WEATHER, "Fine.", polls=3, queued_polls=1))
    begin = any_client.responses.create
    first = await polled(any_client, await resolved(begin(model="gpt-4o", input=[QUESTION], background=True)))
    threadtrail.flush(60)
    answers: Any = outputs(first)
    options: Any = {"model": "gpt-4o", "previous_response_id": first.id, "background": True}
    second = await polled(any_client, await resolved(begin(**options, input=answers)))
    (turn,) = turns(captured)
    assert turn.run_ids == (first.id, second.id)
    assert turn.time_spent.queued > 0
    assert turn.time_spent.tools > 0


async def test_outputs_put_into_the_conversation_one_by_one(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    made = await resolved(any_client.conversations.create())
    first = await ask(any_client, input=[QUESTION], conversation=made.id)
    for output in outputs(first):
        await resolved(any_client.conversations.items.create(made.id, items=[output]))
        assert turns(captured) == []
    second = await ask(any_client, input=[], conversation=made.id)
    (turn,) = turns(captured)
    assert turn.run_ids == (first.id, second.id)
    assert len(turn.tool_calls) == 2


async def test_usages_are_summed(any_client: Any, server: AssistantsServer, captured: Captured) -> None:
    app = Chaining(any_client, "previous_response_id", stream=False)
    server.script(RunScript(WEATHER, "Fine.", usage=Usage(100, 20)))
    await app.send(*outputs(await app.send(QUESTION)))
    (turn,) = turns(captured)
    runs = captured.runs
    assert turn.usage is not None
    assert turn.usage.total_tokens == sum(run.usage.total_tokens for run in runs if run.usage) > 0


# -- late, repeated, never ------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["previous_response_id", "conversation", "whole input"])
async def test_a_call_is_answered_three_responses_later(
    any_client: Any, server: AssistantsServer, captured: Captured, style: str
) -> None:
    slow = FunctionCall("get_weather", "{}", extra={"async": True})
    server.script(RunScript(ToolCalls(slow, FunctionCall("get_time", "{}")), "Wait."))
    app = Chaining(any_client, style, stream=False)
    first = await app.send(QUESTION)
    weather, time = outputs(first)
    second = await app.send(time)
    server.script(RunScript("Still."))
    third = await app.send({"role": "user", "content": "Still there?"})
    threadtrail.flush(60)
    assert turns(captured) == []
    fourth = await app.send(weather)
    (turn,) = turns(captured)
    assert turn.run_ids == (first.id, second.id, fourth.id)
    assert third.id in {run.id for run in captured.runs}
    assert [call.output for call in turn.tool_calls] == ["get_weather", "get_time"]


async def test_a_failed_response_is_repeated_with_the_same_outputs(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    first = await ask(any_client, input=[QUESTION])
    chained: Any = {"previous_response_id": first.id, "input": outputs(first)}
    server.inject(EditBody(lambda body: {**body, "status": "failed"}), "responses.create")
    failed = await ask(any_client, **chained)
    assert failed.status == "failed"
    assert turns(captured) == []
    last = await ask(any_client, **chained)
    (turn,) = turns(captured)
    assert turn.run_ids == (first.id, failed.id, last.id)
    assert not turn.failed
    assert len(captured.of(ToolCallCompleted)) == 2


async def test_a_stream_that_was_left_is_repeated_with_the_same_outputs(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(WEATHER, "A long answer, which nobody reads to its end."))
    first = await ask(any_client, input=[QUESTION])
    chained: Any = {"previous_response_id": first.id, "input": outputs(first), "model": "gpt-4o"}
    stream = await resolved(any_client.responses.create(**chained, stream=True))
    await resolved(stream.close())
    threadtrail.flush(60)
    assert turns(captured) == []
    last = await resolved(any_client.responses.create(**chained))
    (turn,) = turns(captured)
    assert (turn.run_ids[0], turn.run_ids[-1]) == (first.id, last.id)


async def test_a_request_that_is_refused(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    app = Chaining(any_client, "conversation", stream=False)
    first = await app.send(QUESTION)
    for _ in range(3):
        server.inject(server_error(400), "responses.create")
        with pytest.raises(openai.BadRequestError):
            await app.send(*outputs(first))
    assert turns(captured) == []
    last = await app.send(*outputs(first))
    assert [turn.run_ids for turn in turns(captured)] == [(first.id, last.id)]


@pytest.mark.parametrize("flushes", [0, 1, 2])
async def test_never_answered(
    any_client: Any, server: AssistantsServer, captured: Captured, flushes: int
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    first = await ask(any_client, input=[QUESTION])
    for _ in range(flushes):
        threadtrail.flush(60)
    threadtrail.shutdown(60)
    captured.over = True
    (turn,) = turns(captured)
    assert (turn.run_ids, turn.finished) == ((first.id,), False)
    assert [type(event) for event in captured.events[-3:]] == [
        ToolCallCompleted,
        ToolCallCompleted,
        TurnEnded,
    ]


async def test_a_turn_that_was_given_up(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture(run_timeout_seconds=0.05, tool_wait_seconds=0.01) as captured:
        app = Chaining(any_client, "previous_response_id", stream=False)
        first = await app.send(QUESTION)
        wait_until(lambda: bool(turns(captured)))
        last = await app.send(*outputs(first))
    check_story(captured.events)
    check_turns(captured.events)
    assert [(turn.run_ids, turn.finished) for turn in turns(captured)] == [((first.id,), False)]
    assert captured.run(last.id).turn_id == last.id
    assert captured.run(last.id).answers == (first.id,)


async def test_outputs_of_another_process(any_client: Any, server: AssistantsServer) -> None:
    server.script(RunScript(WEATHER, WEATHER, "Fine."))
    app = Chaining(any_client, "previous_response_id", stream=False)
    first = await app.send(QUESTION)
    with capture() as captured:
        second = await app.send(*outputs(first))
        third = await app.send(*outputs(second))
        assert [turn.run_ids for turn in turns(captured)] == [(second.id, third.id)]
    check_turns(captured.events)


@pytest.mark.parametrize("publish_runs", ["none", "finished"])
async def test_what_a_process_may_publish(
    any_client: Any, server: AssistantsServer, publish_runs: str
) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    with capture(publish_runs=publish_runs) as captured, threadtrail.trace("math"):
        app = Chaining(any_client, "previous_response_id", stream=False)
        await app.send(*outputs(await app.send(QUESTION)))
    assert len(captured.of(TurnEnded)) == (publish_runs == "finished")
    assert len(captured.of(TraceEnded)) == 1
    if publish_runs == "finished":
        check_turns(captured.events)


async def test_too_many_open_turns_are_counted(
    any_client: Any, server: AssistantsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_turns, "TURNS", 2)
    server.script(RunScript(WEATHER))
    with capture() as captured:
        asked = []
        for _ in range(5):
            asked.append(await ask(any_client, input=[QUESTION]))
            threadtrail.flush(60)
        assert threadtrail.status().forgotten["turns ended early"] == 3
    check_story(captured.events)
    check_turns(captured.events)
    assert [turn.id for turn in turns(captured)] == [response.id for response in asked]


# -- at once, and one within another --------------------------------------------------------------------


def a_conversation(client: OpenAI, name: str, rounds: int = 3) -> tuple[str, ...]:
    """Have a conversation with tools; return the ids of its one turn."""
    made = client.conversations.create()
    given: Any = [{"role": "user", "content": name}]
    ids = []
    for _ in range(rounds):
        response: Any = client.responses.create(model="gpt-4o", input=given, conversation=made.id)
        ids.append(response.id)
        given = outputs(response)
    return tuple(ids)


async def the_same_async(client: Any, name: str, rounds: int = 3) -> tuple[str, ...]:
    history: Any = [{"role": "user", "content": name}]
    ids = []
    for _ in range(rounds):
        response = await client.responses.create(model="gpt-4o", input=history)
        ids.append(response.id)
        history += [item.to_dict() for item in response.output] + outputs(response)
    return tuple(ids)


def test_conversations_in_eight_threads(client: OpenAI, server: AssistantsServer, captured: Captured) -> None:
    server.script(RunScript(WEATHER, WEATHER, "Fine."))
    with ThreadPoolExecutor(8) as pool:
        talks = set(pool.map(lambda number: a_conversation(client, f"talk {number}"), range(16)))
    assert {turn.run_ids for turn in turns(captured)} == talks


async def test_twenty_tasks_at_once(async_client: Any, server: AssistantsServer, captured: Captured) -> None:
    server.script(RunScript(WEATHER, WEATHER, "Fine."))
    talks = await asyncio.gather(*(the_same_async(async_client, f"talk {number}") for number in range(20)))
    assert {turn.run_ids for turn in turns(captured)} == set(talks)


def test_two_threads_answer_the_calls_of_one_response(
    client: OpenAI, server: AssistantsServer, captured: Captured
) -> None:
    slow = [FunctionCall(name, "{}", extra={"async": True}) for name in ("get_weather", "get_time")]
    server.script(RunScript(ToolCalls(*slow), "Fine."))
    first = client.responses.create(model="gpt-4o", input="hi")
    server.script(RunScript("Fine."))
    both = threading.Barrier(2)

    def answer(output: Any) -> str:
        both.wait()
        options: Any = {"input": [output], "previous_response_id": first.id}
        return str(client.responses.create(model="gpt-4o", **options).id)

    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(answer, outputs(first)))
    (turn,) = turns(captured)
    assert turn.run_ids[0] == first.id
    assert set(turn.run_ids[1:]) == ids


def test_a_tool_that_itself_has_a_loop(client: OpenAI, server: AssistantsServer, captured: Captured) -> None:
    def script(request: RunRequest) -> RunScript:
        return RunScript(WEATHER, "Inner." if request.last_user_text == "inner" else "Outer.")

    server.script(script)
    with threadtrail.trace("outer"):
        outer = Chaining(client, "whole input", stream=False)
        asked = asyncio.run(outer.send({"role": "user", "content": "outer"}))
        inner = a_conversation(client, "inner", rounds=2)
        answered = asyncio.run(outer.send(*outputs(asked)))
    assert [turn.run_ids for turn in turns(captured)] == [inner, (asked.id, answered.id)]
    assert isinstance(captured.events[-1], TraceEnded)


async def test_a_trace_around_a_turn(any_client: Any, server: AssistantsServer, captured: Captured) -> None:
    server.script(RunScript(WEATHER, "Fine."))
    app = Chaining(any_client, "previous_response_id", stream=False)
    with threadtrail.trace("first"):
        asked = await app.send(QUESTION)
    with threadtrail.trace("second"):
        await app.send(*outputs(asked))
    first, second = captured.of(TraceEnded)
    (turn,) = captured.of(TurnEnded)
    assert turn.trace_id == {event.name: event.trace_id for event in (first, second)}["first"]
    assert captured.events.index(turn) < captured.events.index(first)


# -- assistants -----------------------------------------------------------------------------------------


async def test_a_run_of_an_assistant_is_a_turn(
    any_client: Any, server: AssistantsServer, captured: Captured
) -> None:
    server.script(RunScript(ToolCalls(FunctionCall("solve", "{}")), Message("x is 1.")))
    threads = any_client.beta.threads
    assistant = await resolved(any_client.beta.assistants.create(model="gpt-4o"))
    run = await resolved(threads.create_and_run_poll(assistant_id=assistant.id, poll_interval_ms=0))
    (call,) = run.required_action.submit_tool_outputs.tool_calls
    await resolved(
        threads.runs.submit_tool_outputs_and_poll(
            run_id=run.id,
            thread_id=run.thread_id,
            tool_outputs=[{"tool_call_id": call.id, "output": "1"}],
            poll_interval_ms=0,
        )
    )
    (turn,) = turns(captured)
    assert turn.run_ids == (run.id,)
    assert turn.finished
    assert [event.run.id for event in captured.of(RunEnded)] == [run.id]
