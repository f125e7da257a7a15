"""Streams: the API's event names and order, gates, and streams that break off."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpx2
import openai
import pytest
from openai import APIError, AsyncOpenAI

from threadtrail.testing.server import (
    SCENARIOS,
    DropStream,
    EditBody,
    FunctionCall,
    Gate,
    Hangs,
    Message,
    Refusal,
    RunScript,
    StreamError,
    StreamEvent,
    Text,
    ToolCalls,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing.server import AssistantsServer

BEGINNING = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]
STEP_BEGINNING = ["thread.run.step.created", "thread.run.step.in_progress"]
MESSAGE_BEGINNING = ["thread.message.created", "thread.message.in_progress"]


def test_events_of_an_answer_come_in_the_order_of_the_api(
    client: OpenAI, server: AssistantsServer, assistant_id: str
) -> None:
    server.script_next(RunScript("x equals 1"))
    with client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True) as stream:
        events = list(stream)
    assert [event.event for event in events] == [
        "thread.created",
        *BEGINNING,
        *STEP_BEGINNING,
        *MESSAGE_BEGINNING,
        "thread.message.delta",
        "thread.message.delta",
        "thread.message.delta",
        "thread.message.completed",
        "thread.run.step.completed",
        "thread.run.completed",
    ]
    statuses = {event.event: getattr(event.data, "status", None) for event in events}
    assert statuses["thread.run.created"] == statuses["thread.run.queued"] == "queued"
    assert statuses["thread.run.step.created"] == "in_progress"
    usages = [event.event for event in events if getattr(event.data, "usage", None) is not None]
    assert usages == ["thread.run.step.completed", "thread.run.completed"]


def test_function_calls_over_two_streams(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("f", {"a": 1}), FunctionCall("g")), "Done."))
    runs = client.beta.threads.runs
    with runs.stream(thread_id=thread_id, assistant_id=assistant_id) as stream:
        names = [event.event for event in stream]
        run = stream.get_final_run()
    assert names[:5] == [*BEGINNING, *STEP_BEGINNING]
    assert set(names[5:-1]) == {"thread.run.step.delta"}
    assert names[-1] == "thread.run.requires_action"
    [step] = stream.get_final_run_steps()
    assert step.step_details.type == "tool_calls"
    functions = [call.function for call in step.step_details.tool_calls if call.type == "function"]
    assert [(function.name, function.arguments) for function in functions] == [
        ("f", '{"a": 1}'),
        ("g", "{}"),
    ]
    assert run.required_action is not None
    calls = run.required_action.submit_tool_outputs.tool_calls
    with runs.submit_tool_outputs_stream(
        run_id=run.id,
        thread_id=thread_id,
        tool_outputs=[{"tool_call_id": call.id, "output": "1"} for call in calls],
    ) as second:
        names = [event.event for event in second]
        assert second.get_final_run().status == "completed"
    assert names == [
        "thread.run.step.completed",
        "thread.run.queued",
        "thread.run.in_progress",
        *STEP_BEGINNING,
        *MESSAGE_BEGINNING,
        "thread.message.delta",
        "thread.message.completed",
        "thread.run.step.completed",
        "thread.run.completed",
    ]


def test_helpers_put_every_kind_of_delta_together(
    client: OpenAI, server: AssistantsServer, assistant_id: str
) -> None:
    citation = {
        "type": "file_citation",
        "text": "[1]",
        "start_index": 0,
        "end_index": 3,
        "file_citation": {"file_id": "file-1"},
    }
    parts = (Text("[1] says  so\n", (citation,)), Refusal("I cannot say more"))
    code = SCENARIOS["code-interpreter"]
    assert isinstance(code, RunScript)
    server.script_next(RunScript(code.steps[0], Message(*parts)))
    with client.beta.threads.create_and_run_stream(assistant_id=assistant_id) as stream:
        streamed = stream.get_final_messages()[0].content
        steps = stream.get_final_run_steps()
        run = stream.get_final_run()
    stored = client.beta.threads.messages.list(run.thread_id).data[0].content
    assert [part.to_dict() for part in streamed] == [part.to_dict() for part in stored]
    assert stored[0].to_dict()["text"] == {"value": "[1] says  so\n", "annotations": [citation]}
    assert steps[0].step_details.type == "tool_calls"
    [call] = steps[0].step_details.tool_calls
    assert call.type == "code_interpreter"
    assert call.code_interpreter.input.endswith("print(x)\n")
    assert [output.type for output in call.code_interpreter.outputs] == ["logs", "image"]


async def test_async_streams(server: AssistantsServer) -> None:
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-local") as client:
        assistant = await client.beta.assistants.create(model="gpt-4o")
        async with client.beta.threads.create_and_run_stream(assistant_id=assistant.id) as stream:
            names = [event.event async for event in stream]
            run = await stream.get_final_run()
        assert (names[0], names[-1]) == ("thread.created", "thread.run.completed")
        raw = await client.beta.threads.runs.create(run.thread_id, assistant_id=assistant.id, stream=True)
        assert [event.event async for event in raw][-1] == "thread.run.completed"
        polled = await client.beta.threads.runs.create_and_poll(
            thread_id=run.thread_id, assistant_id=assistant.id
        )
        assert polled.status == "completed"
        listed = [item.id async for item in client.beta.threads.runs.list(run.thread_id)]
        assert listed[0] == polled.id


def test_stream_ends_with_done(server: AssistantsServer, assistant_id: str, thread_id: str) -> None:
    answer = httpx2.post(
        f"{server.base_url}/threads/{thread_id}/runs",
        headers={"authorization": "Bearer sk-local", "openai-beta": "assistants=v2"},
        json={"assistant_id": assistant_id, "stream": True},
    )
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("event: thread.run.created\ndata: {")
    assert answer.text.endswith("event: done\ndata: [DONE]\n\n")
    assert "openai-poll-after-ms" not in answer.headers


def test_gate_holds_each_event(client: OpenAI, server: AssistantsServer, assistant_id: str) -> None:
    gate = Gate()
    server.script_next(RunScript("x = 1", gate=gate))
    stream = client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)
    assert next(iter(stream)).event == "thread.created"
    assert server.open_streams == 1
    for expected in BEGINNING:
        gate.wait_for_waiters()
        gate.release()
        assert next(stream).event == expected
    gate.open()
    assert [event.event for event in stream][-1] == "thread.run.completed"
    server.wait_until(lambda: server.open_streams == 0)


def test_polls_do_not_move_a_run_that_streams(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    gate = Gate(permits=4)
    server.script_next(RunScript("x = 1", gate=gate, polls=1))
    runs = client.beta.threads.runs
    with runs.create(thread_id, assistant_id=assistant_id, stream=True) as stream:
        run_id = next(iter(stream)).data.id  # type: ignore[union-attr]  # the first event is the run
        gate.wait_for_waiters()
        for _ in range(3):
            assert runs.retrieve(run_id, thread_id=thread_id).status == "in_progress"
        gate.open()


def test_closed_stream_lets_the_run_go_on_by_polls(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    gate = Gate(permits=3)
    server.script_next(RunScript("x = 1", gate=gate, polls=2))
    stream = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    run_id = next(iter(stream)).data.id  # type: ignore[union-attr]  # the first event is the run
    gate.wait_for_waiters()
    stream.close()
    server.wait_until(lambda: server.open_streams == 0)
    assert client.beta.threads.runs.poll(run_id, thread_id).status == "completed"


def test_dropped_stream(client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str) -> None:
    server.inject(DropStream(after_events=4), "runs.create")
    seen: list[str] = []
    stream = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        seen.extend(event.event for event in stream)
    assert seen == [*BEGINNING, "thread.run.step.created"]
    [run] = client.beta.threads.runs.list(thread_id).data
    assert client.beta.threads.runs.poll(run.id, thread_id).status == "completed"


def test_error_event(client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str) -> None:
    server.inject(StreamError(after_events=3, message="Overloaded"), "runs.create")
    seen: list[str] = []
    stream = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    with pytest.raises(APIError, match="Overloaded"):
        seen.extend(event.event for event in stream)
    assert seen == BEGINNING


def test_error_event_without_a_wrapper_is_yielded(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.inject(StreamError(after_events=3, wrapped=False), "runs.create")
    stream = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    assert [event.event for event in stream] == [*BEGINNING, "error"]


def test_hanging_stream_ends_when_its_run_is_cancelled(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript("Never", end=Hangs()))
    names: list[str] = []
    writing = threading.Event()

    def read() -> None:
        runs = client.beta.threads.runs
        for event in runs.create(thread_id, assistant_id=assistant_id, stream=True):
            names.append(event.event)
            if event.event == "thread.message.delta":
                writing.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert writing.wait(60)
    [run] = client.beta.threads.runs.list(thread_id).data
    client.beta.threads.runs.cancel(run.id, thread_id=thread_id)
    reader.join(60)
    assert names[-4:] == [
        "thread.run.cancelling",
        "thread.message.incomplete",
        "thread.run.step.cancelled",
        "thread.run.cancelled",
    ]


def test_unknown_event_and_edited_events(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript(StreamEvent("thread.run.dreaming", {"id": "dream_1"})))

    def mark(data: Any) -> Any:
        return {**data, "marked": True}

    server.inject(EditBody(mark))
    stream = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    with client.beta.threads.runs.with_streaming_response.list(thread_id) as _:
        pass
    raw = [line for line in stream.response.read().decode().splitlines() if line]
    assert "event: thread.run.dreaming" in raw
    assert raw.count('data: {"id": "dream_1", "marked": true}') == 1


@pytest.mark.parametrize("included", [True, False])
def test_streamed_step_has_search_content_only_when_included(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str, *, included: bool
) -> None:
    server.script_next(SCENARIOS["file-search"])
    stream = client.beta.threads.runs.create(
        thread_id,
        assistant_id=assistant_id,
        include=["step_details.tool_calls[*].file_search.results[*].content"] if included else [],
        stream=True,
    )
    found = [
        "content" in call.to_dict()["file_search"]["results"][0]  # type: ignore[index]  # JSON
        for event in stream
        if event.event == "thread.run.step.completed" and event.data.step_details.type == "tool_calls"
        for call in event.data.step_details.tool_calls
    ]
    assert found == [included]


def test_event_delay_slows_a_stream_and_nothing_else(
    client: OpenAI, server: AssistantsServer, assistant_id: str, thread_id: str
) -> None:
    server.script_next(RunScript("x", event_delay=0.001))
    stream = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)
    assert [event.event for event in stream][-1] == "thread.run.completed"
