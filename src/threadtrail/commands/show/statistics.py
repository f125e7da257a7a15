"""Numbers about a recording: runs, turns, requests, tool calls, tokens, times."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from threadtrail.commands.durations import SECOND, quantile, span
from threadtrail.prices.amounts import Cost, Costs, total
from threadtrail.prices.costing import cost_or_none
from threadtrail.recordings.contents import contents_of, server_of
from threadtrail.recordings.tools import ToolCalls, late_calls, tools_of, with_outputs
from threadtrail.recordings.turns import UNKNOWN, turns_of
from threadtrail.shape import model_of
from threadtrail.turn import add_usages, usage_of
from threadtrail.values import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from threadtrail.events import Event, RunEnded
    from threadtrail.values import Run

COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Times:
    """Durations in seconds: half of them are at most ``p50``, 95 % at most ``p95``."""

    count: int = 0
    p50: float | None = None
    p95: float | None = None

    @classmethod
    def of(cls, nanoseconds: Iterable[int]) -> Times:
        """Return the quantiles of these durations, by the nearest rank: each is one that was measured."""
        ordered = sorted(duration / SECOND for duration in nanoseconds)
        return cls(len(ordered), quantile(ordered, 50), quantile(ordered, 95)) if ordered else cls()


@dataclass(slots=True, kw_only=True)
class Statistics:
    """Numbers about a recording.

    ``turns`` includes runs that are turns by themselves; ``unfinished_turns`` counts those whose end was not
    seen. ``turn_times`` are the times of turns that ended, ``completed_times`` of those that completed, since
    failing at once does not make a turn fast. ``usage`` and ``costs`` are by model; without ``genai-prices``
    there are no costs.
    """

    runs: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0
    without_end: int = 0
    turns: int = 0
    unfinished_turns: int = 0
    failed_requests: Counter[str] = field(default_factory=Counter)
    tools: dict[str, ToolCalls] = field(default_factory=dict)
    usage: dict[str, Usage] = field(default_factory=dict)
    costs: dict[str, Costs] = field(default_factory=dict)
    cost: Costs | None = None
    run_times: Times = field(default_factory=Times)
    turn_times: Times = field(default_factory=Times)
    completed_times: Times = field(default_factory=Times)
    first_output_times: Times = field(default_factory=Times)
    began: int | None = None
    ended: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values; times in seconds, moments in Unix nanoseconds."""
        return {
            "began": self.began,
            "ended": self.ended,
            "runs": {
                "count": self.runs.total(),
                "by_status": dict(self.runs.most_common()),
                "unfinished": self.unfinished,
                "without_end": self.without_end,
            },
            "turns": self.turns,
            "unfinished_turns": self.unfinished_turns,
            "failed_requests": {
                "count": self.failed_requests.total(),
                "by_error": dict(self.failed_requests.most_common()),
            },
            "tool_calls": {name: asdict(calls) for name, calls in self.tools.items()},
            "tokens": {model: asdict(usage) for model, usage in self.usage.items()},
            "cost": None if self.cost is None else _cost(self.cost),
            "cost_by_model": {model: _cost(costs) for model, costs in self.costs.items()},
            "seconds": {
                "run": asdict(self.run_times),
                "turn": asdict(self.turn_times),
                "completed_turn": asdict(self.completed_times),
                "first_output": asdict(self.first_output_times),
            },
        }


def statistics_of(events: Sequence[Event]) -> Statistics:
    """Return the numbers; if a run was published twice, its last ``RunEnded`` counts."""
    contents = contents_of(events)
    runs = [end.run for end in contents.runs]
    turns = [each.turn for each in turns_of(events)]
    turn_times = [(turn.status, span(turn.started_at, turn.ended_at)) for turn in turns if turn.finished]
    costs = _costs(contents.runs)
    late = late_calls(events)
    answered = (with_outputs(end.run, late.get((server_of(end), end.run.id), ())) for end in contents.runs)
    return Statistics(
        runs=Counter(run.status or UNKNOWN for run in runs),
        unfinished=sum(not run.finished for run in runs),
        without_end=len(contents.open_runs),
        turns=len(turns),
        unfinished_turns=sum(not turn.finished for turn in turns),
        failed_requests=Counter(event.error.type for event in contents.failed_requests),
        tools=tools_of(call for run in answered for call in run.tool_calls),
        usage=_usage(runs),
        costs={model: total(each) for model, each in costs.items()},
        cost=total(each for of_model in costs.values() for each in of_model) if costs else None,
        run_times=Times.of(known(_run_time(run) for run in runs)),
        turn_times=Times.of(known(time for _, time in turn_times)),
        completed_times=Times.of(known(time for status, time in turn_times if status == COMPLETED)),
        first_output_times=Times.of(known(span(run.created_at, run.first_output_at) for run in runs)),
        began=min(known(run.created_at for run in runs), default=None),
        ended=max(known(run.ended_at for run in runs), default=None),
    )


def known(numbers: Iterable[int | None]) -> Iterator[int]:
    """Yield the numbers that are not ``None``."""
    return (number for number in numbers if number is not None)


def _costs(ends: Iterable[RunEnded]) -> dict[str, list[Cost]]:
    """Return the costs of the runs that used tokens, by model; empty without ``genai-prices``."""
    by_model: dict[str, list[Cost]] = {}
    for end in ends:
        found = cost_or_none(end) if usage_of(end.run) is not None else None
        if found is not None:
            by_model.setdefault(_model(end.run), []).append(found)
    return by_model


def _cost(costs: Costs) -> dict[str, Any]:
    """Return costs as JSON values: the amount as text, since it is a decimal number."""
    return {**asdict(costs), "amount": None if costs.amount is None else str(costs.amount)}


def _model(run: Run) -> str:
    return model_of(run) or UNKNOWN


def _usage(runs: Iterable[Run]) -> dict[str, Usage]:
    """Return the tokens by model, the largest total first."""
    by_model: dict[str, list[Usage]] = {}
    for run in runs:
        if (usage := usage_of(run)) is not None:
            by_model.setdefault(_model(run), []).append(usage)
    sums = {model: usage for model, usages in by_model.items() if (usage := add_usages(usages)) is not None}
    return dict(sorted(sums.items(), key=lambda item: -item[1].total_tokens))


def _run_time(run: Run) -> int | None:
    """Return the nanoseconds until the model had answered; None for a run that was not seen to end."""
    ended = run.answered_at if run.answered_at is not None else run.ended_at
    return span(run.created_at, ended) if run.finished else None
