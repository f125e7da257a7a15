"""``threadtrail.tool()`` and ``turn_id()``: blocks around tool calls, and the turn of a response."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.events import RunCreated, RunEnded, ToolCallCompleted, TurnEnded
from threadtrail.testing import capture
from threadtrail.testing.server import FunctionCall, Message, RunScript, ToolCalls, Usage

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured
    from threadtrail.values import Run

pytestmark = pytest.mark.usefixtures("strict")
USAGE = Usage(100, 20)


def asks(server: AssistantsServer) -> None:
    """Let the next response ask for a function, and the one after that answer."""
    calls = ToolCalls(FunctionCall("get_weather", '{"city": "Paris"}'))
    server.script_next(RunScript(calls, Message("It is warm."), usage=USAGE))


def answer(client: Any, asking: Any, output: str = "22") -> Any:
    call_id = asking.output[-1].call_id
    item: Any = {"type": "function_call_output", "call_id": call_id, "output": output}
    return client.responses.create(model="gpt-4o", previous_response_id=asking.id, input=[item])


def by_id(captured: Captured) -> dict[str, Run]:
    threadtrail.flush(60)
    return {event.run.id: event.run for event in captured.of(RunEnded)}


def test_a_tool_lasts_as_long_as_its_block(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        client.conversations.create()  # the app does something else first
        with threadtrail.tool(asking.output[-1].call_id):
            client.conversations.create()
        client.conversations.create()
        answer(client, asking)
    (call,) = by_id(captured)[asking.id].tool_calls
    (completed,) = captured.of(ToolCallCompleted)
    (turn,) = captured.of(TurnEnded)
    assert (call.output, call.error) == ("22", None)
    assert completed.tool_call == call == turn.turn.tool_calls[0]
    asked_at = by_id(captured)[asking.id].answered_at
    answering = by_id(captured)[turn.turn.run_ids[1]]
    assert asked_at is not None
    assert call.started_at is not None
    assert call.ended_at is not None
    assert answering.created_at is not None
    assert asked_at < call.started_at < call.ended_at < answering.created_at
    assert turn.turn.time_spent.tools == call.ended_at - call.started_at
    assert turn.turn.time_spent.other > 0


def test_runs_within_a_tool_hang_below_its_call(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        call_id = asking.output[-1].call_id

        def look_up(city: str) -> Any:
            asks(server)
            inner = client.responses.create(model="gpt-4o", input=f"Where is {city}?")
            return answer(client, inner, "in France")

        within = threadtrail.tool(call_id)(look_up)("Paris")
        outside = answer(client, asking)
    runs = by_id(captured)
    caller = threadtrail.events.Caller(call_id=call_id, run_id=asking.id, turn_id=asking.id)
    called = [event for event in captured.of(RunCreated) if event.called_by == caller]
    assert len(called) == 2
    assert runs[within.id].called_by == caller
    assert runs[outside.id].called_by is None
    inner_turn, outer_turn = (event.turn for event in captured.of(TurnEnded))
    assert inner_turn.called_by == caller
    assert inner_turn.run_ids == tuple(event.run_id for event in called)
    assert outer_turn.run_ids == (asking.id, outside.id)
    assert outer_turn.usage is not None
    assert outer_turn.usage.input_tokens == 200


def test_an_exception_in_the_block_is_the_calls_error(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        with pytest.raises(ValueError, match="no such city"), threadtrail.tool(asking.output[-1].call_id):
            raise ValueError("no such city")
        answer(client, asking, "I do not know")
    (call,) = by_id(captured)[asking.id].tool_calls
    assert call.error == threadtrail.events.Failure(type="ValueError", message="no such city")
    assert call.output == "I do not know"


def test_a_tool_of_an_assistants_run(server: AssistantsServer, client: Any) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("get_weather", "{}")), Message("Warm."), usage=USAGE))
    assistants: Any = client.beta
    with capture() as captured:
        assistant, thread = assistants.assistants.create(model="gpt-4o"), assistants.threads.create()
        run = assistants.threads.runs.create_and_poll(
            thread_id=thread.id, assistant_id=assistant.id, poll_interval_ms=1
        )
        (asked,) = run.required_action.submit_tool_outputs.tool_calls

        @threadtrail.tool(asked.id)
        async def look_up() -> str:
            asks(server)
            client.responses.create(model="gpt-4o", input="How is the weather?")
            return "22"

        outputs = [{"tool_call_id": asked.id, "output": asyncio.run(look_up())}]
        assistants.threads.runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread.id, tool_outputs=outputs, poll_interval_ms=1
        )
    runs = by_id(captured)
    inner = next(each for each in runs.values() if each.source == "openai.responses")
    (call,) = runs[run.id].tool_calls
    assert inner.called_by == threadtrail.events.Caller(call_id=call.id, run_id=run.id, turn_id=run.id)
    assert call.started_at is not None
    assert inner.created_at is not None
    assert call.ended_at is not None
    assert inner.answered_at is not None
    assert call.started_at < inner.created_at < inner.answered_at < call.ended_at


def test_blocks_of_one_call_within_each_other_are_one(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        tool = threadtrail.tool(asking.output[-1].call_id)
        with tool:
            first = client.responses.create(model="gpt-4o", input="Where is it?")
            with pytest.raises(ValueError, match="again"), tool:
                raise ValueError("again")
        answer(client, asking)
    runs = by_id(captured)
    (call,) = runs[asking.id].tool_calls
    assert call.error is None
    begun = runs[first.id].created_at
    assert call.started_at is not None
    assert begun is not None
    assert call.started_at < begun


def test_a_call_that_is_tried_again_has_the_last_try(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        tool = threadtrail.tool(asking.output[-1].call_id)
        with pytest.raises(ValueError, match="again"), tool:
            raise ValueError("again")
        between = client.responses.create(model="gpt-4o", input="Where is it?")
        with tool:
            pass
        answer(client, asking)
    runs = by_id(captured)
    (call,) = runs[asking.id].tool_calls
    assert call.error is None
    between_end = runs[between.id].answered_at
    assert call.started_at is not None
    assert between_end is not None
    assert call.started_at > between_end


def test_a_run_that_brings_the_output_is_not_below_its_call(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture() as captured:
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        with threadtrail.tool(asking.output[-1].call_id):
            asks(server)
            inner = client.responses.create(model="gpt-4o", input="Where is it?")
            with threadtrail.tool(inner.output[-1].call_id):
                within = answer(client, inner)
            outside = answer(client, asking)
    runs = by_id(captured)
    caller = threadtrail.events.Caller(call_id=asking.output[-1].call_id, run_id=asking.id, turn_id=asking.id)
    assert runs[inner.id].called_by == runs[within.id].called_by == caller
    assert runs[outside.id].called_by is None


class CapturesContext:
    """An exporter that is asked for a context wherever a run begins."""

    def __init__(self) -> None:
        self.ended: dict[str, Run] = {}

    @threadtrail.hookimpl
    def capture_context(self) -> object:
        return "here"

    @threadtrail.hookimpl
    def export(self, events: Any) -> None:
        self.ended |= {event.run.id: event.run for event in events if isinstance(event, RunEnded)}


def test_the_outer_call_counts_where_exporters_capture_contexts_too(
    server: AssistantsServer, client: Any
) -> None:
    exporter = CapturesContext()
    with threadtrail.instrument(exporters=[exporter]):
        asks(server)
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        with threadtrail.tool(asking.output[-1].call_id):
            asks(server)
            inner = client.responses.create(model="gpt-4o", input="Where is it?")
            with threadtrail.tool(inner.output[-1].call_id):
                within = answer(client, inner)
    caller = threadtrail.events.Caller(call_id=asking.output[-1].call_id, run_id=asking.id, turn_id=asking.id)
    assert exporter.ended[within.id].called_by == exporter.ended[inner.id].called_by == caller


@pytest.mark.parametrize("given", [None, lambda: None])
def test_a_tool_needs_the_id_of_its_call(given: Any) -> None:
    with pytest.raises(TypeError, match=r"threadtrail\.tool\(item\.call_id\)"):
        threadtrail.tool(given)


def test_the_id_is_what_is_asked_for_and_not_the_thing(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture():
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        call = asking.output[-1]
        with pytest.raises(TypeError, match=r"item\.call_id\), not the ResponseFunctionToolCall$"):
            threadtrail.tool(call)
        with pytest.raises(TypeError, match=r"item\.call_id\), not the dict$"):
            threadtrail.tool(call.model_dump())
        with pytest.raises(TypeError, match=r"response\.id\), not the Response$"):
            threadtrail.turn_id(asking)
        answer(client, asking)


async def test_an_object_that_is_called_as_a_coroutine_function(
    server: AssistantsServer, async_client: Any
) -> None:
    class LookUp:
        async def __call__(self, question: str) -> Any:
            return await async_client.responses.create(model="gpt-4o", input=question)

    with capture() as captured:
        response = await threadtrail.tool("call_1")(LookUp())("How is the weather?")
    assert by_id(captured)[response.id].called_by == threadtrail.events.Caller(call_id="call_1")


def test_a_call_that_nobody_has_seen_is_named_all_the_same(server: AssistantsServer, client: Any) -> None:
    with capture() as captured, threadtrail.tool("call_of_another_process"):
        response = client.responses.create(model="gpt-4o", input="Hello")
    caller = threadtrail.events.Caller(call_id="call_of_another_process")
    assert by_id(captured)[response.id].called_by == caller


def test_the_turn_of_any_response_is_known_at_once(server: AssistantsServer, client: Any) -> None:
    asks(server)
    with capture():
        asking = client.responses.create(model="gpt-4o", input="How is the weather?")
        assert threadtrail.turn_id(asking.id) == asking.id
        answering = answer(client, asking)
        assert threadtrail.turn_id(answering.id) == asking.id
        assert threadtrail.turn_id("resp_of_another_process") is None


def test_nothing_is_known_where_nothing_is_recorded() -> None:
    assert threadtrail.turn_id("resp_1") is None
