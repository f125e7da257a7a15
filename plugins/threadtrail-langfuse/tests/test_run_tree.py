"""One run, one tree: types, parents, times, levels, tokens, ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import langfuse as sdk
import openai
import pytest
from exporter_driving import FUNCTION_CALLS, QUESTION

import threadtrail
from langfuse_receiver import TRACES, credentials_of
from langfuse_stage import PUBLIC, SECRET, total_usage
from threadtrail.events import RunEnded
from threadtrail.testing.samples import events_of, sample_events, sample_runs
from threadtrail.testing.server import (
    Cancelled,
    CodeInterpreterCall,
    Expired,
    Failed,
    FileSearchCall,
    FileSearchResult,
    FunctionCall,
    Incomplete,
    Message,
    RunScript,
    ToolCalls,
    Usage,
    server_error,
    too_many_requests,
)
from threadtrail.trace_shape import in_turn, shape, spans_in_turn, turn_id_of, turn_span_id
from threadtrail_langfuse import LangfuseExporter, observation_id_for, trace_id_for

if TYPE_CHECKING:
    from langfuse_receiver import Receiver
    from langfuse_stage import Stage
    from threadtrail.events import Event


def export(*events: Event) -> None:
    """Hand events to the exporter as its lane does."""
    exporter = LangfuseExporter()
    exporter.start()
    exporter.export(events, [None] * len(events))
    exporter.shutdown()


def nanoseconds(text: str) -> float:
    return datetime.fromisoformat(text.strip('"')).timestamp() * 1e9


def test_function_calls_make_one_tree(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.trace()
    run = stage.run(temperature=0.2, max_completion_tokens=500)
    stage.observations()
    agent = stage.langfuse.one("agent")
    children = stage.children(agent)

    assert agent.name == "Math Tutor"
    assert agent.parent_id is None
    assert agent.is_app_root
    assert (agent.input, agent.output) == (QUESTION, "Paris is warmer.")
    assert agent.metadata["run_id"] == run.id
    assert agent.metadata["assistant_id"] == run.assistant_id
    assert agent.usage is None
    asked, answered = stage.langfuse.of("generation")
    tools = stage.langfuse.of("tool")
    assert [(tool.name, tool.input) for tool in tools] == [
        ("get_weather", {"city": "Paris"}),
        ("get_weather", {"city": "Oslo"}),
    ]
    assert tools[1].output == {"asked": {"city": "Oslo"}}
    assert {each.id for each in (asked, answered, *tools)} <= {child.id for child in children}
    assert not any(child.is_app_root for child in children)
    assert {child.trace_id for child in children} == {agent.trace_id} == {trace_id_for(run.id)}
    assert agent.id == observation_id_for(run.id)

    assert asked.end <= tools[0].start <= tools[0].end
    assert all(agent.start <= child.start <= child.end <= agent.end for child in children)

    assert [each["role"] for each in asked.input] == ["user"]
    called = [call["function"]["name"] for call in asked.output["tool_calls"]]
    assert called == ["get_weather", "get_weather"]
    assert [each["role"] for each in answered.input] == ["user", "assistant", "tool", "tool"]
    assert answered.output == {"role": "assistant", "content": "Paris is warmer."}
    assert answered.model == "gpt-4o"
    assert answered.model_parameters["temperature"] == 0.2
    assert answered.model_parameters["max_completion_tokens"] == 500
    assert (asked.usage, answered.usage) == (
        {"input": 180, "output": 40, "total": 220},
        {"input": 260, "output": 12, "total": 272},
    )
    assert total_usage(children)["total"] == run.usage.total_tokens


def test_statuses_are_events_at_the_moment_they_were_seen(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.trace()
    stage.run()
    stage.observations()
    events = stage.langfuse.of("event")
    assert [each.name.rpartition(".")[2] for each in events] == [
        "queued",
        "in_progress",
        "requires_action",
        "queued",
        "in_progress",
        "completed",
    ]
    assert all(each.start == each.end for each in events)
    assert events[1].metadata == {"previous": "queued", "learnt_from": "poll"}


def test_requests_have_path_credentials_and_headers(stage: Stage) -> None:
    stage.trace()
    stage.run()
    stage.observations()
    assert {request.path for request in stage.langfuse.requests} == {TRACES}
    for request in stage.langfuse.requests:
        assert credentials_of(request) == f"{PUBLIC}:{SECRET}"
        assert request.headers["x-langfuse-sdk-name"] == "python"
        assert request.headers["x-langfuse-sdk-version"] == sdk.__version__
        assert request.headers["x-langfuse-public-key"] == PUBLIC
        assert request.headers["x-langfuse-ingestion-version"] == "4"
        assert request.headers["content-type"] == "application/x-protobuf"
    assert {each.key for each in stage.langfuse.observations} == {PUBLIC}


def test_code_interpreter_is_a_tool_and_file_search_a_retriever(stage: Stage) -> None:
    stage.server.script(
        RunScript(
            ToolCalls(CodeInterpreterCall("print(6 * 7)", logs="42"), usage=Usage(100, 20)),
            ToolCalls(FileSearchCall([FileSearchResult("faq.md", "25 days", 0.9)]), usage=Usage(200, 5)),
            Message("42, and 25 days.", usage=Usage(300, 7)),
        )
    )
    stage.trace()
    run = stage.run()
    stage.observations()
    agent, tool, retriever = (stage.langfuse.one(kind) for kind in ("agent", "tool", "retriever"))
    assert (tool.name, tool.input) == ("code_interpreter", "print(6 * 7)")
    assert tool.output == [{"type": "logs", "logs": "42"}]
    assert retriever.name == "file_search"
    assert [found["file_name"] for found in retriever.output] == ["faq.md"]
    assert tool.parent_id == retriever.parent_id == agent.id
    assert total_usage(stage.langfuse.observations)["total"] == run.usage.total_tokens == 632
    assert len(stage.langfuse.of("generation")) == 3


def test_a_streamed_run_tells_when_its_first_output_came(stage: Stage) -> None:
    stage.server.script(RunScript(Message("x = 1", usage=Usage(60, 4))))
    stage.trace()
    beta = stage.client.beta
    assistant = beta.assistants.create(model="gpt-4o", name="Tutor")
    thread = beta.threads.create(messages=[{"role": "user", "content": "3x + 11 = 14"}])
    with beta.threads.runs.stream(thread_id=thread.id, assistant_id=assistant.id) as stream:
        stream.until_done()
    stage.observations()
    agent, generation = stage.langfuse.one("agent"), stage.langfuse.one("generation")
    first = nanoseconds(generation.attributes["langfuse.observation.completion_start_time"])
    assert generation.start - 1e6 <= first <= generation.end + 1e6  # the SDK writes whole milliseconds
    assert agent.metadata["streamed"] is True
    assert (agent.input, agent.output) == ("3x + 11 = 14", "x = 1")
    assert generation.usage == {"input": 60, "output": 4, "total": 64}
    assert generation.parent_id == agent.id


@pytest.mark.parametrize(
    ("end", "level", "words"),
    [
        (Failed("rate_limit_exceeded", "You exceeded your quota."), "ERROR", "You exceeded your quota."),
        (Expired(), "ERROR", "expired"),
        (Incomplete("max_completion_tokens"), "WARNING", "max_completion_tokens"),
        (Cancelled(), "DEFAULT", "cancelled"),
    ],
)
def test_how_a_run_ends_is_its_level_and_message(stage: Stage, end: Any, level: str, words: str) -> None:
    stage.server.script(RunScript(Message("Paris is"), end=end))
    stage.trace()
    run = stage.run()
    stage.observations()
    agent = stage.langfuse.one("agent")
    assert (agent.level, agent.status) == (level, "ERROR" if level == "ERROR" else "UNSET")
    assert words in str(agent.status_message)
    last = stage.langfuse.of("event")[-1]
    assert (last.name, last.level) == (f"thread.run.{run.status}", level)


def test_a_run_that_was_never_seen_to_end_is_a_warning(langfuse: Receiver) -> None:
    export(*events_of(sample_runs()["unfinished"]))
    agent = langfuse.one("agent")
    assert agent.level == "WARNING"
    assert "never seen to end" in str(agent.status_message)


@pytest.mark.parametrize("name", sorted(sample_runs()))
def test_every_sample_keeps_its_times_its_ids_and_its_tokens(langfuse: Receiver, name: str) -> None:
    run = sample_runs()[name]
    export(*events_of(run))
    roots = spans_in_turn(run) if in_turn(run) else (shape(run, overwrites=True),)
    nodes = [node for root in roots for node in root.walk()]
    told = {each.id: each for each in langfuse.observations}
    kinds = {"agent": "agent", "generation": "generation", "tool": "tool", "retriever": "retriever"}
    around = turn_span_id(turn_id_of(run)) if in_turn(run) else None
    parents: dict[str, str | None] = {root.span_id: around for root in roots}
    parents |= {child.span_id: node.span_id for node in nodes for child in node.children}
    for node in nodes:
        found = told[node.span_id]
        assert (found.type, found.name) == (kinds[node.kind], node.name)
        assert (found.start, found.end) == (node.start, node.end)
        assert found.parent_id == parents[node.span_id]
    session = run.attributes.session_id or run.session_key or run.thread_id
    assert {each.session for each in told.values()} == {session}
    total = total_usage(langfuse.observations)
    usage = run.usage
    assert total["total"] == (usage.total_tokens if usage else 0)
    read = total["input"] + total["input_cached_tokens"] + total["input_cache_creation"]
    assert read == (usage.input_tokens if usage else 0)
    assert total["output"] + total["output_reasoning_tokens"] == (usage.output_tokens if usage else 0)
    assert total["input_cached_tokens"] == ((usage and usage.cached_input_tokens) or 0)
    assert total["input_cache_creation"] == ((usage and usage.cache_write_input_tokens) or 0)
    assert total["output_reasoning_tokens"] == ((usage and usage.reasoning_tokens) or 0)
    assert not any(each.usage for each in langfuse.observations if each.type != "generation")


def test_a_second_look_at_a_run_gives_the_same_ids(langfuse: Receiver) -> None:
    story = events_of(sample_runs()["parallel_function_calls"])
    export(*story)
    export(*story)
    ids = [(each.trace_id, each.id) for each in langfuse.all_observations]
    assert len(ids) == 2 * len(set(ids))


def test_a_finished_run_overwrites_what_it_was_while_unfinished(langfuse: Receiver) -> None:
    run = sample_runs()["parallel_function_calls"]
    ended = events_of(run)[-1]
    assert isinstance(ended, RunEnded)
    unfinished = replace(run, finished=False, status="requires_action", usage=None, output=())
    export(replace(ended, run=unfinished), replace(ended, supersedes=True))
    agents = [each for each in langfuse.all_observations if each.type == "agent"]
    assert len(agents) == 2
    assert len({(each.trace_id, each.id) for each in agents}) == 1
    assert agents[-1].level != "WARNING"


@pytest.mark.parametrize("name", ["parallel_function_calls", "background_response", "answered_calls"])
def test_tokens_are_counted_once_when_a_run_finishes_after_it_was_given_up(
    langfuse: Receiver, name: str
) -> None:
    run = sample_runs()[name]
    ended = events_of(run)[-1]
    assert isinstance(ended, RunEnded)
    assert run.usage is not None
    unfinished = replace(ended, run=replace(run, finished=False, status="requires_action"))
    export(unfinished)
    assert not any(each.usage for each in langfuse.all_observations)
    export(replace(ended, supersedes=True))
    total = total_usage(langfuse.all_observations)
    assert total["total"] == run.usage.total_tokens


@pytest.mark.parametrize("name", ["parallel_function_calls", "hosted_tools"])
def test_the_second_run_of_an_id_is_a_trace_of_its_own(langfuse: Receiver, name: str) -> None:
    run = sample_runs()[name]
    ended = events_of(run)[-1]
    assert isinstance(ended, RunEnded)
    second = replace(run, id_reused=True, created_at=(run.created_at or 0) + 1)
    export(ended, replace(ended, run=second))
    told = langfuse.all_observations
    assert len({each.id for each in told}) == len(told)
    assert {each.trace_id for each in told} == {trace_id_for(run.id), trace_id_for(second.key)}
    assert observation_id_for(second.key) in {each.id for each in told}


def test_two_processes_give_a_status_and_a_failed_request_the_same_ids(langfuse: Receiver) -> None:
    run, second = sample_runs()["parallel_function_calls"], 1_000_000_000
    ended = events_of(run)[-1]
    assert isinstance(ended, RunEnded)
    stamps = {"queued": second, "in_progress": 2 * second, "completed": 3 * second}
    history = tuple(
        replace(each, server_time=stamps.get(each.status), time=each.time + number)
        for number, each in enumerate(run.status_history)
    )
    # A process that saw the run later than the other one has missed its first status.
    export(replace(ended, run=replace(run, status_history=history)))
    export(replace(ended, run=replace(run, status_history=history[1:])))
    ids: dict[str, list[str]] = {}
    for each in langfuse.all_observations:
        if each.type == "event":
            ids.setdefault(each.name, []).append(each.id)
    assert len(ids["thread.run.queued"]) >= 1
    for name in ("thread.run.in_progress", "thread.run.completed"):
        assert len(ids[name]) == 2 * len(set(ids[name])), name


def test_every_class_of_event_is_taken(langfuse: Receiver) -> None:
    export(*sample_events())
    roots = [each for each in langfuse.observations if each.parent_id is None]
    assert [(each.type, each.name) for each in roots] == [
        ("span", "create_assistant"),
        ("span", "update_assistant"),
        ("span", "threads.runs.create"),
        ("span", "math lesson"),
        ("agent", "Math Tutor"),
        ("generation", "gpt-5.2-2025-12-11"),
        ("agent", "gpt-5.2-2025-12-11"),
        ("generation", "pmpt_math_tutor"),
    ]


def test_more_spans_than_the_queue_holds_all_arrive(
    langfuse: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "600")
    run = sample_runs()["parallel_function_calls"]
    ended = events_of(run)[-1]
    each = len([*shape(run, overwrites=True).walk()]) + len(run.status_history)
    exporter = LangfuseExporter()
    exporter.start()
    exporter.export([ended] * 128, [None] * 128)
    assert len(langfuse.all_observations) == 128 * each
    exporter.shutdown()


def test_requests_that_fail_are_told_where_they_belong(stage: Stage) -> None:
    stage.server.inject(too_many_requests(), "runs.create")
    stage.server.inject(server_error(), "runs.retrieve", skip=1)
    stage.trace()
    with pytest.raises(openai.RateLimitError):
        stage.run("first")
    beta = stage.client.beta
    assistant = beta.assistants.create(model="gpt-4o", name="Tutor")
    thread = beta.threads.create(messages=[{"role": "user", "content": "second"}])
    run = beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    with pytest.raises(openai.InternalServerError):
        beta.threads.runs.retrieve(run.id, thread_id=thread.id)
    beta.threads.runs.poll(run.id, thread_id=thread.id)
    stage.observations()
    alone = stage.langfuse.observation("threads.runs.create")
    assert (alone.type, alone.level, alone.parent_id) == ("span", "ERROR", None)
    assert alone.metadata["http_status_code"] == 429
    assert alone.session is not None
    within = stage.langfuse.observation("threads.runs.retrieve failed")
    assert (within.type, within.level) == ("event", "WARNING")
    assert within.parent_id == stage.langfuse.one("agent").id


def test_tools_whose_output_never_came_have_none(langfuse: Receiver) -> None:
    export(*events_of(sample_runs()["expired"]))
    tool = langfuse.one("tool")
    assert (tool.input, tool.output) == ({"city": "Atlantis"}, None)
    assert langfuse.one("agent").level == "ERROR"


def test_two_rounds_of_calls_are_heard_in_order(stage: Stage) -> None:
    stage.server.script(
        RunScript(
            ToolCalls(FunctionCall("get_weather", {"city": "Paris"})),
            ToolCalls(FunctionCall("get_weather", {"city": "Rome"})),
            Message("Rome."),
        )
    )
    stage.trace()
    stage.run()
    stage.observations()
    heard = [
        [each["role"] for each in turn.input]
        for turn in stage.langfuse.all_observations
        if turn.type == "generation"
    ]
    assert heard == [
        ["user"],
        ["user", "assistant", "tool"],
        ["user", "assistant", "tool", "assistant", "tool"],
    ]
    assert threadtrail.status().exporters["langfuse"].failed == 0
