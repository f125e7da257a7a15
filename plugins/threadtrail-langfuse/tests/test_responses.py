"""Responses: a generation as the trace's root, its tools below it, its session that of the chain."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from threadtrail.delivery.processors import build_processors
from threadtrail.events import TraceEnded, TraceStarted
from threadtrail.testing.samples import events_of, events_of_turn, sample_runs
from threadtrail_langfuse import LangfuseExporter, observation_id_for, trace_id_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from langfuse_receiver import Observation, Receiver
    from threadtrail.events import Event

RUNS = {name: run for name, run in sample_runs().items() if run.one_generation}


def export(events: Iterable[Event]) -> None:
    """Hand events to the exporter as its lane does."""
    exporter = LangfuseExporter()
    exporter.start()
    given = list(events)
    exporter.export(given, [None] * len(given))
    exporter.shutdown()


def exported(langfuse: Receiver, name: str) -> dict[str, Observation]:
    """The observations of a sample other than status changes, by name."""
    export(events_of(RUNS[name]))
    return {each.name: each for each in langfuse.observations if each.type != "event"}


def test_a_plain_response_is_a_trace_of_one_generation(langfuse: Receiver) -> None:
    (generation,) = exported(langfuse, "plain_response").values()
    assert (generation.type, generation.name) == ("generation", "pmpt_math_tutor")
    assert (generation.parent_id, generation.is_app_root) == (None, True)
    assert generation.trace_id == trace_id_for("resp_plain_response")
    assert generation.id == observation_id_for("resp_plain_response")
    assert generation.attributes["langfuse.trace.name"] == "pmpt_math_tutor"
    assert generation.model == "gpt-5.2-2025-12-11"
    assert generation.model_parameters == {"verbosity": "low", "service_tier": "flex"}
    assert [each["role"] for each in generation.input] == ["system", "user"]
    assert generation.output == {"role": "assistant", "content": "Subtract 11 and divide by 3: x = 1."}
    assert generation.usage == {
        "input": 336,
        "input_cached_tokens": 512,
        "input_cache_creation": 256,
        "output": 21,
        "output_reasoning_tokens": 0,
        "total": 1125,
    }
    assert generation.metadata["prompt_id"] == "pmpt_math_tutor"
    assert str(generation.metadata["prompt_version"]) == "3"
    assert generation.metadata["request_id"] == "req_plain_response"
    assert "assistant_id" not in generation.metadata


@pytest.mark.parametrize(
    ("name", "session"),
    [
        ("plain_response", "s1"),
        ("background_response", "resp_plain_response"),
        ("answering_response", "resp_answered_calls"),
    ],
)
def test_the_session_is_the_apps_or_that_of_the_chain(langfuse: Receiver, name: str, session: str) -> None:
    export(events_of(RUNS[name]))
    assert {each.session for each in langfuse.observations} == {session}


def test_a_background_response_is_the_same_with_its_statuses(langfuse: Receiver) -> None:
    (generation,) = exported(langfuse, "background_response").values()
    events = langfuse.of("event")
    assert [each.name for each in events] == [
        "response.queued",
        "response.in_progress",
        "response.completed",
    ]
    assert {each.parent_id for each in events} == {generation.id}
    assert events[-1].metadata["learnt_from"] == "webhook"
    first = datetime.fromisoformat(
        generation.attributes["langfuse.observation.completion_start_time"].strip('"')
    )
    assert first.timestamp() * 1e9 == RUNS["background_response"].first_output_at
    facts = ("background", "completion_window", "resumed_streams", "previous_run_id", "polls")
    assert [generation.metadata[fact] for fact in facts] == [True, "2h", 1, "resp_plain_response", 9]


def test_what_the_model_thought_is_with_its_first_message(langfuse: Receiver) -> None:
    (generation,) = exported(langfuse, "reasoning_response").values()
    comment, answer = generation.output
    assert comment["reasoning_content"].startswith("**Choosing a method**")
    assert (comment["content"], answer["content"]) == ("Let me factor it.", "x = 2 or x = 3.")
    assert generation.model_parameters["reasoning_effort"] == "high"


def test_tools_of_the_server_are_below_the_generation(langfuse: Receiver) -> None:
    found = exported(langfuse, "hosted_tools")
    generation = found.pop("gpt-5.2-2025-12-11")
    assert {each.parent_id for each in found.values()} == {generation.id}
    assert {name: each.type for name, each in found.items()} == {
        "web_search": "tool",
        "file_search": "retriever",
        "code_interpreter": "tool",
        "program": "tool",
        "shell": "tool",
        "get_policy": "tool",
        "image_generation": "tool",
    }
    assert found["file_search"].output[0]["filename"] == "handbook.pdf"
    assert found["code_interpreter"].input == "print(25 - 25)"
    failed = found["get_policy"]
    assert (failed.level, failed.status_message) == ("ERROR", "http_error: The server answered 502.")
    assert failed.metadata["server_label"] == "hr"
    assert generation.level == "DEFAULT"
    assert generation.metadata["tool_usage"]["web_search"] == {"num_requests": 1}


def test_calls_for_the_app_stand_beside_the_generation(langfuse: Receiver) -> None:
    export(events_of_turn(RUNS["answered_calls"]))
    agent, generation = langfuse.one("agent"), langfuse.one("generation")
    weather, note, mail = langfuse.of("tool")
    assert agent.parent_id is None
    assert {each.parent_id for each in (generation, weather, note, mail)} == {agent.id}
    assert generation.end == weather.start
    assert (agent.usage, generation.usage is None) == (None, False)
    assert (weather.input, weather.output) == ({"city": "Paris"}, "22 °C, sunny")
    assert (mail.output, mail.metadata["executed_by"]) == ({"approved": False}, "human")
    called = generation.output["tool_calls"]
    assert [call["type"] for call in called] == ["function", "custom", "mcp_approval"]
    assert called[0]["function"] == {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    assert called[2]["mcp_approval"]["name"] == "send_mail"
    assert generation.output["reasoning_content"] == "The weather has to be looked up."


def test_a_call_that_is_still_open_has_no_observation(langfuse: Receiver) -> None:
    export(events_of(RUNS["open_call"]))
    assert [each.type for each in langfuse.observations if each.type != "event"] == ["agent", "generation"]


def test_the_whole_input_is_shown_as_a_conversation(langfuse: Receiver) -> None:
    export(events_of(RUNS["answering_response"]))
    user, assistant, tool = langfuse.one("generation").input
    assert user["content"] == "How is the weather in Paris?"
    assert assistant["content"] is None
    assert assistant["tool_calls"][0]["function"]["name"] == "get_weather"
    assert "reasoning_content" not in assistant
    assert tool == {"role": "tool", "tool_call_id": "call_weather", "content": "22 °C, sunny"}


@pytest.mark.parametrize(
    ("name", "level", "words"),
    [
        ("failed_response", "ERROR", "invalid_image_url: The image cannot be downloaded."),
        ("incomplete_response", "WARNING", "incomplete: max_output_tokens"),
        ("cancelled_response", "DEFAULT", "cancelled"),
        ("refused_response", "DEFAULT", None),
        ("unfinished_response", "WARNING", "never seen to end; last status: queued"),
    ],
)
def test_each_end(langfuse: Receiver, name: str, level: str, words: str | None) -> None:
    (generation,) = exported(langfuse, name).values()
    assert (generation.level, generation.status_message) == (level, words)


def test_a_trace_takes_question_answer_and_session_of_its_responses(langfuse: Receiver) -> None:
    runs = [RUNS["answered_calls"], RUNS["answering_response"]]
    begin, end = runs[0].created_at or 0, runs[1].ended_at or 0
    export(
        [
            TraceStarted(time=begin, name="weather", trace_id="t"),
            *(event for run in runs for event in events_of(run, trace_id="t")),
            TraceEnded(time=end, started_at=begin, name="weather", trace_id="t"),
        ]
    )
    root = langfuse.observation("weather")
    assert (root.input, root.output) == ("How is the weather in Paris?", "It has 22 °C in Paris.")
    assert root.session == "resp_answered_calls"
    assert {each.trace_id for each in langfuse.observations} == {root.trace_id}


@pytest.mark.parametrize("name", RUNS)
def test_without_content_none_of_it_is_sent(langfuse: Receiver, name: str) -> None:
    run = RUNS[name]
    (processor,) = build_processors(capture_content=False)
    export(event for each in events_of(run) if (event := processor(each)) is not None)
    assert run.id.encode() in langfuse.wire
    spoken: list[Any] = [message.text for message in (*run.input, *run.output)]
    spoken += [text for call in run.tool_calls for text in (call.arguments, call.output)]
    spoken += [getattr(part, "text", None) for step in run.steps for part in step.parts]
    spoken += ["English", "The image cannot", "The server answered"]
    for text in spoken:
        assert not text or len(text) < 4 or text.encode() not in langfuse.wire, text
