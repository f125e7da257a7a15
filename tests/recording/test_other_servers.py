"""What compatible servers do otherwise: ids that repeat, usage of zero, events that know more than data."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from openai import OpenAI

from canned_server import canned, message_object, run_object, step_object
from driving import new_assistant, outputs_for, poll, resolved
from recording.stage import CREATE, SECOND, Stage
from threadtrail.events import MessageCompleted, RunEnded, StepCompleted, ToolCallCompleted, ToolCallRequested
from threadtrail.testing import AssistantsServer, capture
from threadtrail.testing.server import (
    Failed,
    FileSearchCall,
    FunctionCall,
    Message,
    RunScript,
    ToolCalls,
    Usage,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from threadtrail.testing import Captured


@pytest.fixture
def recorded(strict: None) -> Iterator[Captured]:
    """A recording in which ids need not be unique, and usage need not add up."""
    with capture(settle_seconds=600) as captured:
        yield captured


# -- ids that are not unique ----------------------------------------------------------------------------


async def run_rounds(client: Any, server: AssistantsServer, calls: list[FunctionCall]) -> None:
    """A run that asks for one call, and after its output for another one."""
    first, second = map(ToolCalls, calls)
    server.script_next(RunScript(first, lambda _: second, lambda _: Message("done")))
    thread = {"messages": [{"role": "user", "content": "Book me a table."}]}
    threads = client.beta.threads
    run = await resolved(threads.create_and_run(assistant_id=await new_assistant(client), thread=thread))
    run = await poll(client, run)
    while run.status == "requires_action":
        run = await resolved(
            threads.runs.submit_tool_outputs(run.id, thread_id=run.thread_id, tool_outputs=outputs_for(run))
        )
        run = await poll(client, run)


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("names", [("search", "book"), ("search", "search")])
async def test_tool_call_ids_that_repeat_in_each_round(
    any_client: Any, server: AssistantsServer, recorded: Captured, names: tuple[str, str], listed: bool
) -> None:
    await run_rounds(any_client, server, [FunctionCall(name, {"q": 1}, id="call_0") for name in names])
    if listed:
        (run_id,) = {event.run_id for event in recorded.of(ToolCallRequested)}
        thread_id = str(recorded.of(ToolCallRequested)[0].thread_id)
        await resolved(any_client.beta.threads.runs.steps.list(run_id, thread_id=thread_id))
    calls = [(call.name, call.output) for call in recorded.run().tool_calls]
    assert calls == [(name, f"output of {name}") for name in names]
    assert len(recorded.of(ToolCallRequested)) == len(recorded.of(ToolCallCompleted)) == 2


async def test_a_second_look_at_the_same_round_is_no_new_call(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("search", id="call_0")), Message("done")))
    runs = any_client.beta.threads.runs
    thread = await resolved(any_client.beta.threads.create())
    run = await resolved(runs.create(thread.id, assistant_id=await new_assistant(any_client)))
    run = await poll(any_client, run)
    for number in range(3):
        run = await resolved(runs.update(run.id, thread_id=thread.id, metadata={"look": str(number)}))
    await resolved(runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs_for(run)))
    assert len(recorded.of(ToolCallRequested)) == 1


def solve(client: OpenAI, question: str) -> None:
    assistant = client.beta.assistants.create(model="gpt-4o", name=f"for {question}")
    thread = client.beta.threads.create(messages=[{"role": "user", "content": question}])
    client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    client.beta.threads.messages.list(thread.id)


def test_two_servers_that_count_their_ids_alike(recorded: Captured) -> None:
    questions = ("of tenant one", "of tenant two")
    with AssistantsServer(seed="same") as one, AssistantsServer(seed="same") as two:
        for server, question in zip((one, two), questions, strict=True):
            solve(OpenAI(base_url=server.base_url, api_key="any"), question)
    first, second = recorded.runs
    assert first.id == second.id
    for run, question in zip((first, second), questions, strict=True):
        assert [message.text for message in run.input] == [question]
        assert [message.text for message in run.output] == [f"You said: {question}"]
        assert run.assistant is not None
        assert run.assistant.name == f"for {question}"


def test_runs_of_two_servers_that_are_open_at_once(recorded: Captured) -> None:
    with AssistantsServer(seed="same") as one, AssistantsServer(seed="same") as two:
        clients = [OpenAI(base_url=server.base_url, api_key="any") for server in (one, two)]
        runs = []
        for client in clients:
            assistant_id = client.beta.assistants.create(model="gpt-4o").id
            runs.append(client.beta.threads.create_and_run(assistant_id=assistant_id))
        assert runs[0].id == runs[1].id
        for client, run in zip(clients, runs, strict=True):
            while client.beta.threads.runs.retrieve(run.id, thread_id=run.thread_id).status != "completed":
                pass
        ports = {event.server_port for event in recorded.of(RunEnded)}
    assert len(ports) == 2
    assert [run.finished for run in recorded.runs] == [True, True]


def test_a_mock_that_gives_each_run_the_same_id(recorded: Captured) -> None:
    def answer(method: str, _path: str) -> dict[str, Any]:
        return run_object("queued" if method == "POST" else "completed")

    with canned(answer) as address:
        runs = OpenAI(base_url=address, api_key="any").beta.threads.runs
        for _ in range(3):
            created = runs.create("thread_1", assistant_id="asst_1")
            for _ in range(2):
                runs.retrieve(created.id, thread_id="thread_1")
    assert [(run.id, run.status) for run in recorded.runs] == [("run_1", "completed")] * 3


def test_a_create_ends_an_open_run_whose_id_it_uses_again(recorded: Captured) -> None:
    with canned(lambda _method, _path: run_object("queued")) as address:
        runs = OpenAI(base_url=address, api_key="any").beta.threads.runs
        for _ in range(2):
            runs.create("thread_1", assistant_id="asst_1")
    assert [(run.id, run.finished) for run in recorded.runs] == [("run_1", False)]


# -- usage of zero --------------------------------------------------------------------------------------


@pytest.mark.parametrize("usage", [None, Usage(0, 0)], ids=["none", "zero"])
@pytest.mark.parametrize("end", [None, Failed("rate_limit_exceeded", "quota")], ids=["completed", "failed"])
async def test_usage_that_counts_nothing_does_not_end_the_wait(
    any_client: Any, server: AssistantsServer, recorded: Captured, usage: Usage | None, end: Any
) -> None:
    ended = {} if end is None else {"end": end}
    server.script_next(RunScript(ToolCalls(FileSearchCall([])), Message("the answer"), usage=usage, **ended))
    threads = any_client.beta.threads
    thread = await resolved(threads.create(messages=[{"role": "user", "content": "q"}]))
    run = await resolved(threads.runs.create(thread.id, assistant_id=await new_assistant(any_client)))
    run = await poll(any_client, run)
    await resolved(threads.runs.steps.list(run.id, thread_id=thread.id))
    await resolved(threads.messages.list(thread.id))
    whole = recorded.run()
    assert ([message.text for message in whole.output], len(whole.steps)) == (["the answer"], 2)


# -- events that know more than their data ----------------------------------------------------------------


def streamed(events: list[tuple[str, Any]]) -> Captured:
    """A recording of one run that is streamed by these events."""
    with canned(lambda _method, _path: events) as address, capture(settle_seconds=600) as captured:
        runs = OpenAI(base_url=address, api_key="any").beta.threads.runs
        with runs.stream(thread_id="thread_1", assistant_id="asst_1") as stream:
            stream.until_done()
    return captured


CREATED = ("thread.run.created", run_object("in_progress"))
COMPLETED = ("thread.run.completed", run_object("completed"))


@pytest.mark.parametrize("end", ["completed", "incomplete"])
def test_a_message_whose_event_says_that_it_is_whole(end: str) -> None:
    said = [(f"thread.message.{event}", message_object("the answer")) for event in ("created", end)]
    captured = streamed([CREATED, *said, COMPLETED])
    assert [(message.status, message.text) for message in captured.run().output] == [(end, "the answer")]
    assert [event.type for event in captured.of(MessageCompleted)] == [f"thread.message.{end}"]


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled", "expired"])
def test_a_step_whose_event_says_that_it_has_ended(end: str) -> None:
    seen = [("thread.run.step.created", step_object()), (f"thread.run.step.{end}", step_object("42"))]
    captured = streamed([CREATED, *seen, COMPLETED])
    (step,) = captured.run().steps
    assert (step.status, step.tool_calls[0].output) == (end, "42")
    assert [event.type for event in captured.of(StepCompleted)] == [f"thread.run.step.{end}"]


@pytest.mark.parametrize("status", ["in_progress", None])
def test_a_run_whose_event_says_that_it_has_ended(status: str | None) -> None:
    captured = streamed([CREATED, ("thread.run.completed", run_object("in_progress") | {"status": status})])
    assert (captured.run().status, captured.run().finished) == ("completed", True)


def test_an_event_that_is_no_end_leaves_the_status_as_it_is() -> None:
    captured = streamed([CREATED, ("thread.run.in_progress", run_object("requires_action")), COMPLETED])
    statuses = [change.status for change in captured.run().status_history]
    assert statuses == ["in_progress", "requires_action", "completed"]


# -- what the server never sent ---------------------------------------------------------------------------


def test_what_is_streamed_has_no_nulls_of_its_own(client: OpenAI, recorded: Captured) -> None:
    parameters = {"type": "object", "properties": {}}
    tools: Any = [
        {"type": "file_search"},
        {"type": "function", "function": {"name": "f", "parameters": parameters}},
    ]
    assistant_id = client.beta.assistants.create(model="gpt-4o", tools=tools).id
    question: Any = {"messages": [{"role": "user", "content": "x"}]}
    client.beta.threads.create_and_run_poll(assistant_id=assistant_id, thread=question)
    with client.beta.threads.create_and_run_stream(assistant_id=assistant_id, thread=question) as stream:
        stream.until_done()
    polled, streamed_run = sorted(recorded.runs, key=lambda run: run.streamed)
    assert [dict(tool) for tool in streamed_run.request.tools] == [
        dict(tool) for tool in polled.request.tools
    ]
    texts = [part for run in recorded.runs for message in run.output for part in message.parts]
    assert all(first == second for first, second in itertools.pairwise(texts))


# -- ids of runs that are used again --------------------------------------------------------------------


def keys(stage: Stage) -> list[tuple[bool, str]]:
    stage.interpreter.end_all(99 * SECOND)
    ended = [event.run for event in stage.events if isinstance(event, RunEnded)]
    assert len({run.key for run in ended}) == len(ended)
    return [(run.id_reused, run.key) for run in ended]


def test_each_run_of_a_mock_with_a_fixed_id_has_a_key_of_its_own() -> None:
    stage = Stage()
    for second in (1, 3, 5):
        stage.answer("queued", asked=second, answered=second, operation=CREATE)
        stage.answer("completed", asked=second + 1, answered=second + 1)
    expected = [(False, "run_1"), (True, f"run_1@{3 * SECOND}"), (True, f"run_1@{5 * SECOND}")]
    assert keys(stage) == expected


def test_a_run_of_another_server_has_a_key_of_its_own() -> None:
    stage = Stage()
    for second, host in enumerate(["one.example", "two.example"], start=1):
        client = OpenAI(api_key="test", base_url=f"https://{host}/v1")
        stage.answer("queued", asked=second, answered=second, operation=CREATE, client=client)
    assert keys(stage) == [(False, "run_1"), (True, f"run_1@{2 * SECOND}")]


def test_looking_at_a_run_again_is_no_other_run() -> None:
    stage = Stage(run_timeout_seconds=10.0)
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.interpreter.tick(100.0)
    stage.answer("in_progress", asked=200, answered=200)
    stage.answer("completed", asked=201, answered=201)
    stage.interpreter.end_all(999 * SECOND)
    ended = [event for event in stage.events if isinstance(event, RunEnded)]
    assert [(event.supersedes, event.run.key) for event in ended] == [(False, "run_1"), (True, "run_1")]


def test_a_status_has_the_stamp_of_the_server() -> None:
    stage = Stage()
    stage.answer("queued", asked=1, answered=1, operation=CREATE)
    stage.answer("requires_action", asked=5, answered=5, started_at=2)
    stage.answer("in_progress", asked=6, answered=6, started_at=2)
    stage.answer("completed", asked=9, answered=9, started_at=2, completed_at=8)
    stage.interpreter.end_all(99 * SECOND)
    (run,) = [event.run for event in stage.events if isinstance(event, RunEnded)]
    stamps = [(change.status, change.server_time) for change in run.status_history]
    assert stamps == [
        ("queued", SECOND),
        ("requires_action", None),
        ("in_progress", 2 * SECOND),
        ("completed", 8 * SECOND),
    ]
