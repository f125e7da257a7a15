"""Carriers with a real client: what another process restores of a run whose metadata has one.

Each ``capture()`` records by itself, as another process would.
"""

from __future__ import annotations

import json
from email.message import Message
from typing import TYPE_CHECKING, Any

import pytest

import threadtrail
from threadtrail.events import Event, RunCreated, RunEnded, TraceStarted
from threadtrail.testing import AssistantsServer, capture
from threadtrail.testing.server import WEBHOOK_SECRET, RunScript

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openai import OpenAI

    from threadtrail.testing import Captured
    from threadtrail.values import Run

pytestmark = pytest.mark.usefixtures("strict")

CALLER: dict[str, Any] = {
    "user_id": "u1",
    "session_id": "s1",
    "tags": ["beta"],
    "metadata": {"plan": "pro"},
}
PARENT = f"00-{'1' * 32}-{'2' * 16}-01"


def respond(client: OpenAI, metadata: dict[str, str]) -> Any:
    return client.responses.create(model="gpt-4o", input="hi", background=True, metadata=metadata)


def run_assistant(client: OpenAI, metadata: dict[str, str]) -> Any:
    assistant = client.beta.assistants.create(model="gpt-4o")
    thread = client.beta.threads.create()
    return client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, metadata=metadata)


def run_with_thread(client: OpenAI, metadata: dict[str, str]) -> Any:
    assistant = client.beta.assistants.create(model="gpt-4o")
    return client.beta.threads.create_and_run(assistant_id=assistant.id, metadata=metadata)


def look(client: OpenAI, begun: Any) -> Any:
    if begun.object == "response":
        return client.responses.retrieve(begun.id)
    return client.beta.threads.runs.retrieve(begun.id, thread_id=begun.thread_id)


def poll(client: OpenAI, begun: Any) -> Any:
    while (found := look(client, begun)).status in {"queued", "in_progress"}:
        pass
    return found


def only_run(captured: Captured) -> Run:
    (ended,) = captured.of(RunEnded)
    return ended.run


@pytest.mark.parametrize("begin", [respond, run_assistant, run_with_thread])
@pytest.mark.parametrize("content", [True, False], ids=["with content", "without content"])
def test_who_retrieves_the_run_restores_trace_and_caller(
    client: OpenAI, server: AssistantsServer, begin: Callable[..., Any], content: bool
) -> None:
    server.script(RunScript("x", polls=3))
    with capture(capture_content=content) as creator, threadtrail.trace("math", **CALLER) as trace:
        metadata = {**threadtrail.carrier(attributes=True), "mine": "x"}
        begun = begin(client, metadata)
        trace_id = trace.trace_id
    with capture(capture_content=content) as worker:
        found = poll(client, begun)
    assert found.metadata == metadata, "the app's own metadata and the request are what the app made them"
    (created,) = worker.of(RunCreated)
    run = only_run(worker)
    for event in [created, *worker.of(RunEnded)]:
        assert (event.trace_id, event.carried) == (trace_id, run.carried)
        assert event.attributes == creator.of(TraceStarted)[0].attributes == run.attributes
    assert run.metadata == ({"mine": "x"} if content else {})
    assert run.carried is not None
    assert (run.carried.trace_id, run.carried.trace_name) == (trace_id, "math")
    assert worker.of(TraceStarted) == [], "the trace is the creator's"
    here = only_run(creator)
    assert (here.carried, here.metadata) == (run.carried, run.metadata)
    assert [Event.from_json(event.to_json()) for event in worker.events] == list(worker.events)


def test_by_default_it_says_nothing_of_the_caller(client: OpenAI, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=3))
    with threadtrail.trace("math", **CALLER):
        begun = respond(client, threadtrail.carrier())
    assert "u1" not in str(begun.metadata)
    with capture() as worker:
        poll(client, begun)
    assert only_run(worker).attributes.user_id is None


def test_a_user_and_a_session_that_are_set_here_stay(client: OpenAI, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=3))
    with threadtrail.trace("math", **CALLER):
        begun = respond(client, threadtrail.carrier(attributes=True))
    own = threadtrail.attributes(user_id="me", tags=["night"], metadata={"plan": "free", "room": 3})
    with capture() as worker, own:
        poll(client, begun)
    caller = only_run(worker).attributes
    assert (caller.user_id, caller.session_id, caller.tags) == ("me", "s1", ("beta", "night"))
    assert caller.metadata == {"plan": "free", "room": 3}


@pytest.mark.parametrize("value", ["", "x" * 512, '{"v":1,"user":7}', '{"v":9}', "[" * 400])
def test_a_strangers_metadata_is_left_alone(client: OpenAI, server: AssistantsServer, value: str) -> None:
    server.script(RunScript("x", polls=3))
    begun = respond(client, {"threadtrail": value, "traceparent": "00-1-1-01", "tracestate": "x"})
    with capture() as worker:
        poll(client, begun)
    run = only_run(worker)
    assert (run.attributes.user_id, run.metadata["traceparent"], run.metadata["tracestate"]) == (
        None,
        "00-1-1-01",
        "x",
    )


def test_a_traceparent_of_others_is_understood(client: OpenAI, server: AssistantsServer) -> None:
    server.script(RunScript("x", polls=3))
    begun = respond(client, {"traceparent": PARENT, "tracestate": "vendor=a", "mine": "x"})
    with capture(capture_content=False) as worker:
        poll(client, begun)
    carried = only_run(worker).carried
    assert carried is not None
    assert (carried.traceparent, carried.tracestate) == (PARENT, "vendor=a")


def test_a_webhook_that_comes_first_shows_none_of_it(client: OpenAI, server: AssistantsServer) -> None:
    with threadtrail.trace("math", **CALLER) as trace:
        begun = respond(client, threadtrail.carrier(attributes=True))
        trace_id = trace.trace_id
    poll(client, begun)
    delivery = server.webhook(begun.id)
    with capture() as handler, threadtrail.trace("webhook"):
        client.webhooks.unwrap(delivery.body, delivery.headers, secret=WEBHOOK_SECRET)
        look(client, begun)
    (ended,) = handler.of(RunEnded)
    assert (ended.trace_id, ended.attributes.user_id) == (trace_id, "u1")
    assert handler.events[-1].type == "trace.ended", "the trace here did not wait for a run of another one"


@pytest.mark.parametrize("publishes", ["all", "none"])
def test_what_several_processes_restored_is_merged_into_one(
    client: OpenAI, server: AssistantsServer, publishes: Any
) -> None:
    server.script(RunScript("x", polls=3))
    with capture(publish_runs=publishes) as creator, threadtrail.trace("math", **CALLER):
        begun = respond(client, threadtrail.carrier(attributes=True))
    with capture() as worker, threadtrail.attributes(user_id="me"):
        poll(client, begun)
    (ended,) = [
        event for event in threadtrail.merge([*worker.events, *creator.events]) if isinstance(event, RunEnded)
    ]
    (started,) = creator.of(TraceStarted)
    assert (ended.run.finished, ended.trace_id, ended.attributes) == (
        True,
        started.trace_id,
        started.attributes,
    )
    assert ended.carried == ended.run.carried == creator.of(RunCreated)[0].carried
    assert ended.carried is not None


# -- queue messages -----------------------------------------------------------------------------------------


def test_work_goes_on_with_what_was_passed_on(client: OpenAI) -> None:
    with threadtrail.trace("math", **CALLER) as outer:
        outer_id = outer.trace_id
        with threadtrail.trace("exercise") as inner:
            inner_id = inner.trace_id
            message = {**threadtrail.carrier(attributes=True), "task": "grade"}
    with capture() as worker, threadtrail.trace("task"), threadtrail.carried(message):
        client.responses.create(model="gpt-4o", input="hi")
        again = threadtrail.carrier(attributes=True)
        with threadtrail.trace("grading"):
            client.responses.create(model="gpt-4o", input="hi")
    first, second = (event.run for event in worker.of(RunEnded))
    grading = worker.of(TraceStarted)[1]
    assert [event.trace_id for event in worker.of(RunEnded)] == [inner_id, grading.trace_id]
    assert grading.parent_trace_id == inner_id
    assert first.attributes == second.attributes == grading.attributes
    assert (first.attributes.user_id, first.attributes.metadata) == ("u1", {"plan": "pro"})
    for carried in (first.carried, second.carried, grading.carried):
        assert carried is not None
        assert (carried.trace_id, carried.outermost_trace_id, carried.trace_name) == (
            inner_id,
            outer_id,
            "math",
        )
    with capture() as third, threadtrail.carried(again):
        client.responses.create(model="gpt-4o", input="hi")
    (ended,) = third.of(RunEnded)
    assert (ended.trace_id, ended.run.attributes.user_id) == (inner_id, "u1")


def test_after_the_block_nothing_of_it_is_in_force(client: OpenAI) -> None:
    pairs = {"traceparent": PARENT, "threadtrail": '{"v":1,"user":"u1"}'}
    with capture() as captured:
        with threadtrail.carried(pairs):
            assert threadtrail.carrier()["traceparent"] == PARENT
        assert threadtrail.carrier() == {}
        client.responses.create(model="gpt-4o", input="hi")
    run = only_run(captured)
    assert (run.carried, run.attributes.user_id) == (None, None)


def headers_of_standard_library(pairs: Mapping[str, str]) -> Message:
    """As `http.server` has them: case does not matter, and they are no mapping."""
    message = Message()
    for name, value in pairs.items():
        message[name.title()] = value
    return message


@pytest.mark.parametrize(
    "written", [str.title, str.upper, str.lower], ids=["Threadtrail", "THREADTRAIL", "threadtrail"]
)
def test_headers_of_a_request_are_pairs_however_their_names_are_written(
    written: Callable[[str], str],
) -> None:
    pairs = {"traceparent": PARENT, "threadtrail": '{"v":1,"user":"u1","session":"s1"}'}
    headers = {written(name): value for name, value in pairs.items()}
    for given in (headers, {**headers, "Accept": "*/*"}, headers_of_standard_library(pairs)):
        with threadtrail.carried(given):
            again = threadtrail.carrier(attributes=True)
            assert again["traceparent"] == PARENT
            assert json.loads(again["threadtrail"])["user"] == "u1"


def test_the_plain_name_comes_before_others() -> None:
    for names in (("traceparent", "Traceparent"), ("Traceparent", "traceparent")):
        pairs = {name: PARENT if name == "traceparent" else PARENT.replace("1", "2") for name in names}
        with threadtrail.carried(pairs):
            assert threadtrail.carrier()["traceparent"] == PARENT


@pytest.mark.parametrize("pairs", [None, {}, {"threadtrail": "x"}, {"traceparent": 7}, {"mine": "x"}, {1: 2}])
def test_nothing_to_go_on_with_is_no_error(pairs: Any) -> None:
    with threadtrail.carried(pairs):
        assert threadtrail.carrier() == {}


def test_something_else_than_pairs_is_one() -> None:
    for something in ("00-1", 5, [("traceparent", PARENT)]):
        with pytest.raises(TypeError, match="takes pairs"):
            threadtrail.carried(something)  # type: ignore[arg-type]


async def test_it_decorates_and_is_an_async_block_too() -> None:
    pairs = {"traceparent": PARENT}

    @threadtrail.carried(pairs)
    async def task() -> str:
        return threadtrail.carrier()["traceparent"]

    async with threadtrail.carried(pairs) as block:
        assert threadtrail.carrier()["traceparent"] == PARENT
        assert repr(block) == "<threadtrail.carried>"
    assert await task() == PARENT


# -- runs that are over -------------------------------------------------------------------------------------


def test_a_run_that_is_over_when_its_id_arrives_is_published(
    client: OpenAI, server: AssistantsServer
) -> None:
    with threadtrail.trace("math"):
        begun, message = respond(client, {}), threadtrail.carrier()
    poll(client, begun)
    # The message has waited in a queue: what is over for longer than the timeout is history otherwise.
    with capture(run_timeout_seconds=0) as late:
        look(client, begun)
    assert late.of(RunEnded) == []
    with capture(run_timeout_seconds=0) as late, threadtrail.carried(message):
        look(client, begun)
    assert only_run(late).finished


def test_what_was_over_long_before_is_history_also_there() -> None:
    with AssistantsServer(clock=lambda: 1_700_000_000) as server, server_client(server) as client:
        begun = respond(client, {})
        poll(client, begun)
        with threadtrail.trace("math"):
            message = threadtrail.carrier()
        with capture() as late, threadtrail.carried(message):
            look(client, begun)
    assert late.of(RunEnded) == []


def server_client(server: AssistantsServer) -> OpenAI:
    import shared_fixtures

    return shared_fixtures.plain_client(server)
