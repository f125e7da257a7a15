"""The app's stream and its event handler stay the app's own; streams nest around tool calls."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AssistantEventHandler, AsyncAssistantEventHandler, AsyncStream, Stream
from openai.lib.streaming import AssistantStreamManager, AsyncAssistantStreamManager

from driving import drained, entered, new_assistant, new_thread, outputs_for, resolved
from instrumentation.opening import (
    TEXT,
    AppError,
    closed,
    ended_by_shutdown,
    exhausted,
    of_each_kind,
    open_contexts,
    opened_by_create,
    opened_by_stream,
    partial_text,
    play,
    the_run,
)
from threadtrail.events import RequestFailed, RunStatusChanged
from threadtrail.testing.server import (
    FunctionCall,
    Message,
    RunScript,
    ToolCalls,
)

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured

pytestmark = [
    pytest.mark.usefixtures("strict"),
    pytest.mark.filterwarnings("ignore:use `stream` instead:DeprecationWarning"),
]


async def nothing() -> None:
    """What an asynchronous callback does that does nothing."""


async def test_the_stream_is_the_sdks_own(
    any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    is_async = isinstance(any_client, openai.AsyncOpenAI)
    stream = await resolved(opened_by_create(any_client, thread_id, assistant_id))
    assert type(stream) is (AsyncStream if is_async else Stream)
    assert stream.response.status_code == 200
    await drained(stream)
    manager = opened_by_stream(any_client, thread_id, assistant_id)
    assert type(manager) is (AsyncAssistantStreamManager if is_async else AssistantStreamManager)
    async with entered(manager) as handler:
        assert type(handler) is (AsyncAssistantEventHandler if is_async else AssistantEventHandler)
        run = await resolved(handler.get_final_run())
        messages = await resolved(handler.get_final_messages())
    assert run.status == "completed"
    assert messages[0].content[0].text.value == "You said: 3x + 11 = 14?"
    assert len(recording.runs) == 2


async def test_the_apps_own_handler_is_driven_and_knows_its_run(
    any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    server.script_next(RunScript(TEXT))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    noted: list[tuple[Any, ...]] = []

    def note(self: Any, *values: Any) -> Any:
        noted.append((self, self.current_run and self.current_run.status, self.current_event.event))
        return nothing() if isinstance(self, AsyncAssistantEventHandler) else None

    handler = of_each_kind(any_client, on_text_delta=note)
    manager = any_client.beta.threads.runs.stream(
        thread_id=thread_id, assistant_id=assistant_id, event_handler=handler
    )
    async with entered(manager) as stream:
        assert stream is handler
        await resolved(stream.until_done())
    assert noted == [(handler, "in_progress", "thread.message.delta")] * 6
    assert the_run(recording).status == "completed"


async def test_exception_in_a_callback(
    any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    server.script_next(RunScript(TEXT))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)

    def fail(self: Any, delta: Any, snapshot: Any) -> Any:
        if snapshot.value == "one two":
            raise AppError
        return nothing() if isinstance(self, AsyncAssistantEventHandler) else None

    handler = of_each_kind(any_client, on_text_delta=fail)
    manager = any_client.beta.threads.runs.stream(
        thread_id=thread_id, assistant_id=assistant_id, event_handler=handler
    )
    with pytest.raises(AppError):
        async with entered(manager) as stream:
            await resolved(stream.until_done())
    run = ended_by_shutdown(recording)
    assert partial_text(run) == "one two"
    assert not recording.of(RequestFailed)


async def test_outputs_submitted_from_within_a_callback(
    any_client: Any,
    server: AssistantsServer,
    recording: Captured,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The pattern of OpenAI's own guide: the second stream of the run is nested in the first."""
    script = RunScript(ToolCalls(FunctionCall("solve", {"x": 3})), Message(TEXT))
    server.script_next(script)
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    texts: list[str] = []

    async def submit(self: Any, run: Any) -> None:
        inner = any_client.beta.threads.runs.submit_tool_outputs_stream(
            thread_id=thread_id,
            run_id=self.current_run.id,
            tool_outputs=outputs_for(run),
            event_handler=of_each_kind(any_client),
        )
        async with entered(inner) as stream:
            texts.extend(await drained(stream.text_deltas))

    async def on_event_async(self: Any, event: Any) -> None:
        if event.event == "thread.run.requires_action":
            await submit(self, event.data)

    def on_event(self: Any, event: Any) -> None:
        if event.event == "thread.run.requires_action":
            # Nothing in it waits, with a sync client.
            with pytest.raises(StopIteration):
                submit(self, event.data).send(None)

    is_async = isinstance(any_client, openai.AsyncOpenAI)
    before = open_contexts()
    with caplog.at_level(logging.WARNING):
        handler = of_each_kind(any_client, on_event=on_event_async if is_async else on_event)
        manager = any_client.beta.threads.runs.stream(
            thread_id=thread_id, assistant_id=assistant_id, event_handler=handler
        )
        async with entered(manager) as stream:
            await resolved(stream.until_done())
        run = the_run(recording)
    assert "".join(texts) == TEXT
    assert caplog.records == []
    assert open_contexts() == before
    assert (run.status, partial_text(run)) == ("completed", TEXT)
    assert [change.status for change in recording.of(RunStatusChanged)] == [
        *("queued", "in_progress", "requires_action"),
        *("queued", "in_progress", "completed"),
    ]
    (call,) = run.tool_calls
    assert (call.name, call.output) == ("solve", "output of solve")


@pytest.mark.parametrize("helper", [True, False], ids=["helper", "stream=True"])
@pytest.mark.parametrize("end", [exhausted, closed])
async def test_a_submit_stream(
    end: Any, any_client: Any, server: AssistantsServer, recording: Captured, *, helper: bool
) -> None:
    script = RunScript(ToolCalls(FunctionCall("solve", {"x": 3})), Message(TEXT))
    server.script_next(script)
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(
        runs.create_and_poll(thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0)
    )
    given = {"run_id": run.id, "thread_id": thread_id, "tool_outputs": outputs_for(run)}
    opening = (
        runs.submit_tool_outputs_stream(**given)
        if helper
        else runs.submit_tool_outputs(given.pop("run_id"), **given, stream=True)
    )
    seen = await play(opening, end)
    published = the_run(recording) if end is exhausted else ended_by_shutdown(recording)
    assert published.tool_calls[0].output == "output of solve"
    assert (published.finished, partial_text(published)) == (end is exhausted, seen.text)
    assert partial_text(published)
