"""The tables of the benchmark, each of which can be measured alone, and the goals they are held against."""

from __future__ import annotations

import statistics
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.contenders import interpreter_of
from benchmarks.first_event import times_in_child
from benchmarks.memory import sizes_in_child
from benchmarks.pairs import MICROSECOND
from benchmarks.processes import Case
from benchmarks.response_workloads import BACKGROUND_NAMES, CREATE, SIZE_NAMES
from benchmarks.table import CALLER_AND_WALL, added, caller_and_wall, ratio_with_margin, show
from benchmarks.workloads import CALL_NAMES, RUN_CALLS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.effort import Effort
    from benchmarks.measuring import Measured
    from benchmarks.pairs import Summary
    from benchmarks.precision import Imprecise, Rows

CALL_GOAL, EVENT_GOAL, SIZE_GOAL, FIRST_GOAL = 15.0, 3.0, 5.0, 1_000.0
"""Microseconds of the app's thread that may be added: by a call, by a streamed event, by a megabyte in a
request, by the first events of a process."""

OURS = "threadtrail"
APIS = ("Assistants", "Responses")
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


class Parts:
    """Measures and prints tables; ``imprecise`` gets the rows whose margins stay wide."""

    def __init__(self, effort: Effort, imprecise: Imprecise, peers: Sequence[str]) -> None:
        self._effort = effort
        self._imprecise = imprecise
        self._peers = peers

    def calls(self) -> list[Goal]:
        """Measure and print the table of single calls of Assistants; return its goals."""
        kinds = {
            "control": Case(OURS, "calls", control=True),
            "sync": Case(OURS, "calls"),
            "async": Case(OURS, "calls", is_async=True),
        }
        rows, reached = [], 0.0
        for kind, case in kinds.items():
            measured = self._measure_calls(case, CALL_NAMES)
            rows += [self._call_row(measured, name, kind) for name in CALL_NAMES]
            if not case.control:
                reached = max(reached, *(each.added for each in _of_caller(measured, CALL_NAMES)))
        show(
            "One call of Assistants; control: nothing on both sides",
            ["added per call, us", *CALLER_AND_WALL],
            rows,
        )
        return [Goal("added per call, at most", CALL_GOAL, reached)]

    def responses(self) -> list[Goal]:
        """Measure and print the table of single calls of Responses; return its goals."""
        rows, reached, grown = [], 0.0, 0.0
        kinds = {"foreground": (CREATE,), "background": BACKGROUND_NAMES, "sizes": SIZE_NAMES}
        for kind, is_async in (("sync", False), ("async", True)):
            for workload, names in kinds.items():
                measured = self._measure_calls(Case(OURS, workload, is_async), names)
                rows += [self._call_row(measured, name, kind) for name in names]
                summaries = _of_caller(measured, names)
                if workload == "sizes":
                    small, large = summaries
                    grown = max(grown, large.added - small.added - large.margin)
                else:
                    reached = max(reached, *(each.added for each in summaries))
        show("One call of Responses", ["added per call, us", *CALLER_AND_WALL], rows)
        return [
            Goal("added per call of Responses, at most", CALL_GOAL, reached),
            Goal("added by a megabyte in the request, at the least", SIZE_GOAL, grown),
        ]

    def _measure_calls(self, case: Case, names: Sequence[str]) -> Measured:
        return case.measure(self._effort, lambda measured: _of_caller(measured, names))

    def _call_row(self, measured: Measured, name: str, kind: str) -> list[str]:
        thread, wall = measured.of("thread", name).summary(), measured.of("wall", name).summary()
        self._imprecise.look(f"{name} ({kind})", thread)
        return [f"{name} ({kind})", *caller_and_wall(thread, wall, digits=0)]

    def streams(self) -> list[Goal]:
        """Measure and print the table of streamed events; return its goals."""
        rows, reached = [], dict.fromkeys(APIS, 0.0)
        for is_async in (False, True):
            for api in APIS:
                for length in ("long", "short"):
                    case = Case(OURS, f"{length} {api}", is_async)
                    events = case.make().events
                    measured = case.measure(self._effort, _per(events, "thread"))
                    thread, wall = (measured.of(kind).summary(events) for kind in ("thread", "wall"))
                    name = f"{events} events of {api} ({'async' if is_async else 'sync'})"
                    rows.append([name, *caller_and_wall(thread, wall, digits=1)])
                    self._imprecise.look(name, thread)
                    if length == "long":
                        reached[api] = max(reached[api], thread.added)
        title = "One streamed event; a stream's own call is spread over its events"
        show(title, ["added per event, us", *CALLER_AND_WALL], rows)
        return [
            Goal(f"added per event of a long stream of {api}, at most", EVENT_GOAL, most)
            for api, most in reached.items()
        ]

    def first_events(self) -> list[Goal]:
        """Measure and print the table of the first events of a process; return its goals."""
        processes = [times_in_child() for _ in range(self._effort.first_events)]
        rows, more = [], []
        for name, column in (("the first", 1), ("the second", 2)):
            differences = [(times[column] - times[0]) / MICROSECOND for times in processes]
            more.append(statistics.median(differences))
            bare = statistics.median(times[0] / MICROSECOND for times in processes)
            rows.append([f"{name} stream of a process", f"{bare:.0f}", f"{more[-1]:+.0f}"])
        header = ["added to the first events, us", "bare", "CPU of the caller"]
        show("The first events that are recorded, up to the second of a stream", header, rows)
        return [Goal("added to the first events of a process", FIRST_GOAL, more[0])]

    def runs(self) -> list[Goal]:
        """Measure and print the table of whole runs, with other tools; return its goals."""
        rows = [
            self._run_row("nothing (control)", Case(OURS, "runs", control=True), ""),
            self._run_row(OURS, Case(OURS, "runs"), "run"),
        ]
        rows += [
            self._run_row(name, Case(name, "runs"), "span", python=interpreter_of(name))
            for name in self._peers
        ]
        kinds = ("CPU, all threads", "CPU of the caller", "wall time")
        header = ["added per call, us", "bare", *(column for kind in kinds for column in (kind, "ratio"))]
        title = f"A run of {RUN_CALLS} calls, until all is delivered; records: what one run becomes"
        show(title, [*header, "records"], rows)
        return []

    def _run_row(self, name: str, case: Case, unit: str, *, python: str = sys.executable) -> list[str]:
        measured = case.measure(self._effort, _per(RUN_CALLS, "total", "thread"), python=python)
        total, thread, wall = (measured.of(kind).summary(RUN_CALLS) for kind in ("total", "thread", "wall"))
        self._imprecise.look(f"a run with {name}", total, thread)
        cells = [f"{total.bare:.0f}"]
        for summary in (total, thread, wall):
            cells += [added(summary), ratio_with_margin(summary)]
        many = "s" * (measured.recorded != 1)
        return [name, *cells, f"{measured.recorded:g} {unit}{many}" if unit else "-"]

    def memory(self) -> list[Goal]:
        """Measure and print the table of memory; return its goals."""
        counts = list(self._effort.memory)
        rows = []
        # Side by side: nothing is timed here, and a hundred thousand runs take a while.
        with ThreadPoolExecutor() as pool:
            kinds = ("open", "finished", "background")
            measured = [pool.submit(sizes_in_child, OURS, kind, counts) for kind in kinds]
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


PARTS: dict[str, Callable[[Parts], list[Goal]]] = {
    "calls": Parts.calls,
    "responses": Parts.responses,
    "streams": Parts.streams,
    "first": Parts.first_events,
    "runs": Parts.runs,
    "memory": Parts.memory,
}
"""The parts by their names on the command line, in the order of the whole."""


def _of_caller(measured: Measured, names: Sequence[str]) -> list[Summary]:
    return [measured.of("thread", name).summary() for name in names]


def _per(per: int, *kinds: str) -> Rows:
    return lambda measured: [measured.of(kind).summary(per) for kind in kinds]
