"""Sample runs and events for tests of exporters: realistic and always the same, without a network.

    from threadtrail.testing.samples import events_of, sample_events, sample_runs

    exporter.export(sample_events())                        # every event class at least once
    exporter.export(events_of(sample_runs()["refusal"]))    # all events of one run

The runs differ in what exporters may handle wrongly: parallel calls, two rounds of calls, images, a refusal,
no output, no usage, no steps, each kind of end.
"""

from __future__ import annotations

from dataclasses import replace

from threadtrail.events import (
    AssistantCreated,
    AssistantDeleted,
    AssistantUpdated,
    Event,
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
)
from threadtrail.testing._sample_parts import TUTOR, at, user_message
from threadtrail.testing._sample_runs import all_runs
from threadtrail.values import Failure, Run

__all__ = ["events_of", "sample_events", "sample_runs"]


def sample_runs() -> dict[str, Run]:
    """Return the sample runs by name; each ends or proceeds differently."""
    return all_runs()


def events_of(run: Run, *, trace_id: str | None = None) -> tuple[Event, ...]:
    """Return a run's events as the recorder publishes them: ``RunCreated`` first, ``RunEnded`` last.

    Args:
        run: any run, not only a sample.
        trace_id: the id of the ``threadtrail.trace()`` that the run belongs to.
    """
    created = RunCreated(
        time=run.created_at or 0,
        run_id=run.id,
        thread_id=run.thread_id,
        assistant=run.assistant,
        request=run.request,
    )
    ended = RunEnded(time=run.ended_at or created.time, run=run)
    events = [created, *sorted(_details(run), key=lambda event: event.time), ended]
    return tuple(replace(event, attributes=run.attributes, trace_id=trace_id) for event in events)


def sample_events() -> tuple[Event, ...]:
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
        *events_of(runs["parallel_function_calls"], trace_id=trace_id),
        TraceEnded(time=at(6.2), started_at=at(-0.1), name="math lesson", trace_id=trace_id),
        *events_of(runs["failed"]),
        ThreadDeleted(time=at(10.0), thread_id="thread_sample"),
        AssistantDeleted(time=at(10.5), assistant_id=TUTOR.id),
    )


def _details(run: Run) -> list[Event]:
    """Return all events between a run's first and last event."""
    end = run.ended_at or 0
    details: list[Event] = []
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
            time=message.completed_at or end, run_id=run.id, thread_id=run.thread_id, message=message
        )
        for message in run.output
    ]
    return details


def _step_events(run: Run, end: int) -> list[Event]:
    details: list[Event] = []
    for step in run.steps:
        started, ended = step.started_at or run.created_at or 0, step.ended_at or end
        if step.id is not None:
            created = replace(step, status="in_progress", ended_at=None, usage=None)
            details.append(StepCreated(time=started, run_id=run.id, thread_id=run.thread_id, step=created))
        for call in step.tool_calls:
            asked = replace(call, output=None, results=(), error=None, ended_at=None)
            requested = ToolCallRequested(
                time=call.started_at or started,
                run_id=run.id,
                thread_id=run.thread_id,
                step_id=step.id,
                tool_call=asked,
            )
            completed = ToolCallCompleted(
                time=call.ended_at or ended,
                run_id=run.id,
                thread_id=run.thread_id,
                step_id=step.id,
                tool_call=call,
            )
            details += [requested, completed]
        if step.id is not None:
            details.append(
                StepCompleted(
                    type=f"thread.run.step.{step.status}",
                    time=ended,
                    run_id=run.id,
                    thread_id=run.thread_id,
                    step=step,
                )
            )
    return details
