"""Runs that are one generation: what holds for any of them, and the trees of some."""

from __future__ import annotations

import functools
import random
from dataclasses import replace

import pytest

from shape.random_runs import any_runs
from threadtrail.shape import add_usages, run_name, unfinished_span_id
from threadtrail.testing._sample_responses import all_responses
from threadtrail.trace_shape import Span, shape, span_id_for
from threadtrail.values import Assistant, Run, Step, ToolCall, Usage

RUNS = all_responses()


@functools.cache
def any_responses(seed: int = 7) -> list[Run]:
    """Runs of any make as responses: their tools are run by whoever comes."""
    choice = random.Random(seed).choice  # noqa: S311 - repeatable, not secret

    def by_anybody(step: Step) -> Step:
        workers = ("client", "server", "human", None)
        calls = tuple(
            replace(call, executed_by=choice(workers), output=choice([None, "out"]))
            for call in step.tool_calls
        )
        return replace(step, tool_calls=calls)

    return [
        replace(
            run,
            one_generation=True,
            finished=choice([True, False]),
            answered_at=choice([None, run.created_at, 500, run.ended_at]),
            steps=tuple(by_anybody(replace(step, usage=None)) for step in run.steps),
        )
        for run in any_runs()
    ]


def spans(run: Run, *kinds: str) -> list[Span]:
    return [span for span in shape(run).walk() if span.kind in kinds]


@pytest.mark.slow
class TestAnyResponse:
    def test_it_has_one_generation_with_all_of_its_usage_and_messages(self) -> None:
        for run in any_responses():
            (generation,) = spans(run, "generation")
            known = run.usage if run.finished else None
            assert generation.usage == known == add_usages(span.usage for span in shape(run).walk())
            assert (generation.input, generation.output) == (run.input, run.output)
            assert generation.steps == run.steps

    def test_it_is_an_agents_only_if_it_asked_for_what_the_server_does_not_do(self) -> None:
        for run in any_responses():
            agents = spans(run, "agent")
            assert bool(agents) == any(not call.hosted for call in run.tool_calls)
            assert shape(run) == (agents or spans(run, "generation"))[0]

    def test_each_call_that_is_hosted_or_answered_has_one_span_in_its_place(self) -> None:
        for run in any_responses():
            root, (generation,) = shape(run), spans(run, "generation")
            hosted = [call for call in run.tool_calls if call.hosted]
            answered = [call for call in run.tool_calls if not call.hosted and call.answered]
            assert [span.tool_call for span in generation.children] == hosted
            if root.kind == "agent":
                assert [span.tool_call for span in root.children] == [None, *answered]

    def test_no_interval_is_negative_and_no_child_outside_its_parent(self) -> None:
        for run in any_responses():
            for span in shape(run).walk():
                assert span.start <= span.end
                for child in span.children:
                    assert span.start <= child.start <= child.end <= span.end

    def test_ids_are_unique_and_the_same_again(self) -> None:
        for run in any_responses():
            ids = [span.span_id for span in shape(run).walk()]
            assert len(set(ids)) == len(ids)
            assert shape(run) == shape(run)
            assert ids[0] == (span_id_for(run.id) if run.finished else unfinished_span_id(run.id))


class TestSampleResponses:
    def test_a_plain_response_is_one_span(self) -> None:
        run = RUNS["plain_response"]
        generation = shape(run)
        assert (generation.kind, generation.span_id) == ("generation", span_id_for(run.id))
        assert (generation.name, generation.model) == ("pmpt_math_tutor", "gpt-5.2-2025-12-11")
        assert (generation.start, generation.end) == (run.created_at, run.ended_at)
        assert (generation.usage, generation.status) == (run.usage, "completed")
        assert (generation.children, generation.requested_tool_calls) == ((), ())

    @pytest.mark.parametrize("name", ["background_response", "reasoning_response", "refused_response"])
    def test_polls_reasoning_comments_and_refusals_add_no_span(self, name: str) -> None:
        assert [span.kind for span in shape(RUNS[name]).walk()] == ["generation"]

    def test_tools_of_the_server_are_below_the_generation(self) -> None:
        generation = shape(RUNS["hosted_tools"])
        assert [(span.kind, span.name, span.status) for span in generation.children] == [
            ("tool", "web_search", "completed"),
            ("retriever", "file_search", "completed"),
            ("tool", "code_interpreter", "completed"),
            ("tool", "program", "completed"),
            ("tool", "shell", "completed"),
            ("tool", "get_policy", "failed"),
            ("tool", "image_generation", "completed"),
        ]
        assert generation.error is None
        assert generation.children[5].error is not None

    def test_a_response_that_asked_the_app_waits_for_its_answers_in_an_agent(self) -> None:
        run = RUNS["answered_calls"]
        agent = shape(run)
        assert (agent.kind, agent.span_id, agent.usage) == ("agent", span_id_for(run.id), None)
        generation, *tools = agent.children
        assert (generation.start, generation.end) == (run.created_at, run.answered_at)
        assert generation.span_id == span_id_for(run.id, "generation")
        assert generation.requested_tool_calls == run.tool_calls
        assert [span.tool_call for span in tools] == list(run.tool_calls)
        assert {(span.start, span.end) for span in tools} == {(run.answered_at, run.ended_at)}

    def test_tools_of_the_server_stay_below_the_generation_of_an_agent(self) -> None:
        run = RUNS["answered_calls"]
        search = ToolCall(id="ws_1", kind="web_search", name="web_search", executed_by="server")
        both = replace(run, steps=(Step(id="ws_1", kind="web_search_call", tool_calls=(search,)), *run.steps))
        generation, *tools = shape(both).children
        assert [span.tool_call for span in generation.children] == [search]
        assert len(tools) == 3

    def test_a_call_that_is_still_open_has_no_span(self) -> None:
        run = RUNS["open_call"]
        (generation,) = shape(run).children
        assert generation.requested_tool_calls == run.tool_calls
        assert shape(run).kind == "agent"

    def test_a_call_that_was_given_up_has_one(self) -> None:
        run = RUNS["open_call"]
        call = replace(run.tool_calls[0], ended_at=run.ended_at)
        given_up = replace(run, steps=(replace(run.steps[0], tool_calls=(call,)),))
        _, tool = shape(given_up).children
        assert (tool.tool_call, tool.end) == (call, run.ended_at)

    @pytest.mark.parametrize("name", ["failed_response", "incomplete_response", "cancelled_response"])
    def test_the_end_stands_on_the_generation(self, name: str) -> None:
        run = RUNS[name]
        generation = shape(run)
        assert (generation.status, generation.error) == (run.status, run.error)

    def test_an_unfinished_response_has_ids_of_its_own(self) -> None:
        run = RUNS["unfinished_response"]
        assert shape(run).span_id == unfinished_span_id(run.id) != span_id_for(run.id)
        assert shape(run, overwrites=True).span_id == span_id_for(run.id)

    def test_without_times_the_generation_ends_where_its_calls_begin(self) -> None:
        run = replace(RUNS["answered_calls"], answered_at=None)
        generation, *tools = shape(run).children
        assert generation.end == min(span.start for span in tools)
        steps = tuple(
            replace(
                step,
                tool_calls=tuple(replace(call, started_at=None, ended_at=None) for call in step.tool_calls),
            )
            for step in RUNS["answered_calls"].steps
        )
        generation, *tools = shape(replace(RUNS["answered_calls"], steps=steps)).children
        assert {(span.start, span.end) for span in tools} == {(generation.end, run.ended_at)}


def test_usage_that_only_its_items_have_is_not_lost() -> None:
    usage = Usage(input_tokens=3, output_tokens=2, total_tokens=5)
    steps = (Step(id="m", kind="message", usage=usage),)
    assert shape(Run(id="resp_1", one_generation=True, finished=True, steps=steps)).usage == usage


@pytest.mark.parametrize(
    ("run", "name"),
    [
        (
            Run(id="r", one_generation=True, model="gpt-5.2", assistant=Assistant(id="p", name="Tutor")),
            "Tutor",
        ),
        (Run(id="r", one_generation=True, model="gpt-5.2", assistant=Assistant(id="pmpt_1")), "pmpt_1"),
        (Run(id="r", one_generation=True, model="gpt-5.2"), "gpt-5.2"),
        (Run(id="r", one_generation=True), "run"),
        (Run(id="r", model="gpt-5.2"), "run"),
    ],
)
def test_a_run_is_called_by_its_prompt_or_its_model(run: Run, name: str) -> None:
    assert run_name(run) == shape(run).name == name


@pytest.mark.parametrize(
    ("kind", "executed_by", "hosted"),
    [
        ("function", None, False),
        ("custom", None, False),
        ("function", "server", True),
        ("web_search", None, True),
        ("shell", "client", False),
        ("mcp_approval", "human", False),
    ],
)
def test_who_runs_a_tool(kind: str, executed_by: str | None, hosted: bool) -> None:
    assert ToolCall(id="1", kind=kind, name=kind, executed_by=executed_by).hosted is hosted
