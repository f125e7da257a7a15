"""The tree at AgentOps: what it shows of runs that went well, badly, in groups and with content off."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from exporter_driving import FUNCTION_CALLS, asked, tutor, whole_run

import threadtrail
from agentops_shown import shown, type_of
from threadtrail.events import Event, RunEnded, TraceEnded, TraceStarted
from threadtrail.testing.samples import events_of, sample_events, sample_runs
from threadtrail.testing.server import Failed, Message, RunScript, Usage
from threadtrail.trace_shape import in_turn, shape
from threadtrail.values import Failure
from threadtrail_agentops import AgentOpsExporter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openai import OpenAI

    from agentops_receiver import Receiver
    from threadtrail.testing import AssistantsServer
    from threadtrail.values import Run

RUNS = sample_runs()
ENDS = {"failed": "ERROR", "expired": "ERROR"}


def exported(options: dict[str, Any], events: Sequence[Event], **more: Any) -> None:
    exporter = AgentOpsExporter(**options, **more)
    exporter.start()
    exporter.export(events, [None] * len(events))
    exporter.shutdown(2.0)


def test_a_run_is_a_session_with_an_agent_turns_and_tools(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced(tags=["nightly"], environment="staging")
    server.script_next(FUNCTION_CALLS)
    with threadtrail.attributes(user_id="u1", session_id="s1", tags=["beta"], metadata={"topic": "algebra"}):
        run = whole_run(client)
    assert threadtrail.flush()
    session, agent = receiver.span("Math Tutor.session"), receiver.span("Math Tutor.agent")
    tools, turns = receiver.named("get_weather.tool"), receiver.named("tool_calls.llm")
    turns += receiver.named("message_creation.llm")
    outcome = receiver.span("run completed.operation")
    assert session.parent_id is None
    assert agent.parent_id == outcome.parent_id == session.span_id
    assert {span.parent_id for span in (*tools, *turns)} == {agent.span_id}
    assert [len(tools), len(turns)] == [2, 2]

    assert session.attributes["agentops.span.kind"] == "session"
    assert session.attributes["agentops.session.end_state"] == "Success"
    assert json.loads(session.attributes["agentops.tags"]) == ["nightly", "beta"]
    assert session.attributes["user.id"] == "u1"
    assert session.attributes["session.id"] == "s1"
    assert session.attributes["threadtrail.metadata.topic"] == "algebra"
    assert session.resource["agentops.environment"] == "staging"

    assert agent.attributes["agent.name"] == "Math Tutor"
    assert agent.attributes["agent.id"] == run.assistant_id
    assert agent.attributes["threadtrail.run.id"] == run.id
    assert agent.attributes["threadtrail.thread.id"] == run.thread_id
    assert agent.attributes["agentops.entity.input"] == "Where is it warmer, in Paris or in Oslo?"
    assert agent.attributes["agentops.entity.output"] == "Paris is warmer."

    assert [json.loads(tool.attributes["tool.parameters"]) for tool in tools] == [
        {"city": "Paris"},
        {"city": "Oslo"},
    ]
    assert [json.loads(tool.attributes["tool.result"]) for tool in tools] == [
        {"celsius": 20},
        {"celsius": 21},
    ]
    assert {tool.attributes["tool.status"] for tool in tools} == {"succeeded"}

    asking, answering = (turn.attributes for turn in turns)
    assert asking["gen_ai.request.model"] == "gpt-4o"
    assert asking["gen_ai.prompt.0.role"] == "user"
    assert asking["gen_ai.prompt.0.content"] == "Where is it warmer, in Paris or in Oslo?"
    assert asking["gen_ai.completion.0.tool_calls.1.name"] == "get_weather"
    assert json.loads(asking["gen_ai.completion.0.tool_calls.1.arguments"]) == {"city": "Oslo"}
    assert asking["gen_ai.completion.0.finish_reason"] == "tool_calls"
    assert answering["gen_ai.prompt.0.role"] == "tool"
    assert json.loads(answering["gen_ai.prompt.1.content"]) == {"celsius": 21}
    assert answering["gen_ai.completion.0.content"] == "Paris is warmer."
    assert answering["gen_ai.completion.0.finish_reason"] == "stop"


def test_the_backend_shows_name_status_duration_types_and_tokens(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    server.script_next(FUNCTION_CALLS)
    run = whole_run(client)
    assert threadtrail.flush()
    assistant, trace = shown(receiver.spans)
    assert assistant.name == "create_assistant Math Tutor.operation"
    assert trace.name == "Math Tutor.session"
    assert trace.status == "OK"
    assert trace.types == {"session": 1, "agent": 1, "tool": 2, "llm": 2, "operation": 1}
    assert trace.tokens["prompt"] == run.usage.prompt_tokens == 440
    assert trace.tokens["completion"] == run.usage.completion_tokens == 52
    assert trace.tokens["total"] == run.usage.total_tokens == 492
    session = trace.spans[0]
    assert trace.seconds == (session.end - session.start) / 1e9 > 0


@pytest.mark.parametrize("name", [name for name, run in RUNS.items() if not in_turn(run)])
def test_each_way_a_run_can_go(name: str, options: dict[str, Any], receiver: Receiver) -> None:
    run = RUNS[name]
    exported(options, events_of(run))
    (trace,) = shown(receiver.spans)
    session = trace.spans[0]
    root = shape(run)
    assert trace.name == f"{root.name}.{'session' if root.kind == 'agent' else 'llm'}"
    assert trace.status == session.status == ENDS.get(str(run.status), "OK")
    assert session.attributes["agentops.session.end_state"] == end_state(run)
    usage = run.usage
    if usage is not None:
        assert trace.tokens["prompt"] == usage.input_tokens
        assert trace.tokens["completion"] == usage.output_tokens
        assert trace.tokens["total"] == usage.total_tokens
        assert trace.tokens["cache_read_input"] == (usage.cached_input_tokens or 0)
        assert trace.tokens["cache_creation_input"] == (usage.cache_write_input_tokens or 0)
        assert trace.tokens["reasoning"] == (usage.reasoning_tokens or 0)
    tools = [span for span in root.walk() if span.tool_call is not None]
    assert trace.types.get("tool", 0) == len(tools)
    started, ended = run.created_at or 0, run.ended_at or 0
    assert trace.seconds == pytest.approx((ended - started) / 1e9, abs=1e-4)
    by_id = {span.span_id: span for span in trace.spans}
    for span in trace.spans:
        assert span.status in {"OK", "ERROR"}
        assert span.start <= span.end
        assert type_of(span) == span.attributes["agentops.span.kind"]
        gen_ai = [key for key in span.attributes if key.startswith("gen_ai.")]
        assert bool(gen_ai) == (type_of(span) == "llm")
        if span.parent_id is not None:
            parent = by_id[span.parent_id]
            assert parent.start <= span.start
            assert span.end <= parent.end


def end_state(run: Run) -> str:
    if not run.finished:
        return "Indeterminate"
    return {"completed": "Success", "failed": "Error", "expired": "Error"}.get(
        str(run.status), "Indeterminate"
    )


def test_a_failed_run_says_why(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    server.script_next(RunScript(end=Failed("rate_limit_exceeded", "Too many tokens per minute.")))
    whole_run(client)
    assert threadtrail.flush()
    trace = shown(receiver.spans)[-1]
    assert trace.status == "ERROR"
    for name in ("Math Tutor.session", "Math Tutor.agent", "run failed.operation"):
        span = receiver.span(name)
        assert span.status == "ERROR"
        assert span.attributes["error.type"] == "rate_limit_exceeded"
        assert span.message == span.attributes["error.message"] == "Too many tokens per minute."


def test_a_run_that_fails_after_a_good_step_is_shown_as_failed(
    options: dict[str, Any], receiver: Receiver
) -> None:
    good = RUNS["parallel_function_calls"]
    failed = replace(good, status="failed", error=Failure(type="server_error", message="Sorry."))
    exported(options, events_of(failed))
    (trace,) = shown(receiver.spans)
    assert trace.status == "ERROR"
    assert trace.types["tool"] == 3
    assert {span.status for span in trace.spans if type_of(span) == "tool"} == {"OK"}


def test_a_trace_holds_its_runs(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    server.script(RunScript(Message("x = 1", usage=Usage(60, 4))))
    with threadtrail.trace("math lesson", tags=["lesson"]), threadtrail.trace("warm-up"):
        assistant = tutor(client)
        whole_run(client, assistant)
        whole_run(client, assistant)
    assert threadtrail.flush()
    (trace,) = shown(receiver.spans)
    assert (trace.name, trace.status, trace.tags) == ("math lesson.session", "OK", ("lesson",))
    assert trace.types == {"session": 1, "workflow": 1, "agent": 2, "llm": 2, "operation": 2}
    assert trace.tokens["total"] == 128
    warm_up = receiver.span("warm-up.workflow")
    assert warm_up.parent_id == receiver.span("math lesson.session").span_id
    assert {span.parent_id for span in receiver.named("Math Tutor.agent")} == {warm_up.span_id}
    assert receiver.span("create_assistant Math Tutor.operation").parent_id == warm_up.span_id
    assert receiver.span("completed.operation").start == max(span.start for span in trace.spans)


def test_an_exception_that_leaves_a_trace_is_its_failure(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()

    @threadtrail.trace("math lesson")
    def lesson() -> float:
        whole_run(client)
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        lesson()
    assert threadtrail.flush()
    (trace,) = shown(receiver.spans)
    assert trace.status == "ERROR"
    assert receiver.span("math lesson.session").attributes["error.type"] == "ZeroDivisionError"
    assert receiver.span("Math Tutor.agent").status == "OK"


def test_runs_of_whole_seconds_do_not_start_before_their_trace(
    options: dict[str, Any], receiver: Receiver
) -> None:
    run = RUNS["plain_answer"]
    begin = (run.created_at or 0) + 700_000_000  # the server's clock says the second, without the rest
    exported(
        options,
        [
            TraceStarted(time=begin, name="late", trace_id="t"),
            *events_of(run, trace_id="t"),
            TraceEnded(time=begin + 9_000_000_000, started_at=begin, name="late", trace_id="t"),
        ],
    )
    (trace,) = shown(receiver.spans)
    assert trace.name == "late.session"
    assert trace.seconds == pytest.approx(9.0, abs=1e-4)


def test_a_trace_that_nobody_saw_end_is_closed_at_shutdown(
    options: dict[str, Any], receiver: Receiver
) -> None:
    run = RUNS["plain_answer"]
    begin = (run.created_at or 0) - 1_000_000
    exported(options, [TraceStarted(time=begin, name="open", trace_id="t"), *events_of(run, trace_id="t")])
    (trace,) = shown(receiver.spans)
    assert trace.name == "open.session"
    assert trace.spans[0].attributes["agentops.session.end_state"] == "Indeterminate"


def test_a_second_look_gives_the_same_ids(options: dict[str, Any], receiver: Receiver) -> None:
    for _ in range(2):
        exported(options, events_of(RUNS["parallel_function_calls"]))
    ids = [(span.trace_id, span.span_id) for span in receiver.spans]
    assert len(ids) == 2 * len(set(ids))


def test_the_second_run_of_an_id_is_a_session_of_its_own(options: dict[str, Any], receiver: Receiver) -> None:
    first = RUNS["parallel_function_calls"]
    second = replace(first, id_reused=True, created_at=(first.created_at or 0) + 1)
    exported(options, [*events_of(first), *events_of(second)])
    assert len({span.span_id for span in receiver.spans}) == len(receiver.spans)
    assert len({span.trace_id for span in receiver.spans}) == 2


def test_a_run_that_finishes_after_it_was_given_up(options: dict[str, Any], receiver: Receiver) -> None:
    run = RUNS["parallel_function_calls"]
    ended = events_of(run)[-1]
    assert isinstance(ended, RunEnded)
    assert run.usage is not None
    given_up = replace(
        ended,
        run=replace(run, finished=False, status="requires_action", ended_at=(run.ended_at or 0) - 1_000_000),
    )
    exported(options, [given_up, replace(ended, supersedes=True)])
    spans = receiver.spans
    assert len({span.span_id for span in spans}) == len(spans)
    assert len({span.trace_id for span in spans}) == 1
    unfinished, finished = sorted(receiver.named("Math Tutor.agent"), key=lambda span: len(span.links))
    assert list(finished.links) == [(unfinished.trace_id, unfinished.span_id)]
    (trace,) = shown(spans)
    assert trace.tokens["total"] == run.usage.total_tokens
    assert trace.status == "OK"


def test_a_request_that_could_not_begin_a_run_is_a_failed_operation(
    client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced()
    thread = asked(client)
    with pytest.raises(Exception, match="assistant"):
        client.beta.threads.runs.create(thread.id, assistant_id="asst_unknown")
    assert threadtrail.flush()
    (trace,) = shown(receiver.spans)
    assert (trace.name, trace.status) == ("create_run.operation", "ERROR")
    assert trace.spans[0].attributes["http.status_code"] == 404


def test_without_content_no_content_leaves(
    server: AssistantsServer, client: OpenAI, receiver: Receiver, traced: Callable[..., None], strict: None
) -> None:
    traced(settings={"capture_content": False})
    server.script_next(FUNCTION_CALLS)
    assistant = tutor(client, instructions="Be secretive.", tools=[{"type": "code_interpreter"}])
    whole_run(client, assistant)
    assert threadtrail.flush()
    wire = b"".join(request.body for request in receiver.to("/v1/traces"))
    assert b"get_weather" in wire
    for secret in (b"Oslo", b"Paris", b"celsius", b"secretive"):
        assert secret not in wire


def test_every_event_class_is_taken_and_unknown_ones_are_passed_over(
    options: dict[str, Any], receiver: Receiver
) -> None:
    later = Event(event="Later", type="thread.later", time=1)
    exported(options, [later, *sample_events()])
    names = [trace.name for trace in shown(receiver.spans)]
    assert "math lesson.session" in names
    assert "Math Tutor.session" in names
