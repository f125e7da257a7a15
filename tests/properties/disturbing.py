"""What must hold whatever disturbs the processes of an app: clocks that are wrong, ids used again, kills.

What the app of a program did is played once more, as in ``splitting``, with each of these.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any

import threadtrail
from properties.splitting import PROCESSES, Process, check_repeats, ended
from recording.invariants import check_chain, check_story
from threadtrail.events import (
    Event,
    RunCreated,
    RunEnded,
    RunStatusChanged,
    ToolCallCompleted,
    ToolCallRequested,
)
from threadtrail.recording.observation import Call

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from properties.splitting import Notes
    from threadtrail.values import Run

    Renamed = Callable[[re.Match[str]], str]

SECOND = 1_000_000_000
OFFSETS = [0, SECOND, -SECOND, 5 * SECOND, -5 * SECOND, 3_600 * SECOND, -3_600 * SECOND]
"""By how much a clock is wrong, in nanoseconds."""

RUN_ID = re.compile("(?:resp|run)_[0-9a-zA-Z]+")
IDS = 2
"""How many ids a server has for its runs that uses them again."""


def check_disturbed(notes: Notes) -> None:
    """Check that no run is counted twice, nor lost, by what disturbs the processes that see it.

    Raises:
        AssertionError: something does not hold.
    """
    alone = ended(threadtrail.merge(played(notes.taken, [Process()], Random(0))))  # noqa: S311 - the same again
    random = Random(1)  # noqa: S311 - as above
    check_clock_that_jumps(notes, alone, random)
    check_clocks_that_differ(notes, alone, random)
    check_killed(notes, alone, random)
    check_ids_used_again(notes, random)


def check_clock_that_jumps(notes: Notes, alone: dict[str, Run], random: Random) -> None:
    """A clock that is set back, or forward, changes nothing but times."""
    times = sorted(observation.time for _, observation in notes.taken if hasattr(observation, "time"))
    jumps = sorted(random.choices(times, k=3)) if times else []
    offsets = [0, *random.choices(OFFSETS, k=len(jumps))]
    process = Process(clock=lambda time: time + offsets[bisect(jumps, time)])
    events = played(notes.taken, [process], random)
    check_story(events)
    runs = ended(events)
    check_same(runs, alone)
    assert {run_id: calls_of(run) for run_id, run in runs.items()} == {
        run_id: calls_of(run) for run_id, run in alone.items()
    }


def check_clocks_that_differ(notes: Notes, alone: dict[str, Run], random: Random) -> None:
    """Processes whose clocks differ are merged as if they did not, but for times."""
    processes = [Process(clock=ahead(random.choice(OFFSETS))) for _ in range(random.randint(2, PROCESSES))]
    events = played(notes.taken, processes, random)
    merged = threadtrail.merge(events)
    check_story(merged)
    check_repeats(events, merged, random)
    check_same(ended(merged), alone)


def check_killed(notes: Notes, alone: dict[str, Run], random: Random) -> None:
    """Of a process that was killed, what it published counts once; another process goes on."""
    at = random.randint(0, len(notes.taken))
    killed, next_one = Process(), Process()
    seen = {id(call) for call, _ in notes.taken[:at]}
    for call, observation in notes.taken[:at]:
        killed.take(call, observation)
    rest = [(call, observation) for call, observation in notes.taken[at:] if id(call) not in seen]
    events = [*killed.events, *played(rest, [next_one], random)]
    merged = threadtrail.merge(events)
    check_story(merged)
    check_repeats(events, merged, random)
    for run_id, run in ended(merged).items():
        if run.finished:
            assert run.usage in {alone[run_id].usage, None}


def check_ids_used_again(notes: Notes, random: Random) -> None:
    """A server that uses ids again: each run that was created is one, and ends once.

    Whose step it is that is seen later, nobody can say.
    """
    ids: dict[str, str] = {}

    def renamed(found: re.Match[str]) -> str:
        prefix = found[0].partition("_")[0]
        return ids.setdefault(found[0], f"{prefix}_{random.randrange(IDS)}")

    calls: dict[int, Call] = {}
    taken = []
    for call, observation in notes.taken:
        if call is not None and id(call) not in calls:
            calls[id(call)] = replaced(call, renamed)
        changed = None if observation is None else replaced(observation, renamed)
        taken.append((None if call is None else calls[id(call)], changed))
    events = played(taken, [Process()], random)
    for story in stories(events):
        ends = [event for event in story if isinstance(event, RunEnded)]
        assert [end.supersedes for end in ends] == [False, True][: len(ends)]
        check_chain([event for event in story if isinstance(event, RunStatusChanged)])
    assert threadtrail.merge(events)


def replaced(observation: Any, renamed: Renamed) -> Any:
    """Return a copy of an observation, or of a call, with other ids of runs."""
    names = {field.name for field in dataclasses.fields(observation)} - {"call", "stream"}
    if isinstance(observation, Call):
        names = {"known_ids", "url", "request"}
    values = {name: with_other_ids(getattr(observation, name), renamed) for name in names}
    return dataclasses.replace(observation, **values)


def with_other_ids(value: Any, renamed: Renamed) -> Any:
    """Return what was sent, or a part of it, with other ids of runs."""
    match value:
        case str():
            return RUN_ID.sub(renamed, value)
        case bytes():
            return RUN_ID.sub(renamed, value.decode()).encode()
        case list() | tuple():
            return type(value)(with_other_ids(each, renamed) for each in value)
        case dict():
            return {key: with_other_ids(each, renamed) for key, each in value.items()}
    return value


def stories(events: Sequence[Event]) -> list[list[Event]]:
    """Return the events of each run; of those with one id, the next begins with its ``RunCreated``.

    A call may be completed after that.
    """
    found: dict[str, list[list[Event]]] = {}
    for event in events:
        run_id = getattr(event, "run_id", None)
        if run_id is None or event.type == "error":
            continue
        of_id = found.setdefault(run_id, [])
        if isinstance(event, RunCreated) or not of_id:
            of_id.append([])
        story = of_id[-1]
        if isinstance(event, ToolCallCompleted):
            story = next((each for each in of_id if waits_for(each, event)), story)
        story.append(event)
    return [story for of_id in found.values() for story in of_id]


def waits_for(story: Sequence[Event], completed: ToolCallCompleted) -> bool:
    """Whether this call was requested, and not completed."""
    identity = completed.tool_call.id
    of_call = [event for event in story if isinstance(event, (ToolCallRequested, ToolCallCompleted))]
    kinds = [type(event) for event in of_call if event.tool_call.id == identity]
    return kinds[-1:] == [ToolCallRequested]


def played(
    taken: Sequence[tuple[Call | None, Any]], processes: Sequence[Process], random: Random
) -> list[Event]:
    """Return what these processes publish which see some of the calls each."""
    whose: dict[int, Process] = {}
    end = 0
    for call, observation in taken:
        process = processes[0] if call is None else whose.setdefault(id(call), random.choice(processes))
        process.take(call, observation)
        end = max(end, getattr(observation, "time", 0))
    return [event for process in processes for event in process.end(end + 1)]


def ahead(offset: int) -> Callable[[int], int]:
    """Return a clock that is this many nanoseconds ahead."""
    return lambda time: time + offset


def check_same(runs: dict[str, Run], alone: dict[str, Run]) -> None:
    """Each run is there, once, with its end and its tokens; which status was last only the clock can tell."""
    assert runs.keys() == alone.keys()
    for run_id, run in runs.items():
        whole = alone[run_id]
        if whole.finished and not run.finished:
            continue  # whoever saw it over took it for history
        assert (run.finished, run.usage) == (whole.finished, whole.usage)
        assert run.status == whole.status or not run.finished


def calls_of(run: Run) -> Counter[tuple[str, str, str]]:
    """Return the calls of a run, but for their times."""
    return Counter((call.id, call.kind, call.name) for call in run.tool_calls)
