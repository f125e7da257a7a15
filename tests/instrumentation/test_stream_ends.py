"""However a stream ends, its run is told once, with what was seen; and the app's stream stays the app's."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AssistantEventHandler, AsyncAssistantEventHandler, AsyncStream, Stream
from openai.lib.streaming import AssistantStreamManager, AsyncAssistantStreamManager

from driving import drained, each, entered, new_assistant, new_thread, outputs_for, resolved
import threadtrail
from recording.invariants import check_story
from threadtrail.events import RequestFailed, RunCreated, RunEnded, RunStatusChanged
from threadtrail.recording import interpreter
from threadtrail.testing import Captured, capture
from threadtrail.testing.server import (
    DropStream,
    FunctionCall,
    Gate,
    Message,
    RunScript,
    StreamError,
    ToolCalls,
    server_error,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run

TEXT = "one two three four five six"
TO_SECOND_DELTA = 9  # run created, queued, in_progress; step and message created, in_progress; two deltas

pytestmark = [
    pytest.mark.usefixtures("strict"),
    pytest.mark.filterwarnings("ignore:use `stream` instead:DeprecationWarning"),
]


class AppError(Exception):
    """What the application itself raises."""


@pytest.fixture
def recording() -> Iterator[Captured]:
    with capture() as captured:
        yield captured
    check_story(captured.events)


def of_each_kind(client: Any, handler: type | None = None, **callbacks: Any) -> Any:
    """A handler of the client's kind with these callbacks."""
    base = AsyncAssistantEventHandler if isinstance(client, openai.AsyncOpenAI) else AssistantEventHandler
    return type("AppHandler", (base,), callbacks)()


# -- how a stream is opened -------------------------------------------------------------------------


def opened_by_create(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.runs.create(thread_id, assistant_id=assistant_id, stream=True)


def opened_by_create_and_run(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.create_and_run(assistant_id=assistant_id, stream=True)


def opened_by_stream(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id)


def opened_with_handler(client: Any, thread_id: str, assistant_id: str) -> Any:
    handler = of_each_kind(client)
    return client.beta.threads.runs.stream(
        thread_id=thread_id, assistant_id=assistant_id, event_handler=handler
    )


def opened_by_create_and_stream(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.runs.create_and_stream(thread_id=thread_id, assistant_id=assistant_id)


def opened_by_create_and_run_stream(client: Any, thread_id: str, assistant_id: str) -> Any:
    return client.beta.threads.create_and_run_stream(assistant_id=assistant_id)


MANAGERS = [
    opened_by_stream,
    opened_with_handler,
    opened_by_create_and_stream,
    opened_by_create_and_run_stream,
]
OPENERS = [opened_by_create, opened_by_create_and_run, *MANAGERS]
THREAD_TOO = [opened_by_create_and_run, opened_by_create_and_run_stream]


def until_second_delta(opener: Any) -> int:
    """How many events come until then; a thread that is created is one of them."""
    return TO_SECOND_DELTA + (opener in THREAD_TOO)


def operation_of(opener: Any) -> Any:
    """What the server calls it."""
    return "threads.create_and_run" if opener in THREAD_TOO else "runs.create"


@contextlib.asynccontextmanager
async def streaming(opening: Any) -> AsyncIterator[Any]:
    """The stream of a manager, or the bare one, which nobody closes."""
    if isinstance(opening, (AssistantStreamManager, AsyncAssistantStreamManager)):
        async with entered(opening) as stream:
            yield stream
    else:
        yield await resolved(opening)


# -- how it ends ------------------------------------------------------------------------------------


class Seen:
    """What the application saw of a stream."""

    def __init__(self) -> None:
        self.events: list[str | None] = []
        self.text = ""

    def take(self, event: Any) -> None:
        self.events.append(event.event)
        if event.event == "thread.message.delta":
            self.text += event.data.delta.content[0].text.value


async def exhausted(stream: Any, seen: Seen) -> None:
    async for event in each(stream):
        seen.take(event)


async def broken_out_of(stream: Any, seen: Seen) -> None:
    async for event in each(stream):
        seen.take(event)
        if seen.text == "one two":
            break


async def closed(stream: Any, seen: Seen) -> None:
    await broken_out_of(stream, seen)
    await resolved(stream.close())


async def left_by_exception(stream: Any, seen: Seen) -> None:
    async for event in each(stream):
        seen.take(event)
        if seen.text == "one two":
            raise AppError


async def play(opening: Any, end: Any) -> Seen:
    seen = Seen()
    async with streaming(opening) as stream:
        await end(stream, seen)
    return seen


def the_run(recording: Captured) -> Run:
    """The run, told once, after all is over."""
    (run,) = recording.runs
    events = recording.events
    assert len(recording.of(RunCreated)) == 1
    assert isinstance([event for event in events if getattr(event, "run_id", None) == run.id][-1], RunEnded)
    return run


def partial_text(run: Run) -> str:
    return "".join(message.text for message in run.output)


@pytest.mark.parametrize("opener", OPENERS)
async def test_exhausted(opener: Any, any_client: Any, server: AssistantsServer, recording: Captured) -> None:
    server.script_next(RunScript(TEXT))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    seen = await play(opener(any_client, thread_id, assistant_id), exhausted)
    assert (seen.text, seen.events[-1]) == (TEXT, "thread.run.completed")
    run = the_run(recording)
    assert (run.status, run.finished, run.streamed) == ("completed", True, True)
    assert partial_text(run) == TEXT
    assert [message.status for message in run.output] == ["completed"]
    assert not recording.of(RequestFailed)


@pytest.mark.parametrize("end", [broken_out_of, closed, left_by_exception])
@pytest.mark.parametrize("opener", OPENERS)
async def test_left_early(
    opener: Any, end: Any, any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    server.script_next(RunScript(TEXT))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    before = open_contexts()
    try:
        await play(opener(any_client, thread_id, assistant_id), end)
    except AppError:
        assert end is left_by_exception
    else:
        assert end is not left_by_exception
    assert open_contexts() == before
    run = ended_by_shutdown(recording)
    assert (run.status, run.finished) == ("in_progress", False)
    assert partial_text(run) == "one two"
    assert [message.status for message in run.output] == ["in_progress"]
    assert not recording.of(RequestFailed)


def ended_by_shutdown(recording: Captured) -> Run:
    assert recording.runs == []
    threadtrail.uninstrument()
    return the_run(recording)


def open_contexts() -> dict[str, Any]:
    """The context variables of ours that are set here."""
    context = contextvars.copy_context()
    return {variable.name: value for variable, value in context.items() if "threadtrail" in variable.name}


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("wrapped", [True, False], ids=["raised", "yielded"])
async def test_error_event(
    opener: Any, any_client: Any, server: AssistantsServer, recording: Captured, *, wrapped: bool
) -> None:
    server.script_next(RunScript(TEXT))
    fault = StreamError(until_second_delta(opener), code="server_error", wrapped=wrapped)
    server.inject(fault, operation_of(opener))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    if wrapped:
        with pytest.raises(openai.APIError):
            await play(opener(any_client, thread_id, assistant_id), exhausted)
    else:
        seen = await play(opener(any_client, thread_id, assistant_id), exhausted)
        assert seen.events[-1] in {"error", None}  # as the SDK's version has it
    (failure,) = recording.of(RequestFailed)
    assert (failure.error.type, failure.run_id) == ("server_error", recording.of(RunCreated)[0].run_id)
    run = ended_by_shutdown(recording)
    assert (run.id, partial_text(run)) == (failure.run_id, "one two")


@pytest.mark.parametrize("opener", OPENERS)
async def test_dropped_connection(
    opener: Any, any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    server.script_next(RunScript(TEXT))
    server.inject(DropStream(until_second_delta(opener)), operation_of(opener))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    seen = Seen()
    with pytest.raises(Exception) as raised:  # noqa: PT011 - which one depends on the SDK's version
        async with streaming(opener(any_client, thread_id, assistant_id)) as stream:
            await exhausted(stream, seen)
    assert seen.text == "one two"
    (failure,) = recording.of(RequestFailed)
    assert failure.error.type in {
        type(raised.value).__name__,
        type(raised.value.__cause__).__name__,
        "APIConnectionError",
    }
    run = ended_by_shutdown(recording)
    assert (run.finished, partial_text(run)) == (False, "one two")


async def test_a_broken_stream_followed_by_polls_is_one_whole_run(
    any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    server.script_next(RunScript(TEXT))
    server.inject(DropStream(TO_SECOND_DELTA), "runs.create")
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    with contextlib.suppress(Exception):
        await play(opened_by_create(any_client, thread_id, assistant_id), exhausted)
    run_id = recording.of(RunCreated)[0].run_id

    await resolved(any_client.beta.threads.runs.poll(run_id, thread_id, poll_interval_ms=0))
    await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))

    run = the_run(recording)
    assert (run.status, run.finished, partial_text(run)) == ("completed", True, TEXT)
    assert [change.status for change in run.status_history] == ["queued", "in_progress", "completed"]


async def test_what_was_read_in_a_list_beats_what_a_broken_stream_had(
    any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    server.script_next(RunScript(TEXT))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    stream = await resolved(opened_by_create(any_client, thread_id, assistant_id))
    seen = Seen()
    await broken_out_of(stream, seen)
    run_id = recording.of(RunCreated)[0].run_id
    await resolved(any_client.beta.threads.runs.poll(run_id, thread_id, poll_interval_ms=0))
    await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))
    await resolved(stream.close())
    assert partial_text(the_run(recording)) == TEXT


@pytest.mark.parametrize("opener", OPENERS)
async def test_cancelled_with_its_task(
    opener: Any, async_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    gate = Gate(permits=TO_SECOND_DELTA)
    server.script_next(RunScript(TEXT, gate=gate))
    assistant_id, thread_id = await new_assistant(async_client), await new_thread(async_client)
    seen, waits = Seen(), asyncio.Event()

    async def consume() -> None:
        async with streaming(opener(async_client, thread_id, assistant_id)) as stream:
            async for event in each(stream):
                seen.take(event)
                if seen.text == "one two":
                    waits.set()

    task = asyncio.create_task(consume())
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    gate.open()
    run = ended_by_shutdown(recording)
    assert (run.finished, partial_text(run)) == (False, "one two")


@pytest.mark.parametrize("opener", [opened_by_create, opened_by_create_and_run])
async def test_garbage_collected_without_close(
    opener: Any,
    any_client: Any,
    server: AssistantsServer,
    recording: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interpreter, "DROPPED_STREAM_SECONDS", 0.0)
    server.script_next(RunScript(TEXT))
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    stream = await resolved(opener(any_client, thread_id, assistant_id))
    for _ in range(until_second_delta(opener)):
        await resolved(anext(stream) if isinstance(stream, AsyncStream) else next(stream))
    await resolved(stream.response.aclose() if isinstance(stream, AsyncStream) else stream.response.close())
    assert recording.runs == []
    del stream
    gc.collect()
    run = the_run(recording)
    assert (run.finished, partial_text(run)) == (False, "one two")


@pytest.mark.parametrize("opener", MANAGERS)
async def test_never_entered(
    opener: Any, any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    server.clear_requests()
    is_async = isinstance(any_client, openai.AsyncOpenAI)
    never_awaited = pytest.warns(RuntimeWarning, match=r"'AsyncAPIClient\.post' was never awaited")
    with never_awaited if is_async else contextlib.nullcontext():
        opener(any_client, thread_id, assistant_id)
        gc.collect()
    assert server.requests == []
    threadtrail.uninstrument()
    assert recording.of(RunCreated) == recording.of(RunEnded) == []


@pytest.mark.parametrize("opener", OPENERS)
async def test_a_stream_that_cannot_be_opened(
    opener: Any, any_client: Any, server: AssistantsServer, recording: Captured
) -> None:
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    server.inject(server_error(501), times=9)
    with pytest.raises(openai.InternalServerError):
        await play(opener(any_client.with_options(max_retries=0), thread_id, assistant_id), exhausted)
    (failure,) = recording.of(RequestFailed)
    assert (failure.status_code, failure.run_id) == (501, None)
    assert failure.assistant_id == assistant_id
    assert recording.of(RunCreated) == []


# -- the app's own objects ----------------------------------------------------------------------------


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
        return asyncio.sleep(0) if isinstance(self, AsyncAssistantEventHandler) else None

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
        return asyncio.sleep(0) if isinstance(self, AsyncAssistantEventHandler) else None

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
            async for text in each(stream.text_deltas):
                texts.append(text)

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
    told = the_run(recording) if end is exhausted else ended_by_shutdown(recording)
    assert told.tool_calls[0].output == "output of solve"
    assert (told.finished, partial_text(told)) == (end is exhausted, seen.text)
    assert partial_text(told)
