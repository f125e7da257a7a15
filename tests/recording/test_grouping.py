"""`threadtrail.trace()` and `threadtrail.attributes()`: which runs they reach, and how they nest."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from driving import new_assistant, new_thread, resolved
from threadtrail.events import AssistantCreated, RequestFailed, RunEnded, TraceEnded, TraceStarted
from threadtrail.testing.server import RunScript

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAI

    from threadtrail.testing import AssistantsServer, Captured


class AppError(Exception):
    """What the application itself raises."""


class UnspeakableError(Exception):
    """An exception that cannot be put into words."""

    def __str__(self) -> str:
        raise AppError


def run_once(client: OpenAI) -> str:
    assistant_id = client.beta.assistants.create(model="gpt-4o").id
    run = client.beta.threads.create_and_run_poll(assistant_id=assistant_id, poll_interval_ms=0)
    return run.id


async def run_once_async(client: Any) -> str:
    run = await resolved(
        client.beta.threads.create_and_run_poll(assistant_id=await new_assistant(client), poll_interval_ms=0)
    )
    return str(run.id)


def ended(recorded: Captured, run_id: str) -> RunEnded:
    (event,) = [event for event in recorded.of(RunEnded) if event.run_id == run_id]
    return event


def test_with(client: OpenAI, recorded: Captured) -> None:
    with threadtrail.trace("math", user_id="u1", session_id="s1", tags=["a"], metadata={"k": [1]}) as block:
        trace_id = block.trace_id
        run_id = run_once(client)
    outside = run_once(client)
    inside = ended(recorded, run_id)
    assert inside.trace_id == trace_id
    assert inside.attributes == inside.run.attributes
    assert (inside.attributes.user_id, inside.attributes.session_id) == ("u1", "s1")
    assert (inside.attributes.tags, inside.attributes.metadata) == (("a",), {"k": (1,)})
    assert (ended(recorded, outside).trace_id, ended(recorded, outside).attributes.user_id) == (None, None)


async def test_async_with(async_client: AsyncOpenAI, recorded: Captured) -> None:
    async with threadtrail.trace("math"), threadtrail.attributes(user_id="u1"):
        run_id = await run_once_async(async_client)
    (started,) = recorded.of(TraceStarted)
    event = ended(recorded, run_id)
    assert (event.trace_id, event.attributes.user_id) == (started.trace_id, "u1")
    assert started.attributes.user_id is None


def test_decorator_on_a_function(client: OpenAI, recorded: Captured) -> None:
    @threadtrail.trace("math", user_id="u1")
    def answer() -> str:
        """Answer."""
        return run_once(client)

    assert (answer.__name__, answer.__doc__) == ("answer", "Answer.")
    first, second = answer(), answer()
    traces = [event.trace_id for event in recorded.of(TraceStarted)]
    assert [ended(recorded, first).trace_id, ended(recorded, second).trace_id] == traces
    assert len(set(traces)) == 2


async def test_decorator_on_a_coroutine_function(async_client: AsyncOpenAI, recorded: Captured) -> None:
    @threadtrail.attributes(tags=["inner"])
    @threadtrail.trace("math")
    async def answer(number: int) -> tuple[int, str]:
        return number, await run_once_async(async_client)

    assert asyncio.iscoroutinefunction(answer)
    answers = await asyncio.gather(*[answer(number) for number in range(5)])
    traces = {ended(recorded, run_id).trace_id for _, run_id in answers}
    assert traces == {event.trace_id for event in recorded.of(TraceStarted)}
    assert len(traces) == 5
    assert all(run.attributes.tags == ("inner",) for run in recorded.runs)


def test_a_generator_function_is_refused() -> None:
    def generate() -> Any:
        yield 1

    with pytest.raises(TypeError, match="generator function"):
        threadtrail.trace("math")(generate)


def test_nested(client: OpenAI, recorded: Captured) -> None:
    with threadtrail.trace("outer", user_id="u1", tags=["a", "b"], metadata={"x": 1, "y": 1}):
        with threadtrail.trace("inner", tags=["b", "c"], metadata={"y": 2}):
            inner_run = run_once(client)
        with threadtrail.attributes(user_id="u2"):
            outer_run = run_once(client)
    outer, inner = recorded.of(TraceStarted)
    assert (outer.name, outer.parent_trace_id) == ("outer", None)
    assert (inner.name, inner.parent_trace_id) == ("inner", outer.trace_id)
    in_inner, in_outer = ended(recorded, inner_run), ended(recorded, outer_run)
    assert (in_inner.trace_id, in_outer.trace_id) == (inner.trace_id, outer.trace_id)
    assert (in_inner.attributes.user_id, in_inner.attributes.tags) == ("u1", ("a", "b", "c"))
    assert in_inner.attributes.metadata == {"x": 1, "y": 2}
    assert (in_outer.attributes.user_id, in_outer.attributes.tags) == ("u2", ("a", "b"))
    assert [event.name for event in recorded.of(TraceEnded)] == ["inner", "outer"]


async def test_tasks_inherit_and_do_not_leak(async_client: AsyncOpenAI, recorded: Captured) -> None:
    async def answer(number: int) -> tuple[str, str]:
        with threadtrail.attributes(user_id=f"u{number}"):
            return f"u{number}", await run_once_async(async_client)

    with threadtrail.trace("all", user_id="everybody"):
        answers = await asyncio.gather(*map(answer, range(8)))
        own = await run_once_async(async_client)
    (trace,) = recorded.of(TraceStarted)
    for user, run_id in answers:
        event = ended(recorded, run_id)
        assert (event.attributes.user_id, event.trace_id) == (user, trace.trace_id)
    assert ended(recorded, own).attributes.user_id == "everybody"
    assert isinstance(recorded.events[-1], TraceEnded)


def test_threads_do_not_inherit(client: OpenAI, recorded: Captured) -> None:
    run_ids: list[str] = []
    with threadtrail.trace("mine", user_id="me"):
        thread = threading.Thread(target=lambda: run_ids.append(run_once(client)))
        thread.start()
        thread.join()
    event = ended(recorded, run_ids[0])
    assert (event.trace_id, event.attributes.user_id) == (None, None)


async def test_a_run_belongs_where_it_was_created_not_where_it_is_polled(
    any_client: Any, recorded: Captured
) -> None:
    runs = any_client.beta.threads.runs
    assistant_id, thread_id = await new_assistant(any_client), await new_thread(any_client)
    with threadtrail.trace("created", user_id="creator"):
        run = await resolved(runs.create(thread_id, assistant_id=assistant_id))
    with threadtrail.trace("polled", user_id="poller"):
        await resolved(runs.poll(run.id, thread_id, poll_interval_ms=0))
    created, polled = recorded.of(TraceStarted)
    event = ended(recorded, run.id)
    assert (event.trace_id, event.attributes.user_id) == (created.trace_id, "creator")
    ends = {event.name: place for place, event in enumerate(recorded.events) if isinstance(event, TraceEnded)}
    assert ends["polled"] < recorded.events.index(event) < ends["created"]
    assert polled.trace_id != created.trace_id


def test_left_by_an_exception(client: OpenAI, recorded: Captured) -> None:
    @threadtrail.trace("broken")
    def answer() -> None:
        run_once(client)
        raise AppError("no more")

    with pytest.raises(AppError, match="no more"):
        answer()
    (event,) = recorded.of(TraceEnded)
    assert event.error is not None
    assert (event.error.type, event.error.message) == ("AppError", "no more")
    assert isinstance(recorded.events[-1], TraceEnded)


def test_left_by_an_exception_without_words(recorded: Captured) -> None:
    with pytest.raises(UnspeakableError), threadtrail.trace("broken"):
        raise UnspeakableError
    (event,) = recorded.of(TraceEnded)
    assert event.error is not None
    assert (event.error.type, event.error.message) == ("UnspeakableError", None)


def test_what_stands_alone_carries_the_attributes_too(client: OpenAI, recorded: Captured) -> None:
    with threadtrail.trace("math", user_id="u1"):
        client.beta.assistants.create(model="gpt-4o")
        with pytest.raises(Exception, match="404"):
            client.beta.threads.runs.retrieve("run_none", thread_id="thread_none")
    (trace,) = recorded.of(TraceStarted)
    for event in (*recorded.of(AssistantCreated), *recorded.of(RequestFailed)):
        assert (event.trace_id, event.attributes.user_id) == (trace.trace_id, "u1")


def test_a_trace_waits_for_a_run_that_outlives_it(
    client: OpenAI, server: AssistantsServer, recorded: Captured
) -> None:
    server.script_next(RunScript("slowly", polls=4))
    assistant_id, thread_id = (
        client.beta.assistants.create(model="gpt-4o").id,
        client.beta.threads.create().id,
    )
    with threadtrail.trace("short"):
        run = client.beta.threads.runs.create(thread_id, assistant_id=assistant_id)
    assert recorded.of(TraceEnded) == []
    client.beta.threads.runs.poll(run.id, thread_id, poll_interval_ms=0)
    assert isinstance(recorded.events[-1], TraceEnded)
    assert isinstance(recorded.events[-2], RunEnded)


@pytest.mark.parametrize("wrong", ["beta"])
def test_one_string_is_no_list_of_tags(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"tags=\['beta'\]"):
        threadtrail.attributes(tags=wrong)


@pytest.mark.parametrize("block", [threadtrail.trace, threadtrail.attributes])
@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"tags": ["beta", None]},
            r'tags must be a list of strings, such as \["beta"\], not \[\'beta\', None\]',
        ),
        ({"tags": None}, "tags must be a list of strings, .* not None"),
        ({"tags": 3}, "tags must be a list of strings, .* not 3"),
        ({"metadata": [1]}, r'metadata must be a mapping, such as \{"plan": "pro"\}, not \[1\]'),
        ({"metadata": "plan"}, "metadata must be a mapping, .* not 'plan'"),
    ],
)
def test_other_wrong_types_are_told_too(block: Any, wrong: dict[str, Any], words: str) -> None:
    named = ("answer",) if block is threadtrail.trace else ()
    with pytest.raises(TypeError, match=words):
        block(*named, **wrong)


def test_a_trace_needs_a_name() -> None:
    def answer() -> int:
        return 42

    for wrong in (None, answer, len, threadtrail.trace("outer").__enter__):
        with pytest.raises(TypeError, match=r'a trace needs a name, such as threadtrail.trace\("'):
            threadtrail.trace(wrong)  # type: ignore[arg-type]  # what a user might write


def test_numbers_and_ids_are_taken_as_their_text(recorded: Captured) -> None:
    number: Any = 3
    with threadtrail.trace(number, user_id=number, session_id=uuid.UUID(int=1), tags=[number, "beta"]):  # type: ignore[arg-type]  # as above
        pass
    (started,) = recorded.of(TraceStarted)
    assert (started.name, started.attributes.tags) == ("3", ("3", "beta"))
    assert (started.attributes.user_id, started.attributes.session_id) == ("3", str(uuid.UUID(int=1)))


def test_a_block_says_what_it_is() -> None:
    assert repr(threadtrail.trace("math")) == "<threadtrail.trace 'math'>"
    assert repr(threadtrail.attributes(user_id="u1")) == "<threadtrail.attributes>"


def test_without_instrumentation_blocks_cost_nothing_and_change_nothing() -> None:
    @threadtrail.trace("off")
    def answer() -> int:
        return 42

    with threadtrail.trace("off"), threadtrail.attributes(user_id="u"):
        assert answer() == 42
