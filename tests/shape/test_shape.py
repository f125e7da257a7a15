"""From a run to a tree: what holds for any run, and the trees of some."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace

import pytest

from shape.random_runs import any_runs
from threadtrail.shape import add_usages, unfinished_span_id
from threadtrail.testing.samples import sample_runs
from threadtrail.trace_shape import Span, shape, span_id_for, trace_id_for
from threadtrail.values import Run, Usage

RUNS = sample_runs()


def spans(run: Run, *kinds: str) -> list[Span]:
    return [span for span in shape(run).walk() if span.kind in kinds]


@pytest.mark.slow
class TestAnyRun:
    def test_usage_stands_on_generations_and_adds_up_to_the_run(self) -> None:
        for run in any_runs():
            assert all(span.usage is None for span in spans(run, "agent", "tool", "retriever"))
            total = add_usages(span.usage for span in spans(run, "generation"))
            if run.usage is None:
                assert total == add_usages(step.usage for step in run.steps if step.id is not None)
            else:
                assert total == run.usage

    def test_no_token_count_is_negative_and_no_part_is_more_than_the_run_has(self) -> None:
        for run in any_runs():
            for span in spans(run, "generation"):
                for field in fields(Usage):
                    number = getattr(span.usage, field.name, None)
                    assert number is None or number >= 0
                    if number is not None and run.usage is not None:
                        assert number <= getattr(run.usage, field.name)

    def test_steps_that_add_up_keep_their_own_usage(self) -> None:
        kept = 0
        for run in any_runs():
            steps = [step for step in run.steps if step.id is not None]
            if steps and all(step.usage for step in steps):
                exact = replace(run, usage=add_usages(step.usage for step in steps))
                found = [span.usage for span in spans(exact, "generation")]
                told = {
                    name: getattr(exact.usage, name) is not None
                    for name in ("cached_input_tokens", "reasoning_tokens")
                }
                if all(told.values()) or not any(told.values()):
                    assert [_without_parts(usage) for usage in found] == [
                        _without_parts(step.usage) for step in steps
                    ]
                    kept += 1
        assert kept > 50

    def test_no_interval_is_negative_and_no_child_outside_its_parent(self) -> None:
        for run in any_runs():
            agent = shape(run)
            for span in agent.walk():
                assert agent.start <= span.start <= span.end <= agent.end
                if span.first_output_at is not None:
                    assert span.start <= span.first_output_at <= span.end

    def test_one_tool_span_per_call_and_one_generation_per_step_seen_in_order(self) -> None:
        for run in any_runs():
            agent = shape(run)
            assert [span.tool_call for span in spans(run, "tool", "retriever")] == list(run.tool_calls)
            seen = [step for step in run.steps if step.id is not None]
            assert [s.step for s in spans(run, "generation") if s.step is not None] == seen
            assert all(not child.children for child in agent.children)
            assert spans(run, "generation"), "a run has a generation at least"
            assert [span.step for span in agent.children if span.step is not None] == [
                step for step in run.steps for _ in range(len(step.tool_calls) + (step.id is not None))
            ]

    def test_ids_are_unique_of_w3c_size_and_the_same_again(self) -> None:
        for run in any_runs():
            ids = [span.span_id for span in shape(run).walk()]
            assert len(set(ids)) == len(ids)
            for span_id in ids:
                assert len(span_id) == 16
                assert int(span_id, 16) > 0
            assert shape(run) == shape(run)

    def test_the_first_generation_has_the_input_and_no_message_is_made_up(self) -> None:
        for run in any_runs():
            for span in spans(run, "generation"):
                assert set(span.output) <= set(run.output)
            assert spans(run, "generation")[0].input == run.input


def _without_parts(usage: Usage | None) -> Usage | None:
    return usage and replace(usage, cached_input_tokens=None, reasoning_tokens=None)


class TestSampleRuns:
    def test_a_plain_answer_is_one_generation_with_its_message(self) -> None:
        run = RUNS["plain_answer"]
        agent = shape(run)
        assert (agent.kind, agent.name, agent.status) == ("agent", "Math Tutor", "completed")
        assert (agent.start, agent.end) == (run.created_at, run.ended_at)
        assert (agent.input, agent.output, agent.usage) == (run.input, run.output, None)
        (generation,) = agent.children
        assert (generation.kind, generation.name, generation.model) == ("generation", "gpt-4o", "gpt-4o")
        assert (generation.input, generation.output) == (run.input, run.output)
        assert generation.usage == run.usage

    def test_tools_of_a_step_are_siblings_of_the_turn_that_asked_for_them(self) -> None:
        run = RUNS["parallel_function_calls"]
        kinds = [span.kind for span in shape(run).children]
        assert kinds == ["generation", "tool", "tool", "generation", "tool", "generation"]
        first, paris, oslo, second, _rome, answer = shape(run).children
        assert first.requested_tool_calls == run.steps[0].tool_calls
        assert (first.input, second.input, answer.input) == (run.input, (), ())
        assert (first.output, second.output, answer.output) == ((), (), run.output)
        assert first.end == paris.start == oslo.start, "the turn is over when its first call starts"
        assert paris.end == run.steps[0].ended_at

    def test_what_steps_leave_over_goes_to_the_last_generation(self) -> None:
        run = RUNS["parallel_function_calls"]
        assert run.usage is not None
        usages = [span.usage for span in spans(run, "generation")]
        assert [usage and usage.cached_input_tokens for usage in usages] == [None, None, 256]
        more = replace(run, usage=replace(run.usage, input_tokens=run.usage.input_tokens + 7))
        last = spans(more, "generation")[-1].usage
        assert last is not None
        assert last.input_tokens == 352 + 7

    def test_what_steps_leave_over_belongs_to_the_step_whose_usage_nobody_saw(self) -> None:
        run = RUNS["parallel_function_calls"]
        unseen = replace(run, steps=(replace(run.steps[0], usage=None), *run.steps[1:]))
        usage = spans(unseen, "generation")[0].usage
        assert usage is not None
        assert (usage.input_tokens, usage.output_tokens) == (210, 48)

    @pytest.mark.parametrize("usage", [None, Usage(input_tokens=9999, output_tokens=1, total_tokens=10000)])
    def test_steps_that_say_nothing_or_too_much_give_way_to_one_whole_run_generation(
        self, usage: Usage | None
    ) -> None:
        run = RUNS["parallel_function_calls"]
        odd = replace(run, steps=tuple(replace(step, usage=usage) for step in run.steps))
        whole, *others = spans(odd, "generation")
        assert (whole.step, whole.usage) == (None, run.usage)
        assert [span.usage for span in others] == [None, None, None]

    def test_steps_never_seen_give_their_tools_and_one_generation_for_the_run(self) -> None:
        run = RUNS["steps_never_seen"]
        whole, tool = shape(run).children
        assert (whole.kind, whole.usage, whole.output) == ("generation", run.usage, run.output)
        assert (whole.start, whole.end) == (run.created_at, run.ended_at)
        assert (tool.kind, tool.name, tool.status) == ("tool", "get_weather", "completed")

    def test_a_file_search_is_a_retriever_and_an_unknown_kind_a_tool(self) -> None:
        run = RUNS["file_search"]
        assert [span.kind for span in shape(run).children] == ["generation", "retriever", "generation"]
        call = replace(run.tool_calls[0], kind="teleport")
        strange = replace(run, steps=(replace(run.steps[0], tool_calls=(call,)), *run.steps[1:]))
        assert [span.kind for span in shape(strange).children] == ["generation", "tool", "generation"]

    def test_times_that_are_missing_come_from_the_neighbours(self) -> None:
        run = RUNS["parallel_function_calls"]
        first, second, third = run.steps
        calls = tuple(replace(call, started_at=None, ended_at=None) for call in second.tool_calls)
        blank = replace(second, started_at=None, ended_at=None, tool_calls=calls)
        _, _, _, turn, tool, _ = shape(replace(run, steps=(first, blank, third))).children
        assert (turn.start, turn.end) == (first.ended_at, third.started_at)
        assert (tool.start, tool.end) == (first.ended_at, third.started_at)

    def test_errors_stand_where_they_happened(self) -> None:
        agent = shape(RUNS["failed"])
        assert agent.error == RUNS["failed"].error
        (generation,) = agent.children
        assert (generation.status, generation.error) == ("failed", RUNS["failed"].error)

    def test_the_first_output_falls_into_the_generation_that_made_it(self) -> None:
        run = RUNS["streamed"]
        agent = shape(run)
        assert agent.first_output_at == run.first_output_at
        assert [span.first_output_at for span in agent.children] == [run.first_output_at]


class TestIds:
    def test_ids_have_the_sizes_of_w3c(self) -> None:
        assert len(trace_id_for("run_1")) == 32
        assert int(trace_id_for("run_1"), 16) > 0
        assert trace_id_for("run_1") != trace_id_for("run_2")

    def test_the_agents_id_is_that_of_the_run(self) -> None:
        run = RUNS["plain_answer"]
        assert shape(run).span_id == span_id_for(run.id)

    def test_parts_are_kept_apart(self) -> None:
        assert span_id_for("ab", "c") != span_id_for("a", "bc") != span_id_for("abc")

    def test_any_text_is_an_id(self) -> None:
        assert len(span_id_for("")) == len(span_id_for("\ud800")) == 16

    def test_another_process_gives_the_same_ids(self) -> None:
        program = (
            "from threadtrail.trace_shape import shape; from threadtrail.testing.samples import sample_runs\n"
            "print(*(span.span_id for span in shape(sample_runs()['file_search']).walk()))"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        assert done.stdout.split() == [span.span_id for span in shape(RUNS["file_search"]).walk()]


# -- runs that are unfinished, ids that were used before ------------------------------------------------


@pytest.mark.parametrize("name", sorted(RUNS))
def test_an_unfinished_run_has_no_usage_and_other_ids(name: str) -> None:
    run = replace(RUNS[name], finished=True)
    finished, unfinished = shape(run), shape(replace(run, finished=False))
    assert all(span.usage is None for span in unfinished.walk())
    assert unfinished.span_id == unfinished_span_id(run.key)
    assert not {span.span_id for span in finished.walk()} & {span.span_id for span in unfinished.walk()}
    overwriting = [*shape(replace(run, finished=False), overwrites=True).walk()]
    assert {span.span_id for span in overwriting} <= {span.span_id for span in finished.walk()}
    assert all(span.usage is None for span in overwriting)


def test_the_second_run_of_an_id_shares_no_span_with_the_first() -> None:
    first = RUNS["parallel_function_calls"]
    second = replace(first, id_reused=True, created_at=(first.created_at or 0) + 1)
    third = replace(second, created_at=second.created_at and second.created_at + 1)
    ids = [span.span_id for run in (first, second, third) for span in shape(run).walk()]
    assert len(ids) == len(set(ids))
    assert len({trace_id_for(run.key) for run in (first, second, third)}) == 3
    assert shape(second) == shape(second)
