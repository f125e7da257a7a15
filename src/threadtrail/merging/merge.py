"""``threadtrail.merge()``: one run from what several processes saw of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import Event, RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.merging.details import events_of
from threadtrail.merging.links import link
from threadtrail.merging.order import Order
from threadtrail.merging.runs import WholeRun
from threadtrail.merging.stories import distinct, server_of, stories_of
from threadtrail.merging.surroundings import Surroundings
from threadtrail.merging.traces import traces
from threadtrail.merging.turns import turns_ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from threadtrail.merging.stories import Server, Story
    from threadtrail.values import Run


def merge(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events that a single process would have published if it had seen everything: each run once.

    ``events`` are those of several processes, or files, about the same runs, in any order and with repeats:
    one process creates a run, another polls it, a third brings the outputs. Each run has one
    ``RunEnded``, if one of them published one. Its input, attributes and trace come from the process that
    created it, its usage and end from the process that saw the end, and its statuses, steps, tool calls and
    messages from all of them. A response that brings the output of another process's call is in the same
    turn, and one that follows a response of another process is in the same session.

    The events are in the order of their times, a run's ``RunCreated`` first and its ``RunEnded`` last. Events
    of a run that only one process saw stay as they are, except for unfinished ends that were superseded, or
    after which the run was seen with another status.

    The following may differ from what a single process would publish, since no event has it:

    - ``poll_count``, ``retry_count`` and ``resumed`` are the sums of those processes that published the run;
    - times that nobody saw live are the server's whole seconds; the time of a step, call or message is the
      earliest that one of them saw; the outcome of calls whose request failed is not known;
    - a status that came back (``queued`` after outputs were submitted) is missing, also as the last one of a
      run that nobody saw end, if the process that saw it again saw no other status in between;
    - how the first look at a status was made (``learnt_from``); the order of steps of the same second;
    - ``metadata`` that was changed during the run is that of the process that saw the end;
    - ``input_repeated``, the ids of input messages, and messages that another process put on the thread as
      it created it;
    - what a process saw of a run that it did not follow, or took for history.

    Raises:
        TypeError: one of ``events`` is not an event, but a list of events, for example.
    """
    return _merged(*stories_of(distinct(map(_checked, events))))


def _checked(event: Event) -> Event:
    if not isinstance(event, Event):
        raise TypeError(
            "merge() takes events: threadtrail.merge([*events_of_one_process, *events_of_another]), "
            f"not the {type(event).__name__}; JSON becomes an event by Event.from_json(text)"
        )
    return event


def merge_if_shared(events: Iterable[Event]) -> Sequence[Event]:
    """Return the events merged, if several processes saw a run, turn or session; else each as published.

    What one process published includes unfinished ends that it superseded, which ``merge`` leaves out.
    """
    published = distinct(events)
    stories, others = stories_of(published)
    if not any(story.is_of_several_processes() for story in stories):
        linked, _ = link((story.events() for story in stories), ())
        if _places(event for events in linked for event in events) == _places(published):
            return published
    return _merged(stories, others)


def _places(events: Iterable[Event]) -> dict[tuple[Server, str], tuple[str, str | None]]:
    """Return the turn and the session of each run."""
    ends = (event for event in events if isinstance(event, RunEnded))
    return {
        (server_of(end), end.run.key): (end.run.turn_id or end.run.id, end.run.session_key) for end in ends
    }


def _merged(stories: Sequence[Story], others: Sequence[Event]) -> tuple[Event, ...]:
    merged = {(story.server, story.run_id) for story in stories if not story.is_of_one_process()}
    runs, linked = link(map(events_of, stories), merged)
    surroundings = Surroundings(others, runs)
    runs = [surroundings.add_to(run) for run in runs]
    order = Order()
    for events_of_run in runs:
        order.add_run(events_of_run)
    ends = [event for run in runs for event in run if isinstance(event, RunEnded)]
    turns = [event for event in others if isinstance(event, TurnEnded)]
    for turn in turns_ended(turns, ends, merged | linked):
        order.add_turn(turn)
    order.add_traces(traces(event for event in others if isinstance(event, (TraceStarted, TraceEnded))))
    for event in others:
        if not isinstance(event, (TurnEnded, TraceStarted, TraceEnded)):
            order.add(event)
    return order.all()


def run_so_far(events: Iterable[Event]) -> Run:
    """Return what is known of a run from its events, even if it has not ended.

    Its ``ended_at`` is then ``None``. Events without a run, such as ``RequestFailed``, are ignored.

    Raises:
        ValueError: the events belong to no run, or to several.
    """
    stories, _ = stories_of(distinct(events))
    if len(stories) != 1:
        raise ValueError(f"these are events of {len(stories)} runs, not of one")
    return WholeRun(stories[0]).run
