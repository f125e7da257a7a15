"""However a stream ends, its run is published once, with what was seen."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import TYPE_CHECKING, Any

import openai
import pytest
from openai import AsyncStream

import threadtrail
from driving import drained, each, new_assistant, new_thread, resolved
from instrumentation.opening import (
    EVERY_OPENER,
    MANAGERS,
    TEXT,
    TO_SECOND_DELTA,
    AppError,
    Seen,
    broken_out_of,
    closed,
    ended_by_shutdown,
    exhausted,
    left_by_exception,
    open_contexts,
    opened_by_create,
    opened_by_create_and_run,
    operation_of,
    partial_text,
    play,
    streaming,
    the_run,
    until_second_delta,
)
from threadtrail.events import RequestFailed, RunCreated, RunEnded
from threadtrail.recording import ends
from threadtrail.testing.server import (
    DropStream,
    Gate,
    RunScript,
    StreamError,
    server_error,
)

if TYPE_CHECKING:
    from threadtrail.testing import AssistantsServer, Captured

pytestmark = [
    pytest.mark.usefixtures("strict"),
    pytest.mark.filterwarnings("ignore:use `stream` instead:DeprecationWarning"),
]


@pytest.mark.parametrize("opener", EVERY_OPENER)
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
@pytest.mark.parametrize("opener", EVERY_OPENER)
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


@pytest.mark.parametrize("opener", EVERY_OPENER)
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


@pytest.mark.parametrize("opener", EVERY_OPENER)
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


@pytest.mark.parametrize("opener", EVERY_OPENER)
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


@pytest.mark.slow
@pytest.mark.parametrize("opener", [opened_by_create, opened_by_create_and_run])
async def test_garbage_collected_without_close(
    opener: Any,
    any_client: Any,
    server: AssistantsServer,
    recording: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ends, "DROPPED_STREAM_SECONDS", 0.0)
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


@pytest.mark.slow
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
    assert not recording.of(RunCreated)
    assert not recording.of(RunEnded)


@pytest.mark.parametrize("opener", EVERY_OPENER)
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
