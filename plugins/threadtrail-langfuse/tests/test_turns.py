"""A turn: one trace with one agent, around the responses from a question to its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from langfuse import Langfuse, observe, propagate_attributes
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased

from langfuse_stage import total_usage
from threadtrail.delivery.processors import build_processors
from threadtrail.events import RunEnded, ToolCallCompleted, TraceEnded, TraceStarted, TurnEnded
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail.trace_shape import span_id_for, turn_span_id
from threadtrail.values import NO_ATTRIBUTES, Caller, Carried, Failure
from threadtrail_langfuse import LangfuseExporter, observation_id_for, trace_id_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.context import Context

    from langfuse_receiver import Observation, Receiver
    from threadtrail.events import Event

RUNS = sample_runs()
ASKING, ANSWERING, OPEN = RUNS["answered_calls"], RUNS["answering_response"], RUNS["open_call"]
TURN = events_of_turn(ASKING, ANSWERING)
CALL = OPEN.tool_calls[0]
LATE = replace(CALL, output="9 °C", ended_at=(OPEN.ended_at or 0) + 5_000)


class Exporting:
    """The exporter, which is handed events as by its lane, with what the app's context was."""

    def __init__(self) -> None:
        self.exporter = LangfuseExporter()
        self.exporter.start()

    def __call__(self, events: Iterable[Event], context: Context | None = None) -> None:
        given = list(events)
        self.exporter.export(given, [context] * len(given))

    def captured(self) -> Any:
        return self.exporter.capture_context()


@pytest.fixture
def export(langfuse: Receiver) -> Exporting:
    return Exporting()


def arrived(export: Exporting, langfuse: Receiver) -> list[Observation]:
    """Return all observations except status changes, in the order of their start."""
    export.exporter.shutdown()
    return [each for each in langfuse.observations if each.type != "event"]


def run_ended(events: Iterable[Event]) -> RunEnded:
    (found,) = [event for event in events if isinstance(event, RunEnded)]
    return found


# --- one trace, one agent ----------------------------------------------------------------------------


def test_a_turn_is_one_trace_with_one_agent(export: Exporting, langfuse: Receiver) -> None:
    export(TURN)
    agent, *rest = arrived(export, langfuse)
    assert (agent.type, agent.id, agent.parent_id) == ("agent", turn_span_id(ASKING.id), None)
    assert {each.trace_id for each in langfuse.observations} == {trace_id_for(ASKING.id)}
    assert {each.parent_id for each in rest} == {agent.id}
    assert [(each.type, each.name) for each in rest] == [
        ("generation", "gpt-5.2-2025-12-11"),
        ("tool", "get_weather"),
        ("tool", "take_note"),
        ("tool", "send_mail"),
        ("generation", "gpt-5.2-2025-12-11"),
    ]
    generations = langfuse.of("generation")
    assert [each.id for each in generations] == [observation_id_for(run.id) for run in (ASKING, ANSWERING)]
    assert [each.id for each in langfuse.observations if each.is_app_root] == [agent.id]
    assert all(agent.start <= each.start <= each.end <= agent.end for each in langfuse.observations)


def test_the_agent_has_question_answer_and_where_the_time_went(export: Exporting, langfuse: Receiver) -> None:
    export(TURN)
    agent, *_ = arrived(export, langfuse)
    assert (agent.input, agent.output) == ("How is the weather in Paris?", "It has 22 °C in Paris.")
    assert (agent.start, agent.end) == (ASKING.created_at, ANSWERING.ended_at)
    assert (agent.level, agent.usage) == ("DEFAULT", None)
    assert agent.metadata["turn_id"] == ASKING.id
    assert agent.metadata["run_ids"] == [ASKING.id, ANSWERING.id]
    assert agent.metadata["seconds"]["person"] > 0
    assert sum(agent.metadata["seconds"].values()) == pytest.approx((agent.end - agent.start) / 1e9)


def test_tokens_add_up_to_those_of_its_responses(export: Exporting, langfuse: Receiver) -> None:
    export(TURN)
    used = [run.usage for run in (ASKING, ANSWERING) if run.usage is not None]
    assert total_usage(arrived(export, langfuse))["total"] == sum(usage.total_tokens for usage in used)


def test_session_user_and_trace_name_are_on_all_of_it(export: Exporting, langfuse: Receiver) -> None:
    by_the_app = replace(ASKING.attributes, user_id="u1", tags=("beta",))
    export(events_of_turn(*(replace(run, attributes=by_the_app) for run in (ASKING, ANSWERING))))
    arrived(export, langfuse)
    for each in langfuse.observations:
        assert each.session == ASKING.session_key
        assert each.attributes["user.id"] == "u1"
        assert each.attributes["langfuse.trace.tags"] == ["beta"]
        assert each.attributes["langfuse.trace.name"] == "gpt-5.2-2025-12-11"


def test_a_second_process_gives_the_same_ids(export: Exporting, langfuse: Receiver) -> None:
    export(TURN)
    export.exporter.shutdown()
    again = Exporting()
    again(TURN)
    again.exporter.shutdown()
    ids = [(each.trace_id, each.id) for each in langfuse.all_observations]
    assert len(ids) == 2 * len(set(ids))


def test_a_server_that_uses_an_id_again_gets_two_traces(export: Exporting, langfuse: Receiver) -> None:
    again = replace(ASKING, id_reused=True)
    export(events_of_turn(ASKING))
    export(events_of_turn(again))
    agents = [each for each in arrived(export, langfuse) if each.type == "agent"]
    assert [each.trace_id for each in agents] == [trace_id_for(ASKING.key), trace_id_for(again.key)]
    assert len({each.id for each in agents}) == 2


def test_a_run_of_an_assistant_stays_as_it_is(export: Exporting, langfuse: Receiver) -> None:
    run = RUNS["parallel_function_calls"]
    export(events_of_turn(run))
    arrived(export, langfuse)
    assert langfuse.one("agent").id == observation_id_for(run.id)


def test_nothing_of_the_content_is_sent_if_it_is_off(export: Exporting, langfuse: Receiver) -> None:
    (processor,) = build_processors(capture_content=False)
    events = [*TURN, *events_of_turn(OPEN)[:-1], late(LATE)]
    export(kept for event in events if (kept := processor(event)) is not None)
    arrived(export, langfuse)
    assert ASKING.id.encode() in langfuse.wire
    for text in ("Paris", "22 °C", "9 °C", "weather in"):
        assert text.encode() not in langfuse.wire


# --- its end -----------------------------------------------------------------------------------------


def test_a_turn_whose_last_response_failed_is_an_error(export: Exporting, langfuse: Receiver) -> None:
    error = Failure(type="server_error", message="It broke.")
    export(events_of_turn(ASKING, replace(ANSWERING, status="failed", error=error, output=())))
    agent, *_ = arrived(export, langfuse)
    assert (agent.level, agent.status_message) == ("ERROR", "server_error: It broke.")


def test_a_turn_that_was_given_up_is_a_warning(export: Exporting, langfuse: Receiver) -> None:
    *events, ended = events_of_turn(OPEN)
    assert isinstance(ended, TurnEnded)
    export([*events, replace(ended, turn=replace(ended.turn, finished=False))])
    arrived(export, langfuse)
    agent = langfuse.one("agent")
    assert (agent.level, agent.status_message) == ("WARNING", "never seen to end; last status: completed")


def test_without_its_end_the_agent_is_sent_at_the_shutdown(export: Exporting, langfuse: Receiver) -> None:
    export(TURN[:-1])
    agent, *rest = arrived(export, langfuse)
    assert (agent.type, agent.level, agent.status_message) == ("agent", "WARNING", "never seen to end")
    assert {each.parent_id for each in rest} == {agent.id}
    assert agent.end == ANSWERING.ended_at


def test_in_a_forked_child_its_agent_is_the_parents(export: Exporting, langfuse: Receiver) -> None:
    export(events_of(ASKING))
    export.exporter.after_fork()
    export([event for event in TURN if isinstance(event, TurnEnded)])
    assert "agent" not in [each.type for each in arrived(export, langfuse)]


# --- what comes late ---------------------------------------------------------------------------------


def late(call: Any) -> ToolCallCompleted:
    return ToolCallCompleted(time=call.ended_at, run_id=OPEN.id, tool_call=call, source=OPEN.source)


def test_a_call_that_is_answered_late_is_below_the_agent(export: Exporting, langfuse: Receiver) -> None:
    *events, ended = events_of_turn(OPEN)
    answered = replace(OPEN, steps=(replace(OPEN.steps[0], tool_calls=(LATE,)),))
    whole = events_of_turn(answered)[-1]
    assert isinstance(whole, TurnEnded)
    export(events)
    export([late(LATE), late(LATE), replace(whole, time=ended.time)])
    agent, generation, tool = arrived(export, langfuse)
    assert (tool.type, tool.name, tool.id) == ("tool", "get_weather", span_id_for(OPEN.id, "tool", CALL.id))
    assert tool.parent_id == generation.parent_id == agent.id
    assert (tool.input, tool.output) == ({"city": "Oslo"}, "9 °C")
    assert (tool.start, tool.end) == (CALL.started_at, LATE.ended_at)
    assert tool.session == OPEN.session_key
    assert agent.end == LATE.ended_at


def test_a_call_that_its_run_has_is_not_sent_again(export: Exporting, langfuse: Receiver) -> None:
    export(TURN)
    completed = [event for event in TURN if isinstance(event, ToolCallCompleted)]
    export(completed)
    assert len([each for each in arrived(export, langfuse) if each.type == "tool"]) == len(completed) == 3


def test_a_response_that_finishes_after_all_replaces_itself(export: Exporting, langfuse: Receiver) -> None:
    ended = run_ended(events_of(ANSWERING))
    unfinished = replace(ANSWERING, finished=False, status="in_progress", output=())
    export(events_of_turn(ASKING, unfinished))
    export([replace(ended, supersedes=True)])
    export.exporter.shutdown()
    versions = [each for each in langfuse.all_observations if each.id == observation_id_for(ANSWERING.id)]
    assert len({(each.trace_id, each.parent_id) for each in versions}) == 1
    assert [each.level for each in versions] == ["WARNING", "DEFAULT"]
    assert [each.usage is None for each in versions] == [True, False]
    assert not any(each.is_app_root for each in versions), "the agent that it was below has ended"
    assert len([each for each in langfuse.all_observations if each.type == "agent"]) == 1


# --- where it hangs ----------------------------------------------------------------------------------


def test_inside_an_observation_of_the_app_there_is_no_agent(export: Exporting, langfuse: Receiver) -> None:
    client = Langfuse()
    *events, ended = events_of_turn(OPEN)
    with client.start_as_current_observation(name="request") as request:
        export(events, export.captured())
    export([late(LATE), *events_of(replace(ANSWERING, turn_id=OPEN.id)), ended])
    client.flush()
    arrived(export, langfuse)
    assert not langfuse.of("agent")
    outer = langfuse.observation("request")
    assert {each.trace_id for each in langfuse.observations} == {request.trace_id}
    assert {each.parent_id for each in langfuse.of("generation", "tool")} == {outer.id}
    assert [each.name for each in langfuse.observations if each.is_app_root] == ["request"]


def test_each_response_hangs_in_the_observation_where_it_began(export: Exporting, langfuse: Receiver) -> None:
    client = Langfuse()
    with client.start_as_current_observation(name="first"):
        export(events_of(ASKING), export.captured())
    with client.start_as_current_observation(name="second"):
        export(events_of(ANSWERING), export.captured())
    export(TURN[-1:])
    client.flush()
    arrived(export, langfuse)
    parents = {each.id: each.name for each in langfuse.of("span")}
    found = [(each.type, parents[str(each.parent_id)]) for each in langfuse.of("generation", "tool")]
    assert found == [("generation", "first"), *[("tool", "first")] * 3, ("generation", "second")]
    assert not langfuse.of("agent")


def test_with_an_agent_all_is_below_it_wherever_it_began(export: Exporting, langfuse: Receiver) -> None:
    client = Langfuse()
    with propagate_attributes(user_id="u1"):
        export(events_of(ASKING), export.captured())
    with client.start_as_current_observation(name="worker"), propagate_attributes(user_id="u2"):
        export(events_of(ANSWERING), export.captured())
    export(TURN[-1:])
    client.flush()
    arrived(export, langfuse)
    agent = langfuse.one("agent")
    assert agent.trace_id == trace_id_for(ASKING.id)
    asking, answering = langfuse.of("generation")
    assert asking.parent_id == answering.parent_id == agent.id
    assert [each.attributes["user.id"] for each in (agent, asking, answering)] == ["u1", "u1", "u2"]
    assert [each.name for each in langfuse.observations if each.is_app_root] == [agent.name, "worker"]


def test_in_a_trace_the_agent_is_below_its_root(export: Exporting, langfuse: Receiver) -> None:
    begin, end = ASKING.created_at or 0, ANSWERING.ended_at or 0
    export(
        [
            TraceStarted(time=begin, name="weather", trace_id="t"),
            *events_of_turn(ASKING, ANSWERING, trace_id="t"),
            TraceEnded(time=end, started_at=begin, name="weather", trace_id="t"),
        ]
    )
    arrived(export, langfuse)
    root, agent = langfuse.observation("weather"), langfuse.one("agent")
    assert (root.input, root.output) == (agent.input, agent.output)
    assert (agent.parent_id, agent.id) == (root.id, turn_span_id(ASKING.id))
    assert {each.trace_id for each in langfuse.observations} == {trace_id_for("t")}
    assert {each.attributes["langfuse.trace.name"] for each in langfuse.observations} == {"weather"}
    assert {each.parent_id for each in langfuse.of("generation", "tool")} == {agent.id}


def test_the_app_may_make_its_client_meanwhile(export: Exporting, langfuse: Receiver) -> None:
    export(events_of(ASKING))
    Langfuse(environment="theirs")
    export([*events_of(ANSWERING), TURN[-1]])
    arrived(export, langfuse)
    agent = langfuse.one("agent")
    asking, answering = langfuse.of("generation")
    assert asking.parent_id == answering.parent_id == agent.id
    assert [each.id for each in langfuse.observations if each.is_app_root] == [agent.id]
    assert answering.attributes["langfuse.environment"] == "theirs"


def test_the_observe_decorator_is_an_observation_of_the_app(export: Exporting, langfuse: Receiver) -> None:
    @observe(name="answer")
    def answer() -> None:
        export(TURN, export.captured())

    client = Langfuse()
    answer()
    client.flush()
    arrived(export, langfuse)
    assert not langfuse.of("agent")
    assert langfuse.observation("answer").parent_id is None


# --- what a tool begins ------------------------------------------------------------------------------


CALLER = Caller(call_id=CALL.id, run_id=OPEN.id, turn_id=OPEN.id)
INNER = replace(RUNS["plain_response"], called_by=CALLER, attributes=NO_ATTRIBUTES)


def loop(*inner: Event, trace_id: str | None = None) -> list[Event]:
    """A turn whose response waits for a call, is published with its output, and what the call began."""
    answered = replace(OPEN, steps=(replace(OPEN.steps[0], tool_calls=(LATE,)),), ended_at=LATE.ended_at)
    created, *rest = events_of_turn(answered, replace(ANSWERING, turn_id=OPEN.id), trace_id=trace_id)
    return [created, *inner, *rest]


def test_what_a_tool_asks_is_below_its_call(export: Exporting, langfuse: Receiver) -> None:
    export(loop(*events_of(INNER)))
    arrived(export, langfuse)
    agent, tool = langfuse.one("agent"), langfuse.one("tool")
    inner = langfuse.observation("pmpt_math_tutor")
    assert (inner.parent_id, tool.parent_id) == (tool.id, agent.id)
    assert {each.trace_id for each in langfuse.observations} == {trace_id_for(OPEN.id)}
    assert [each.id for each in langfuse.observations if each.is_app_root] == [agent.id]


def test_loops_within_tools_within_loops(export: Exporting, langfuse: Receiver) -> None:
    middle = [replace(run, called_by=CALLER) for run in (ASKING, replace(ANSWERING, id="resp_middle"))]
    call = ASKING.tool_calls[0]
    deep = replace(INNER, called_by=Caller(call_id=call.id, run_id=ASKING.id, turn_id=ASKING.id))
    created, *rest = events_of_turn(*middle)
    export(loop(created, *events_of(deep), *rest))
    arrived(export, langfuse)
    by_id = {each.id: each for each in langfuse.observations}
    assert {each.trace_id for each in langfuse.observations} == {trace_id_for(OPEN.id)}
    lineage, here = [], langfuse.observation("pmpt_math_tutor")
    while here.parent_id is not None:
        here = by_id[here.parent_id]
        lineage.append((here.type, here.id))
    assert lineage == [
        ("tool", span_id_for(ASKING.id, "tool", call.id)),
        ("agent", turn_span_id(ASKING.id)),
        ("tool", span_id_for(OPEN.id, "tool", CALL.id)),
        ("agent", turn_span_id(OPEN.id)),
    ]
    assert len([each for each in langfuse.observations if each.is_app_root]) == 1


def test_in_a_trace_a_tools_own_question_is_not_the_traces(export: Exporting, langfuse: Receiver) -> None:
    begin = (OPEN.created_at or 0) - 1
    export(
        [
            TraceStarted(time=begin, name="weather", trace_id="t"),
            *loop(*events_of(INNER, trace_id="t"), trace_id="t"),
            TraceEnded(time=ANSWERING.ended_at or 0, started_at=begin, name="weather", trace_id="t"),
        ]
    )
    arrived(export, langfuse)
    root, tool = langfuse.observation("weather"), langfuse.one("tool")
    assert langfuse.observation("pmpt_math_tutor").parent_id == tool.id
    assert langfuse.one("agent").parent_id == root.id
    assert (root.input, root.output) == (langfuse.one("agent").input, langfuse.one("agent").output)


def test_an_observation_that_the_app_opened_for_the_call_is_the_place(
    export: Exporting, langfuse: Receiver
) -> None:
    client = Langfuse()
    events = loop()
    export(events[:1], export.captured())
    with client.start_as_current_observation(name="my tool", as_type="tool") as own:
        export(events_of(INNER), export.captured())
    export(events[1:])
    client.flush()
    arrived(export, langfuse)
    assert langfuse.observation("pmpt_math_tutor").parent_id == own.id


def test_inside_an_observation_around_it_all_it_is_below_the_call(
    export: Exporting, langfuse: Receiver
) -> None:
    client = Langfuse()
    with client.start_as_current_observation(name="request") as request:
        export(loop(*events_of(INNER)), export.captured())
    client.flush()
    arrived(export, langfuse)
    tool = langfuse.one("tool")
    assert (langfuse.observation("pmpt_math_tutor").parent_id, tool.parent_id) == (tool.id, request.id)


@pytest.mark.parametrize(
    "caller",
    [Caller(call_id="call_unknown"), Caller(call_id="call_1", run_id="resp_gone", turn_id="resp_gone")],
)
def test_of_a_call_that_nobody_knows_it_is_a_trace_of_its_own(
    export: Exporting, langfuse: Receiver, caller: Caller
) -> None:
    export(events_of(replace(INNER, called_by=caller)))
    (generation,) = arrived(export, langfuse)
    assert (generation.parent_id, generation.trace_id) == (None, trace_id_for(INNER.id))


def test_calls_that_began_each_other_end_somewhere(export: Exporting, langfuse: Receiver) -> None:
    first, second = replace(OPEN, id="resp_1", turn_id="resp_1"), replace(OPEN, id="resp_2", turn_id="resp_2")
    of_first = Caller(call_id=CALL.id, run_id="resp_1", turn_id="resp_1")
    of_second = Caller(call_id=CALL.id, run_id="resp_2", turn_id="resp_2")
    one, two = replace(first, called_by=of_second), replace(second, called_by=of_first)
    export(events_of(run)[0] for run in (one, two))
    export(event for run in (one, two) for event in events_of(run)[1:])
    assert len([each for each in arrived(export, langfuse) if each.type == "generation"]) == 2


def test_the_sampler_decides_about_what_a_tool_asks_as_about_the_rest(
    export: Exporting, langfuse: Receiver
) -> None:
    Langfuse(tracer_provider=TracerProvider(sampler=ParentBased(ALWAYS_OFF)))
    export(loop(*events_of(INNER)))
    assert arrived(export, langfuse) == []


# --- what came from other processes --------------------------------------------------------------------


SPAN = f"00-{'1' * 32}-{'2' * 16}-01"


@pytest.mark.parametrize(
    ("carried", "place"),
    [
        (
            Carried(trace_id="a" * 32, trace_name="math"),
            (trace_id_for("a" * 32), span_id_for("a" * 32), "math"),
        ),
        (
            Carried(trace_id="a" * 32, trace_name="math", outermost_trace_id="b" * 32),
            (trace_id_for("b" * 32), span_id_for("a" * 32), "math"),
        ),
        (
            Carried(trace_id="a" * 32, trace_name="math", around="1" * 32, traceparent=SPAN),
            ("1" * 32, span_id_for("a" * 32), None),
        ),
        (Carried(traceparent=SPAN), ("1" * 32, "2" * 16, None)),
    ],
    ids=["a trace", "a nested trace", "a trace in a span", "a span"],
)
@pytest.mark.parametrize("here", [False, True], ids=["created elsewhere", "created here"])
def test_a_turn_that_goes_on_from_another_process_is_in_its_trace(
    carried: Carried,
    place: tuple[str, str, str | None],
    here: bool,
    export: Exporting,
    langfuse: Receiver,
) -> None:
    runs = [replace(run, observed_from_start=here) for run in (ASKING, ANSWERING)]
    export(replace(each, carried=carried, trace_id=carried.trace_id) for each in events_of_turn(*runs))
    outermost, *_ = found = arrived(export, langfuse)
    assert {each.trace_id for each in found} == {place[0]}
    assert outermost.parent_id == place[1]
    # Inside a span of the app, that takes the place of the turn's agent, as in the app's own process.
    assert (outermost.type == "agent") == (carried.trace_id is not None)
    assert {each.attributes.get("langfuse.trace.name") for each in found} == {place[2]}


def test_a_trace_within_that_of_another_process_is_below_it(export: Exporting, langfuse: Receiver) -> None:
    carried = Carried(trace_id="a" * 32, trace_name="math")
    started = TraceStarted(name="inner", time=1, trace_id="c" * 32, parent_trace_id="a" * 32, carried=carried)
    ended = TraceEnded(
        name="inner", time=2, started_at=1, trace_id="c" * 32, parent_trace_id="a" * 32, carried=carried
    )
    export([started, ended])
    (inner,) = arrived(export, langfuse)
    assert (inner.trace_id, inner.parent_id) == (trace_id_for("a" * 32), span_id_for("a" * 32))


def test_a_span_of_another_process_comes_before_a_trace_that_is_open_here(
    export: Exporting, langfuse: Receiver
) -> None:
    """Also where the first look at the run, as by a webhook, does not show that there is one."""
    local = TraceStarted(name="night shift", time=1, trace_id="c" * 32)
    left = TraceEnded(name="night shift", time=2, started_at=1, trace_id="c" * 32)
    runs = [replace(run, observed_from_start=False) for run in (ASKING, ANSWERING)]
    first, *rest = [replace(event, trace_id="c" * 32) for event in events_of_turn(*runs)]
    export([local, first, *[replace(event, carried=Carried(traceparent=SPAN)) for event in rest], left])
    found = [each for each in arrived(export, langfuse) if each.name != "night shift"]
    assert {each.trace_id for each in found if each.type == "generation"} == {"1" * 32}
