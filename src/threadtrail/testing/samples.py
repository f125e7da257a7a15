"""Sample runs and events for tests of exporters: realistic and always the same, without a network.

    from threadtrail.testing.samples import events_of, sample_events, sample_runs

    exporter.export(sample_events())                        # every event class at least once
    exporter.export(events_of(sample_runs()["refusal"]))    # all events of one run
    exporter.export(events_of_turn(asking, answering))      # all events of two runs, and of their turn

The runs differ in what exporters may handle wrongly: parallel calls, two rounds of calls, images, a refusal,
no output, no usage, no steps, each kind of end. Some are runs of an assistant, some are responses
(``Run.one_generation``), with tools of the server, of the app and of a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from threadtrail.events import (
    AnyEvent,
    AssistantCreated,
    AssistantDeleted,
    AssistantUpdated,
    MessageCompleted,
    MessageCreated,
    RequestFailed,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    StepCompleted,
    StepCreated,
    ThreadCreated,
    ThreadDeleted,
    ToolCallCompleted,
    ToolCallRequested,
    TraceEnded,
    TraceStarted,
    TurnEnded,
)
from threadtrail.testing._sample_parts import TUTOR, at, user_message
from threadtrail.testing._sample_runs import all_runs
from threadtrail.turn import turn_of
from threadtrail.values import Failure, Run, ToolCall

__all__ = ["events_of", "events_of_turn", "sample_events", "sample_runs"]


@dataclass(frozen=True, slots=True)
class _Types:
    """The ``type`` of a run's events; a step's end has its status in it, where that is ``{}``."""

    run_created: str
    run_ended: str
    step_created: str
    step_ended: str
    message_completed: str


TYPES = {
    False: _Types(
        "thread.run.created",
        "thread.run.ended",
        "thread.run.step.created",
        "thread.run.step.{}",
        "thread.message.completed",
    ),
    True: _Types(
        "response.created",
        "response.ended",
        "response.output_item.added",
        "response.output_item.done",
        "response.output_item.done",
    ),
}
"""By ``Run.one_generation``."""


def sample_runs() -> dict[str, Run]:
    """Return the sample runs by name; each ends or proceeds differently."""
    return all_runs()


def events_of(run: Run, *, trace_id: str | None = None) -> tuple[AnyEvent, ...]:
    """Return a run's events as the recorder publishes them: ``RunCreated`` first, ``RunEnded`` last.

    Args:
        run: any run, not only a sample.
        trace_id: the id of the ``threadtrail.trace()`` that the run belongs to.
    """
    types = TYPES[run.one_generation]
    created = RunCreated(
        type=types.run_created,
        time=run.created_at or 0,
        run_id=run.id,
        thread_id=run.thread_id,
        assistant=run.assistant,
        request=run.request,
        turn_id=run.turn_id or run.id,
        called_by=run.called_by,
    )
    ended = RunEnded(type=types.run_ended, time=run.ended_at or created.time, run=run)
    events: list[AnyEvent] = [created, *sorted(_details(run), key=lambda event: event.time), ended]
    whose: dict[str, Any] = {"source": run.source, "attributes": run.attributes, "trace_id": trace_id}
    return tuple(replace(event, **whose) for event in events)


def events_of_turn(*runs: Run, trace_id: str | None = None) -> tuple[AnyEvent, ...]:
    """Return the events of the runs of one turn, in order, and the end of the turn.

    Args:
        runs: of ``sample_runs()``, for instance ``answered_calls`` and ``answering_response``.
        trace_id: as for ``events_of``.
    """
    events = [event for run in runs for event in events_of(run, trace_id=trace_id)]
    first, last = runs[0], runs[-1]
    turn = turn_of(runs, finished=last.finished and not last.awaits_outputs)
    whose: dict[str, Any] = {"source": first.source, "attributes": first.attributes, "trace_id": trace_id}
    ended = TurnEnded(time=max(event.time for event in events), turn=turn)
    return (*events, replace(ended, **whose))


def sample_events() -> tuple[AnyEvent, ...]:
    """Return at least one event of every class, in a realistic order."""
    runs = sample_runs()
    trace_id = "trace_sample"
    question = user_message("message_before_the_run", "Is anybody there?")
    return (
        AssistantCreated(time=at(-3.0), started_at=at(-3.2), assistant=TUTOR),
        AssistantUpdated(
            time=at(-2.5), started_at=at(-2.6), assistant=replace(TUTOR, description="Explains each step.")
        ),
        ThreadCreated(time=at(-2.0), thread_id="thread_sample"),
        MessageCreated(time=at(-1.0), thread_id="thread_sample", message=question),
        RequestFailed(
            time=at(-0.5),
            started_at=at(-0.8),
            operation="threads.runs.create",
            begins="run",
            error=Failure(type="rate_limit_exceeded", message="Rate limit reached. Try again in 20 s."),
            status_code=429,
            request_id="req_sample",
            retry_count=2,
            thread_id="thread_sample",
            assistant_id=TUTOR.id,
        ),
        TraceStarted(time=at(-0.1), name="math lesson", trace_id=trace_id),
        *events_of(runs["plain_answer"], trace_id=trace_id),
        *events_of_turn(runs["parallel_function_calls"], trace_id=trace_id),
        TraceEnded(time=at(6.2), started_at=at(-0.1), name="math lesson", trace_id=trace_id),
        *events_of(runs["failed"]),
        ThreadDeleted(time=at(10.0), thread_id="thread_sample"),
        AssistantDeleted(time=at(10.5), assistant_id=TUTOR.id),
        *events_of(runs["plain_response"]),
        *events_of(runs["hosted_tools"]),
        *events_of_turn(runs["answered_calls"], runs["answering_response"]),
    )


def _details(run: Run) -> list[AnyEvent]:
    """Return all events between a run's first and last event."""
    end = run.ended_at or 0
    details: list[AnyEvent] = []
    previous: str | None = None
    for change in run.status_history:
        details.append(
            RunStatusChanged(
                type=str(change.type),
                time=change.time,
                run_id=run.id,
                thread_id=run.thread_id,
                previous=previous,
                status=change.status,
                learnt_from=change.learnt_from,
            )
        )
        previous = change.status
    details += _step_events(run, end)
    details += [
        MessageCompleted(
            type=TYPES[run.one_generation].message_completed,
            time=message.completed_at or end,
            run_id=run.id,
            thread_id=run.thread_id,
            message=message,
        )
        for message in run.output
    ]
    return details


def _step_events(run: Run, end: int) -> list[AnyEvent]:
    types, details = TYPES[run.one_generation], list[AnyEvent]()
    for step in run.steps:
        started, ended = step.started_at or run.created_at or 0, step.ended_at or end
        of_run: dict[str, Any] = {"run_id": run.id, "thread_id": run.thread_id}
        if step.id is not None:
            created = replace(step, status="in_progress", ended_at=None, usage=None)
            details.append(StepCreated(type=types.step_created, time=started, step=created, **of_run))
        for call in step.tool_calls:
            asked = replace(call, output=None, results=(), error=None, ended_at=None, approved=None)
            time = call.started_at or started
            details.append(ToolCallRequested(time=time, step_id=step.id, tool_call=asked, **of_run))
            if not is_open(run, call):
                time = call.ended_at or ended
                details.append(ToolCallCompleted(time=time, step_id=step.id, tool_call=call, **of_run))
        if step.id is not None:
            kind = types.step_ended.format(step.status)
            details.append(StepCompleted(type=kind, time=ended, step=step, **of_run))
    return details


def is_open(run: Run, call: ToolCall) -> bool:
    """Whether the run was published while it waited for this call, whose end is published when it comes."""
    return run.one_generation and not call.hosted and not call.answered
