"""What threadtrail costs, beside the bare SDK in the same process, and beside other tools.

    python -m benchmarks                 added time, total CPU and memory, in twenty-five minutes or so
    python -m benchmarks --quick         the same in a minute, to see that it works; the numbers mean nothing
    python -m benchmarks --peer NAME     also one other tool, in an environment of its own
    python -m benchmarks --peers         also all of them
    python -m benchmarks --part runs     one of the tables alone; may be repeated
    python -m benchmarks --base COMMIT   only what changed since a commit: its tree and this one, alternately

All times are microseconds. Requests are answered within the process, so there is no network in them. A
process measures without and with the tool in pairs of blocks, in alternating order. What is printed is the
typical difference of several processes, and half of its 95 % interval behind the ±. Each row of CPU time is
measured in further processes until that is under two microseconds; where it does not come to that, the last
line says so.
"""

from __future__ import annotations

import argparse
import os
import platform

import openai
from benchmarks.before import compare
from benchmarks.contenders import PEERS
from benchmarks.effort import QUICK, THOROUGH, Effort
from benchmarks.parts import PARTS, Parts
from benchmarks.precision import Imprecise
from benchmarks.table import added, show


def main() -> None:
    """Measure and print what the command line asks for."""
    options = _options()
    effort, imprecise = (QUICK if options.quick else THOROUGH), Imprecise()
    _say_where()
    if options.base:
        _since(options.base, effort, imprecise)
    else:
        parts = Parts(effort, imprecise, PEERS if options.peers else options.peer)
        goals = [goal for name in options.part or PARTS for goal in PARTS[name](parts)]
        print()
        for goal in goals:
            print(goal)
    print(imprecise)


def _since(commit: str, effort: Effort, imprecise: Imprecise) -> None:
    rows = []
    for name, pairs in compare(commit, effort).items():
        summary = pairs.summary()
        imprecise.look(name, summary)
        now = summary.bare + summary.added
        rows.append([name, f"{summary.bare:+.1f}", f"{now:+.1f}", added(summary)])
    show(f"Since {commit}", ["added per call, us of CPU", "before", "now", "change"], rows)
    print()


def _options() -> argparse.Namespace:
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=description)
    parser.add_argument(
        "--quick", action="store_true", help="few repetitions, to see that it works; the numbers mean nothing"
    )
    parser.add_argument("--peer", choices=PEERS, action="append", default=[], help="also measure this tool")
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


if __name__ == "__main__":
    main()
