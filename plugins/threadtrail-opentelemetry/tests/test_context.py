"""A run's span is below the span that was active when the run was created, whoever polls it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import FUNCTION_CALLS, answer, asked, tutor, whole_run
from openai import AsyncOpenAI, DefaultAsyncHttpxClient
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, Decision, ParentBased, Sampler, SamplingResult

import threadtrail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import OpenAI

    from threadtrail.testing import AssistantsServer


class Own:
    """A program's own set-up of OpenTelemetry, not a global one."""

    def __init__(self, sampler: Sampler | None = None) -> None:
        self.memory = InMemorySpanExporter()
        self.provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.memory))
        self.tracer = self.provider.get_tracer("the app")

    @property
    def spans(self) -> list[Any]:
        threadtrail.flush()
        return list(self.memory.get_finished_spans())

    def one(self, name: str) -> Any:
        (span,) = [span for span in self.spans if span.name == name]
        return span


@pytest.fixture
def own(traced: Callable[..., None]) -> Iterator[Own]:
    own = Own()
    traced(tracer_provider=own.provider)
    yield own
    own.provider.shutdown()


def is_child(span: Any, parent: Any) -> bool:
    wanted = parent.get_span_context()
    return span.parent is not None and (span.parent.span_id, span.context.trace_id) == (
        wanted.span_id,
        wanted.trace_id,
    )


def test_a_run_is_the_child_of_the_active_span(server: AssistantsServer, client: OpenAI, own: Own) -> None:
    server.script(FUNCTION_CALLS)
    with own.tracer.start_as_current_span("request") as request:
        whole_run(client)
    names = sorted(span.name for span in own.spans)
    agent = own.one("invoke_agent Math Tutor")
    assert is_child(agent, request)
    assert is_child(own.one("create_agent Math Tutor"), request)
    assert agent.links == ()
    # Once each, and nothing else of ours.
    assert names == [
        "chat gpt-4o",
        "chat gpt-4o",
        "create_agent Math Tutor",
        "execute_tool get_weather",
        "execute_tool get_weather",
        "invoke_agent Math Tutor",
        "request",
    ]


def test_polling_in_another_thread_does_not_move_it(
    server: AssistantsServer, client: OpenAI, own: Own
) -> None:
    server.script(FUNCTION_CALLS)
    assistant, thread = tutor(client), asked(client)
    with own.tracer.start_as_current_span("creator") as creator:
        run = client.beta.threads.runs.create(thread.id, assistant_id=assistant.id)

    def poll() -> None:
        with own.tracer.start_as_current_span("poller"):
            answer(client, run)

    poller = threading.Thread(target=poll)
    poller.start()
    poller.join()
    agent = own.one("invoke_agent Math Tutor")
    assert is_child(agent, creator)
    assert agent.links == ()


async def test_polling_in_another_task_does_not_move_it(server: AssistantsServer, own: Own) -> None:
    plain = DefaultAsyncHttpxClient(verify=False)
    async with AsyncOpenAI(base_url=server.base_url, api_key="sk-local", http_client=plain) as client:
        beta = client.beta
        assistant = await beta.assistants.create(name="Math Tutor", model="gpt-4o")
        thread = await beta.threads.create()
        with own.tracer.start_as_current_span("creator") as creator:
            run = await beta.threads.runs.create(thread.id, assistant_id=assistant.id)

        async def poll() -> None:
            with own.tracer.start_as_current_span("poller"):
                await beta.threads.runs.poll(run.id, thread_id=thread.id)

        await asyncio.create_task(poll())
    assert is_child(own.one("invoke_agent Math Tutor"), creator)


def test_nothing_of_ours_is_current_in_the_app(client: OpenAI, own: Own) -> None:
    before = context.get_current()
    with threadtrail.trace("lesson"):
        assert context.get_current() == before
        whole_run(client)
        assert context.get_current() == before
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert own.spans


def test_the_runs_of_a_trace_stand_together(server: AssistantsServer, client: OpenAI, own: Own) -> None:
    assistant, thread = tutor(client), asked(client)
    runs = client.beta.threads.runs

    def run() -> None:
        runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)

    with own.tracer.start_as_current_span("request") as request:  # noqa: SIM117 - the order is the point
        with threadtrail.trace("lesson", user_id="u7", session_id="s7", tags=["beta"], metadata={"room": 3}):
            run()
            with own.tracer.start_as_current_span("between") as between:
                run()
            with threadtrail.trace("exercise"):
                run()
    lesson, exercise = own.one("lesson"), own.one("exercise")
    agents = [span for span in own.spans if span.name == "invoke_agent Math Tutor"]
    assert is_child(lesson, request)
    assert is_child(exercise, lesson)
    assert [is_child(span, lesson) for span in agents] == [True, True, False]
    assert is_child(agents[2], exercise)
    # A span cannot have two parents: the app's own one in between is linked.
    assert [[link.context for link in span.links] for span in agents] == [
        [],
        [between.get_span_context()],
        [],
    ]
    for span in [lesson, *agents]:
        assert lesson.start_time <= span.start_time
        assert span.end_time <= lesson.end_time
        assert span.attributes["user.id"] == "u7"
        assert span.attributes["session.id"] == "s7"
        assert span.attributes["threadtrail.tags"] == ("beta",)
        assert span.attributes["threadtrail.metadata.room"] == 3


def test_a_trace_that_an_exception_left_is_an_error(client: OpenAI, own: Own) -> None:
    with pytest.raises(ValueError, match="seven"), threadtrail.trace("lesson"):
        raise ValueError("seven is not a city")
    lesson = own.one("lesson")
    assert lesson.status.status_code.name == "ERROR"
    assert lesson.status.description is None  # the words of an exception are content
    assert lesson.attributes["error.type"] == "ValueError"


def test_several_traces_at_once_do_not_mix(client: OpenAI, own: Own) -> None:
    assistant = tutor(client)

    def lesson(name: str) -> None:
        with threadtrail.trace(name):
            thread = asked(client, name)
            client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)

    threads = [threading.Thread(target=lesson, args=(f"lesson {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = own.spans
    roots = [span for span in spans if span.name.startswith("lesson")]
    agents = [span for span in spans if span.name.startswith("invoke_agent")]
    assert len({span.context.trace_id for span in roots}) == 4
    assert sorted(span.parent.span_id for span in agents) == sorted(span.context.span_id for span in roots)


def test_a_run_of_another_process_is_linked_to_its_creator_if_that_is_wanted(
    server: AssistantsServer, client: OpenAI, traced: Callable[..., None]
) -> None:
    creator = Own()
    run = created_elsewhere(server, client, creator)
    own = Own()
    traced(tracer_provider=own.provider, runs_from_elsewhere="link")
    with own.tracer.start_as_current_span("worker") as worker:
        client.beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    agent = own.one("invoke_agent")
    assert agent.parent is None
    linked = [(link.context.trace_id, link.context.span_id) for link in agent.links]
    assert linked == [identity(creator.one("queue it")), identity(worker)]


def test_or_stands_in_the_trace_that_the_app_put_it_into(
    server: AssistantsServer, client: OpenAI, traced: Callable[..., None]
) -> None:
    creator = Own()
    run = created_elsewhere(server, client, creator)
    own = Own()
    traced(tracer_provider=own.provider, runs_from_elsewhere="link")
    with threadtrail.trace("night shift"):
        client.beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    agent = own.one("invoke_agent")
    assert is_child(agent, own.one("night shift"))
    assert [(link.context.trace_id, link.context.span_id) for link in agent.links] == [
        identity(creator.one("queue it"))
    ]


def test_by_default_it_is_its_child(
    server: AssistantsServer, client: OpenAI, traced: Callable[..., None]
) -> None:
    creator = Own()
    run = created_elsewhere(server, client, creator)
    own = Own()
    traced(tracer_provider=own.provider)
    with own.tracer.start_as_current_span("worker") as worker:
        client.beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    agent = own.one("invoke_agent")
    assert is_child(agent, creator.one("queue it"))
    assert [(link.context.trace_id, link.context.span_id) for link in agent.links] == [identity(worker)]


@pytest.mark.parametrize("propagated", [False, True], ids=["in a trace of its own", "in the same trace"])
def test_work_that_goes_on_is_in_the_trace_that_it_comes_from(
    client: OpenAI, traced: Callable[..., None], propagated: bool
) -> None:
    """Below the worker's own span, if that is in this trace; else below the sender's, and linked to it."""
    sender, own = Own(), Own()
    with sender.tracer.start_as_current_span("send"):
        message = threadtrail.carrier()
    traced(tracer_provider=own.provider)
    around = propagate.extract(message) if propagated else None
    with own.tracer.start_as_current_span("work", context=around) as work, threadtrail.carried(message):
        whole_run(client)
    agent = own.one("invoke_agent Math Tutor")
    assert is_child(agent, work if propagated else sender.one("send"))
    assert is_child(own.one("create_agent Math Tutor"), work if propagated else sender.one("send"))
    links = [(link.context.trace_id, link.context.span_id) for link in agent.links]
    assert links == ([] if propagated else [identity(work)])


def created_elsewhere(server: AssistantsServer, client: OpenAI, creator: Own) -> Any:
    """A run that nobody watches being created, with its creator's span in its metadata."""
    assert not threadtrail.status().active
    assistant, thread = tutor(client), asked(client)
    with creator.tracer.start_as_current_span("queue it"):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        return client.beta.threads.runs.create(thread.id, assistant_id=assistant.id, metadata=carrier)


def identity(span: Any) -> tuple[int, int]:
    found = span.get_span_context()
    return found.trace_id, found.span_id


def test_where_the_app_suppresses_telemetry_there_is_none(client: OpenAI, own: Own) -> None:
    with suppress_instrumentation():
        whole_run(client)
    assert own.spans == []


def test_baggage_reaches_the_processors_of_the_app(client: OpenAI, traced: Callable[..., None]) -> None:
    seen = []

    class Reader(SimpleSpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            seen.append((span.name, baggage.get_baggage("tenant", parent_context)))

    own = Own()
    own.provider.add_span_processor(Reader(own.memory))
    traced(tracer_provider=own.provider)
    assistant, thread = tutor(client), asked(client)
    token = context.attach(baggage.set_baggage("tenant", "acme"))
    try:
        client.beta.threads.runs.create_and_poll(thread_id=thread.id, assistant_id=assistant.id)
    finally:
        context.detach(token)
    threadtrail.flush()
    assert ("invoke_agent Math Tutor", "acme") in seen


def test_samplers_get_what_they_need_at_the_start(
    server: AssistantsServer, client: OpenAI, traced: Callable[..., None]
) -> None:
    asked_for: dict[str, Any] = {}

    class Asked(Sampler):
        def should_sample(self, *arguments: Any, **more: Any) -> SamplingResult:
            _context, _trace_id, name, _kind, attributes = arguments[:5]
            asked_for[name] = dict(attributes)
            return SamplingResult(Decision.RECORD_AND_SAMPLE)

        def get_description(self) -> str:
            return "asked"

    server.script(FUNCTION_CALLS)
    own = Own(Asked())
    traced(tracer_provider=own.provider)
    whole_run(client)
    threadtrail.flush()
    common = {"gen_ai.operation.name", "gen_ai.provider.name", "server.address", "server.port"}
    model = {"gen_ai.request.model"}
    agent = {"gen_ai.agent.name", "gen_ai.agent.id"}
    assert asked_for["invoke_agent Math Tutor"].keys() >= common | model | agent
    assert asked_for["create_agent Math Tutor"].keys() >= common | model | agent
    assert asked_for["chat gpt-4o"].keys() >= common | model
    assert asked_for["execute_tool get_weather"].keys() >= {"gen_ai.tool.name", "gen_ai.tool.type"}


def test_what_the_apps_sampler_drops_stays_dropped(client: OpenAI, traced: Callable[..., None]) -> None:
    own = Own(ParentBased(ALWAYS_OFF))
    traced(tracer_provider=own.provider)
    with threadtrail.trace("lesson"):
        whole_run(client)
    assert own.spans == []
