"""Draws a small waterfall: a bar for each part of a run or a turn, in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from threadtrail.exporters.console_text import counted, duration, shortened, taken
from threadtrail.notebook.html import Html, dim, element
from threadtrail.shape import shape
from threadtrail.shape.times import Interval, run_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from threadtrail.turn import TimeSpent, Turn
    from threadtrail.values import Run, ToolCall

MAX_BARS = 12
LABEL_LENGTH = 30


class Bar(NamedTuple):
    """A part: its name, its time, and its kind (``queued``, ``generating``, ``tools``, ``person``)."""

    name: str
    spent_on: str
    when: Interval


def run_bars(run: Run) -> Html | None:
    """Return the waterfall of a run."""
    within = run_interval(run)
    return _waterfall(list(_parts(run, within)), within)


def turn_bars(turn: Turn) -> Html | None:
    """Return the waterfall of a turn: the parts of its time, and below them its tool calls."""
    if turn.started_at is None or turn.ended_at is None:
        return None
    within = Interval(turn.started_at, max(turn.started_at, turn.ended_at))
    calls = [
        Bar(call.name, _spent_on(call), within.fit(call.started_at, call.ended_at))
        for call in turn.tool_calls
        if call.started_at is not None and call.ended_at is not None
    ]
    return _waterfall(calls, within, _stacked(turn.time_spent, within))


def _parts(run: Run, within: Interval) -> Iterator[Bar]:
    waits = run.background or not run.one_generation
    began = run.started_at if waits and run.started_at is not None else within.start
    if began > within.start:
        yield Bar("queued", "queued", within.fit(within.start, began))
    working = Interval(within.around(began), within.end)
    for span in shape(run).walk():
        if span.kind != "agent":
            spent_on = "generating" if span.tool_call is None else _spent_on(span.tool_call)
            yield Bar(span.name, spent_on, working.fit(span.start, span.end))


def _spent_on(call: ToolCall) -> str:
    return "person" if call.executed_by == "human" else "tools"


def _waterfall(bars: list[Bar], within: Interval, first: Html | None = None) -> Html | None:
    if within.start == within.end or not (bars or first):
        return None
    shown = bars[:MAX_BARS]
    lines = [cell for bar in shown for cell in _line(bar, within)]
    if first is not None:
        lines = [dim("time"), first, dim(duration(within.end - within.start)), *lines]
    if len(bars) > len(shown):
        lines.append(dim(f"and {counted(len(bars) - len(shown), 'more part')}"))
    return element("div", *lines, name="tt-rows tt-bars")


def _line(bar: Bar, within: Interval) -> Iterable[Html]:
    before = _percent(bar.when.start - within.start, within)
    drawn = element(
        "div",
        name=f"tt-{bar.spent_on}",
        style=f"margin-left:{before};width:{_percent(bar.when.end - bar.when.start, within)}",
    )
    yield dim(shortened(bar.name, LABEL_LENGTH))
    yield element("div", drawn, name="tt-track")
    yield dim(taken(*bar.when))


def _stacked(spent: TimeSpent, within: Interval) -> Html:
    """Return one bar with the sum of each kind of time, not in chronological order."""
    parts = {name: getattr(spent, name) for name in ("queued", "generating", "tools", "person")}
    drawn = [
        element("div", name=f"tt-{name}", style=f"width:{_percent(time, within)}")
        for name, time in parts.items()
        if time
    ]
    return element("div", *drawn, name="tt-track")


def _percent(time: int, within: Interval) -> str:
    return f"{100 * time / (within.end - within.start):.2f}%"
