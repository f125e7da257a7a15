"""Steps and tool calls, from wherever they show up, in every order, and repeated."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import (
    WITH_SEARCH_CONTENT,
    drained,
    entered,
    new_assistant,
    new_thread,
    outputs_for,
    poll,
    resolved,
)
from recording.invariants import check_story
from threadtrail.events import (
    RunCreated,
    StepCompleted,
    StepCreated,
    ToolCallCompleted,
    ToolCallRequested,
)
from threadtrail.testing import capture
from threadtrail.testing.server import (
    SCENARIOS,
    EditBody,
    Expired,
    FunctionCall,
    Message,
    RunScript,
    ToolCalls,
)

if TYPE_CHECKING:
    from threadtrail.events import Run
    from threadtrail.testing import AssistantsServer, Captured

TWO_ROUNDS = RunScript(
    ToolCalls(FunctionCall("weather", {"city": "Oslo"}), FunctionCall("weather", {"city": "Rome"})),
    ToolCalls(FunctionCall("time", {"city": "Oslo"})),
    Message("Both are fine."),
)


async def list_steps(client: Any, run: Any) -> None:
    steps = client.beta.threads.runs.steps
    for step in await drained(await resolved(steps.list(run.id, thread_id=run.thread_id))):
        await resolved(steps.retrieve(step.id, run_id=run.id, thread_id=run.thread_id))


def check_two_rounds(recorded: Captured) -> None:
    run = recorded.run()
    calls = run.tool_calls
    assert [(call.name, call.arguments, call.output) for call in calls] == [
        ("weather", '{"city": "Oslo"}', "output of weather"),
        ("weather", '{"city": "Rome"}', "output of weather"),
        ("time", '{"city": "Oslo"}', "output of time"),
    ]
    assert all(call.kind == "function" and call.error is None for call in calls)
    requested, completed = recorded.of(ToolCallRequested), recorded.of(ToolCallCompleted)
    assert len(requested) == len(completed) == 3
    assert [event.tool_call.name for event in requested] == ["weather", "weather", "time"]
    assert [event.tool_call.output for event in completed] == [call.output for call in calls]


@pytest.mark.parametrize(
    "looks",
    list(itertools.product((False, True), repeat=3)),
    ids=lambda looks: "".join("-L"[look] for look in looks),
)
async def test_polled_with_and_without_looks_at_the_steps(
    looks: tuple[bool, ...], any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    """`looks`: whether the steps are listed before outputs are submitted, after that, and at the end."""
    before, after, at_end = looks
    server.script_next(TWO_ROUNDS)
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await poll(any_client, await resolved(runs.create(thread_id, assistant_id=assistant_id)))
    while run.status == "requires_action":
        for _ in range(2 * before):
            await list_steps(any_client, run)
        given = outputs_for(run)
        run = await resolved(runs.submit_tool_outputs(run.id, thread_id=thread_id, tool_outputs=given))
        if after:
            await list_steps(any_client, run)
        run = await poll(any_client, run)
    for _ in range(2 * at_end):
        await list_steps(any_client, run)
    check_two_rounds(recorded)
    published = recorded.run()
    if at_end:
        assert [step.kind for step in published.steps] == ["tool_calls", "tool_calls", "message_creation"]
        assert len(recorded.of(StepCreated)) == len(recorded.of(StepCompleted)) == 3
        assert sum(step.usage.total_tokens for step in published.steps if step.usage) == 70
    elif not after and not before:
        assert [(step.id, len(step.tool_calls)) for step in published.steps] == [(None, 2), (None, 1)]
        assert all(call.seen_live for call in published.tool_calls)


async def test_streamed_in_three_streams(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(TWO_ROUNDS)
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    manager = runs.stream(thread_id=thread_id, assistant_id=assistant_id)
    for _ in range(3):
        async with entered(manager) as stream:
            run = await resolved(stream.get_final_run())
        if run.status == "requires_action":
            manager = runs.submit_tool_outputs_stream(
                run_id=run.id, thread_id=thread_id, tool_outputs=outputs_for(run)
            )
    check_two_rounds(recorded)
    assert [len(step.tool_calls) for step in recorded.run().steps] == [2, 1, 0]


async def test_a_worker_that_only_hands_over_outputs(any_client: Any, server: AssistantsServer) -> None:
    """It never saw the run created, nor what was asked for."""
    server.script_next(RunScript(ToolCalls(FunctionCall("solve", {"x": 3})), Message("x is 1.")))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await poll(any_client, await resolved(runs.create(thread_id, assistant_id=assistant_id)))
    for manner in ("plain", "raw", "stream"):
        if manner != "plain":
            server.script_next(RunScript(ToolCalls(FunctionCall("solve", {"x": 3})), Message("x is 1.")))
            run = await poll(any_client, await resolved(runs.create(thread_id, assistant_id=assistant_id)))
        given: Any = {"thread_id": thread_id, "tool_outputs": outputs_for(run)}
        with capture() as captured:
            if manner == "stream":
                manager = runs.submit_tool_outputs_stream(run_id=run.id, **given)
                async with entered(manager) as stream:
                    await resolved(stream.until_done())
            else:
                submitter = runs.with_raw_response if manner == "raw" else runs
                await resolved(submitter.submit_tool_outputs(run.id, **given))
                await resolved(runs.poll(run.id, thread_id, poll_interval_ms=0))
            await list_steps(any_client, run)
        check_story(captured.events)
        published = captured.run()
        assert [event.observed_from_start for event in captured.of(RunCreated)] == [False]
        (call,) = published.tool_calls
        assert (call.id, call.output) == (given["tool_outputs"][0]["tool_call_id"], "output of solve")
        (requested,), (completed,) = captured.of(ToolCallRequested), captured.of(ToolCallCompleted)
        assert requested.time <= completed.time
        if manner != "stream":
            assert call.name == "solve"


async def played(client: Any, server: AssistantsServer, scenario: str) -> Any:
    server.script_next(SCENARIOS[scenario])
    assistant_id, thread_id = await new_assistant(client), await new_thread(client)
    return await resolved(
        client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=assistant_id, poll_interval_ms=0
        )
    )


async def test_code_interpreter(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    run = await played(any_client, server, "code-interpreter")
    await list_steps(any_client, run)
    (call,) = recorded.run().tool_calls
    assert (call.kind, call.name, call.output) == ("code_interpreter", "code_interpreter", "1.0\n")
    assert str(call.arguments).startswith("import matplotlib")
    assert [result["type"] for result in call.results] == ["logs", "image"]
    assert call.results[1]["image"]["file_id"] == "file-plot"


@pytest.mark.skipif(not WITH_SEARCH_CONTENT, reason="this version of the SDK cannot ask for it")
@pytest.mark.parametrize("order", [[False, True], [True, False], [True], [False]])
async def test_file_search(
    order: list[bool], any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    """The content of what was found comes on request only; once it came, it stays."""
    run = await played(any_client, server, "file-search")
    steps = any_client.beta.threads.runs.steps
    for with_content in order:
        options = WITH_SEARCH_CONTENT if with_content else {}
        await drained(await resolved(steps.list(run.id, thread_id=run.thread_id, **options)))
    (call,) = recorded.run().tool_calls
    assert call.kind == "file_search"
    assert [result["file_name"] for result in call.results] == ["handbook.pdf", "faq.md"]
    found = call.results[0].get("content")
    assert (found is not None) is any(order)
    if found:
        assert found[0]["text"] == "Leave is 30 days."


async def test_an_unknown_tool_is_kept(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    run = await played(any_client, server, "unknown")
    await list_steps(any_client, run)
    published = recorded.run()
    (call,) = published.tool_calls
    assert (call.kind, call.name, call.results) == ("hologram", "hologram", ({"shape": "sphere"},))
    assert len(published.steps) == 2


async def test_an_unknown_object_of_a_stream_is_no_step(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(SCENARIOS["unknown"])
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    manager = any_client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id)
    async with entered(manager) as stream:
        await resolved(stream.until_done())
    assert [step.kind for step in recorded.run().steps] == ["tool_calls", "message_creation"]


async def test_an_unknown_status_of_a_step_is_no_end(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    def pause(body: Any) -> Any:
        for step in body["data"]:
            step["status"] = "paused"
        return body

    run = await played(any_client, server, "plain")
    server.inject(EditBody(pause), "steps.list")
    await drained(await resolved(any_client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id)))
    (step,) = recorded.run().steps
    assert (step.status, len(recorded.of(StepCompleted))) == ("completed", 1)


@pytest.mark.parametrize("end", ["expired", "cancelled", "shutdown"])
@pytest.mark.parametrize("looked", [False, True], ids=["steps unseen", "steps seen"])
async def test_calls_that_nobody_answered(
    end: str, any_client: Any, server: AssistantsServer, *, looked: bool
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a", {}), FunctionCall("b", {})), Message("no")))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    with capture() as captured:
        run = await poll(any_client, await resolved(runs.create(thread_id, assistant_id=assistant_id)))
        if looked:
            await list_steps(any_client, run)
        if end == "expired":
            server.expire_run(run.id)
        elif end == "cancelled":
            run = await resolved(runs.cancel(run.id, thread_id=thread_id))
        if end != "shutdown":
            run = await resolved(runs.retrieve(run.id, thread_id=thread_id))
            await poll(any_client, run)
            if looked:
                await list_steps(any_client, run)
    threadtrail.uninstrument()
    check_story(captured.events)
    published = captured.run()
    assert [call.name for call in published.tool_calls] == ["a", "b"]
    assert all(call.output is None for call in published.tool_calls)
    failures = {call.error.type if call.error else None for call in published.tool_calls}
    assert failures == {end if end != "shutdown" else "unfinished"}
    assert published.finished is (end != "shutdown")


async def test_an_expired_run_with_some_outputs(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("a", {})), Message("no"), end=Expired()))
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await poll(any_client, await resolved(runs.create(thread_id, assistant_id=assistant_id)))
    await resolved(
        runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread_id, tool_outputs=outputs_for(run), poll_interval_ms=0
        )
    )
    published: Run = recorded.run()
    (call,) = published.tool_calls
    assert (published.status, call.output, call.error) == ("expired", "output of a", None)
