"""A turn: the runs from a question to its answer, and where their time went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from threadtrail.values import Assistant, Caller, Failure, Message, ToolCall, Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.values import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpent:
    """Where the time of a turn went, in nanoseconds. The sum is the length of the turn.

    Of what happens at the same time, the first in the order ``generating``, ``queued``, ``person``, ``tools``
    counts.

    Attributes:
        queued: a run waited for the server to work on it.
        generating: the server worked on a run.
        tools: the app had calls to answer.
        person: a person had to approve a call.
        other: the rest, such as the app's own work between two requests.
    """

    queued: int = 0
    generating: int = 0
    tools: int = 0
    person: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The runs from a question to its answer, where later runs bring the outputs of calls of earlier ones.

    A turn in which no call was left to the app, or to a person, is one run and has no ``TurnEnded``.

    Attributes:
        id: the id of its first run, as in ``Run.turn_id``.
        run_ids: its runs, in order.
        model: the model of the last run.
        status: the status of the last run.
        finished: false if the turn was given up before its last run, or the output of a call, was seen.
        input: the input of the first run, without the items that an earlier turn of the session had.
        output: the output of the last run.
        tool_calls: the calls of all runs, in order.
        usage: the sum of all runs.
        error: the error of the last run.
        called_by: the tool call that the first run was begun for, in ``threadtrail.tool()``.
    """

    id: str
    run_ids: tuple[str, ...] = ()
    thread_id: str | None = None
    session_key: str | None = None
    assistant: Assistant | None = None
    model: str | None = None
    status: str | None = None
    finished: bool = False
    started_at: int | None = None
    ended_at: int | None = None
    input: tuple[Message, ...] = ()
    output: tuple[Message, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage | None = None
    error: Failure | None = None
    time_spent: TimeSpent = TimeSpent()
    called_by: Caller | None = None

    @property
    def failed(self) -> bool:
        """Whether the last run ended in an error, although HTTP said 200: ``failed`` or ``expired``."""
        return self.status in {"failed", "expired"}

    def _repr_html_(self) -> str:
        """Return the turn as a notebook shows it."""
        from threadtrail.notebook.records import turn_html  # noqa: PLC0415 - only notebooks need it

        return turn_html(self)


def turn_of(runs: Sequence[Run], *, finished: bool) -> Turn:
    """Return the turn of these runs, which are one or more, in order.

    Each run has its calls as they are known at the end of the turn.
    """
    first, last = runs[0], runs[-1]
    calls = tuple(call for run in runs for call in run.tool_calls)
    started_at = min((run.created_at for run in runs if run.created_at is not None), default=None)
    ends = [*(_answered_at(run) for run in runs), *(call.ended_at for call in calls)]
    ended_at = max((end for end in ends if end is not None), default=None)
    return Turn(
        id=first.turn_id or first.id,
        run_ids=tuple(run.id for run in runs),
        thread_id=last.thread_id or first.thread_id,
        session_key=first.session_key,
        assistant=first.assistant,
        model=last.model,
        status=last.status,
        finished=finished,
        started_at=started_at,
        ended_at=ended_at,
        input=first.new_input,
        output=last.output,
        tool_calls=calls,
        usage=add_usages(map(usage_of, runs)),
        error=last.error,
        called_by=first.called_by,
        time_spent=time_spent(runs, started_at or 0, ended_at or started_at or 0),
    )


TOTALS = ("input_tokens", "output_tokens", "total_tokens")
PARTS = ("cached_input_tokens", "cache_write_input_tokens", "reasoning_tokens")


def add_usages(usages: Iterable[Usage | None]) -> Usage | None:
    """Return the sum of usages; ``None`` if there are none. A part that no usage has is ``None``."""
    known = [usage for usage in usages if usage is not None]
    if not known:
        return None
    totals = {name: sum(getattr(usage, name) for usage in known) for name in TOTALS}
    known_parts = {name: [n for usage in known if (n := getattr(usage, name)) is not None] for name in PARTS}
    return Usage(**totals, **{name: sum(numbers) for name, numbers in known_parts.items() if numbers})


def usage_of(run: Run) -> Usage | None:
    """Return the tokens of a run: the server's numbers for it, else the sum of those of its steps."""
    return run.usage or add_usages(step.usage for step in run.steps)


def _answered_at(run: Run) -> int | None:
    """Return when the model's answer was seen: a run may be published later, with its calls answered."""
    return run.answered_at if run.answered_at is not None else run.ended_at


# -- where the time went --------------------------------------------------------------------------------

Interval = tuple[int, int]

ORDER = ("generating", "queued", "person", "tools")
"""Of what happens at the same time, the first one counts."""


def time_spent(runs: Sequence[Run], start: int, end: int) -> TimeSpent:
    """Return where the time between ``start`` and ``end`` (Unix nanoseconds) went."""
    spent = dict.fromkeys(ORDER, 0)
    for kind, (since, until) in timeline(runs, start, end):
        spent[kind] += until - since
    return TimeSpent(**spent, other=max(0, end - start) - sum(spent.values()))


def timeline(runs: Sequence[Run], start: int, end: int) -> list[tuple[str, Interval]]:
    """Return what happened between ``start`` and ``end`` (Unix nanoseconds), in order, without overlaps.

    The kinds are those of ``TimeSpent``; the time between two intervals is ``other``.
    """
    by_kind: dict[str, list[Interval]] = {kind: [] for kind in ORDER}
    for run in runs:
        for kind, interval in _intervals(run):
            by_kind[kind].append(interval)
    taken: list[Interval] = []
    spent: list[tuple[str, Interval]] = []
    for kind in ORDER:
        free = _without(_clipped(by_kind[kind], start, end), taken)
        spent += [(kind, interval) for interval in free]
        taken = _merged([*taken, *free])
    return sorted(spent, key=lambda item: item[1])


def _intervals(run: Run) -> Iterator[tuple[str, Interval]]:
    """Yield each kind of time in a run, with its start and its end."""
    waiting: list[Interval] = []
    for call in run.tool_calls:
        if not call.hosted and call.started_at is not None and call.ended_at is not None:
            waiting.append((call.started_at, call.ended_at))
            yield ("person" if call.executed_by == "human" else "tools"), waiting[-1]
    created, answered = run.created_at, _answered_at(run)
    if created is None or answered is None:
        return
    # Without a background there is no queue: the first event of a stream takes its time, as an answer does.
    may_queue = run.background or not run.one_generation
    started = run.started_at if may_queue and run.started_at is not None else created
    yield "queued", (created, started)
    # An assistant's run waits for its calls; a response has ended when it asks for them.
    working = [(started, answered)]
    for interval in working if run.one_generation else _without(working, _merged(waiting)):
        yield "generating", interval


def _clipped(intervals: list[Interval], start: int, end: int) -> list[Interval]:
    return _merged([(max(since, start), min(until, end)) for since, until in intervals])


def _merged(intervals: list[Interval]) -> list[Interval]:
    """Return the intervals in order, those that touch as one, without empty ones."""
    merged: list[Interval] = []
    for since, until in sorted(interval for interval in intervals if interval[0] < interval[1]):
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(until, merged[-1][1]))
        else:
            merged.append((since, until))
    return merged


def _without(intervals: list[Interval], taken: list[Interval]) -> list[Interval]:
    """Return the parts of the intervals that lie in none of ``taken``; both are in order, and merged."""
    left: list[Interval] = []
    for since, until in intervals:
        at = since
        for begin, finish in taken:
            if finish <= at or begin >= until:
                continue
            if begin > at:
                left.append((at, begin))
            at = finish
        if at < until:
            left.append((at, until))
    return left
