"""A tool loop is one trace: ``invoke_agent`` around it, in it a ``chat`` per response and the app's calls."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.baggage import set_baggage
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import set_span_in_context

from threadtrail.config.settings import Settings
from threadtrail.delivery.processors import build_processors
from threadtrail.events import (
    Event,
    RunCreated,
    RunEnded,
    ToolCallCompleted,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.shape import unfinished_span_id
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.trace_shape import span_id_for, trace_id_for, turn_span_id
from threadtrail.values import Attributes, Caller, Carried, Failure
from threadtrail_opentelemetry import OpenTelemetryExporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from threadtrail.testing import OtlpReceiver
    from threadtrail.testing.otlp import ReceivedSpan
    from threadtrail.values import Run

RUNS = sample_runs()
ASKING, ANSWERING, OPEN = RUNS["answered_calls"], RUNS["answering_response"], RUNS["open_call"]
TURN = events_of_turn(ASKING, ANSWERING)
TOKENS = "gen_ai.usage.input_tokens"


class Sending:
    """An exporter that takes events one batch after the other."""

    def __init__(self, **options: Any) -> None:
        self.exporter = OpenTelemetryExporter(**options)
        self.exporter.start(Settings())

    def __call__(self, *events: Event, context: object = None) -> None:
        self.exporter.export(events, [context] * len(events))

    def close(self) -> None:
        self.exporter.shutdown(5.0)


@pytest.fixture
def send(receiver: OtlpReceiver) -> Iterator[Sending]:
    sending = Sending(endpoint=receiver.url, message_content="SPAN_ONLY")
    yield sending
    sending.close()


class App:
    """An app with a provider of its own, whose ids nobody chooses."""

    def __init__(self) -> None:
        self.memory = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self.memory))
        self.send = Sending(tracer_provider=self.provider)

    def context(self, name: str = "handler") -> tuple[Any, otel_context.Context]:
        """Return a span of the app, and the context in which it is active."""
        span = self.provider.get_tracer("app").start_span(name)
        return span, set_span_in_context(span, otel_context.Context())

    @property
    def spans(self) -> list[Any]:
        return list(self.memory.get_finished_spans())

    def one(self, name: str) -> Any:
        (span,) = [span for span in self.spans if span.name == name]
        return span


@pytest.fixture
def app() -> Iterator[App]:
    app = App()
    yield app
    app.send.close()
    app.provider.shutdown()


def follow_up(run: Run, number: int, *, of: Run) -> Run:
    """Return a further response of the turn that ``of`` began; its call has an id of its own."""
    steps = tuple(
        replace(step, tool_calls=tuple(replace(call, id=f"{call.id}_{number}") for call in step.tool_calls))
        for step in run.steps
    )
    return replace(run, id=f"{run.id}_{number}", turn_id=of.id, steps=steps)


def late(run: Run, **known: Any) -> ToolCallCompleted:
    """Return the end of the first call of a run, after the run."""
    call = replace(run.tool_calls[0], ended_at=(run.ended_at or 0) + 5, **known)
    return ToolCallCompleted(time=call.ended_at or 0, run_id=run.id, tool_call=call, source=run.source)


def read(span: ReceivedSpan, name: str) -> Any:
    return json.loads(span.attributes[name])


def tree(spans: Sequence[ReceivedSpan]) -> dict[str, list[str]]:
    """Return the names of the spans below each span; those that have no parent are below ``""``."""
    names = {span.span_id: span.name for span in spans}
    found: dict[str, list[str]] = {}
    for span in spans:
        found.setdefault(names[span.parent_id] if span.parent_id else "", []).append(span.name)
    return found


def test_a_tool_loop_is_one_tree(send: Sending, receiver: OtlpReceiver) -> None:
    send(*TURN)
    spans = receiver.spans
    calls = ["execute_tool get_weather", "execute_tool take_note", "execute_tool send_mail"]
    assert tree(spans) == {"": ["invoke_agent"], "invoke_agent": ["chat gpt-5.2", *calls, "chat gpt-5.2"]}
    assert {span.trace_id for span in spans} == {trace_id_for(ASKING.id)}
    agent = receiver.span("invoke_agent")
    assert (agent.kind, agent.status, agent.span_id) == ("INTERNAL", "UNSET", turn_span_id(ASKING.id))
    assert (agent.start, agent.end) == (ASKING.created_at, ANSWERING.ended_at)
    assert {span.span_id for span in receiver.named("chat gpt-5.2")} == {
        span_id_for(ASKING.id),
        span_id_for(ANSWERING.id),
    }
    assert receiver.span(calls[0]).span_id == span_id_for(ASKING.id, "tool", "call_weather")
    for span in spans:
        assert agent.start <= span.start <= span.end <= agent.end


def test_tokens_stand_on_the_generations_alone(send: Sending, receiver: OtlpReceiver) -> None:
    send(*TURN)
    assert {span.name for span in receiver.spans if TOKENS in span.attributes} == {"chat gpt-5.2"}
    total = sum(span.attributes.get(TOKENS, 0) for span in receiver.spans)
    assert total == sum(run.usage.input_tokens for run in (ASKING, ANSWERING) if run.usage)


def test_the_root_says_what_was_asked_and_answered_and_where_the_time_went(
    send: Sending, receiver: OtlpReceiver
) -> None:
    send(*TURN)
    agent = receiver.span("invoke_agent")
    (question,), (answer,) = (
        read(agent, "gen_ai.input.messages"),
        read(agent, "gen_ai.output.messages"),
    )
    assert question["parts"] == [{"type": "text", "content": "How is the weather in Paris?"}]
    assert answer["parts"] == [{"type": "text", "content": "It has 22 °C in Paris."}]
    assert answer["finish_reason"] == "stop"
    assert agent.attributes["gen_ai.operation.name"] == "invoke_agent"
    assert agent.attributes["gen_ai.request.model"] == "gpt-5.2"
    assert agent.attributes["session.id"] == ASKING.session_key
    assert agent.attributes["threadtrail.turn.id"] == ASKING.id
    assert agent.attributes["threadtrail.turn.run_ids"] == [ASKING.id, ANSWERING.id]
    assert agent.attributes["threadtrail.turn.status"] == "completed"
    assert agent.attributes["threadtrail.turn.finished"] is True
    spent = {
        name: agent.attributes[f"threadtrail.turn.seconds_{name}"]
        for name in ("queued", "generating", "tools", "person", "other")
    }
    assert sum(spent.values()) == pytest.approx((agent.end - agent.start) / 1e9)
    assert spent["generating"] == pytest.approx(1.2 + 0.8)


CALLER = Caller(call_id="call_weather", run_id=ASKING.id, turn_id=ASKING.id)


def test_a_response_of_a_tool_is_below_its_call(send: Sending, receiver: OtlpReceiver) -> None:
    nested = replace(RUNS["reasoning_response"], called_by=CALLER)
    send(TURN[0], *events_of(nested), *TURN[1:])
    call = receiver.span("execute_tool get_weather")
    inner = next(span for span in receiver.spans if span.span_id == span_id_for(nested.id))
    assert inner.parent_id == call.span_id
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(ASKING.id)}


def test_a_turn_of_a_tool_is_below_its_call(send: Sending, receiver: OtlpReceiver) -> None:
    asking = replace(ASKING, id="resp_inner", turn_id="resp_inner", called_by=CALLER)
    answering = replace(ANSWERING, id="resp_inner_2", turn_id="resp_inner", called_by=CALLER)
    send(TURN[0], *events_of_turn(asking, answering), *TURN[1:])
    inner, outer = sorted(receiver.named("invoke_agent"), key=lambda span: span.parent_id is None)
    assert (inner.span_id, outer.span_id) == (turn_span_id("resp_inner"), turn_span_id(ASKING.id))
    assert inner.parent_id == span_id_for(ASKING.id, "tool", "call_weather")
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(ASKING.id)}


def test_a_response_of_an_assistants_tool_is_below_its_call(send: Sending, receiver: OtlpReceiver) -> None:
    run = RUNS["parallel_function_calls"]
    call = run.tool_calls[0]
    caller = Caller(call_id=call.id, run_id=run.id, turn_id=run.id)
    nested, events = replace(RUNS["plain_response"], called_by=caller), events_of_turn(run)
    send(events[0], *events_of(nested), *events[1:])
    inner = next(span for span in receiver.spans if span.span_id == span_id_for(nested.id))
    assert inner.parent_id == span_id_for(run.id, "tool", call.id)
    assert inner.parent_id in {span.span_id for span in receiver.spans}
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(run.id)}


def test_a_response_of_a_tool_inside_a_span_of_the_app_stays_there() -> None:
    app = App()
    handler, context = app.context()
    nested = replace(RUNS["plain_response"], called_by=CALLER)
    app.send(TURN[0], *events_of(nested), *TURN[1:], context=context)
    spans = app.memory.get_finished_spans()
    assert len(spans) == 6
    assert {span.parent.span_id for span in spans if span.parent} == {handler.get_span_context().span_id}


def test_a_prompt_names_the_agent(send: Sending, receiver: OtlpReceiver) -> None:
    runs = [
        replace(run, assistant=RUNS["plain_response"].assistant, attributes=Attributes(user_id="u1"))
        for run in (ASKING, ANSWERING)
    ]
    send(*events_of_turn(*runs))
    agent = receiver.span("invoke_agent pmpt_math_tutor")
    assert agent.attributes["gen_ai.agent.name"] == "pmpt_math_tutor"
    assert agent.attributes["user.id"] == "u1"


def test_three_responses_and_parallel_calls(send: Sending, receiver: OtlpReceiver) -> None:
    runs = [ASKING, *(follow_up(ASKING, number, of=ASKING) for number in (1, 2)), ANSWERING]
    send(*events_of_turn(*runs))
    spans = receiver.spans
    assert Counter(span.name.partition(" ")[0] for span in spans) == {
        "invoke_agent": 1,
        "chat": 4,
        "execute_tool": 9,
    }
    assert len({span.span_id for span in spans}) == len(spans)
    agent = receiver.span("invoke_agent")
    assert Counter(span.parent_id for span in spans) == {None: 1, agent.span_id: 13}


def test_hosted_tools_stay_below_their_response(send: Sending, receiver: OtlpReceiver) -> None:
    hosted = replace(RUNS["hosted_tools"], turn_id=ASKING.id)
    send(*events_of_turn(ASKING, hosted))
    (chat,) = [
        span for span in receiver.named("chat gpt-5.2") if span.attributes["gen_ai.response.id"] == hosted.id
    ]
    assert receiver.span("execute_tool web_search").parent_id == chat.span_id
    assert chat.parent_id == receiver.span("invoke_agent").span_id


def test_a_run_that_ends_before_the_first_does_not_move_the_turn(
    send: Sending, receiver: OtlpReceiver
) -> None:
    first, second, (turn,) = events_of(ASKING), events_of(ANSWERING), TURN[-1:]
    send(first[0], *second, *first[1:], turn)
    agent = receiver.span("invoke_agent")
    assert (agent.parent_id, agent.start) == (None, ASKING.created_at)
    assert len(receiver.spans) == 6


# -- calls that are answered late ---------------------------------------------------------------------


def test_a_late_output_is_a_span_of_the_same_trace(send: Sending, receiver: OtlpReceiver) -> None:
    send(*events_of(OPEN))
    assert [span.name for span in receiver.spans] == ["chat gpt-5.2"]
    answering = replace(ANSWERING, turn_id=OPEN.id)
    send(late(OPEN, output="9 °C"))
    send(*events_of_turn(OPEN, answering)[-1:])
    assert tree(receiver.spans) == {
        "": ["invoke_agent"],
        "invoke_agent": ["chat gpt-5.2", "execute_tool get_weather"],
    }
    tool = receiver.span("execute_tool get_weather")
    assert tool.span_id == span_id_for(OPEN.id, "tool", "call_open_call")
    assert tool.attributes["gen_ai.tool.call.result"] == "9 °C"
    assert tool.attributes["gen_ai.tool.description"] == "The weather in a city."
    assert tool.attributes["gen_ai.response.id"] == OPEN.id
    assert tool.end == (OPEN.ended_at or 0) + 5
    send.close()
    (duration,) = receiver.metrics["gen_ai.execute_tool.duration"]
    assert duration.count == 1


def test_a_call_is_emitted_once(send: Sending, receiver: OtlpReceiver) -> None:
    send(*TURN, *[event for event in TURN if isinstance(event, ToolCallCompleted)])
    send(*events_of(OPEN), late(OPEN), late(OPEN))
    assert len(receiver.starting_with("execute_tool")) == 4


def test_a_call_that_failed_late_is_an_error(send: Sending, receiver: OtlpReceiver) -> None:
    send(*events_of(OPEN), late(OPEN, error=Failure(type="timeout", message="No answer.")))
    tool = receiver.span("execute_tool get_weather")
    assert (tool.status, tool.attributes["error.type"]) == ("ERROR", "timeout")


# -- ends ---------------------------------------------------------------------------------------------


def test_a_turn_whose_last_run_failed_is_an_error(send: Sending, receiver: OtlpReceiver) -> None:
    error = Failure(type="server_error", message="Try again.")
    send(*events_of_turn(ASKING, replace(ANSWERING, status="failed", error=error)))
    agent = receiver.span("invoke_agent")
    assert (agent.status, agent.attributes["error.type"]) == ("ERROR", "server_error")
    assert agent.attributes["threadtrail.turn.status"] == "failed"


def test_an_unfinished_turn_says_so(send: Sending, receiver: OtlpReceiver) -> None:
    send(*events_of_turn(OPEN))
    agent = receiver.span("invoke_agent")
    assert (agent.status, agent.attributes["threadtrail.turn.finished"]) == ("UNSET", False)
    assert tree(receiver.spans) == {"": ["invoke_agent"], "invoke_agent": ["chat gpt-5.2"]}


def test_without_the_end_of_a_turn_its_runs_are_there(send: Sending, receiver: OtlpReceiver) -> None:
    send(*TURN[:-1])
    spans = receiver.spans
    assert len(spans) == 5
    assert {(span.trace_id, span.parent_id) for span in spans} == {
        (trace_id_for(ASKING.id), turn_span_id(ASKING.id))
    }
    send.close()
    agent = receiver.span("invoke_agent")
    assert agent.attributes["threadtrail.turn.finished"] is False
    assert agent.end == ANSWERING.ended_at


def test_a_run_that_finishes_after_its_turn_is_below_it(send: Sending, receiver: OtlpReceiver) -> None:
    unfinished = replace(
        RUNS["unfinished_response"], turn_id=ASKING.id, session_key=ASKING.session_key, answers=(ASKING.id,)
    )
    send(*events_of_turn(ASKING, unfinished))
    finished = replace(unfinished, finished=True, status="completed")
    send(RunEnded(time=1, run=finished, supersedes=True, source=finished.source))
    agent = receiver.span("invoke_agent")
    chats = {span.span_id: span for span in receiver.named("chat gpt-5.2")}
    assert len(chats) == 3
    assert {span.parent_id for span in chats.values()} == {agent.span_id}
    assert list(chats[span_id_for(finished.id)].links) == [
        (agent.trace_id, unfinished_span_id(unfinished.id))
    ]


def test_a_turn_that_seems_to_be_called_by_itself_is_taken(send: Sending, receiver: OtlpReceiver) -> None:
    itself = Caller(call_id="call_weather", run_id=ASKING.id, turn_id=ASKING.id)
    send(*events_of_turn(*(replace(run, called_by=itself) for run in (ASKING, ANSWERING))))
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(ASKING.id)}


def test_the_second_turn_of_an_id_is_a_trace_of_its_own(send: Sending, receiver: OtlpReceiver) -> None:
    again = replace(ASKING, id_reused=True, created_at=(ASKING.created_at or 0) + 1)
    second = replace(ANSWERING, id_reused=True, created_at=(ANSWERING.created_at or 0) + 1)
    send(*TURN, *events_of_turn(again, second))
    assert len({span.span_id for span in receiver.spans}) == len(receiver.spans)
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(run.key) for run in (ASKING, again)}


def test_the_end_of_an_assistants_turn_adds_nothing(send: Sending, receiver: OtlpReceiver) -> None:
    run = RUNS["parallel_function_calls"]
    send(*events_of_turn(run))
    with_turn = [(span.name, span.span_id, span.parent_id) for span in receiver.spans]
    receiver.requests.clear()
    send(*events_of(run))
    assert [(span.name, span.span_id, span.parent_id) for span in receiver.spans] == with_turn
    assert not [name for name, *_ in with_turn if name == "invoke_agent"]


# -- its place ----------------------------------------------------------------------------------------


def test_inside_a_span_of_the_app_the_root_is_left_out(app: App) -> None:
    handler, context = app.context()
    app.send(*TURN, context=context)
    app.send(*events_of(OPEN), late(OPEN, output="9 °C"), context=context)
    assert Counter(span.name.partition(" ")[0] for span in app.spans) == {"chat": 3, "execute_tool": 4}
    assert {span.parent.span_id for span in app.spans} == {handler.get_span_context().span_id}


def test_each_run_is_below_the_span_around_it(app: App) -> None:
    (one, first), (two, second) = app.context(), app.context()
    app.send(*events_of(ASKING), context=first)
    app.send(*events_of(ANSWERING), context=second)
    app.send(*TURN[-1:], context=first)
    chats = {span.attributes["gen_ai.response.id"]: span for span in app.spans if span.name == "chat gpt-5.2"}
    assert chats[ASKING.id].parent.span_id == one.get_span_context().span_id
    assert chats[ANSWERING.id].parent.span_id == two.get_span_context().span_id
    assert not [span for span in app.spans if span.name == "invoke_agent"]


def test_a_run_with_no_span_around_it_is_below_that_of_the_first(app: App) -> None:
    handler, context = app.context()
    app.send(*events_of(ASKING), context=context)
    app.send(*events_of(ANSWERING), *TURN[-1:], context=set_baggage("user", "u1"))
    assert {span.parent.span_id for span in app.spans} == {handler.get_span_context().span_id}


def test_a_turn_that_began_outside_of_spans_stays_one_trace(app: App) -> None:
    app.send(*events_of(ASKING))
    handler, context = app.context()
    app.send(*events_of(ANSWERING), context=context)
    app.send(*TURN[-1:])
    agent = app.one("invoke_agent")
    (answered,) = [span for span in app.spans if span.attributes.get("gen_ai.response.id") == ANSWERING.id]
    assert answered.parent.span_id == agent.context.span_id
    assert [link.context.span_id for link in answered.links] == [handler.get_span_context().span_id]


def test_in_the_apps_own_provider_parents_are_right(app: App) -> None:
    app.send(*TURN)
    agent = app.one("invoke_agent")
    others = [span for span in app.spans if span is not agent]
    assert len(others) == 5
    assert {(span.parent.span_id, span.context.trace_id) for span in others} == {
        (agent.context.span_id, agent.context.trace_id)
    }
    assert agent.context.span_id != int(turn_span_id(ASKING.id), 16)
    assert agent.attributes["threadtrail.turn.id"] == ASKING.id
    assert (agent.start_time, agent.end_time) == (ASKING.created_at, ANSWERING.ended_at)


def test_baggage_around_the_first_run_is_no_span(app: App) -> None:
    app.send(*TURN, context=set_baggage("user", "u1"))
    assert app.one("invoke_agent").parent is None


def test_inside_a_trace_the_root_is_below_it(send: Sending, receiver: OtlpReceiver) -> None:
    inside = events_of_turn(ASKING, ANSWERING, trace_id="trace_1")
    started = TraceStarted(time=1, name="lesson", trace_id="trace_1")
    ended = TraceEnded(time=inside[-1].time, started_at=1, name="lesson", trace_id="trace_1")
    send(started, *inside, ended)
    lesson, agent = receiver.span("lesson"), receiver.span("invoke_agent")
    assert (lesson.parent_id, agent.parent_id) == (None, lesson.span_id)
    assert {span.trace_id for span in receiver.spans} == {trace_id_for("trace_1")}
    assert {span.parent_id for span in receiver.spans} == {None, lesson.span_id, agent.span_id}
    assert agent.attributes["threadtrail.trace.id"] == "trace_1"


def test_a_run_in_another_trace_stays_with_its_turn(send: Sending, receiver: OtlpReceiver) -> None:
    first, second = events_of(ASKING), events_of(ANSWERING, trace_id="trace_1")
    send(*first, TraceStarted(time=1, name="lesson", trace_id="trace_1"), *second, *TURN[-1:])
    agent = receiver.span("invoke_agent")
    assert {span.parent_id for span in receiver.named("chat gpt-5.2")} == {agent.span_id}


def test_another_process_gives_the_same_spans(receiver: OtlpReceiver) -> None:
    seen = []
    for _ in range(2):
        receiver.requests.clear()
        sending = Sending(endpoint=receiver.url)
        sending(*TURN)
        sending.close()
        seen.append([(span.trace_id, span.span_id, span.parent_id, span.start) for span in receiver.spans])
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("carried", "place"),
    [
        (Carried(traceparent=f"00-{'1' * 32}-{'2' * 16}-01"), ("1" * 32, "2" * 16)),
        (Carried(trace_id="a" * 32), (trace_id_for("a" * 32), span_id_for("a" * 32))),
        (
            Carried(trace_id="a" * 32, outermost_trace_id="b" * 32),
            (trace_id_for("b" * 32), span_id_for("a" * 32)),
        ),
        (Carried(trace_id="a" * 32, around="1" * 32), ("1" * 32, span_id_for("a" * 32))),
    ],
    ids=["a span", "a trace", "a nested trace", "a trace in a span"],
)
def test_a_turn_that_another_process_began_is_where_that_began_it(
    carried: Carried, place: tuple[str, str], send: Sending, receiver: OtlpReceiver
) -> None:
    events = [
        replace(event, carried=carried, trace_id=carried.trace_id, **elsewhere(event))
        for event in events_of_turn(replace(ASKING, observed_from_start=False), ANSWERING)
    ]
    send(*events)
    generations = receiver.named("chat gpt-5.2")
    assert {span.trace_id for span in receiver.spans} == {place[0]}
    if carried.traceparent:
        # Inside a span of the app, that takes the place of the turn's root, as in the app's own process.
        assert {span.parent_id for span in generations} == {place[1]}
        return
    agent = receiver.span("invoke_agent")
    assert (agent.parent_id, agent.span_id) == (place[1], turn_span_id(ASKING.id))
    assert {span.parent_id for span in generations} == {agent.span_id}


def test_or_where_a_later_look_shows_that_it_began(send: Sending, receiver: OtlpReceiver) -> None:
    carried = Carried(trace_id="a" * 32)
    first, *rest = [
        replace(event, **elsewhere(event))
        for event in events_of_turn(replace(ASKING, observed_from_start=False), ANSWERING)
    ]
    send(first, *[replace(event, carried=carried, trace_id=carried.trace_id) for event in rest])
    assert receiver.span("invoke_agent").parent_id == span_id_for("a" * 32)


def elsewhere(event: Event) -> dict[str, Any]:
    return {"observed_from_start": False} if isinstance(event, RunCreated) else {}


# -- content ------------------------------------------------------------------------------------------


def test_without_content_none_of_it_is_sent(receiver: OtlpReceiver) -> None:
    (processor,) = build_processors(capture_content=False)
    answered = late(OPEN, output="9 °C")
    events = [*TURN, *events_of_turn(OPEN)[:-1], answered]
    sending = Sending(endpoint=receiver.url, message_content="SPAN_AND_EVENT")
    sending(*[event for each in events if (event := processor(each)) is not None])
    sending.close()
    assert len(receiver.spans) == 9
    for secret in ("Paris", "Oslo", "22 °C", "9 °C", "looked up"):
        assert secret.encode() not in receiver.wire, secret


def test_content_that_must_not_be_on_spans_is_not_on_the_root(receiver: OtlpReceiver) -> None:
    sending = Sending(endpoint=receiver.url)
    sending(*TURN, *events_of(OPEN), late(OPEN, output="9 °C"))
    sending.close()
    for secret in ("Paris", "22 °C", "9 °C"):
        assert secret.encode() not in receiver.wire, secret


def test_the_samples_hold_the_end_of_a_turn() -> None:
    assert isinstance(TURN[-1], TurnEnded)
