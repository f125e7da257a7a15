"""What threadtrail costs, beside the bare SDK in the same process, and beside other tools.

    python -m benchmarks                 added time, total CPU and memory, in two minutes or so
    python -m benchmarks --quick         the same in seconds, to see that it works; the numbers mean nothing
    python -m benchmarks --peer NAME     also one other tool, in an environment of its own
    python -m benchmarks --peers         also all of them
    python -m benchmarks --part runs     one of the tables alone; may be repeated
    python -m benchmarks --base COMMIT   only what changed since a commit: its tree and this one, alternately

All times are microseconds. Requests are answered within the process, so there is no network in them.
Without and with the tool are measured in pairs, in alternating order; what is printed is the median of
the pairs' differences, and half of its 95 % interval behind the ±. Each row of CPU time is measured again
until that is under two microseconds; where it does not come to that, the last line says so.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import openai
from benchmarks.before import compare
from benchmarks.comparing import LONG_STREAM_DELTAS, QUICK, SHORT_STREAM_DELTAS, THOROUGH, Comparison, Effort
from benchmarks.first_event import times_in_child
from benchmarks.memory import sizes_in_child
from benchmarks.pairs import MICROSECOND
from benchmarks.peers import NAMES, measure_peer, measure_runs
from benchmarks.precision import Imprecise, Rows
from benchmarks.table import added, ratio, ratio_with_margin, show
from benchmarks.workloads import CALL_NAMES, RUN_CALLS, calls
from benchmarks.workloads import streamed as assistants_stream

from benchmarks import response_workloads as responses

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.measuring import Measured

CALL_GOAL, EVENT_GOAL, SIZE_GOAL, FIRST_GOAL = 15.0, 3.0, 5.0, 1_000.0
"""Microseconds of the app's thread that may be added: by a call, by a streamed event, by a megabyte in a
request, by the first events of a process."""

PARTS = ("calls", "responses", "streams", "first", "runs", "memory")

MEGABYTE = 1_048_576

_imprecise = Imprecise()


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
    if options.base:
        _since(options.base, effort)
        return
    comparison = Comparison("threadtrail")
    peers = NAMES if options.peers else options.peer
    parts: dict[str, Callable[[], list[Goal]]] = {
        "calls": lambda: _calls(comparison, effort),
        "responses": lambda: _response_calls(comparison, effort),
        "streams": lambda: _streams(comparison, effort),
        "first": lambda: _first_event(effort),
        "runs": lambda: _runs(comparison, effort, peers),
        "memory": lambda: _memory(effort),
    }
    goals = [goal for name in options.part or PARTS for goal in parts[name]()]
    print()
    for goal in goals:
        print(goal)
    print(_imprecise)


def _since(commit: str, effort: Effort) -> None:
    rows = []
    for name, pairs in compare(commit, effort).items():
        summary = pairs.summary()
        _imprecise.look(name, summary)
        now = summary.bare + summary.added
        rows.append([name, f"{summary.bare:+.1f}", f"{now:+.1f}", added(summary)])
    show(f"Since {commit}", ["added per call, us of CPU", "before", "now", "change"], rows)
    print()
    print(_imprecise)


def _options() -> argparse.Namespace:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=description)
    parser.add_argument(
        "--quick", action="store_true", help="few repetitions, to see that it works; the numbers mean nothing"
    )
    parser.add_argument("--peer", choices=NAMES, action="append", default=[], help="also measure this tool")
    parser.add_argument("--peers", action="store_true", help="also measure every tool that is compared")
    parser.add_argument("--part", choices=PARTS, action="append", help="measure this part alone")
    parser.add_argument(
        "--base", metavar="COMMIT", help="compare with the tree of this commit, and nothing else"
    )
    return parser.parse_args()


def _say_where() -> None:
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"openai {openai.__version__}, CPython {platform.python_version()}, {os.cpu_count()} cores{load}")
    print("A machine that does other things as well makes the margins (±) wide; the control shows how wide.")


HEADER = ["bare", "CPU of the caller", "ratio", "wall time", "ratio"]


def _calls(comparison: Comparison, effort: Effort) -> list[Goal]:
    rows, worst = [], 0.0
    for kind, is_async, control in (("control", False, True), ("sync", False, False), ("async", True, False)):
        measured = comparison.measure(
            calls(is_async=is_async),
            effort.calls,
            control=control,
            most=effort.most,
            rows=_rows_of(CALL_NAMES),
        )
        rows += [_call_row(measured, name, kind) for name in CALL_NAMES]
        worst = worst if control else max(worst, _worst(measured, CALL_NAMES))
    show("One call of Assistants; control: nothing on both sides", ["added per call, us", *HEADER], rows)
    return [Goal("added per call, at most", CALL_GOAL, worst)]


def _response_calls(comparison: Comparison, effort: Effort) -> list[Goal]:
    rows, worst, grown = [], 0.0, 0.0
    for kind, is_async in (("sync", False), ("async", True)):
        for make, names, pairs in (
            (responses.foreground_calls, (responses.CREATE,), effort.calls),
            (responses.background_calls, responses.BACKGROUND_NAMES, effort.calls),
            (responses.sizes, responses.SIZE_NAMES, effort.sizes),
        ):
            workload = make(is_async=is_async)
            measured = comparison.measure(workload, pairs, most=effort.most, rows=_rows_of(names))
            rows += [_call_row(measured, name, kind) for name in names]
            if make is responses.sizes:
                sized = measured
            else:
                worst = max(worst, _worst(measured, names))
        small, large = (sized.call_thread[name].summary() for name in responses.SIZE_NAMES)
        grown = max(grown, large.added - small.added - large.margin)
    show("One call of Responses", ["added per call, us", *HEADER], rows)
    return [
        Goal("added per call of Responses, at most", CALL_GOAL, worst),
        Goal("added by a megabyte in the request, at the least", SIZE_GOAL, grown),
    ]


def _rows_of(names: Sequence[str]) -> Rows:
    return lambda measured: [measured.call_thread[name].summary() for name in names]


def _call_row(measured: Measured, name: str, kind: str) -> list[str]:
    thread, wall = measured.call_thread[name].summary(), measured.call_wall[name].summary()
    _imprecise.look(f"{name} ({kind})", thread)
    cells = [f"{thread.bare:.0f}", added(thread), ratio(thread), added(wall), ratio(wall)]
    return [f"{name} ({kind})", *cells]


def _worst(measured: Measured, names: Sequence[str]) -> float:
    return max(measured.call_thread[name].summary().added for name in names)


def _streams(comparison: Comparison, effort: Effort) -> list[Goal]:
    rows, worst = [], {"Assistants": 0.0, "Responses": 0.0}
    for is_async in (False, True):
        for api, streamed in (("Assistants", assistants_stream), ("Responses", responses.streamed_response)):
            for deltas, pairs in (
                (LONG_STREAM_DELTAS, effort.long_streams),
                (SHORT_STREAM_DELTAS, effort.short_streams),
            ):
                workload = streamed(deltas, is_async=is_async)
                measured = comparison.measure(
                    workload, pairs, most=effort.most, rows=_row_per_event(workload.events)
                )
                row = f"{workload.events} events of {api} ({'async' if is_async else 'sync'})"
                rows.append([row, *_per_event(measured, workload.events)])
                _imprecise.look(row, measured.thread.summary(workload.events))
                if deltas == LONG_STREAM_DELTAS:
                    summary = measured.thread.summary(workload.events)
                    worst[api] = max(worst[api], summary.added)
    title = "One streamed event; a stream's own call is spread over its events"
    show(title, ["added per event, us", *HEADER], rows)
    return [
        Goal(f"added per event of a long stream of {api}, at most", EVENT_GOAL, reached)
        for api, reached in worst.items()
    ]


def _row_per_event(events: int) -> Rows:
    return lambda measured: [measured.thread.summary(events)]


def _per_event(measured: Measured, events: int) -> list[str]:
    thread, wall = measured.thread.summary(events), measured.wall.summary(events)
    return [f"{thread.bare:.1f}", added(thread), ratio(thread), added(wall), ratio(wall)]


def _first_event(effort: Effort) -> list[Goal]:
    processes = [times_in_child() for _ in range(effort.first_events)]
    rows, more = [], []
    for name, column in (("the first", 1), ("the second", 2)):
        differences = [(times[column] - times[0]) / MICROSECOND for times in processes]
        more.append(statistics.median(differences))
        bare = statistics.median(times[0] / MICROSECOND for times in processes)
        rows.append([f"{name} stream of a process", f"{bare:.0f}", f"{more[-1]:+.0f}"])
    header = ["added to the first events, us", "bare", "CPU of the caller"]
    show("The first events that are recorded, up to the second of a stream", header, rows)
    return [Goal("added to the first events of a process", FIRST_GOAL, more[0])]


def _runs(comparison: Comparison, effort: Effort, peers: Sequence[str]) -> list[Goal]:
    measured = [
        measure_runs(comparison, effort.runs, control=control, most=effort.most) for control in (True, False)
    ]
    measured += [measure_peer(name, effort.runs, most=effort.most) for name in peers]
    rows = []
    for runs in measured:
        _imprecise.look(f"a run with {runs.name}", runs.total, runs.thread)
        cells = [f"{runs.total.bare:.0f}"]
        for summary in (runs.total, runs.thread, runs.wall):
            cells += [added(summary), ratio_with_margin(summary)]
        unit = ("run" if runs.name == "threadtrail" else "span") + ("s" if runs.recorded != 1 else "")
        rows.append([runs.name, *cells, f"{runs.recorded:g} {unit}" if runs.recorded else "-"])
    kinds = ("CPU, all threads", "CPU of the caller", "wall time")
    columns = [column for kind in kinds for column in (kind, "ratio")]
    header = ["added per call, us", "bare", *columns, "records"]
    title = f"A run of {RUN_CALLS} calls, until all is delivered; records: what one run becomes"
    show(title, header, rows)
    return []


def _memory(effort: Effort) -> list[Goal]:
    counts = list(effort.memory)
    rows = []
    # Side by side: nothing is timed here, and a hundred thousand runs take a while.
    with ThreadPoolExecutor() as pool:
        kinds = ("open", "finished", "background")
        measured = [pool.submit(sizes_in_child, "threadtrail", kind, counts) for kind in kinds]
        bare = sizes_in_child("nothing", "finished", counts)
    for kind, future in zip(kinds, measured, strict=True):
        ours = future.result()
        for count, without, with_us in zip(counts, bare, ours, strict=True):
            more = with_us - without
            cells = [f"{value / MEGABYTE:.1f}" for value in (without, with_us, more)]
            what = "background response" if kind == "background" else f"{kind} run"
            rows.append([f"{count:,} {what}{'s' * (count > 1)}", *cells, f"{with_us / without:.2f}"])
    header = ["resident memory, MiB", "bare", "threadtrail", "more", "ratio"]
    show("Memory; open runs, background responses: created and never looked at again", header, rows)
    return []


if __name__ == "__main__":
    main()
