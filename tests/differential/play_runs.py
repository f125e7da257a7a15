"""Runs and steps without streams: by hand, by each polling helper, in every way that a run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from openai.types.beta.threads import RunStatus

from differential.describe import digest
from differential.world import World, items, resolved
from threadtrail.testing.server import (
    Cancelled,
    CodeInterpreterCall,
    Completed,
    EndsAs,
    Expired,
    Failed,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    Hangs,
    ImageFile,
    Incomplete,
    Message,
    Refusal,
    RunScript,
    ToolCalls,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

WEATHER = RunScript(
    ToolCalls(
        FunctionCall("get_weather", arguments={"city": "Paris"}),
        FunctionCall("get_time", arguments='{"zone": "CET"'),
    ),
    "It is sunny.",
)
EVERYTHING = RunScript(
    ToolCalls(CodeInterpreterCall("print(1)", logs="1\n", images=["file-img"])),
    ToolCalls(FileSearchCall([FileSearchResult("a.txt", "text", 0.5)])),
    Message("First.", ImageFile("file-img")),
    Message(Refusal("I cannot.")),
)
ENDS = (
    Failed("rate_limit_exceeded", "Slow down."),
    Failed(),
    Incomplete("max_prompt_tokens"),
    Expired(),
    Cancelled(),
)


async def play(world: World) -> None:
    """Run the assistant in every way that does not stream."""
    client = world.new_client()
    assistant = await resolved(client.beta.assistants.create(model="gpt-4o", name="Runner"))
    await _by_hand(world, client, assistant.id)
    await _by_helper(world, client, assistant.id)
    await _tools(world, client, assistant.id)
    await _thread_and_run(world, client, assistant.id)
    await _looked_at(world, client, assistant.id)


def _ends() -> Iterator[Any]:
    for end in ENDS:
        # The oldest SDK does not know that `incomplete` is an end: its helper polls for ever.
        if not isinstance(end, Incomplete) or "incomplete" in get_args(RunStatus):
            yield end


async def _thread(client: Any) -> str:
    thread = await resolved(
        client.beta.threads.create(messages=[{"role": "user", "content": "3x + 11 = 14?"}])
    )
    return str(thread.id)


def outputs_for(run: Any) -> Iterator[dict[str, str]]:
    """Yield the outputs one by one: an iterator that can be used up only once."""
    for call in run.required_action.submit_tool_outputs.tool_calls:
        yield {"tool_call_id": call.id, "output": f"output of {call.function.name}"}


async def _by_hand(world: World, client: Any, assistant_id: str) -> None:
    thread, runs = await _thread(client), client.beta.threads.runs
    world.server.script_next(RunScript("x = 1", polls=4, queued_polls=1))
    absent = world.sdk.NOT_GIVEN
    run = await world.call(
        "runs.create",
        lambda: runs.create(
            thread,
            assistant_id=assistant_id,
            instructions=None,
            additional_instructions="Be kind.",
            additional_messages=[{"role": "user", "content": "And now?"}],
            model=absent,
            temperature=0.5,
            tools=({"type": "code_interpreter"} for _ in range(1)),
            metadata={"a": "b"},
            stream=False,
        ),
    )
    for number in range(5):
        await world.call(f"runs.retrieve {number}", lambda: runs.retrieve(run.id, thread_id=thread))
    await world.call("runs.retrieve by keyword", lambda: runs.retrieve(thread_id=thread, run_id=run.id))
    await world.call("runs.update", lambda: runs.update(run.id, thread_id=thread, metadata={"c": "d"}))
    await world.call("runs.list", lambda: runs.list(thread, limit=1))
    world.server.script_next(RunScript(end=Hangs()))
    hanging = await world.call("runs.create, hanging", lambda: runs.create(thread, assistant_id=assistant_id))
    await world.call("runs.cancel", lambda: runs.cancel(hanging.id, thread_id=thread))
    await world.call("runs.retrieve after cancel", lambda: runs.retrieve(hanging.id, thread_id=thread))


async def _by_helper(world: World, client: Any, assistant_id: str) -> None:
    thread, runs = await _thread(client), client.beta.threads.runs
    world.server.script_next(RunScript("x = 1", polls=20))
    await world.call(
        "runs.create_and_poll, twenty polls",
        lambda: runs.create_and_poll(thread_id=thread, assistant_id=assistant_id),
    )
    for end in _ends():
        world.server.script_next(RunScript("x = 1", end=end))
        await world.call(
            f"runs.create_and_poll: {end}",
            lambda: runs.create_and_poll(thread_id=thread, assistant_id=assistant_id, poll_interval_ms=1),
        )
    run = await resolved(runs.create(thread, assistant_id=assistant_id))
    await world.call("runs.poll", lambda: runs.poll(run_id=run.id, thread_id=thread))
    await world.call(
        "runs.poll by position",
        lambda: runs.poll(run.id, thread, {"x-app": "1"}, None, None, 5.0, 1),
    )
    world.server.script_next(RunScript(end=EndsAs("paused_for_review"), extra={"new": {"a": 1}}))
    odd = await world.call(
        "runs.create, to end unheard of", lambda: runs.create(thread, assistant_id=assistant_id)
    )
    for number in range(3):
        await world.call(
            f"runs.retrieve, unheard of {number}", lambda: runs.retrieve(odd.id, thread_id=thread)
        )


async def _tools(world: World, client: Any, assistant_id: str) -> None:
    thread, runs = await _thread(client), client.beta.threads.runs
    world.server.script_next(WEATHER)
    run = await world.call(
        "create_and_poll to requires_action",
        lambda: runs.create_and_poll(thread_id=thread, assistant_id=assistant_id),
    )
    await world.call(
        "submit_tool_outputs_and_poll, a generator",
        lambda: runs.submit_tool_outputs_and_poll(
            thread_id=thread, run_id=run.id, tool_outputs=outputs_for(run)
        ),
    )
    world.server.script_next(WEATHER)
    run = await resolved(runs.create_and_poll(thread_id=thread, assistant_id=assistant_id))
    await world.call(
        "submit_tool_outputs",
        lambda: runs.submit_tool_outputs(run.id, thread_id=thread, tool_outputs=tuple(outputs_for(run))),
    )
    await world.call("poll after submit", lambda: runs.poll(run.id, thread))
    world.server.script_next(RunScript("Done.", end=Completed()))
    await world.call(
        "create_and_poll once more",
        lambda: runs.create_and_poll(thread_id=thread, assistant_id=assistant_id),
    )


async def _thread_and_run(world: World, client: Any, assistant_id: str) -> None:
    threads = client.beta.threads
    run = await world.call(
        "threads.create_and_run",
        lambda: threads.create_and_run(
            assistant_id=assistant_id,
            thread={"messages": [{"role": "user", "content": "Hi"}], "metadata": {"a": "b"}},
        ),
    )
    await world.call("its poll", lambda: threads.runs.poll(run.id, run.thread_id))
    await world.call(
        "threads.create_and_run_poll",
        lambda: threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=1),
    )


async def _looked_at(world: World, client: Any, assistant_id: str) -> None:
    thread, runs = await _thread(client), client.beta.threads.runs
    world.server.script_next(EVERYTHING)
    run = await world.call(
        "a run of everything",
        lambda: runs.create_and_poll(thread_id=thread, assistant_id=assistant_id),
    )
    page = await world.call("steps.list", lambda: runs.steps.list(run.id, thread_id=thread))
    for step in page.data:
        await world.call(
            f"steps.retrieve {step.type}",
            lambda step=step: runs.steps.retrieve(step.id, thread_id=thread, run_id=run.id),
        )
    async with world.step("steps.list iterated") as entry:
        source = runs.steps.list(thread_id=thread, run_id=run.id, limit=2, order="asc")
        entry["items"] = [digest(item) async for item in items(source)]
    messages = client.beta.threads.messages
    for number in range(2):
        await world.call(f"messages.list {number}", lambda: messages.list(thread_id=thread))
    async with world.step("runs.list iterated") as entry:
        entry["items"] = [digest(item) async for item in items(runs.list(thread, limit=1))]
    async with world.step("changed afterwards") as entry:
        run.metadata["late"] = "change"
        run.status = "mine"
        entry["run"] = digest(run)
