"""Compares the tree before a change with this one: the same calls and runs, in alternating child processes.

    python -m benchmarks.before PAIRS ROUNDS

prints one line of JSON: what the ``threadtrail`` that is imported adds per call, in microseconds.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import ROOT, last_line_of
from benchmarks.comparing import Comparison
from benchmarks.pairs import Pairs
from benchmarks.peers import measure_runs
from benchmarks.precision import is_precise
from benchmarks.response_workloads import CREATE, foreground_calls
from benchmarks.workloads import CALL_NAMES, calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.comparing import Effort


def added(effort: tuple[int, int]) -> dict[str, float]:
    """Measure this process's threadtrail: what it adds per call, in microseconds of CPU time."""
    comparison = Comparison("threadtrail")
    measured = comparison.measure(calls(is_async=False), effort).call_thread
    rows = {name: measured[name].summary().added for name in CALL_NAMES}
    foreground = comparison.measure(foreground_calls(is_async=False), effort).call_thread
    rows[CREATE] = foreground[CREATE].summary().added
    runs = measure_runs(comparison, effort)
    rows["a run, the caller"] = runs.thread.added
    rows["a run, all threads"] = runs.total.added
    return rows


def compare(commit: str, effort: Effort) -> dict[str, Pairs]:
    """Measure the tree of ``commit`` and this one in turns, until the change of each row is precise."""
    pairs: dict[str, Pairs] = {}
    fewest, most = effort.processes
    with tree_of(commit) as before:
        for number in range(most):
            order = (before, ROOT) if number % 2 else (ROOT, before)
            rows = {tree: _added_with(tree, effort.before) for tree in order}
            for name, now in rows[ROOT].items():
                pairs.setdefault(name, Pairs()).add_microseconds(rows[before][name], now)
            if number + 1 >= fewest and is_precise([each.summary() for each in pairs.values()]):
                break
    return pairs


@contextmanager
def tree_of(commit: str) -> Iterator[Path]:
    """Have the files of a commit in a directory of their own."""
    with tempfile.TemporaryDirectory(prefix="threadtrail-before-") as directory:
        tree = Path(directory) / "tree"
        _git("worktree", "add", "--quiet", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - a commit that the command line names
        ["git", *arguments],  # noqa: S607 - the user's own git
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")


def _added_with(tree: Path, effort: tuple[int, int]) -> dict[str, float]:
    """``added``, in a process of its own, for another tree's package and this tree's benchmark."""
    line = last_line_of("-m", "benchmarks.before", *effort, PYTHONPATH=str(tree / "src"))
    rows: dict[str, float] = json.loads(line)
    return rows


if __name__ == "__main__":
    print(json.dumps(added((int(sys.argv[1]), int(sys.argv[2])))))
