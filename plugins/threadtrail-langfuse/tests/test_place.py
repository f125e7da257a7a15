"""Where a run hangs: in the app's observation, in its trace(), or in a trace of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from exporter_driving import FUNCTION_CALLS, QUESTION
from langfuse import Langfuse, get_client, observe, propagate_attributes
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import get_current_span

import threadtrail
from threadtrail_langfuse import observation_id_for, trace_id_for

if TYPE_CHECKING:
    from langfuse_stage import Stage


def test_inside_observe_the_run_nests_there(stage: Stage) -> None:
    @observe(name="my app")
    def app() -> str:
        return str(stage.run().id)

    stage.trace()
    run_id = app()
    get_client().flush()
    stage.observations()
    outer, agent = stage.langfuse.observation("my app"), stage.langfuse.one("agent")
    assert agent.parent_id == outer.id
    assert agent.id == observation_id_for(run_id)
    assert {each.trace_id for each in stage.langfuse.observations} == {outer.trace_id}
    assert [each.name for each in stage.langfuse.observations if each.is_app_root] == ["my app"]
    beside = {each.name for each in stage.children(outer)}
    assert beside == {"create_assistant", "create_thread", "create_message", "Math Tutor"}


def test_a_run_that_is_told_after_its_observation_ended_still_hangs_below_it(stage: Stage) -> None:
    beta = stage.client.beta
    langfuse = Langfuse()
    stage.trace()
    with langfuse.start_as_current_observation(name="request"):
        assistant = beta.assistants.create(model="gpt-4o", name="Tutor")
        thread = beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
        run = beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    langfuse.flush()
    with langfuse.start_as_current_observation(name="worker"):
        beta.threads.runs.poll(run.id, thread_id=thread.id)
    langfuse.flush()
    stage.observations()
    agent = stage.langfuse.one("agent")
    assert agent.parent_id == stage.langfuse.observation("request").id
    assert not agent.is_app_root


def test_what_the_app_propagates_reaches_the_run_and_its_own_observation_stays_as_it_is(stage: Stage) -> None:
    langfuse = Langfuse()
    stage.trace()
    with (
        langfuse.start_as_current_observation(name="request"),
        propagate_attributes(user_id="u1", session_id="theirs", tags=["a"], metadata={"plan": "pro"}),
        threadtrail.attributes(tags=["b"]),
    ):
        stage.run()
    langfuse.flush()
    stage.observations()
    agent, outer = stage.langfuse.one("agent"), stage.langfuse.observation("request")
    for each in [agent, *stage.children(agent)]:
        assert each.session == "theirs"
        assert each.attributes["user.id"] == "u1"
        assert each.attributes["langfuse.trace.tags"] == ["a", "b"]
        assert "langfuse.trace.name" not in each.attributes, "the trace is the app's to name"
    assert outer.attributes["langfuse.trace.tags"] == ["a"]
    assert outer.session == "theirs"


def test_below_a_span_of_another_tracer_the_run_is_the_root_that_langfuse_shows(stage: Stage) -> None:
    tracer = TracerProvider().get_tracer("web framework")
    stage.trace()
    with tracer.start_as_current_span("GET /") as span:
        stage.run()
    stage.observations()
    agent = stage.langfuse.one("agent")
    assert int(agent.trace_id, 16) == span.get_span_context().trace_id
    assert int(str(agent.parent_id), 16) == span.get_span_context().span_id
    assert agent.is_app_root


def test_trace_groups_its_runs_below_one_root(stage: Stage) -> None:
    stage.server.script(FUNCTION_CALLS)
    stage.trace()
    with threadtrail.trace("math lesson", user_id="u1", tags=["beta"]) as block:
        trace_id = trace_id_for(str(block.trace_id))
        runs = [stage.run(question) for question in ("first?", "second?")]
    observations = stage.observations()
    root = stage.langfuse.observation("math lesson")
    assert {each.trace_id for each in observations} == {root.trace_id} == {trace_id}
    assert root.parent_id is None
    assert (root.input, root.output) == ("first?", "Paris is warmer.")
    agents = stage.langfuse.of("agent")
    assert {each.id for each in agents} == {observation_id_for(run.id) for run in runs}
    assert {each.parent_id for each in agents} == {root.id}
    for each in observations:
        assert each.attributes["user.id"] == "u1"
        assert each.attributes["langfuse.trace.tags"] == ["beta"]
        assert each.attributes["langfuse.trace.name"] == "math lesson"
    assert root.session == runs[0].thread_id
    assert [each.name for each in observations if each.is_app_root] == ["math lesson"]
    assert all(root.start <= each.start <= each.end <= root.end for each in observations)


def test_traces_nest_and_errors_that_leave_them_are_theirs(stage: Stage) -> None:
    stage.trace()

    @threadtrail.trace("outer")
    def lesson() -> None:
        with threadtrail.trace("inner"):
            stage.run("how?")
        raise KeyError("lost")

    with pytest.raises(KeyError):
        lesson()
    stage.observations()
    outer, inner = stage.langfuse.observation("outer"), stage.langfuse.observation("inner")
    assert inner.parent_id == outer.id
    assert stage.langfuse.one("agent").parent_id == inner.id
    assert (outer.input, inner.input) == ("how?", "how?")
    assert (outer.level, inner.level) == ("ERROR", "DEFAULT")
    assert "KeyError" in str(outer.status_message)


def test_a_trace_inside_an_observation_belongs_to_it(stage: Stage) -> None:
    langfuse = Langfuse()
    stage.trace()
    with langfuse.start_as_current_observation(name="request"), threadtrail.trace("lesson"):
        stage.run()
    langfuse.flush()
    stage.observations()
    lesson = stage.langfuse.observation("lesson")
    assert lesson.parent_id == stage.langfuse.observation("request").id
    assert stage.langfuse.one("agent").parent_id == lesson.id


def test_nothing_becomes_current_in_the_apps_context(stage: Stage) -> None:
    stage.trace()
    before = otel_context.get_current()
    with threadtrail.trace("lesson"):
        stage.run()
        assert otel_context.get_current() == before
        assert not get_current_span().get_span_context().is_valid


def test_a_score_finds_its_run_by_the_runs_id_alone(stage: Stage) -> None:
    stage.trace()
    run = stage.run()
    stage.observations()
    agent = stage.langfuse.one("agent")
    langfuse = get_client()
    langfuse.create_score(
        name="helpful",
        value=1.0,
        trace_id=trace_id_for(run.id),
        observation_id=observation_id_for(run.id),
    )
    langfuse.flush()
    sent = [
        request.body
        for request in stage.langfuse.requests
        if "score" in request.path or "ingestion" in request.path
    ]
    assert agent.trace_id.encode() in sent[0]
    assert agent.id.encode() in sent[0]


def test_a_run_without_surroundings_does_not_take_those_in_which_it_is_polled(stage: Stage) -> None:
    langfuse = Langfuse()
    stage.trace()
    beta = stage.client.beta
    assistant = beta.assistants.create(model="gpt-4o", name="Tutor")
    thread = beta.threads.create(messages=[{"role": "user", "content": QUESTION}])
    run = beta.threads.runs.create(thread.id, assistant_id=assistant.id)
    with (
        langfuse.start_as_current_observation(name="worker"),
        propagate_attributes(session_id="of the worker"),
    ):
        beta.threads.runs.poll(run.id, thread_id=thread.id)
        stage.observations()
    agent = stage.langfuse.one("agent")
    assert agent.parent_id is None
    assert agent.session == thread.id
