"""What threadtrail costs, beside the bare SDK in the same process, and beside other tools.

    python -m benchmarks                 added time, total CPU and memory, in about a minute and a half
    python -m benchmarks --quick         the same in seconds: that it runs, not how fast
    python -m benchmarks --peer NAME     also one other tool, in an environment of its own
    python -m benchmarks --peers         also all of them

All times are microseconds. Requests are answered within the process, so there is no network in them.
Without and with the tool are measured in pairs, in alternating order; what is printed is the median of
the pairs' differences, and half of its 95 % interval behind the ±.
"""

from __future__ import annotations

import argparse
import os
import platform
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import openai
from benchmarks.comparing import LONG_STREAM_DELTAS, QUICK, SHORT_STREAM_DELTAS, THOROUGH, Comparison, Effort
from benchmarks.memory import sizes_in_child
from benchmarks.peers import NAMES, measure_peer, measure_runs
from benchmarks.table import added, ratio, show
from benchmarks.workloads import CALL_NAMES, RUN_CALLS, calls, streamed

if TYPE_CHECKING:
    from benchmarks.measuring import Measured

CALL_GOAL, EVENT_GOAL = 15.0, 3.0
"""Microseconds of the user's thread that a call and a streamed event may cost."""

MEGABYTE = 1_048_576


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal and how near it was come to, in microseconds."""

    what: str
    limit: float
    reached: float

    def __str__(self) -> str:
        """One line: within or over."""
        verdict = "within" if self.reached <= self.limit else "OVER"
        return f"{self.what}: {self.reached:.1f} us, {verdict} the goal of {self.limit:.0f} us"


def main() -> None:
    """Measure and print what the command line asks for."""
    options = _options()
    effort = QUICK if options.quick else THOROUGH
    _say_where()
    comparison = Comparison("threadtrail")
    goals = [_calls(comparison, effort), _streams(comparison, effort)]
    _runs(comparison, effort, NAMES if options.peers else options.peer)
    _memory(effort)
    print()
    for goal in goals:
        print(goal)


def _options() -> argparse.Namespace:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=description)
    parser.add_argument("--quick", action="store_true", help="few repetitions: numbers mean little")
    parser.add_argument("--peer", choices=NAMES, action="append", default=[], help="also measure this tool")
    parser.add_argument("--peers", action="store_true", help="also measure every tool that is compared")
    return parser.parse_args()


def _say_where() -> None:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"openai {openai.__version__}, CPython {platform.python_version()}, {os.cpu_count()} cores{load}")
    print("A machine that does other things as well makes the margins (±) wide; the control shows how wide.")


def _calls(comparison: Comparison, effort: Effort) -> Goal:
    header = ["added per call, us", "bare", "CPU of the caller", "ratio", "wall time", "ratio"]
    rows, worst = [], 0.0
    for kind, is_async, control in (("control", False, True), ("sync", False, False), ("async", True, False)):
        measured = comparison.measure(calls(is_async=is_async), effort.calls, control=control)
        for name in CALL_NAMES:
            thread, wall = measured.call_thread[name].summary(), measured.call_wall[name].summary()
            cells = [f"{thread.bare:.0f}", added(thread), ratio(thread), added(wall), ratio(wall)]
            rows.append([f"{name} ({kind})", *cells])
            worst = worst if control else max(worst, thread.added)
    show("One call; control: nothing on both sides", header, rows)
    return Goal("added per call, at the most", CALL_GOAL, worst)


def _streams(comparison: Comparison, effort: Effort) -> Goal:
    header = ["added per event, us", "bare", "CPU of the caller", "ratio", "wall time", "ratio"]
    rows, worst = [], 0.0
    for is_async in (False, True):
        for deltas, pairs in (
            (LONG_STREAM_DELTAS, effort.long_streams),
            (SHORT_STREAM_DELTAS, effort.short_streams),
        ):
            workload = streamed(deltas, is_async=is_async)
            measured = comparison.measure(workload, pairs)
            row = f"{workload.events} events ({'async' if is_async else 'sync'})"
            rows.append([row, *_per_event(measured, workload.events)])
            if deltas == LONG_STREAM_DELTAS:
                worst = max(worst, measured.thread.summary(workload.events).added)
    show("One streamed event; a stream's own call is spread over its events", header, rows)
    return Goal("added per event of a long stream, at the most", EVENT_GOAL, worst)


def _per_event(measured: Measured, events: int) -> list[str]:
    thread, wall = measured.thread.summary(events), measured.wall.summary(events)
    return [f"{thread.bare:.1f}", added(thread), ratio(thread), added(wall), ratio(wall)]


def _runs(comparison: Comparison, effort: Effort, peers: tuple[str, ...] | list[str]) -> None:
    measured = [measure_runs(comparison, effort.runs, control=control) for control in (True, False)]
    measured += [measure_peer(name, effort.runs) for name in peers]
    rows = []
    for runs in measured:
        cells = [f"{runs.total.bare:.0f}"]
        for summary in (runs.total, runs.thread, runs.wall):
            cells += [added(summary), ratio(summary)]
        unit = ("run" if runs.name == "threadtrail" else "span") + ("s" if runs.recorded != 1 else "")
        rows.append([runs.name, *cells, f"{runs.recorded:g} {unit}" if runs.recorded else "-"])
    kinds = ("CPU, all threads", "CPU of the caller", "wall time")
    columns = [column for kind in kinds for column in (kind, "ratio")]
    header = ["added per call, us", "bare", *columns, "records"]
    title = f"A run of {RUN_CALLS} calls, until all is delivered; records: what one run becomes"
    show(title, header, rows)


def _memory(effort: Effort) -> None:
    counts = list(effort.memory)
    rows = []
    # Side by side: nothing is timed here, and a hundred thousand runs take a while.
    with ThreadPoolExecutor() as pool:
        kinds = ("open", "finished")
        measured = [pool.submit(sizes_in_child, "threadtrail", kind, counts) for kind in kinds]
        bare = sizes_in_child("nothing", "finished", counts)
    for kind, future in zip(kinds, measured, strict=True):
        ours = future.result()
        for count, without, with_us in zip(counts, bare, ours, strict=True):
            more = with_us - without
            cells = [f"{value / MEGABYTE:.1f}" for value in (without, with_us, more)]
            rows.append([f"{count:,} {kind} run{'s' * (count > 1)}", *cells, f"{with_us / without:.2f}"])
    header = ["resident memory, MiB", "bare", "threadtrail", "more", "ratio"]
    show("Memory; open: created and never looked at again", header, rows)


if __name__ == "__main__":
    main()
