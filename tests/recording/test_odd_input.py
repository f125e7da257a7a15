"""Odd arguments and odd answers: recorded or left out, never raised, and never changed for the app."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

import openai
import pytest
from openai.types.beta.threads import Run as SdkRun

import threadtrail
from driving import drained, entered, new_assistant, new_thread, outputs_for, poll, resolved
from recording.invariants import all_texts
from threadtrail.events import (
    AssistantCreated,
    ImagePart,
    OtherPart,
    RefusalPart,
    RunCreated,
    RunEnded,
    TextPart,
    ToolCallCompleted,
)
from threadtrail.testing.server import (
    SCENARIOS,
    EditBody,
    FunctionCall,
    ImageFile,
    Message,
    Refusal,
    RunScript,
    ToolCalls,
    without,
)

if TYPE_CHECKING:
    from openai import OpenAI

    from threadtrail.testing import AssistantsServer, Captured

LONE = "a\ud800b"


async def run_on(client: Any, thread_id: str, **options: Any) -> Any:
    run = await resolved(
        client.beta.threads.runs.create_and_poll(
            thread_id=thread_id, assistant_id=await new_assistant(client), poll_interval_ms=0, **options
        )
    )
    await drained(await resolved(client.beta.threads.messages.list(thread_id)))
    return run


async def test_arguments_that_say_nothing(any_client: Any, recorded: Captured) -> None:
    not_given, none = openai.NOT_GIVEN, None
    omit = getattr(openai, "omit", not_given)
    runs = any_client.beta.threads.runs
    thread = await resolved(any_client.beta.threads.create(messages=not_given, metadata=omit))
    run = await resolved(
        runs.create(
            thread.id,
            assistant_id=await new_assistant(any_client, name=none, instructions=omit, tools=not_given),
            additional_messages=none,
            additional_instructions=omit,
            instructions=none,
            tools=not_given,
            temperature=omit,
            metadata=none,
            stream=not_given,
            timeout=not_given,
        )
    )
    await poll(any_client, run)
    published = recorded.run()
    assert (published.status, published.input) == ("completed", ())
    assert (published.request.additional_instructions, published.request.stream) == (None, False)


async def test_what_the_server_echoes_is_the_request(any_client: Any, recorded: Captured) -> None:
    weather = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
    await run_on(
        any_client,
        await new_thread(any_client),
        model="gpt-4o-mini",
        instructions="Be brief.",
        additional_instructions="And kind.",
        tools=[weather, {"type": "code_interpreter"}],
        temperature=0.5,
        max_completion_tokens=99,
        response_format={"type": "json_object"},
        parallel_tool_calls=False,
    )
    request = recorded.run().request
    assert (request.model, request.temperature, request.max_output_tokens) == ("gpt-4o-mini", 0.5, 99)
    assert (request.tool_names, request.output_type) == (("weather", "code_interpreter"), "json")
    assert (request.additional_instructions, request.parallel_tool_calls) == ("And kind.", False)


async def test_parts_of_messages(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    unknown = {"type": "hologram", "hologram": {"url": "https://example.com/1"}}
    server.script_next(
        RunScript(Message(ImageFile("file-a")), Message(), Message("text", Refusal("No."), unknown))
    )
    thread = await resolved(any_client.beta.threads.create())
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}
    await resolved(
        any_client.beta.threads.messages.create(
            thread.id,
            role="user",
            content=[image, {"type": "image_file", "image_file": {"file_id": "file-b"}}],
        )
    )
    await run_on(any_client, thread.id)
    run = recorded.run()
    (question,) = run.input
    assert [type(part) for part in question.parts] == [ImagePart, ImagePart]
    assert question.text == ""
    shown, empty, mixed = run.output
    assert shown.parts == (ImagePart(file_id="file-a", detail="auto"),)
    assert (empty.parts, empty.text) == ((), "")
    assert [type(part) for part in mixed.parts] == [TextPart, RefusalPart, OtherPart]
    assert mixed.text == "text\nNo."
    assert isinstance(mixed.parts[2], OtherPart)
    assert mixed.parts[2].type == "hologram"


@pytest.mark.parametrize("stream", [False, True])
async def test_surrogates(
    any_client: Any, server: AssistantsServer, recorded: Captured, *, stream: bool
) -> None:
    """A lone surrogate fits into JSON and into `str`, and into nothing else."""
    server.script_next(RunScript(Message(f"answer {LONE}")))
    thread_id = await new_thread(any_client)
    if stream:
        assistant_id = await new_assistant(any_client)
        manager = any_client.beta.threads.runs.stream(thread_id=thread_id, assistant_id=assistant_id)
        async with entered(manager) as opened:
            await resolved(opened.until_done())
    else:
        await run_on(any_client, thread_id)
    assert all_texts(recorded.run().output) == ["answer a\ufffdb"]


async def test_unknown_fields_and_variants(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(SCENARIOS["unknown"])
    run = await run_on(any_client, await new_thread(any_client))
    await drained(await resolved(any_client.beta.threads.runs.steps.list(run.id, thread_id=run.thread_id)))
    assert recorded.run().status == "completed"


async def test_fields_that_are_missing(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    for operation in ("runs.create", "runs.retrieve"):
        server.inject(
            without(
                "object", "thread_id", "assistant_id", "created_at", "model", "usage", "tools", "metadata"
            ),
            operation,
            times=9,
        )
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    while run.status != "completed":
        run = await resolved(runs.retrieve(run.id, thread_id=thread_id))
    published = recorded.run()
    assert (published.id, published.status, published.usage) == (run.id, "completed", None)


NONSENSE: dict[str, Any] = {
    "status": ["completed"],
    "model": 4,
    "tools": {"type": "function"},
    "usage": [1, 2],
    "created_at": "yesterday",
    "started_at": -1.5,
    "last_error": "none",
    "incomplete_details": 7,
    "metadata": ["a"],
    "response_format": {"type": ["json"]},
    "parallel_tool_calls": "no",
    "temperature": "warm",
    "required_action": {"submit_tool_outputs": {"tool_calls": 5}},
}


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("field", NONSENSE)
def test_fields_of_the_wrong_type(
    field: str, client: OpenAI, server: AssistantsServer, recorded: Captured, *, raw: bool
) -> None:
    server.inject(EditBody(lambda body: body | {field: NONSENSE[field]}), "runs.create")
    assistant_id, thread_id = (
        client.beta.assistants.create(model="gpt-4o").id,
        client.beta.threads.create().id,
    )
    runs: Any = client.beta.threads.runs.with_raw_response if raw else client.beta.threads.runs
    runs.create(thread_id, assistant_id=assistant_id)
    assert len(recorded.of(RunCreated)) == 1


async def test_runs_without_ids(any_client: Any, server: AssistantsServer, recorded: Captured) -> None:
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    server.inject(EditBody(lambda _body: {}), "runs.create")
    run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    assert isinstance(run, SdkRun)
    run_id = (await drained(await resolved(runs.list(thread_id))))[0].id
    count = len(recorded.events)
    bodies: list[Any] = [{}, [], None, 7, {"object": "list"}, {"object": "list", "data": [1, None]}]
    server.inject(EditBody(lambda _body: bodies.pop()), "runs.retrieve", times=len(bodies))
    while bodies:
        await resolved(runs.with_raw_response.retrieve(run_id, thread_id=thread_id))
    assert len(recorded.events) == count


class Once:
    """An iterable that counts what is taken from it."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items
        self.taken = 0

    def __iter__(self) -> Iterator[Any]:
        for item in self._items:
            self.taken += 1
            yield item


async def test_what_can_be_read_once_is_recorded_as_it_was_sent(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("solve", {})), Message("x is 1.")))
    runs = any_client.beta.threads.runs
    sent = Once([{"role": "user", "content": "one"}])
    thread = await resolved(any_client.beta.threads.create(messages=iter(sent)))
    run = await resolved(runs.create(thread.id, assistant_id=await new_assistant(any_client)))
    run = await poll(any_client, run)
    outputs = Once(outputs_for(run))
    generator = (output for output in outputs)
    await resolved(
        runs.submit_tool_outputs_and_poll(
            run_id=run.id, thread_id=thread.id, tool_outputs=generator, poll_interval_ms=0
        )
    )
    assert (sent.taken, outputs.taken) == (1, 1)
    (request,) = server.requests_to("runs.submit_tool_outputs")
    assert len(request.body["tool_outputs"]) == 1
    (call,) = recorded.run().tool_calls
    assert (call.name, call.output) == ("solve", "output of solve")


async def test_what_is_changed_after_the_call_does_not_change_the_event(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript(ToolCalls(FunctionCall("solve", {})), Message("x is 1.")))
    runs = any_client.beta.threads.runs
    question: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "one"}]}
    tools: list[Any] = [{"type": "function", "function": {"name": "solve", "parameters": {}}}]
    tags, metadata = ["a"], {"nested": {"k": [1]}}
    assistant = await resolved(any_client.beta.assistants.create(model="gpt-4o", name="Tutor", tools=tools))
    assistant.name = tools[0]["function"]["name"] = "changed"
    thread = await resolved(any_client.beta.threads.create())
    with threadtrail.attributes(tags=tags, metadata=metadata):
        tags.append("b")
        metadata["nested"]["k"].append(2)
        run = await resolved(
            runs.create(thread.id, assistant_id=assistant.id, additional_messages=[question])
        )
    question["content"][0]["text"] = run.model = run.status = "changed"
    run = await resolved(runs.poll(run.id, thread.id, poll_interval_ms=0))
    outputs = outputs_for(run)
    run.required_action.submit_tool_outputs.tool_calls[0].function.name = "changed"
    run = await resolved(runs.submit_tool_outputs(run.id, thread_id=thread.id, tool_outputs=outputs))
    outputs[0]["output"] = "changed"
    await resolved(runs.poll(run.id, thread.id, poll_interval_ms=0))
    for message in await drained(await resolved(any_client.beta.threads.messages.list(thread.id))):
        message.content[0].text.value = "changed"

    assert all("changed" not in event.to_json() for event in recorded.events)
    published = recorded.run()
    assert (published.attributes.tags, published.attributes.metadata) == (("a",), {"nested": {"k": (1,)}})
    assert [call.output for call in published.tool_calls] == ["output of solve"]


def mutable_parts(value: Any, path: str = "") -> Iterator[str]:
    """Where in a value something could be changed."""
    for name, part in parts_of(value):
        yield from mutable_parts(part, f"{path}.{name}")
    if not refuses_change(value):
        yield f"{path}: {type(value).__name__}"


def parts_of(value: Any) -> list[tuple[Any, Any]]:
    if dataclasses.is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, tuple) else []


def refuses_change(value: Any) -> bool:
    if value is None or isinstance(value, (str, int, float, bool, tuple)):
        return True
    try:
        if isinstance(value, Mapping):
            cast("dict[str, Any]", value)["new"] = 1
        else:
            value.event = value.id = None
    except (TypeError, dataclasses.FrozenInstanceError):
        return True
    return False


async def test_events_are_immutable_all_the_way_down(
    any_client: Any, server: AssistantsServer, recorded: Captured
) -> None:
    for scenario in ("two-rounds", "file-search", "unknown", "code-interpreter"):
        server.script_next(SCENARIOS[scenario])
        with threadtrail.trace("all", metadata={"list": [{"a": 1}]}, tags=["t"]):
            thread_id = await new_thread(any_client)
            assistant_id = await new_assistant(any_client, tools=[{"type": "code_interpreter"}])
            run = await resolved(
                any_client.beta.threads.runs.create(
                    thread_id,
                    assistant_id=assistant_id,
                    response_format={"type": "text"},
                    metadata={"k": "v"},
                )
            )
            run = await poll(any_client, run)
            while run.status == "requires_action":
                run = await resolved(
                    any_client.beta.threads.runs.submit_tool_outputs_and_poll(
                        run_id=run.id, thread_id=thread_id, tool_outputs=outputs_for(run), poll_interval_ms=0
                    )
                )
            await drained(
                await resolved(any_client.beta.threads.runs.steps.list(run.id, thread_id=thread_id))
            )
            await drained(await resolved(any_client.beta.threads.messages.list(thread_id)))
    events = recorded.events
    assert len(recorded.of(RunEnded)) == 4
    assert recorded.of(ToolCallCompleted)
    assert [path for event in events for path in mutable_parts(event)] == []


def test_an_enum_or_a_number_as_text(client: OpenAI, recorded: Captured) -> None:
    client.beta.assistants.create(model="gpt-4o", name="Tutor", metadata={"a": "1"}, temperature=1)
    (event,) = recorded.of(AssistantCreated)
    assert json.loads(event.to_json())["assistant"]["name"] == "Tutor"
    assert event.assistant.metadata == {"a": "1"}
