"""Other tools beside threadtrail, each in its own environment and process, with the same runs.

    python -m benchmarks.peers NAME PAIRS ROUNDS MOST

measures the tool in this process and prints one line of JSON.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import TYPE_CHECKING

from benchmarks.child import ROOT, last_line_of
from benchmarks.comparing import Comparison
from benchmarks.contenders import INSTRUMENTORS
from benchmarks.pairs import Summary
from benchmarks.workloads import RUN_CALLS, whole_run

if TYPE_CHECKING:
    from benchmarks.measuring import Measured

NAMES = tuple(INSTRUMENTORS)


@dataclasses.dataclass(frozen=True, slots=True)
class Runs:
    """What whole runs cost with one tool, per call; ``recorded`` is how much it delivers for a run."""

    name: str
    recorded: float
    thread: Summary
    wall: Summary
    total: Summary


def measure_runs(
    comparison: Comparison, effort: tuple[int, int], *, control: bool = False, most: int = 1
) -> Runs:
    """Measure whole runs with one tool in this process, at most ``most`` times, until that is precise."""
    recorded, per = 0.0 if control else comparison.recorded_per_run(), RUN_CALLS

    def rows(measured: Measured) -> list[Summary]:
        return [measured.thread.summary(per), measured.total.summary(per)]

    measured = comparison.measure(whole_run(), effort, control=control, most=most, rows=rows)
    return Runs(
        "nothing (control)" if control else comparison.name,
        recorded,
        measured.thread.summary(per),
        measured.wall.summary(per),
        measured.total.summary(per),
    )


def measure_peer(name: str, effort: tuple[int, int], *, most: int = 1) -> Runs:
    """Measure a tool in the environment made for it."""
    python = last_line_of(ROOT / "tools" / "peer_environment.py", name)
    values = json.loads(last_line_of("-m", "benchmarks.peers", name, *effort, most, python=python))
    summaries = {key: Summary(**values[key]) for key in ("thread", "wall", "total")}
    return Runs(values["name"], values["recorded"], **summaries)


if __name__ == "__main__":
    effort = (int(sys.argv[2]), int(sys.argv[3]))
    measured = measure_runs(Comparison(sys.argv[1]), effort, most=int(sys.argv[4]))
    print(json.dumps(dataclasses.asdict(measured)))
