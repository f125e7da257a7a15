"""What must hold of merging, whatever an app did: several processes that each saw a part, merged, are one.

What the app of a program did is played once more, by one recorder that sees all of it, and by several that
each see some of the calls.
"""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import threadtrail
from recording.invariants import check_story
from threadtrail.events import Event, RunEnded, RunStatusChanged, TurnEnded
from threadtrail.recording.interpreter import Interpreter
from threadtrail.recording.observation import Call
from threadtrail.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from threadtrail.values import Message, Run

SPLITS = 3
PROCESSES = 5
PATIENT: dict[str, Any] = {"settle_seconds": 600.0, "run_timeout_seconds": 900.0, "tool_wait_seconds": 600.0}
"""Nothing is published before its time: what comes after that would be lost to one, and not to several."""

MAY_DIFFER = {
    # Counted by each process that publishes the run; one that publishes it stops counting when it has ended.
    "poll_count",
    "retry_count",
    "resumed",
    # Of a run that nobody saw end, whose last status came back: see ``check_status``.
    "status",
    "awaits_outputs",
    # Of what only a process saw that never looked at the run itself, or took it for history: nobody can say.
    "error",
    "status_history",
    "steps",
    "output",
    "input",
    "input_repeated",
    "started_at",
    "answered_at",
    "ended_at",
    "first_output_at",
    # Seen by a process that does not follow the run, it is not published.
    "deleted",
    # As the last look has it; nobody can tell which one that was.
    "metadata",
    # Of a run that a process answered whose request failed, or in whose turn such a run is.
    "answers",
    "turn_id",
}
"""The fields of a run that need not be equal; what must hold of them is checked one by one."""


class Notes:
    """What a recorder was given, call by call, as it was before the recorder had it."""

    def __init__(self) -> None:
        self.taken: list[tuple[Call | None, Any]] = []
        self._calls: dict[int, tuple[Call, Call]] = {}

    def take(self, observation: Any) -> None:
        call = observation if isinstance(observation, Call) else getattr(observation, "call", None)
        if call is None:
            self.taken.append((None, observation))
            return
        # The original is kept as well, so that its id is not used again.
        mine, _ = self._calls.setdefault(id(call), (copy.copy(call), call))
        for name in ("request", "query", "request_id", "is_stream", "started_at", "known_ids", "url"):
            setattr(mine, name, getattr(call, name))
        mine.retry_count = call.retry_count or mine.retry_count
        self.taken.append((mine, None if observation is call else dataclasses.replace(observation)))


@contextlib.contextmanager
def noted() -> Iterator[Notes]:
    """Note what recorders are given."""
    notes, handle = Notes(), Interpreter.handle

    def noting(self: Interpreter, observation: Any, now: float) -> None:
        notes.take(observation)
        handle(self, observation, now)

    Interpreter.handle = noting  # type: ignore[method-assign]
    try:
        yield notes
    finally:
        Interpreter.handle = handle  # type: ignore[method-assign]


class Process:
    """A recorder that is given what one process of the app saw, by its ``clock``."""

    def __init__(self, clock: Callable[[int], int] = lambda time: time) -> None:
        self.events: list[Event] = []
        self._clock = clock
        self._calls: dict[int, Call] = {}
        readers = {source.name: source.reader for source in SOURCES}
        self._interpreter = Interpreter(lambda event, _contexts: self.events.append(event), readers)
        self._interpreter.following.ends.configure(max_open_runs=1_000, **PATIENT)

    def take(self, call: Call | None, observation: Any) -> None:
        if call is not None:
            mine = self._own(call)
            observation = mine if observation is None else dataclasses.replace(observation, call=mine)
        is_call = isinstance(observation, Call)
        now = (call.started_at if call is not None and is_call else observation.time) / 1e9
        if not is_call:
            observation = dataclasses.replace(observation, time=self._clock(observation.time))
        self._interpreter.handle(observation, now)
        self._interpreter.tick(now)

    def _own(self, call: Call) -> Call:
        if id(call) not in self._calls:
            own = self._calls[id(call)] = copy.copy(call)
            own.started_at = self._clock(call.started_at)
        return self._calls[id(call)]

    def end(self, time: int) -> list[Event]:
        self._interpreter.end_all(time)
        return self.events


def check_merging(notes: Notes) -> None:
    """Check that however the calls are spread over processes, merged they are as if there was one.

    Raises:
        AssertionError: something does not hold.
    """
    one = play(notes, Random(0), 1)[0]  # noqa: S311 - so that it is the same again
    alone = threadtrail.merge(one)
    check_complete(one, alone)
    for seed in range(SPLITS):
        random = Random(seed)  # noqa: S311 - as above
        parts = play(notes, random, random.randint(2, PROCESSES))
        events = [event for part in parts for event in part]
        merged = threadtrail.merge(events)
        check_story(merged)
        check_repeats(events, merged, random)
        check_same(merged, alone)


def play(notes: Notes, random: Random, count: int) -> list[list[Event]]:
    """Return what so many processes publish which see some of the calls each."""
    processes = [Process() for _ in range(count)]
    whose: dict[int, Process] = {}
    end = 0
    for call, observation in notes.taken:
        process = processes[0] if call is None else whose.setdefault(id(call), random.choice(processes))
        process.take(call, observation)
        end = max(end, getattr(observation, "time", 0))
    return [process.end(end + 1) for process in processes]


def check_complete(own: Sequence[Event], merged: Sequence[Event]) -> None:
    """What one process published is as it was, each event once, but for runs that went on after an end."""
    check_story(merged)
    apart = went_on(own)
    left = [event for event in own if getattr(event, "run_id", None) not in apart]
    assert [event for event in left if event not in merged and not isinstance(event, TurnEnded)] == []
    assert threadtrail.merge(merged) == merged


def went_on(own: Sequence[Event]) -> set[str]:
    """Return the runs that were published as unfinished, and then seen to end, or with another status.

    Merged, they end when they were last seen, and so do the steps and calls that were given up with them.
    """
    ended_so_far: set[str] = set()
    found: set[str] = set()
    for event in own:
        if isinstance(event, RunEnded):
            (found if event.supersedes else ended_so_far).add(event.run.id)
        elif isinstance(event, RunStatusChanged) and event.run_id in ended_so_far:
            found.add(event.run_id)
    return found


def check_repeats(events: list[Event], merged: tuple[Event, ...], random: Random) -> None:
    """Neither the order nor repeats matter; what was merged stays so."""
    mixed = [*events, *random.sample(events, len(events) // 2)]
    random.shuffle(mixed)
    assert threadtrail.merge(mixed) == merged
    assert threadtrail.merge(merged) == merged


def check_same(merged: Sequence[Event], alone: Sequence[Event]) -> None:
    """What was merged is what one process published that saw all of it."""
    runs, whole = ended(merged), ended(alone)
    assert runs.keys() == whole.keys()
    for run_id, run in runs.items():
        check_run(run, whole[run_id])
    counts = Counter(type(event).__name__ for event in merged)
    expected = Counter(type(event).__name__ for event in alone)
    for once in ("RunCreated", "RunEnded", "RequestFailed", "AssistantCreated", "ThreadCreated"):
        assert counts[once] == expected[once], once


def ended(events: Sequence[Event]) -> dict[str, Run]:
    return {event.run.id: event.run for event in events if isinstance(event, RunEnded)}


def check_run(run: Run, whole: Run) -> None:
    """A merged run is the whole one, but for what no process could relate to it."""
    if whole.finished and not run.finished:
        # Whoever saw it over took it for history: a response in the foreground, or a run in a list.
        return
    for field in dataclasses.fields(run):
        if field.name not in MAY_DIFFER:
            assert getattr(run, field.name) == getattr(whole, field.name), (run.id, field.name)
    check_status(run, whole)
    check_parts(run, whole)


def check_status(run: Run, whole: Run) -> None:
    """The status of a merged run is that of the whole one, unless the whole one had that status twice.

    A process that saw the run with the same status before and after another one, which only others saw,
    publishes no change: nobody knows that the status came back.
    """
    statuses, expected = ([change.status for change in each.status_history] for each in (run, whole))
    assert is_part(statuses, expected)
    assert run.status == (statuses[-1] if statuses else None) or run.finished
    if whole.finished or whole.status not in expected[:-1]:
        assert statuses[-1:] == expected[-1:]
        assert (run.status, run.awaits_outputs) == (whole.status, whole.awaits_outputs)


def check_parts(run: Run, whole: Run) -> None:
    """Steps, calls and messages are those of the whole run.

    There may be more of them: one process looks no further once it has seen all that was used.
    """
    known = {step.id: step for step in whole.steps if step.id is not None}
    for step in run.steps:
        same = known.get(step.id or "")
        if same is not None:
            assert step.usage in {same.usage, None} or same.usage is None, (step, same)
    calls = {call.id: call for call in whole.tool_calls}
    for call in run.tool_calls:
        if call.id in calls:
            assert call.output in {None, calls[call.id].output}
    messages = {message.id: message for message in whole.output}
    for message in run.output:
        if message.id in messages:
            check_text(message, messages[message.id])


def check_text(message: Message, whole: Message) -> None:
    """A merged message has the text of the whole one; of one that no process saw whole, perhaps a part.

    A process that only takes up the stream of a run again never sees the run itself.
    """
    if "in_progress" in {message.status, whole.status}:
        assert message.text in whole.text or whole.text in message.text
    else:
        assert message.text == whole.text


def is_part(some: Sequence[object], of: Sequence[object]) -> bool:
    """Whether these stand among the others, in this order."""
    rest = iter(of)
    return all(each in rest for each in some)
