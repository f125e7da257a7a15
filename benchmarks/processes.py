"""Measures a workload in one new process after another, until its rows are precise.

    python -m benchmarks.processes CONTENDER WORKLOAD sync|async tool|control PAIRS ROUNDS

measures in this process and prints one line of JSON: what is typical of each row. A process counts as one
pair, because where things lie in its memory makes all of its calls faster or slower together.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benchmarks.child import last_line_of
from benchmarks.comparing import Comparison
from benchmarks.measuring import Measured
from benchmarks.precision import Rows, is_precise

from benchmarks import response_workloads as responses
from benchmarks import workloads as assistants

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.effort import Effort
    from benchmarks.workloads import Workload

LONG_STREAM_DELTAS = 1_000
SHORT_STREAM_DELTAS = 2  # and ten events around them

WORKLOADS: dict[str, Callable[..., Workload]] = {
    "calls": assistants.calls,
    "runs": assistants.whole_run,
    "foreground": responses.foreground_calls,
    "background": responses.background_calls,
    "sizes": responses.sizes,
    "long Assistants": partial(assistants.streamed, LONG_STREAM_DELTAS),
    "short Assistants": partial(assistants.streamed, SHORT_STREAM_DELTAS),
    "long Responses": partial(responses.streamed_response, LONG_STREAM_DELTAS),
    "short Responses": partial(responses.streamed_response, SHORT_STREAM_DELTAS),
}


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: a workload with a contender; as a ``control``, with it on neither side."""

    contender: str
    workload: str
    is_async: bool = False
    control: bool = False

    def make(self) -> Workload:
        """Return the workload."""
        return WORKLOADS[self.workload](is_async=self.is_async)

    def measure_once(self, effort: Effort, *, python: str = sys.executable, **variables: str) -> Measured:
        """Return what one new process measures: one pair of times in each row."""
        words = ("async" if self.is_async else "sync", "control" if self.control else "tool")
        arguments = (self.contender, self.workload, *words, *effort.of(self.workload))
        line = last_line_of("-m", "benchmarks.processes", *arguments, python=python, **variables)
        return Measured.from_json(line)

    def measure(self, effort: Effort, rows: Rows, *, python: str = sys.executable) -> Measured:
        """Return what as many processes measure as the rows need to be precise, or as many as may be."""
        fewest, most = effort.processes_for(self.workload)
        measured = Measured()
        for number in range(1, most + 1):
            measured.add(self.measure_once(effort, python=python))
            if number >= fewest and is_precise(rows(measured)):
                break
        return measured


def main() -> None:
    """Measure what the command line names."""
    contender, workload, kind, side, pairs, rounds = sys.argv[1:]
    case = Case(contender, workload, kind == "async", side == "control")
    comparison = Comparison(contender)
    measured = comparison.measure(case.make(), pairs=int(pairs), rounds=int(rounds), control=case.control)
    print(measured.to_json())


if __name__ == "__main__":
    main()
