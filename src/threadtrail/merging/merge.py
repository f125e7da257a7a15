"""``threadtrail.merge()``: many glimpses of a run in, one run out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from threadtrail.events import Event, RunEnded, TraceEnded, TraceStarted, TurnEnded
from threadtrail.merging.details import events_of
from threadtrail.merging.order import Order
from threadtrail.merging.runs import WholeRun
from threadtrail.merging.stories import distinct, stories_of
from threadtrail.merging.traces import traces
from threadtrail.merging.turns import turns_ended

if TYPE_CHECKING:
    from collections.abc import Iterable

    from threadtrail.values import Run


def merge(events: Iterable[Event]) -> tuple[Event, ...]:
    """Return the events that one process would have published which had seen all of it: each run once."""
    stories, others = stories_of(distinct(events))
    order = Order()
    ends: list[RunEnded] = []
    merged: set[int] = set()
    for story in stories:
        own = events_of(story)
        order.add_run(own)
        of_story = [event for event in own if isinstance(event, RunEnded)]
        ends += of_story
        if not story.is_of_one_process():
            merged.update(map(id, of_story))
    turns = [event for event in others if isinstance(event, TurnEnded)]
    for turn in turns_ended(turns, ends, frozenset(merged)):
        order.add_turn(turn)
    order.add_traces(traces(event for event in others if isinstance(event, (TraceStarted, TraceEnded))))
    for event in others:
        if not isinstance(event, (TurnEnded, TraceStarted, TraceEnded)):
            order.add(event)
    return order.all()


def run_so_far(events: Iterable[Event]) -> Run:
    """Return what is known of a run by its events, also of one that has not ended.

    Its ``ended_at`` is ``None`` then. Events that are of no run, such as ``RequestFailed``, are left out.

    Raises:
        ValueError: the events are of no run, or of several.
    """
    stories, _ = stories_of(distinct(events))
    if len(stories) != 1:
        raise ValueError(f"these are events of {len(stories)} runs, not of one")
    return WholeRun(stories[0]).run
