"""What must hold of everything that is recorded, whatever the app did."""

from __future__ import annotations

import warnings
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import threadtrail
from driving import ENDS
from recording.invariants import check_story, check_times, check_turns
from threadtrail.events import RequestFailed, RunCreated, RunEnded
from threadtrail.shape import add_usages, shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from properties.playing import Outcome
    from threadtrail.events import AnyEvent
    from threadtrail.shape import Span
    from threadtrail.values import Run


def check(outcome: Outcome) -> None:
    """Check one program's outcome.

    Raises:
        AssertionError: something does not hold.
    """
    check_story(outcome.events)
    check_each_run(outcome)
    check_another_look(outcome)
    check_membership(ended(outcome.events))
    check_turns(outcome.events)
    for run in ended(outcome.events):
        check_shape(run)
        check_answers(run)
    failed = [event for event in outcome.at_end if isinstance(event, RequestFailed)]
    assert len(failed) == outcome.failures
    lane = outcome.lane
    assert (lane.delivered, lane.failed, lane.dropped) == (len(outcome.looked_again), 0, 0)


def ended(events: list[AnyEvent]) -> list[Run]:
    """Every run that was published when it ended."""
    return [event.run for event in events if isinstance(event, RunEnded)]


def check_each_run(outcome: Outcome) -> None:
    """What the app saw of a run is what was recorded of it: once, with its end and its usage."""
    published = defaultdict(list)
    for run in ended(outcome.events):
        published[run.id].append(run)
    created = {event.run_id for event in outcome.events if isinstance(event, RunCreated)}
    # A helper that creates and polls, and fails with a poll, shows the app nothing.
    assert len(created - set(outcome.seen.runs)) <= outcome.failures
    assert created >= set(outcome.seen.runs) | set(published)
    for run_id, glimpses in outcome.seen.runs.items():
        finished = [run for run in published[run_id] if run.finished]
        ends = [glimpse for glimpse in glimpses if glimpse.status in ENDS]
        assert len(finished) == (1 if ends else 0), run_id
        for run in finished:
            assert run.status == ends[-1].status
            check_usage(run, ends[-1].usage and ends[-1].usage.to_dict())
            assert {glimpse.status for glimpse in glimpses} <= {
                change.status for change in run.status_history
            }


def check_usage(run: Run, usage: Any) -> None:
    """The run's tokens are those that the server said."""
    if usage is None:
        assert run.usage is None
        return
    assert run.usage is not None
    told = run.usage.input_tokens, run.usage.output_tokens, run.usage.total_tokens
    assert told == tuple(
        usage[new] if new in usage else usage[old]
        for new, old in (
            ("input_tokens", "prompt_tokens"),
            ("output_tokens", "completion_tokens"),
            ("total_tokens", "total_tokens"),
        )
    )


def check_answers(run: Run) -> None:
    """A function that was answered has the output that was meant for it, and not that of another."""
    for call in run.tool_calls:
        if call.kind == "function" and call.output is not None:
            assert call.output == f"output of {call.name}"


def check_readable(events: Sequence[AnyEvent]) -> None:
    """Every event can be written, read back, merged and sent as spans; no time goes back."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        texts = [event.to_json() for event in events]
        assert [
            type(event).from_json(text).to_json() for event, text in zip(events, texts, strict=True)
        ] == texts
        for run in [event.run for event in threadtrail.merge(events) if isinstance(event, RunEnded)]:
            check_times(run)
            check_span(shape(run))


def check_membership(runs: list[Run]) -> None:
    """A run belongs to the turn of a run whose calls it answers, or begins one."""
    turns = {run.id: run.turn_id for run in runs}
    for run in runs:
        assert run.turn_id in ({turns.get(answered) for answered in run.answers} or {run.id})


def check_another_look(outcome: Outcome) -> None:
    """Looking again at a run that is published adds nothing to it."""
    over = {run.id for run in ended(outcome.at_end) if run.finished}

    def of_them(events: list[AnyEvent]) -> list[AnyEvent]:
        return [
            event
            for event in events
            if getattr(event, "run_id", None) in over and not isinstance(event, RequestFailed)
        ]

    assert of_them(outcome.looked_again) == of_them(outcome.at_end)


def check_shape(run: Run) -> None:
    """No span ends before it begins, none lies outside its parent; the tokens of all are the run's."""
    root = shape(run)
    check_span(root)
    spans = list(root.walk())
    assert len({span.span_id for span in spans}) == len(spans)
    usage = add_usages(span.usage for span in spans)
    if run.usage is not None:
        assert usage == run.usage


def check_span(span: Span) -> None:
    """Check a span and all below it."""
    assert span.start <= span.end
    for child in span.children:
        assert span.start <= child.start
        assert child.end <= span.end
        check_span(child)
