"""Makes the events of one run from what several processes published of it: each detail once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from threadtrail._quick import changed
from threadtrail.events import MessageCompleted, RunEnded, StepCompleted, ToolCallCompleted
from threadtrail.merging.fields import Tie, earliest
from threadtrail.merging.messages import fullest
from threadtrail.merging.runs import WholeRun
from threadtrail.merging.steps import UNFINISHED, left_open
from threadtrail.values import NO_ATTRIBUTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from threadtrail.events import Event, RunStatusChanged
    from threadtrail.merging.stories import Story

AnyEvent = TypeVar("AnyEvent", bound=Any)


def events_of(story: Story) -> list[Event]:
    """Return the events that a single process would have published if it had seen all of the run."""
    if story.is_of_one_process():
        return [_reused(event) if story.id_reused else event for event in story.events()]
    whole = WholeRun(story)
    shared, begin = _shared(story), whole.created_at or 0
    events = (*_with_thread(_details(whole), story), *_end(whole, shared))
    return [changed(event, time=max(event.time, begin), **shared) for event in events]


def _with_thread(details: Iterable[Any], story: Story) -> Iterator[Event]:
    """Yield the events of a run with its thread, which a webhook does not name."""
    threads = {created.thread_id for created in story.created} | {end.run.thread_id for end in story.ends}
    known = min((each for each in threads if each is not None), default=None)
    for event in details:
        yield event if event.thread_id is not None else changed(event, thread_id=known)


def _reused(event: Event) -> Event:
    """Mark a run whose id another run had: its own process may not have seen that one."""
    if not isinstance(event, RunEnded) or event.run.id_reused:
        return event
    return changed(event, run=changed(event.run, id_reused=True))


def _shared(story: Story) -> dict[str, Any]:
    """Return the fields that all events of a run have: the creator's, else those of any process."""
    reported: list[tuple[bool, Event]] = [(event.observed_from_start, event) for event in story.created]
    reported += [(event.run.observed_from_start, event) for event in story.ends]
    reported.sort(key=lambda each: (not each[0], each[1].time, Tie(each[1])))
    events = [event for _, event in reported] or sorted(story.events(), key=_by_time)
    of_creator = [event for observed, event in reported if observed] or events
    attributes = next(
        (event.attributes for event in of_creator if event.attributes != NO_ATTRIBUTES), NO_ATTRIBUTES
    )
    trace_id = next((event.trace_id for event in of_creator if event.trace_id is not None), None)
    carried = next((event.carried for event in of_creator if event.carried is not None), None)
    shared = {"attributes": attributes, "trace_id": trace_id, "carried": carried}
    return {"provider": events[0].provider, **shared}


def _details(whole: WholeRun) -> Iterator[Event]:
    story = whole.story
    if whole.created is not None:
        yield whole.created
    if story.changes:
        yield from _changes(whole)
    for _, created in _by(story.steps_created, lambda event: event.step.id):
        yield created[0]
    yield from _steps_completed(whole)
    yield from _calls(whole)
    for _, begun in _by(story.messages_created, lambda event: event.message.id):
        yield begun[0]
    yield from _messages_completed(whole)


def _changes(whole: WholeRun) -> Iterator[RunStatusChanged]:
    first, previous = min(whole.story.changes, key=_by_time), None
    for change in whole.history:
        yield changed(
            first,
            type=change.type or first.type,
            time=change.time,
            previous=previous,
            status=change.status,
            learnt_from=change.learnt_from,
            server_time=change.server_time,
            seen_at=change.seen_at,
            stage=change.stage,
        )
        previous = change.status


def _steps_completed(whole: WholeRun) -> Iterator[StepCompleted]:
    for identity, completed in _by(whole.story.steps_completed, lambda event: event.step.id):
        surest = next((event for event in completed if not left_open(event)), completed[0])
        step = whole.steps.step(identity) if identity is not None else surest.step
        yield changed(surest, time=max(surest.time, step.ended_at or 0), step=step)
    ended = {None, *(event.step.id for event in whole.story.steps_completed)}
    ends_with_run = {step.id: step for step in whole.run.steps} if whole.ends else {}
    for identity, created in _by(whole.story.steps_created, lambda event: event.step.id):
        if identity not in ended and identity in ends_with_run:
            kind = created[0].type.rpartition(".")[0] + UNFINISHED
            yield _as(StepCompleted, created[0], whole.ended_at, type=kind, step=ends_with_run[identity])


def _messages_completed(whole: WholeRun) -> Iterator[MessageCompleted]:
    story = whole.story
    for _, completed in _by(story.messages_completed, lambda event: event.message.id):
        message = fullest([event.message for event in completed])
        surest = next((event for event in completed if event.message.text == message.text), completed[0])
        yield changed(surest, message=message)
    ended = {None, *(event.message.id for event in story.messages_completed)}
    for identity, begun in _by(story.messages_created, lambda event: event.message.id):
        if identity not in ended and whole.ends:
            kind = begun[0].type.rpartition(".")[0] + ".incomplete"
            yield _as(MessageCompleted, begun[0], whole.ended_at, type=kind, message=begun[0].message)


def _as(event_class: Any, event: Any, time: int | None, **values: Any) -> Any:
    """Return an event of this class about the same run as another."""
    names = ("source", "provider", "server_address", "server_port", "run_id", "thread_id")
    of_run = {name: getattr(event, name) for name in names}
    return event_class(time=max(time or 0, event.time), **of_run, **values)


def _calls(whole: WholeRun) -> Iterator[Event]:
    """Yield each requested call with its arguments, and each answered call with its output."""
    story, steps = whole.story, whole.steps
    for call, requested in _by(story.requested, steps.call_of):
        value, first = call.value(), requested[0]
        asked = changed(first.tool_call, kind=value.kind, name=value.name, started_at=value.started_at)
        if asked.ended_at is not None:  # answered before it was seen to be asked for
            asked = changed(asked, ended_at=value.ended_at)
        arguments = asked.arguments if asked.arguments is not None else value.arguments
        # Of a call that was only answered, nobody knows when it was asked for: before that.
        known = value.started_at if value.started_at is not None else earliest([first.time, value.ended_at])
        yield changed(first, time=known, tool_call=changed(asked, arguments=arguments))
    for call, completed in _by(story.answered, steps.call_of):
        value = call.value()
        if value.ended_at is not None:
            step_id = next((event.step_id for event in completed if event.step_id is not None), None)
            yield changed(completed[0], time=value.ended_at, step_id=step_id, tool_call=value)
    ended = {id(steps.call_of(event)) for event in story.answered}
    for call, requested in _by(story.requested, steps.call_of):
        value = call.value()
        if id(call) not in ended and value.ended_at is not None and whole.ends:
            yield _as(ToolCallCompleted, requested[0], value.ended_at, step_id=call.step_id, tool_call=value)


def _end(whole: WholeRun, shared: dict[str, Any]) -> Iterator[RunEnded]:
    if not whole.ends:
        return
    run = changed(whole.run, attributes=shared["attributes"], carried=shared["carried"])
    surest = next(event for event in whole.ends if event.run is whole.of_end[0])
    ends = whole.story.ends
    # If one of them is unfinished, this replaces both.
    supersedes = any(event.supersedes for event in ends) and all(event.run.finished for event in ends)
    yield changed(surest, time=run.ended_at or surest.time, run=run, supersedes=supersedes)


def _by(events: list[AnyEvent], key: Callable[[AnyEvent], Any]) -> list[tuple[Any, list[AnyEvent]]]:
    """Return the events by their subject, each group in the order of time.

    An event whose subject has no id, as in a damaged recording, is a group by itself.
    """
    groups: dict[Any, tuple[Any, list[AnyEvent]]] = {}
    for event in sorted(events, key=_by_time):
        about = key(event)
        name = about if isinstance(about, str) else id(about if about is not None else event)
        groups.setdefault(name, (about, []))[1].append(event)
    return list(groups.values())


def _by_time(event: Event) -> tuple[int, Tie]:
    return event.time, Tie(event)
