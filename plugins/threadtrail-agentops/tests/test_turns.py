"""A tool loop at AgentOps: one session, one agent, in it a model turn per response and the app's calls."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import set_span_in_context
from responses_driving import with_a_function, with_an_answered_function

import threadtrail
from agentops_shown import shown, type_of
from threadtrail.delivery.processors import build_processors
from threadtrail.events import RunEnded, ToolCallCompleted, TraceEnded, TraceStarted
from threadtrail.otlp.context import below
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.trace_shape import span_id_for, trace_id_for, turn_span_id
from threadtrail.values import Attributes, Caller, Carried, Failure
from threadtrail_agentops import AgentOpsExporter, sessions
from threadtrail_agentops.emitting import session_span_id
from threadtrail_agentops.native import NativeParent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openai import OpenAI

    from agentops_receiver import Receiver
    from threadtrail.events import Event
    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run

RUNS = sample_runs()
ASKING, ANSWERING, OPEN = RUNS["answered_calls"], RUNS["answering_response"], RUNS["open_call"]
TURN = events_of_turn(ASKING, ANSWERING)
NAME = "gpt-5.2-2025-12-11"


class Sending:
    """An exporter that takes events one batch after the other."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.exporter = AgentOpsExporter(**options)
        self.exporter.start()

    def __call__(self, *events: Event, context: object = None) -> None:
        self.exporter.export(events, [context] * len(events))

    def close(self) -> None:
        self.exporter.shutdown(2.0)


@pytest.fixture
def send(options: dict[str, Any]) -> Iterator[Sending]:
    sending = Sending({**options, "tags": ["nightly"]})
    yield sending
    sending.close()


def late(run: Run, **known: Any) -> ToolCallCompleted:
    """Return the end of the first call of a run, after the run."""
    call = replace(run.tool_calls[0], ended_at=(run.ended_at or 0) + 5, **known)
    return ToolCallCompleted(time=call.ended_at or 0, run_id=run.id, tool_call=call, source=run.source)


def test_a_tool_loop_is_one_session_with_one_agent(send: Sending, receiver: Receiver) -> None:
    send(*TURN)
    (trace,) = shown(receiver.spans)
    assert (trace.name, trace.status) == (f"{NAME}.session", "OK")
    assert trace.types == {"session": 1, "agent": 1, "llm": 2, "tool": 3, "operation": 1}
    assert trace.seconds == pytest.approx(3.4, abs=1e-4)
    assert trace.tags == ("nightly",)
    session, agent, *inner, outcome = trace.spans
    assert {span.trace_id for span in trace.spans} == {trace_id_for(ASKING.id)}
    assert (agent.name, agent.span_id) == (f"{NAME}.agent", turn_span_id(ASKING.id))
    assert (session.parent_id, agent.parent_id) == (None, session.span_id)
    assert {span.parent_id for span in inner} == {agent.span_id}
    assert (outcome.name, outcome.parent_id) == ("turn completed.operation", session.span_id)
    assert {span.span_id for span in inner if span.name == f"{NAME}.llm"} == {
        span_id_for(ASKING.id),
        span_id_for(ANSWERING.id),
    }
    for span in inner:
        assert agent.start < span.start <= span.end <= agent.end


def test_tokens_are_those_of_its_responses(send: Sending, receiver: Receiver) -> None:
    send(*TURN)
    (trace,) = shown(receiver.spans)
    usages = [run.usage for run in (ASKING, ANSWERING) if run.usage]
    assert trace.tokens["prompt"] == sum(usage.input_tokens for usage in usages)
    assert trace.tokens["total"] == sum(usage.total_tokens for usage in usages)


def test_what_its_spans_carry(send: Sending, receiver: Receiver) -> None:
    send(*TURN)
    agent, session = receiver.span(f"{NAME}.agent"), receiver.span(f"{NAME}.session")
    for span in (agent, session):
        assert span.attributes["agentops.entity.input"] == "How is the weather in Paris?"
        assert span.attributes["agentops.entity.output"] == "It has 22 °C in Paris."
    assert session.attributes["agentops.session.end_state"] == "Success"
    assert agent.attributes["agent.name"] == NAME
    assert json.loads(agent.attributes["agent.tools"]) == ["get_weather", "take_note", "send_mail"]
    assert agent.attributes["threadtrail.turn.id"] == ASKING.id
    assert json.loads(agent.attributes["threadtrail.turn.run_ids"]) == [ASKING.id, ANSWERING.id]
    assert agent.attributes["threadtrail.turn.seconds_generating"] == pytest.approx(2.0)
    assert not [name for name in agent.attributes if name.startswith("gen_ai.")]
    asking, answering = receiver.named(f"{NAME}.llm")
    assert asking.attributes["gen_ai.completion.0.finish_reason"] == "tool_calls"
    assert asking.attributes["gen_ai.completion.0.tool_calls.0.name"] == "get_weather"
    assert answering.attributes["gen_ai.completion.0.finish_reason"] == "stop"
    assert receiver.span("get_weather.tool").attributes["tool.result"] == "22 °C, sunny"
    assert receiver.span("send_mail.tool").attributes["tool.result"] == "refused"


def test_a_late_output_is_a_tool_of_the_same_session(send: Sending, receiver: Receiver) -> None:
    send(*events_of(OPEN))
    assert [span.name for span in receiver.spans] == [f"{NAME}.llm"]
    send(late(OPEN, output="9 °C"), late(OPEN, output="9 °C"))
    send(events_of_turn(OPEN, replace(ANSWERING, turn_id=OPEN.id))[-1])
    (trace,) = shown(receiver.spans)
    assert trace.types == {"session": 1, "agent": 1, "llm": 1, "tool": 1, "operation": 1}
    tool = receiver.span("get_weather.tool")
    assert tool.span_id == span_id_for(OPEN.id, "tool", "call_open_call")
    assert tool.parent_id == receiver.span(f"{NAME}.agent").span_id
    assert tool.attributes["tool.result"] == "9 °C"
    assert trace.name == f"{NAME}.session"
    assert trace.spans[-1].name == "turn completed.operation"


def test_a_turn_that_failed(send: Sending, receiver: Receiver) -> None:
    error = Failure(type="server_error", message="Try again.")
    send(*events_of_turn(ASKING, replace(ANSWERING, status="failed", error=error)))
    (trace,) = shown(receiver.spans)
    assert (trace.status, trace.spans[-1].name) == ("ERROR", "turn failed.operation")
    assert receiver.span(f"{NAME}.agent").attributes["error.type"] == "server_error"
    assert trace.spans[0].attributes["agentops.session.end_state"] == "Error"


def test_a_turn_that_was_given_up(send: Sending, receiver: Receiver) -> None:
    send(*events_of_turn(OPEN))
    (trace,) = shown(receiver.spans)
    assert (trace.status, trace.spans[-1].name) == ("OK", "turn not seen to end.operation")
    assert trace.spans[0].attributes["agentops.session.end_state"] == "Indeterminate"


def test_without_the_end_of_a_turn_its_runs_are_there(send: Sending, receiver: Receiver) -> None:
    send(*TURN[:-1])
    (trace,) = shown(receiver.spans)
    assert trace.types == {"llm": 2, "tool": 3}
    send.close()
    (trace,) = shown(receiver.spans)
    assert trace.types == {"session": 1, "agent": 1, "llm": 2, "tool": 3, "operation": 1}
    assert (trace.name, trace.spans[-1].name) == (f"{NAME}.session", "turn not seen to end.operation")


def test_a_run_that_finishes_after_its_turn_is_below_it(send: Sending, receiver: Receiver) -> None:
    unfinished = replace(
        RUNS["unfinished_response"], turn_id=ASKING.id, created_at=ANSWERING.created_at, status_history=()
    )
    send(*events_of_turn(ASKING, unfinished))
    finished = replace(unfinished, finished=True, status="completed")
    send(RunEnded(time=finished.ended_at or 0, run=finished, supersedes=True, source=finished.source))
    agent = receiver.span(f"{NAME}.agent")
    turns = receiver.named(f"{NAME}.llm")
    assert len(turns) == 3
    assert {span.parent_id for span in turns} == {agent.span_id}


def test_inside_a_trace_the_agent_is_below_it(send: Sending, receiver: Receiver) -> None:
    inside = events_of_turn(
        *(replace(run, attributes=Attributes(user_id="u1")) for run in (ASKING, ANSWERING)), trace_id="t"
    )
    begin, end = ASKING.created_at or 0, ANSWERING.ended_at or 0
    started = TraceStarted(time=begin, name="lesson", trace_id="t")
    send(started, *inside, TraceEnded(time=end, started_at=begin, name="lesson", trace_id="t"))
    (trace,) = shown(receiver.spans)
    assert (trace.name, trace.status) == ("lesson.session", "OK")
    assert trace.types == {"session": 1, "agent": 1, "llm": 2, "tool": 3, "operation": 1}
    agent = receiver.span(f"{NAME}.agent")
    assert agent.parent_id == receiver.span("lesson.session").span_id
    assert agent.attributes["user.id"] == "u1"
    assert trace.spans[-1].name == "completed.operation"


CALLER = Caller(call_id="call_weather", run_id=ASKING.id, turn_id=ASKING.id)


@pytest.mark.parametrize("trace_id", [None, "t"])
def test_what_a_tool_asks_of_a_model_is_below_its_call(
    send: Sending, receiver: Receiver, trace_id: str | None
) -> None:
    between = (ASKING.answered_at or 0) + 1_000_000
    inner = [
        replace(
            run,
            id=f"{run.id}_inner",
            turn_id=turn_id,
            called_by=CALLER,
            created_at=between,
            answered_at=between + 9_000_000,
            ended_at=between + 9_000_000,
        )
        for run, turn_id in (
            (OPEN, "resp_open_call_inner"),
            (ANSWERING, "resp_open_call_inner"),
            (RUNS["refused_response"], "resp_refused_response_inner"),
        )
    ]
    if trace_id is not None:
        send(TraceStarted(time=ASKING.created_at or 0, name="lesson", trace_id=trace_id))
    turn = events_of_turn(ASKING, ANSWERING, trace_id=trace_id)
    send(
        turn[0],
        *events_of_turn(*inner[:2], trace_id=trace_id),
        *events_of(inner[2], trace_id=trace_id),
        *turn[1:],
    )
    send.close()
    (trace,) = shown(receiver.spans)
    expected = {"session": 1, "agent": 2, "llm": 5, "tool": 3, "operation": 1}
    assert (trace.types, trace.name) == (expected, "lesson.session" if trace_id else f"{NAME}.session")
    by_id = {span.span_id: span for span in trace.spans}
    call = receiver.span("get_weather.tool")
    assert by_id[turn_span_id("resp_open_call_inner")].parent_id == call.span_id
    assert by_id[span_id_for("resp_refused_response_inner")].parent_id == call.span_id
    assert by_id[span_id_for("resp_open_call_inner")].parent_id == turn_span_id("resp_open_call_inner")
    assert trace.spans[-1].name.endswith(".operation")


def app_span() -> otel_context.Context:
    span = TracerProvider(shutdown_on_exit=False).get_tracer("app").start_span("handler")
    return set_span_in_context(span, otel_context.Context())


def test_a_span_of_another_backend_is_linked(send: Sending, receiver: Receiver) -> None:
    send(*TURN, context=app_span())
    session = receiver.span(f"{NAME}.session")
    assert (session.parent_id, len(list(session.links))) == (None, 1)
    assert [span.name for span in receiver.spans if span.links] == [session.name]


def test_inside_a_native_span_session_and_agent_are_left_out(
    send: Sending, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = TracerProvider(shutdown_on_exit=False).get_tracer("agentops").start_span("work")
    monkeypatch.setattr(
        sessions, "native_parent", lambda context, _: context and NativeParent(below(native), 0)
    )
    send(*events_of(ASKING), context=below(native))
    send(*events_of(ANSWERING))
    send(TURN[-1], *events_of(OPEN), late(OPEN), context=below(native))
    assert Counter(map(type_of, receiver.spans)) == {"llm": 3, "tool": 4}
    assert {int(span.parent_id or "0", 16) for span in receiver.spans} == {native.get_span_context().span_id}


def test_a_turn_that_seems_to_be_called_by_itself_is_taken(send: Sending, receiver: Receiver) -> None:
    itself = Caller(call_id="call_weather", run_id=ASKING.id, turn_id=ASKING.id)
    send(*events_of_turn(*(replace(run, called_by=itself) for run in (ASKING, ANSWERING))))
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(ASKING.id)}


def test_the_second_turn_of_an_id_is_a_trace_of_its_own(send: Sending, receiver: Receiver) -> None:
    again = replace(ASKING, id_reused=True, created_at=(ASKING.created_at or 0) + 1)
    second = replace(ANSWERING, id_reused=True, created_at=(ANSWERING.created_at or 0) + 1)
    send(*TURN, *events_of_turn(again, second))
    assert len({span.span_id for span in receiver.spans}) == len(receiver.spans)
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(run.key) for run in (ASKING, again)}


def test_the_end_of_an_assistants_turn_adds_nothing(send: Sending, receiver: Receiver) -> None:
    run = RUNS["parallel_function_calls"]
    send(*events_of_turn(run))
    before = [(span.name, span.span_id) for span in receiver.spans]
    receiver.requests.clear()
    send(*events_of(run))
    assert [(span.name, span.span_id) for span in receiver.spans] == before


def test_without_content_none_of_it_is_sent(send: Sending, receiver: Receiver) -> None:
    (processor,) = build_processors(capture_content=False)
    events = [*TURN, *events_of(OPEN), late(OPEN, output="9 °C")]
    send(*[event for each in events if (event := processor(each)) is not None])
    assert receiver.named("get_weather.tool")
    for secret in ("Paris", "Oslo", "22 °C", "9 °C", "looked up"):
        assert secret.encode() not in receiver.wire, secret


# -- the real SDK -------------------------------------------------------------------------------------


def test_a_loop_of_the_real_sdk(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    with_an_answered_function(server, client)
    assert threadtrail.flush()
    (trace,) = shown(receiver.spans)
    assert trace.types == {"session": 1, "agent": 1, "llm": 2, "tool": 1, "operation": 1}
    assert (trace.tokens["prompt"], trace.status) == (200, "OK")


def test_a_call_of_the_real_sdk_that_nobody_answers(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    with_a_function(server, client)
    assert threadtrail.flush()
    assert [span.name for span in receiver.spans] == ["gpt-4o.llm"]
    threadtrail.shutdown()
    (trace,) = shown(receiver.spans)
    assert (trace.name, trace.spans[-1].name) == ("gpt-4o.session", "turn not seen to end.operation")
    assert trace.tokens["prompt"] == 100


# -- what came from other processes ---------------------------------------------------------------------


SPAN = f"00-{'1' * 32}-{'2' * 16}-01"


@pytest.mark.parametrize(
    ("carried", "trace", "parent"),
    [
        (Carried(trace_id="a" * 32), "a" * 32, session_span_id("a" * 32)),
        (Carried(trace_id="a" * 32, around="1" * 32, traceparent=SPAN), "a" * 32, session_span_id("a" * 32)),
        (Carried(trace_id="a" * 32, outermost_trace_id="b" * 32), "b" * 32, span_id_for("a" * 32)),
    ],
    ids=["a trace", "a trace in a span", "a nested trace"],
)
def test_a_turn_of_another_process_is_in_the_session_of_its_trace(
    carried: Carried, trace: str, parent: str, send: Sending, receiver: Receiver
) -> None:
    send(*[replace(event, carried=carried, trace_id=carried.trace_id) for event in TURN])
    assert {span.trace_id for span in receiver.spans} == {trace_id_for(trace)}
    agent = receiver.span(f"{NAME}.agent")
    assert agent.parent_id == parent
    assert not receiver.starting_with(f"{NAME}.session")


def test_outside_of_a_trace_it_has_a_session_that_is_linked_to_its_creator(
    send: Sending, receiver: Receiver
) -> None:
    send(*[replace(event, carried=Carried(traceparent=SPAN)) for event in TURN])
    session = receiver.span(f"{NAME}.session")
    assert (session.trace_id, list(session.links)) == (trace_id_for(ASKING.id), [("1" * 32, "2" * 16)])
