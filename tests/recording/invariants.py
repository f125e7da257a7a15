"""What must hold of every published story, whatever happened in it."""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from threadtrail.events import (
    Event,
    MessageCompleted,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    StepCompleted,
    StepCreated,
    ToolCallCompleted,
    ToolCallRequested,
    TraceEnded,
    TurnEnded,
)
from threadtrail.turn import add_usages, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.turn import Turn
    from threadtrail.values import Run, Step


STATUS_TYPES = {"openai.assistants": "thread.run", "openai.responses": "response"}
"""What the type of a change of status begins with, by the API."""


def check_story(events: Sequence[Event]) -> None:
    """Check the events of any number of runs, as an exporter gets them."""
    by_run: dict[str, list[Any]] = defaultdict(list)
    for event in events:
        assert Event.from_json(event.to_json()) == event
        run_id = getattr(event, "run_id", None)
        if run_id is not None and event.type != "error":
            by_run[run_id].append(event)
    for story in by_run.values():
        check_one_run(story)


def check_one_run(story: list[Any]) -> None:
    """Check the events of one run; it may still be open."""
    kinds = Counter(type(event) for event in story)
    assert type(story[0]) is RunCreated
    assert kinds[RunCreated] == 1
    ends = [place for place, event in enumerate(story) if type(event) is RunEnded]
    # Given up, and seen again after all: published a second time, if it has finished.
    assert len(ends) <= 2
    assert [story[place].supersedes for place in ends] == [False, True][: len(ends)]
    assert [story[place].run.finished for place in ends[:-1]] == [False] * len(ends[:-1])
    check_chain([event for event in story if type(event) is RunStatusChanged])
    check_pairs(story, StepCreated, StepCompleted, lambda event: event.step.id)
    check_pairs(story, ToolCallRequested, ToolCallCompleted, lambda event: event.tool_call.id)
    messages = [event.message.id for event in story if type(event) is MessageCompleted]
    assert len(messages) == len(set(messages))
    assert all(event.time >= story[0].time for event in story)
    for event in story:
        if isinstance(event, (StepCreated, StepCompleted)):
            check_step(event.step)
        if isinstance(event, (ToolCallRequested, ToolCallCompleted)):
            in_order(event.tool_call.started_at, event.tool_call.ended_at)
    for place in ends:
        check_ended(story[: place + 1])
    if ends and story[ends[-1]].run.finished:
        late = story[ends[-1] + 1 :]
        assert all(type(event) is ToolCallCompleted for event in late)
        assert {event.tool_call.id for event in late} <= open_calls(story[ends[-1]].run)


def check_chain(changes: list[RunStatusChanged]) -> None:
    """Each status begins where the one before ended, and is another."""
    assert [change.previous for change in changes] == [None, *(change.status for change in changes)][:-1]
    assert all(change.previous != change.status for change in changes)
    assert all(change.type == f"{STATUS_TYPES[change.source]}.{change.status}" for change in changes)


def check_pairs(story: list[Any], begun: type, ended: type, key: Any) -> None:
    """What began once ended once, later; nothing ends that did not begin."""
    begins = [key(event) for event in story if type(event) is begun]
    ends = [key(event) for event in story if type(event) is ended]
    assert len(begins) == len(set(begins))
    assert len(ends) == len(set(ends))
    assert set(ends) <= set(begins)
    places = {
        (type(event), key(event)): place for place, event in enumerate(story) if type(event) in (begun, ended)
    }
    assert all(places[begun, identity] < places[ended, identity] for identity in ends)


def check_ended(story: list[Any]) -> None:
    """Check that the whole run agrees with the events before it, and that none comes after it."""
    assert type(story[-1]) is RunEnded
    run = story[-1].run
    changes = [(change.status, change.learnt_from) for change in story if type(change) is RunStatusChanged]
    assert [(change.status, change.learnt_from) for change in run.status_history] == changes
    calls = Counter(call.id for call in run.tool_calls)
    assert set(calls.values()) <= {1}
    for kind, expected in (
        (ToolCallRequested, set(calls)),
        (ToolCallCompleted, set(calls) - open_calls(run)),
    ):
        assert {event.tool_call.id for event in story if type(event) is kind} == expected
    for step_kind in (StepCreated, StepCompleted):
        published_steps = {event.step.id for event in story if type(event) is step_kind}
        assert published_steps == {step.id for step in run.steps if step.id is not None}
    completed = {event.message.id for event in story if type(event) is MessageCompleted}
    assert completed == {message.id for message in run.output}
    if run.usage is not None:
        assert sum(step.usage.total_tokens for step in run.steps if step.usage) <= run.usage.total_tokens
    check_times(run)


def open_calls(run: Run) -> set[str]:
    """Return the calls that the app may still answer: those of a response, by a later request."""
    if run.source == "openai.assistants":
        return set()
    return {call.id for call in run.tool_calls if call.ended_at is None}


def check_times(run: Run) -> None:
    """No interval is negative, no child lies outside its parent."""
    assert run.created_at is not None
    assert run.ended_at is not None
    in_order(run.created_at, run.started_at, run.ended_at)
    in_order(run.created_at, run.first_output_at, run.ended_at)
    in_order(run.created_at, *(change.time for change in run.status_history), run.ended_at)
    for step in run.steps:
        in_order(run.created_at, step.started_at, step.ended_at, run.ended_at)
        check_step(step)
    for message in run.output:
        in_order(run.created_at, message.created_at, run.ended_at)
        in_order(run.created_at, message.completed_at, run.ended_at)
    starts = [step.started_at for step in run.steps]
    assert None not in starts
    in_order(*starts)


def check_step(step: Step) -> None:
    """A step and the calls within it."""
    in_order(step.started_at, step.ended_at)
    for call in step.tool_calls:
        in_order(step.started_at, call.started_at, call.ended_at, step.ended_at)


def in_order(*times: int | None) -> None:
    """Check that the known times are in order."""
    known = list(filter(is_known, times))
    assert known == sorted(known, key=lambda time: time or 0), known


def is_known(time: int | None) -> bool:
    return time is not None


def all_texts(values: Iterable[Any]) -> list[str]:
    """Return the text of each message."""
    return [value.text for value in values]


def check_turns(events: Sequence[Event]) -> None:
    """Check that, in the end, each turn that asked for a call has ended once, and adds up."""
    ends = [(place, event) for place, event in enumerate(events) if isinstance(event, TurnEnded)]
    runs = [event.run for event in events if isinstance(event, RunEnded)]
    asked = {run.turn_id for run in runs if any(not call.hosted for call in run.tool_calls)}
    assert Counter(event.turn.id for _, event in ends) == Counter(asked)
    for place, event in ends:
        check_turn(event.turn, events[:place], events[place:])
        traces = [at for at, each in enumerate(events) if isinstance(each, TraceEnded)]
        assert all(at > place for at in traces if events[at].trace_id == event.trace_id)


def check_turn(turn: Turn, before: Sequence[Event], after: Sequence[Event]) -> None:
    """Check that a turn has what was published of its runs and calls before, and that nothing follows it."""
    latest = {each.run.id: each.run for each in before if isinstance(each, RunEnded)}
    runs = sorted(
        (run for run in latest.values() if run.turn_id == turn.id), key=lambda run: run.created_at or 0
    )
    assert turn.run_ids == tuple(run.id for run in runs)
    for event in after:
        if isinstance(event, RunEnded) and event.run.turn_id == turn.id:
            assert event.supersedes, "a run of the turn ended after it"
        if isinstance(event, ToolCallCompleted) and event.run_id in turn.run_ids:
            assert not latest[str(event.run_id)].finished, "a call of the turn was completed after it"
    assert turn.usage == add_usages(map(usage_of, runs))
    assert [call.id for call in turn.tool_calls] == [call.id for run in runs for call in run.tool_calls]
    completed = {
        (each.run_id, each.tool_call.id): each.tool_call
        for each in before
        if isinstance(each, ToolCallCompleted)
    }
    whole = [(run, call) for run in runs for call in run.tool_calls]
    for (run, call), mine in zip(whole, turn.tool_calls, strict=True):
        known = call if call.ended_at is not None else completed[run.id, call.id]
        assert (mine.output, mine.ended_at) == (known.output, known.ended_at)
    assert (turn.status, turn.error) == (runs[-1].status, runs[-1].error)
    assert turn.input == runs[0].new_input
    assert turn.output == runs[-1].output
    check_time_spent(turn)


def check_time_spent(turn: Turn) -> None:
    """Check that the parts of the time spent add up to the turn's duration, and that none is negative."""
    assert turn.started_at is not None
    assert turn.ended_at is not None
    spent = dataclasses.asdict(turn.time_spent)
    assert min(spent.values()) >= 0, spent
    assert sum(spent.values()) == turn.ended_at - turn.started_at, spent
