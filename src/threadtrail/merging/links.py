"""Links responses of several processes, if the input of one has the output of a call of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from threadtrail.events import Event, RunCreated, RunEnded, ToolCallCompleted, ToolCallRequested
from threadtrail.merging.calls import is_answered, is_given_up
from threadtrail.merging.linked import Linked
from threadtrail.merging.sessions import Sessions
from threadtrail.values import NO_ATTRIBUTES, ToolResultPart

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from threadtrail.merging.stories import Server
    from threadtrail.values import Message, Run, Step, ToolCall

Call = tuple["Server", str]
"""A tool call, by its server and its id."""


def link(
    stories: Iterable[list[Event]], merged: Collection[tuple[Server, str]]
) -> tuple[list[list[Event]], set[tuple[Server, str]]]:
    """Return the events of each run, completed by those of its neighbours, and the runs that this changed.

    A response belongs to the turn of the newest run whose call it brings the output of, and that call has the
    output, as if one process had made both requests. A response without caller or trace gets those of that
    run, or of the first run of its turn, if another process knew them. ``merged`` are the runs that several
    processes saw.
    """
    runs = [_taken(events) for events in stories if events]
    for run in runs:
        run.is_merged = (run.server, run.run_id) in merged
    if not any(run.end is not None and run.end.run.one_generation for run in runs):
        return [run.events for run in runs], set()
    _find_links(runs)
    linked = [_with_links(run) for run in runs]
    changed = {
        (run.server, run.run_id) for run, events in zip(runs, linked, strict=True) if events is not run.events
    }
    return linked, changed


def _taken(events: list[Event]) -> Linked:
    linked = Linked(events)
    for event in events:
        if isinstance(event, RunCreated):
            linked.created, linked.turn_id = event, linked.turn_id or event.turn_id
        elif isinstance(event, RunEnded):
            linked.end, linked.turn_id = event, event.run.turn_id
            linked.answers, linked.session_key = event.run.answers, event.run.session_key
        elif isinstance(event, ToolCallCompleted) and is_answered(event.tool_call):
            linked.answered.add(event.tool_call.id)
    return linked


class _Links:
    """Finds links, run by run, in the order in which runs began and ended."""

    def __init__(self) -> None:
        self._known: dict[tuple[Server, str], Linked] = {}
        self._asked: dict[Call, Linked] = {}
        self._brought: dict[int, list[Call]] = {}
        self.sessions: Sessions = Sessions()

    def begin(self, run: Linked) -> None:
        """Take the beginning of a run, with the outputs in its input."""
        self._known[run.server, run.run_id] = run
        brought = dict(_outputs(run.end.run.input)) if run.end is not None else {}
        calls = [(run.server, name) for name in brought]
        asking = {call: self._asked[call] for call in calls if call in self._asked}
        # A run whose input nobody saw, and that follows one with open calls, has their outputs.
        follows = {} if asking else self._open_calls_of(run.previous)
        for (_, name), other in asking.items():
            if name not in other.answered:
                other.outputs.setdefault(name, (brought[name], run.began_at))
        asking |= follows
        self._brought[id(run)] = list(asking)
        _join(run, list(asking.values()), self._known)
        self.sessions.begin(run)

    def _open_calls_of(self, name: tuple[Server, str]) -> dict[Call, Linked]:
        """Return the calls of a run whose outputs nobody has brought."""
        asking = self._known.get(name)
        calls = [(name[0], call) for call in _asked_for(asking)] if asking is not None else []
        return {call: asking for call in calls if asking is not None and self._asked.get(call) is asking}

    def end(self, run: Linked) -> None:
        """Take the end of a run: its outputs are not brought again, and it may have asked for more calls."""
        if run.end is not None and _has_completed(run.end.run):
            for call in self._brought[id(run)]:
                self._asked.pop(call, None)
        for name in _asked_for(run):
            self._asked[run.server, name] = run
        self.sessions.end(run)


def _find_links(runs: Iterable[Linked]) -> None:
    links = _Links()
    moments = [(run.began_at, 0, run.run_id, run) for run in runs]
    moments += [(max(run.answered_at, run.began_at), 1, run.run_id, run) for run in runs]
    for _, ends, _, run in sorted(moments, key=lambda moment: moment[:3]):
        if ends:
            links.end(run)
        else:
            links.begin(run)
    links.sessions.put_in()


def _join(run: Linked, asking: Sequence[Linked], known: dict[tuple[Server, str], Linked]) -> None:
    """Put a run into the turn of those before it."""
    if asking and run.turn_id in {None, run.run_id}:
        newest = max(asking, key=lambda other: other.began_at)
        run.turn_id = newest.turn_id or newest.run_id
        run.answers = tuple(dict.fromkeys((*run.answers, *(other.run_id for other in asking))))
        _inherit(run, newest)
    elif run.turn_id is not None and (first := known.get((run.server, run.turn_id))) is not None:
        # Its process saw the run before it; another process saw the run before that one.
        run.turn_id = first.turn_id or run.turn_id
        if first is not run and (run.is_merged or first.is_merged):
            _inherit(run, first)


def _inherit(run: Linked, asking: Linked) -> None:
    """Give a run the attributes and the trace of the run that it answers, if it has none itself."""
    mine, theirs = run.events[0], asking.events[0]
    for name, nothing in (("attributes", NO_ATTRIBUTES), ("trace_id", None), ("carried", None)):
        known = asking.inherited.get(name, getattr(theirs, name))
        if getattr(mine, name) == nothing and known != nothing:
            run.inherited[name] = known


def _outputs(messages: Iterable[Message]) -> Iterator[tuple[str, ToolResultPart]]:
    for message in messages:
        for part in message.parts:
            if isinstance(part, ToolResultPart) and part.id is not None:
                yield part.id, part


def _has_completed(run: Run) -> bool:
    """Return whether the outputs that it brought are not brought again.

    The app may repeat a run that failed or was cancelled. An error of a run that ended as it should is the
    app's: an answer that the SDK could not parse.
    """
    ended = bool(run.status_history) and run.status_history[-1].stage == "ended"
    as_it_should = run.incomplete_reason is None and not run.failed and run.status != "cancelled"
    return run.finished and as_it_should and (run.error is None or ended)


def _asked_for(run: Linked) -> set[str]:
    """Return the calls that a run left to the app, or to a person, who may answer them."""
    if run.end is not None:
        calls: Iterable[ToolCall] = run.end.run.tool_calls if run.end.run.one_generation else ()
    else:
        calls = (event.tool_call for event in run.events if isinstance(event, ToolCallRequested))
    return {call.id for call in calls if not call.hosted and not _is_over(call)}


def _is_over(call: ToolCall) -> bool:
    """Whether a call ended unanswered with its run, which failed, or was cut: that takes no outputs."""
    return not is_answered(call) and _has_answer(call)


# -- what was found, put into the events ------------------------------------------------------------------


def _with_links(linked: Linked) -> list[Event]:
    """Return the events of a run with its links; the same list, if the links add nothing."""
    events = list(linked.events)
    for place, event in enumerate(events):
        if isinstance(event, RunCreated) and event.turn_id != linked.turn_id:
            events[place] = replace(event, turn_id=linked.turn_id)
        elif isinstance(event, RunEnded):
            events[place] = _ended(event, linked)
        elif isinstance(event, ToolCallCompleted) and event.tool_call.id in linked.outputs:
            call = _answered(event.tool_call, linked)
            if call is not event.tool_call:
                events[place] = replace(event, time=call.ended_at or event.time, tool_call=call)
    events += _answers(linked)
    if linked.inherited:
        return [_as_inherited(event, linked.inherited) for event in events]
    same = len(events) == len(linked.events)
    return linked.events if same and all(map(_is_same, events, linked.events)) else events


def _as_inherited(event: Event, inherited: dict[str, Any]) -> Event:
    if isinstance(event, RunEnded):
        of_run = {name: value for name, value in inherited.items() if name != "trace_id"}
        event = replace(event, run=replace(event.run, **of_run))
    return replace(event, **inherited)


def _is_same(one: Event, other: Event) -> bool:
    return one is other


def _ended(event: RunEnded, linked: Linked) -> RunEnded:
    run = event.run
    steps = tuple(_step(step, linked) for step in run.steps) if linked.outputs else run.steps
    changed = any(new is not old for new, old in zip(steps, run.steps, strict=True))
    known = (linked.turn_id, linked.answers, linked.session_key)
    if not changed and known == (run.turn_id, run.answers, run.session_key):
        return event
    ends = [call.ended_at for step in steps for call in step.tool_calls if call.ended_at is not None]
    ended_at = max([run.ended_at or 0, *ends]) if changed else run.ended_at
    turn_id, answers, session_key = known
    run = replace(
        run, steps=steps, ended_at=ended_at, turn_id=turn_id, answers=answers, session_key=session_key
    )
    return replace(event, run=run, time=max(event.time, ended_at or 0))


def _step(step: Step, linked: Linked) -> Step:
    calls = tuple(_answered(call, linked) for call in step.tool_calls)
    if all(new is old for new, old in zip(calls, step.tool_calls, strict=True)):
        return step
    ends = [call.ended_at for call in calls if call.ended_at is not None]
    return replace(step, tool_calls=calls, ended_at=max([step.ended_at or 0, *ends]))


def _answered(call: ToolCall, linked: Linked) -> ToolCall:
    """Return the call with its output, if it has none and another run brought one."""
    if call.id not in linked.outputs or call.hosted or _has_answer(call):
        return call
    part, at = linked.outputs[call.id]
    ended_at = max(at, call.started_at or 0)
    return replace(call, output=part.output, results=part.results, ended_at=ended_at, error=None)


def _has_answer(call: ToolCall) -> bool:
    return is_answered(call) or (call.error is not None and not is_given_up(call))


def _answers(linked: Linked) -> Iterator[ToolCallCompleted]:
    """Yield the ends of the calls that only another process answered."""
    completed = {event.tool_call.id for event in linked.events if isinstance(event, ToolCallCompleted)}
    for event in linked.events:
        if isinstance(event, ToolCallRequested) and event.tool_call.id not in completed:
            call = _answered(event.tool_call, linked)
            if call is not event.tool_call:
                yield ToolCallCompleted(
                    time=call.ended_at or event.time,
                    source=event.source,
                    provider=event.provider,
                    server_address=event.server_address,
                    server_port=event.server_port,
                    attributes=event.attributes,
                    trace_id=event.trace_id,
                    carried=event.carried,
                    run_id=event.run_id,
                    thread_id=event.thread_id,
                    step_id=event.step_id,
                    tool_call=call,
                )
